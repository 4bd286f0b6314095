"""The DNS door against Debian's unbound: the same queries over TLS and HTTPS, in turn, cost per query.

keystead answers each with a token checked, a firewall of 100 rules asked and a line of the query log written, and
has an unbound of its own for the cache, whose time counts as keystead's.
"""

import contextlib

from bench import dnsload, resolvers
from bench.compare import Say
from bench.dnsload import Shape
from bench.load import Outcome
from bench.resolvers import NAMES, Resolver
from bench.results import Results, Series
from bench.settings import WARM_UP_ROUNDS, Effort, Place

ONE_EACH, PIPELINED = Shape(100, 1), Shape(16, 25)
OURS, MANY_TOKENS, PEER = "keystead", "keystead, 10,000 tokens", "unbound"
DOT, DOH = "DoT", "DoH"


def dns(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.dns`. Raises LoadFailed and ServerFailed."""
    names = place.directory / "names"
    names.write_text("".join(f"{name} A\n" for name in NAMES))
    with contextlib.ExitStack() as running:
        sides = _start(running, place, effort, say)
        for number in range(WARM_UP_ROUNDS + effort.rounds):
            say(f"DNS, round {number} of {effort.rounds}")
            for what, shape in _measured():
                for side in sides:
                    outcome = _round(what, shape, side, place, effort.seconds)
                    if number >= WARM_UP_ROUNDS:
                        row = results.dns.setdefault(row_name(what, shape), {})
                        row.setdefault(side.name, Series()).rounds.append(outcome)


def row_name(what: str, shape: Shape) -> str:
    """Return what a row of the table is called."""
    return f"{what} {shape}"


def _measured() -> list[tuple[str, Shape]]:
    return [(what, shape) for what in (DOT, DOH) for shape in (ONE_EACH, PIPELINED)]


def _start(running: contextlib.ExitStack, place: Place, effort: Effort, say: Say) -> list[Resolver]:
    directory, core = place.directory, place.server_core
    say(f"starting resolvers, and minting {effort.dns_tokens} tokens")
    source = running.enter_context(resolvers.upstream(directory, place.client_core))
    ours, tls = running.enter_context(resolvers.keystead(OURS, directory / "dns", core, source, 10))
    many, others = running.enter_context(
        resolvers.keystead(MANY_TOKENS, directory / "dns-tokens", core, source, effort.dns_tokens)
    )
    peer = running.enter_context(resolvers.unbound(directory, core, source, tls))
    for resolver, folder in ((ours, tls), (many, others), (peer, tls)):
        resolvers.warm(resolver, folder / "ca.pem")
    return [peer, ours, many]


def _round(what: str, shape: Shape, side: Resolver, place: Place, seconds: float) -> Outcome:
    if what == DOT:
        return dnsload.over_tls(
            side.pid,
            side.dot,
            place.directory / "names",
            shape,
            seconds,
            place.client_core,
            side.deferred_seconds,
        )
    return dnsload.over_https(
        side.pid, side.doh, place.directory, shape, seconds, place.client_core, side.deferred_seconds
    )
