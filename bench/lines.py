"""The lines that a full run must hold, and what it measured against each."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.authorisation import ONE_POLICY, ROOT, TEN_POLICIES
from bench.dns import DOH, DOT, MANY_TOKENS, ONE_EACH, OURS, PEER, row_name
from bench.grafana import DASHBOARD, HEALTH
from bench.grafana_proxy import BARE_PROXY, PROXIED
from bench.measure import median
from bench.operations import BAD_SIGNATURE, CREATE
from bench.results import Results, Series
from bench.s3 import DOWN, GET, LIST, ONE, PUT, RCLONE, UP
from bench.s3 import OURS as S3_OURS

MIB = 1 << 20


@dataclass(frozen=True)
class Line:
    """One promise. `measured` is None where the run had nothing to measure it by."""

    promise: str
    bound: float
    measured: float | None
    unit: str = "×"
    at_least: bool = True
    aim: float | None = None

    @property
    def holds(self) -> bool | None:
        """True, False, or None if it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def verdict(self) -> str:
        """A word for a table."""
        return {True: "pass", False: "MISS", None: "not measured"}[self.holds]


def lines(results: Results) -> list[Line]:
    """Return every line, in the order of the promise list."""
    return [
        *_against_peer(results),
        *_against_itself(results),
        *_of_authorisation(results),
        *_of_grafana(results),
        *_of_s3(results),
        *_start_and_memory(results),
        *_of_dns(results),
    ]


def _against_peer(results: Results) -> Iterator[Line]:
    yield Line(
        "GetCallerIdentity, CPU against moto", 30, _cpu_against_peer(results, "GetCallerIdentity"), aim=60
    )
    yield Line("ListAccessKeys, CPU against moto", 15, _cpu_against_peer(results, "ListAccessKeys"), aim=30)
    yield Line("CreateAccessKey, CPU against moto", 8, _cpu_against_peer(results, CREATE), aim=15)
    ours, peer = _of(results, CREATE, "keystead"), _of(results, CREATE, "moto")
    rate = ours.rate_ratio(peer) if ours and peer else None
    yield Line("CreateAccessKey, throughput at 32 connections", 8, rate, aim=15)
    ours, bare = _of(results, "GetCallerIdentity", "keystead"), _of(results, "GetCallerIdentity", "bare")
    share = 100 * bare.cpu_ratio(ours) if ours and bare else None
    yield Line("GetCallerIdentity, requests per CPU of the bare server", 35, share, "%", aim=50)


def _against_itself(results: Results) -> Iterator[Line]:
    yield Line(
        "disk syncs per create, 32 connections", 0.1, results.syncs_per_create.get(32), "", at_least=False
    )
    yield Line(
        "disk syncs per create, 1 connection (durable at all)", 1.0, results.syncs_per_create.get(1), ""
    )
    bad, good = _of(results, BAD_SIGNATURE, "keystead"), _of(results, "GetCallerIdentity", "keystead")
    ratio = bad.cpu_ratio(good) if bad and good else None
    yield Line("a bad signature against a good one, CPU", 1.2, ratio, at_least=False)
    for operation, row in results.growth.items():
        measured = row["500000"].cpu_ratio(row["10"]) if "500000" in row and "10" in row else None
        yield Line(f"{operation}, CPU of 500,000 users against 10", 1.25, measured, at_least=False)


def _of_authorisation(results: Results) -> Iterator[Line]:
    for name, bound in ((ONE_POLICY, 5), (TEN_POLICIES, 40)):
        blocks, root = results.authorisation.get(name), results.authorisation.get(ROOT)
        more = (
            median(its - roots for its, roots in zip(blocks, root, strict=True)) if blocks and root else None
        )
        yield Line(f"GetUser, CPU that {name} add", bound, more, "µs", at_least=False)


def _of_grafana(results: Results) -> Iterator[Line]:
    asked = results.grafana.get(DASHBOARD, {})
    ours, bare = asked.get("keystead"), asked.get("bare")
    health = results.grafana.get(HEALTH, {}).get("keystead")
    yield Line("GET of a dashboard by a token", 3000, ours.rate if ours else None, "/s")
    ratio = ours.cpu_ratio(bare) if ours and bare else None
    yield Line("GET of a dashboard, CPU of the bare server", 2.5, ratio, at_least=False)
    more = ours.cpu_more_us(health) if ours and health else None
    yield Line("GET of a dashboard, CPU over health without a token", 100, more, "µs", at_least=False)
    proxied = results.grafana.get(PROXIED, {})
    ours, proxy = proxied.get("keystead"), proxied.get(BARE_PROXY)
    share = 100 * proxy.cpu_ratio(ours) if ours and proxy else None
    yield Line("GET through an upstream, requests per CPU of a bare proxy", 60, share, "%")


def _of_s3(results: Results) -> Iterator[Line]:
    for name, bound in ((PUT, 3.0), (GET, 1.5), (LIST, 15.0)):
        row = results.objects.get(name, {})
        both = S3_OURS in row and RCLONE in row
        measured = row[S3_OURS].rate_ratio(row[RCLONE]) if both else None
        yield Line(f"S3, {name}, throughput against rclone", bound, measured)
    alone = results.objects.get(ONE, {}).get(S3_OURS)
    yield Line(
        "S3, GET 4 KiB at 1 connection, p50", 5.0, alone.p50_ms if alone else None, "ms", at_least=False
    )
    for name, most in ((UP, None), (DOWN, 1000.0)):
        row = results.transfers.get(name, {})
        ours, peer = median(row.get(S3_OURS, [])) or None, median(row.get(RCLONE, []))
        if peer:
            bound = min(peer, most or peer)
            yield Line(f"S3, {name}, against rclone", bound, ours, "MB/s")


def _start_and_memory(results: Results) -> Iterator[Line]:
    first, again = median(results.first_start_seconds) or None, median(results.restart_seconds) or None
    yield Line("first start to first signed answer", 0.6, first, "s", at_least=False)
    yield Line("restart to first signed answer", 0.6, again, "s", at_least=False)
    idle = results.idle_bytes / MIB if results.idle_bytes is not None else None
    yield Line("resident memory, idle", 110, idle, "MiB", at_least=False)


def _of_dns(results: Results) -> Iterator[Line]:
    for what, bound in ((DOT, 2.5), (DOH, 2.0)):
        row = results.dns.get(row_name(what, ONE_EACH), {})
        ours, many, peer = row.get(OURS), row.get(MANY_TOKENS), row.get(PEER)
        against = ours.cpu_ratio(peer) if ours and peer else None
        yield Line(f"{what} {ONE_EACH}, CPU against unbound", bound, against, at_least=False)
        more = many.cpu_ratio(ours) if many and ours else None
        yield Line(f"{what} {ONE_EACH}, CPU of 10,000 tokens against 10", 1.1, more, at_least=False)


def _cpu_against_peer(results: Results, operation: str) -> float | None:
    ours, peer = _of(results, operation, "keystead"), _of(results, operation, "moto")
    return peer.cpu_ratio(ours) if ours and peer else None


def _of(results: Results, operation: str, server: str) -> Series | None:
    return results.operations.get(operation, {}).get(server)
