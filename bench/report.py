"""The report: tables for people, the same as JSON for machines."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.dns import PEER
from bench.lines import MIB, Line, lines
from bench.measure import median
from bench.results import Results, Table

PEER_NOTE = (
    "moto's server keeps everything in memory, verifies no signature and decides no policy here; its development\n"
    "server closes each connection. keystead verifies, decides, and syncs each create to disk before it answers.\n"
    "Ratios are medians of the rounds' ratios: CPU first, throughput second, p99 only within one run."
)

S3_NOTE = (
    "keystead verifies, decides, and has each write on disk before it answers; 'in memory' is the same keystead\n"
    "on a file system in memory: the difference is the price of syncs. rclone verifies and syncs nothing, moto\n"
    "does neither."
)


def text(results: Results) -> str:
    """Return the whole report."""
    return "\n".join(_sections(results))


def write_json(results: Results, path: Path) -> None:
    """Write every round and every line's verdict."""
    verdicts = [
        {"promise": line.promise, "bound": line.bound, "measured": line.measured, "verdict": line.verdict}
        for line in lines(results)
    ]
    path.write_text(json.dumps({**results.as_json(), "lines": verdicts}, indent=1))


def _sections(results: Results) -> Iterator[str]:
    yield "machine: " + ", ".join(f"{name} {value}" for name, value in results.machine.items())
    if results.operations:
        yield "\n" + _aligned(_operation_rows(results.operations)) + "\n\n" + PEER_NOTE
    if results.authorisation:
        yield "\nGetUser by who asks: CPU µs per request in the gateway, without HTTP"
        yield _aligned([(name, f"{median(blocks):.1f}") for name, blocks in results.authorisation.items()])
    if results.grafana:
        yield "\nthe Grafana door\n" + _aligned(_operation_rows(results.grafana))
    if results.objects:
        yield "\nthe S3 door"
        yield _aligned(_operation_rows(results.objects))
        yield "\n" + _aligned(_transfer_rows(results.transfers)) + "\n\n" + S3_NOTE
    if results.growth:
        yield "\ngrowth, keystead: CPU µs per request by number of users (ratio to the smallest)"
        yield _aligned(_growth_rows(results.growth))
    if results.peer_growth:
        yield "\ngrowth, moto"
        yield _aligned(_growth_rows(results.peer_growth))
    if results.dns:
        yield "\nDNS: CPU µs per query of the whole server, and its ratio to unbound's own"
        yield _aligned(_dns_rows(results.dns))
    yield from _start_and_memory(results)
    for operation, shares in results.profile.items():
        yield f"\nprofile, {operation}: share of samples in a function | in it and what it calls"
        yield _aligned(_profile_rows(shares))
    yield "\n" + _aligned(_line_rows(lines(results)))
    yield from (f"\nnote: {note}" for note in results.notes)
    yield from (f"\nDOUBTFUL: {problem}" for problem in results.problems)


def _operation_rows(table: Table) -> Iterator[Sequence[str]]:
    yield (
        "operation",
        "server",
        "CPU µs",
        "req/s",
        "p50 ms",
        "p99 ms",
        "CPU ×",
        "req/s ×",
        "p99 ×",
        "of bare",
    )
    for operation, servers in table.items():
        ours = servers["keystead"]
        for name, series in servers.items():
            against = (
                ("", "", "")
                if name == "keystead"
                else (
                    f"{series.cpu_ratio(ours):.2f}",
                    f"{ours.rate_ratio(series):.2f}",
                    f"{series.p99_ratio(ours):.2f}",
                )
            )
            of_bare = f"{servers['bare'].cpu_ratio(series):.1%}" if "bare" in servers else ""
            numbers = (
                f"{series.cpu_us:.1f}",
                f"{series.rate:.0f}",
                f"{series.p50_ms:.2f}",
                f"{series.p99_ms:.2f}",
            )
            yield (operation, name, *numbers, *against, of_bare)
            operation = ""


def _transfer_rows(transfers: dict[str, dict[str, list[float]]]) -> Iterator[Sequence[str]]:
    yield ("large bodies, MB/s", "server", "median", "best")
    for name, row in transfers.items():
        for server, rates in row.items():
            yield (name, server, f"{median(rates):.0f}", f"{max(rates):.0f}")


def _growth_rows(table: Table) -> Iterator[Sequence[str]]:
    yield ("operation", *(f"{int(size):,}" for size in next(iter(table.values()))))
    for operation, row in table.items():
        smallest = next(iter(row.values()))
        yield (operation, *(f"{one.cpu_us:.1f} ({one.cpu_ratio(smallest):.2f})" for one in row.values()))


def _dns_rows(table: Table) -> Iterator[Sequence[str]]:
    yield ("load", "server", "CPU µs", "queries/s", "mean ms", "CPU ×")
    for load, servers in table.items():
        for name, series in servers.items():
            latency = f"{series.p50_ms:.2f}" if series.p50_ms else ""
            # A run that broke off has a round more of one than of the other.
            whole = PEER in servers and len(series.rounds) == len(servers[PEER].rounds)
            ratio = f"{series.cpu_ratio(servers[PEER]):.2f}" if whole and name != PEER else ""
            yield (load, name, f"{series.cpu_us:.1f}", f"{series.rate:.0f}", latency, ratio)
            load = ""


def _start_and_memory(results: Results) -> Iterator[str]:
    if results.first_start_seconds:
        yield "\nstart to first signed answer, median (best): " + ", ".join(
            f"{name} {median(values):.3f} s ({min(values):.3f})"
            for name, values in (
                ("first start", results.first_start_seconds),
                ("restart", results.restart_seconds),
                ("moto", results.peer_start_seconds),
            )
        )
    if results.idle_bytes is not None and results.peer_idle_bytes is not None:
        yield f"idle: keystead {results.idle_bytes / MIB:.0f} MiB, moto {results.peer_idle_bytes / MIB:.0f} MiB"
    if results.resident_bytes:
        yield "resident with users of two keys: " + ", ".join(
            f"{int(size):,} users {memory / MIB:.0f} MiB" for size, memory in results.resident_bytes.items()
        )


def _profile_rows(shares: dict[str, list[tuple[str, float]]]) -> Iterator[Sequence[str]]:
    yield ("in it", "", "with callees", "")
    for (own, own_share), (whole, whole_share) in zip(shares["own"], shares["whole"], strict=False):
        yield (own, f"{own_share:.1%}", whole, f"{whole_share:.1%}")


def _line_rows(promises: Iterable[Line]) -> Iterator[Sequence[str]]:
    yield ("line", "must", "measured", "aim", "")
    for line in promises:
        sign = "≥" if line.at_least else "≤"
        measured = "" if line.measured is None else f"{line.measured:.3g} {line.unit}"
        aim = "" if line.aim is None else f"{line.aim:g}"
        yield (line.promise, f"{sign} {line.bound:g} {line.unit}", measured, aim, line.verdict)


def _aligned(rows: Iterable[Sequence[str]]) -> str:
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )
