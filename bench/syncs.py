"""How many disk syncs one durable create costs, counted from outside by strace.

A round of its own on a server of its own: tracing must not disturb the rounds that are timed. With one connection
each create must have had its sync (that is what durable means); with 32 many creates share one.
"""

import shutil
from pathlib import Path

from bench import operations, servers
from bench.compare import Say
from bench.population import create_churn
from bench.results import Results
from bench.settings import Effort, Place

CONNECTIONS = (1, 32)


def syncs(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.syncs_per_create`, or note why not. Raises LoadFailed and ServerFailed."""
    if shutil.which("strace") is None:
        results.notes.append("syncs per create not measured: strace is not installed")
        return
    trace = place.directory / "syncs.trace"
    with servers.keystead(place.directory / "syncs", place.server_core, strace(trace)) as server:
        owners = create_churn(server, place.client_core, effort.churn)
        for connections, places in zip(CONNECTIONS, (owners[::2], owners[1::2]), strict=True):
            say(f"disk syncs, connections: {connections}")
            before = count(trace)
            seconds, core = effort.sync_seconds, place.client_core
            outcome, _ = operations.create_round(server, places, seconds, core, connections)
            results.syncs_per_create[connections] = (count(trace) - before) / outcome.answered


def strace(trace: Path) -> list[str]:
    """Return the command line that writes each sync of its command, and nothing else, into a file."""
    calls = "trace=fsync,fdatasync,sync_file_range,msync,sync,syncfs"
    # Daemonised: the server stays our own child, and is ended as every other one.
    options = ["--daemonize", "--follow-forks", "--seccomp-bpf", "--quiet=all", "-e", "signal=none"]
    return ["strace", *options, "-e", calls, "-o", str(trace)]


def count(trace: Path) -> int:
    """Return how many syncs a trace holds; one that another thread interrupted is two lines, counted once."""
    return sum("sync" in line and "resumed>" not in line for line in trace.read_text().splitlines())
