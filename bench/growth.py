"""Does cost stay flat as users grow? The same operations at every size, all sizes running at once, interleaved.

Each size is a server of its own with that many users of two keys each, and the same number of churn users beside
them. The first size is the yardstick: a ratio compares rounds that ran seconds apart.
"""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from bench import operations, servers
from bench.compare import Say, Side
from bench.load import ROOT
from bench.measure import resident_bytes, tree
from bench.population import KEYS_PER_USER, adopt, populate, walk_markers
from bench.results import Results, Series, Table, doubts
from bench.settings import WARM_UP_ROUNDS, Effort, Place

READS = ("GetCallerIdentity", "ListAccessKeys", "GetUser", operations.PAGE_OF_USERS)
# Past the API, which would take longer than the measurement and holds a quota of 5,000 users.
_SEEDER = "bench.seed"
_SEED_LIMIT_SECONDS = 900.0

# Gives a side for a size, started and populated.
Start = Callable[[contextlib.ExitStack, int], Side]


def growth(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.growth` and `results.resident_bytes`. Raises LoadFailed and ServerFailed."""

    def start(running: contextlib.ExitStack, size: int) -> Side:
        say(f"keystead with {size:,} users")
        return _start_seeded(running, results, place, effort, size)

    results.growth = _interleave(list(effort.growth_sizes), start, place, effort, say)
    results.problems += doubts(results.growth)


def peer_growth(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.peer_growth`: moto, as far as its API gets in reasonable time."""

    def start(running: contextlib.ExitStack, size: int) -> Side:
        say(f"moto with {size:,} users")
        server = running.enter_context(servers.moto(place.directory, place.server_core))
        population = populate(server, place.client_core, size, effort.peer_churn)
        # Callers spread over the users, as in keystead's sample: a search in order must not find them all at once.
        step = max(1, len(population.callers) // effort.growth_readers)
        population.callers = population.callers[::step]
        return server, population

    results.peer_growth = _interleave(list(effort.peer_growth_sizes), start, place, effort, say)


def seed(directory: Path, users: int) -> None:
    """Fill the data directory of a stopped keystead with users named by `population.user_name`, two keys each."""
    argv = [sys.executable, "-m", _SEEDER, "--data", str(directory), "--users", str(users)]
    argv += ["--keys", str(KEYS_PER_USER)]
    done = subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, timeout=_SEED_LIMIT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise servers.ServerFailed(f"seeding {users} users failed: {done.stderr[-2000:]}")


def _interleave(sizes: list[int], start: Start, place: Place, effort: Effort, say: Say) -> Table:
    table: Table = {}
    with contextlib.ExitStack() as running:
        sides = {str(size): start(running, size) for size in sizes}
        for operation in READS:
            say(f"{operation}: sizes {', '.join(sides)}")
            table[operation] = _row(sides, operation, place, effort)
        say(f"{operations.CREATE} and {operations.DELETE}: sizes {', '.join(sides)}")
        table |= _churn_rows(sides, place, effort)
    return table


def _row(sides: dict[str, Side], operation: str, place: Place, effort: Effort) -> dict[str, Series]:
    row = {size: Series() for size in sides}
    for number in range(WARM_UP_ROUNDS + effort.rounds):
        for size, (server, population) in sides.items():
            core = place.client_core
            outcome = operations.read_round(server, population, operation, effort.growth_seconds, core)
            if number >= WARM_UP_ROUNDS:
                row[size].rounds.append(outcome)
    return row


def _churn_rows(sides: dict[str, Side], place: Place, effort: Effort) -> Table:
    rows: Table = {
        name: {size: Series() for size in sides} for name in (operations.CREATE, operations.DELETE)
    }
    for number in range(WARM_UP_ROUNDS + effort.rounds):
        for size, (server, population) in sides.items():
            core = place.client_core
            outcomes = operations.churn_round(server, population, effort.growth_seconds, core)
            for name, outcome in outcomes.items():
                if number >= WARM_UP_ROUNDS:
                    rows[name][size].rounds.append(outcome)
    return rows


def _start_seeded(
    running: contextlib.ExitStack, results: Results, place: Place, effort: Effort, size: int
) -> Side:
    directory, core = place.directory / f"growth-{size}", place.client_core
    with _keystead(directory, place):
        pass  # The first start makes the data directory.
    seed(directory, size + effort.growth_churn)
    server = running.enter_context(_keystead(directory, place))
    servers.answers(server)
    results.resident_bytes[str(size)] = resident_bytes(tree(server.pid))
    population = adopt(server, core, size, effort.growth_readers, effort.growth_churn)
    population.markers = walk_markers(server, core, size + effort.growth_churn)
    return server, population


def _keystead(directory: Path, place: Place) -> AbstractContextManager[servers.Server]:
    return servers.keystead(directory, place.server_core)
