"""keystead against its peer and the bare server: the same requests from the same client, in turn."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable

from bench import operations, servers
from bench.load import Outcome
from bench.population import Population, populate
from bench.results import Results, Series, Table, doubts
from bench.settings import WARM_UP_ROUNDS, Effort, Place

# Operations of one group take turns, too: a good and a bad signature are compared with each other.
GROUPS = (("GetCallerIdentity", operations.BAD_SIGNATURE), ("ListAccessKeys",), ("GetUser",))
Side = tuple[servers.Server, Population]
Say = Callable[[str], None]


def compare(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.operations`. Raises LoadFailed and ServerFailed."""
    with contextlib.ExitStack() as running:
        sides = _start(running, place, effort, say)
        names = [side[0].name for side in sides]
        table: Table = {}
        for group in GROUPS:
            say(f"{' and '.join(group)}: {names}")
            table |= _reads(sides, group, place, effort)
        say(f"{operations.CREATE} and {operations.DELETE}: {names}")
        table |= churn(sides, place, effort.rounds, effort.seconds)
    results.operations = table
    results.problems += doubts(table)


def sides_for(operation: str, sides: list[Side]) -> list[Side]:
    """Leave out the peer where it has nothing to compare: it verifies no signature, so a bad one is a good one."""
    return [side for side in sides if operation != operations.BAD_SIGNATURE or side[0].name != "moto"]


def churn(sides: Iterable[Side], place: Place, rounds: int, seconds: float) -> Table:
    """Interleave rounds of creates and deletes."""
    table: Table = {operations.CREATE: {}, operations.DELETE: {}}
    for number in range(WARM_UP_ROUNDS + rounds):
        for server, population in sides:
            outcomes = operations.churn_round(server, population, seconds, place.client_core)
            for operation, outcome in outcomes.items():
                _keep(table[operation], server.name, number, outcome)
    return table


def _reads(sides: list[Side], group: Iterable[str], place: Place, effort: Effort) -> Table:
    table: Table = {operation: {} for operation in group}
    for number in range(WARM_UP_ROUNDS + effort.rounds):
        for operation, row in table.items():
            for server, population in sides_for(operation, sides):
                core = place.client_core
                outcome = operations.read_round(server, population, operation, effort.seconds, core)
                _keep(row, server.name, number, outcome)
    return table


def _keep(row: dict[str, Series], name: str, number: int, outcome: Outcome) -> None:
    if number >= WARM_UP_ROUNDS:
        row.setdefault(name, Series()).rounds.append(outcome)


def _start(running: contextlib.ExitStack, place: Place, effort: Effort, say: Say) -> list[Side]:
    say("starting keystead, moto and the bare server")
    core, directory = place.server_core, place.directory
    ours = running.enter_context(servers.keystead(directory / "compare", core))
    peer = running.enter_context(servers.moto(directory, core))
    bare = running.enter_context(servers.bare(directory, core))
    say("making users and keys")
    our_users = populate(ours, place.client_core, effort.readers, effort.churn)
    peer_users = populate(peer, place.client_core, effort.peer_readers, effort.peer_churn)
    # The bare server gets the very requests that keystead gets.
    return [(ours, our_users), (peer, peer_users), (dataclasses.replace(bare, key=ours.key), our_users)]
