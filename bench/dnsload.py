"""The load of the DNS comparison: dnsperf over TLS, h2load over HTTP/2, and the server's CPU beside them.

Both tools are other people's, so that no client of ours flatters a server of ours. They run on a core of their
own; the server's time is read before and after, so that connections and handshakes are paid for, too.
"""

import base64
import re
import struct
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import LoadFailed, Outcome
from bench.measure import cpu_seconds, resident_bytes, tree

TOKEN_OPTION = 65440
_QUERY = struct.Struct("!6H")
# A count, not a time: h2load 1.52 at times never ends a run that is given a time.
_REQUESTS_PER_SECOND = 8000
_LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Endpoint:
    """Where one transport is answered; `targets` are what h2load asks for, `token` is what dnsperf shows."""

    port: int
    targets: Sequence[str] = field(default=(), repr=False)
    token: str = field(default="none", repr=False)


@dataclass(frozen=True)
class Shape:
    """How many connections there are, and how many queries are in flight on each."""

    connections: int
    in_flight: int

    def __str__(self) -> str:
        return f"{self.connections}×{self.in_flight}"


def wire(name: str, token: str = "") -> bytes:
    """Return a query for a name's address, with a token in an EDNS option if there is one."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0\0\1\0\1"
    if not token:
        return _QUERY.pack(0, 0x0100, 1, 0, 0, 0) + question
    option = struct.pack("!HH", TOKEN_OPTION, len(token)) + token.encode()
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(option)) + option
    return _QUERY.pack(0, 0x0100, 1, 0, 0, 1) + question + opt


def message(name: str) -> str:
    """Return a query as the `dns` parameter of a GET."""
    return base64.urlsafe_b64encode(wire(name)).rstrip(b"=").decode()


def over_tls(
    pid: int, end: Endpoint, names: Path, shape: Shape, seconds: float, core: int, deferred: float
) -> Outcome:
    """Run dnsperf over TLS. Raises LoadFailed for an answer that is not NOERROR."""
    argv = [
        "dnsperf", "-m", "dot", "-s", "127.0.0.1", "-p", str(end.port), "-d", str(names), "-T", "1",
        "-c", str(shape.connections), "-q", str(shape.connections * shape.in_flight), "-l", f"{seconds:g}",
        "-E", f"{TOKEN_OPTION}:{end.token.encode().hex()}",
    ]  # fmt: skip
    said, cpu, elapsed, resident = _measured(pid, argv, core, deferred)
    answered = _number(r"Queries completed:\s+(\d+)", said)
    good, lost = _number(r"NOERROR (\d+)", said), _number(r"Queries lost:\s+(\d+)", said)
    latency = re.search(r"Average Latency \(s\):\s+([\d.]+)", said)
    if not answered or good != answered or lost:
        raise LoadFailed(f"dnsperf: {answered} answers, {good} of them good, {lost} lost: {said[-600:]}")
    return _outcome(answered, elapsed, cpu, float(latency[1]) if latency else 0.0, resident)


def over_https(
    pid: int, end: Endpoint, folder: Path, shape: Shape, seconds: float, core: int, deferred: float
) -> Outcome:
    """Run h2load with GETs. Raises LoadFailed for an answer that is not 200."""
    targets = folder / f"targets-{end.port}"
    targets.write_text("".join(f"https://127.0.0.1:{end.port}{target}\n" for target in end.targets))
    argv = [
        "h2load", "-t", "1", "-c", str(shape.connections), "-m", str(shape.in_flight),
        "-n", f"{seconds * _REQUESTS_PER_SECOND:.0f}",
        "-i", str(targets), "-H", "accept: application/dns-message",
    ]  # fmt: skip
    said, cpu, elapsed, resident = _measured(pid, argv, core, deferred)
    good, failed = _number(r"(\d+) 2xx", said), _number(r"(\d+) failed", said)
    others = sum(_number(rf"(\d+) {kind}xx", said) for kind in (3, 4, 5))
    if not good or others or failed:
        raise LoadFailed(
            f"h2load: {good} answers, {others} of another status, {failed} failed: {said[-800:]}"
        )
    return _outcome(good, elapsed, cpu, 0.0, resident)


def _measured(pid: int, argv: list[str], core: int, deferred: float) -> tuple[str, float, float, int]:
    """Run a client; return what it said, the server's processor time, the client's time, and memory."""
    pids = tree(pid)
    before, began = cpu_seconds(pids), time.perf_counter()
    command = ["taskset", "-c", str(core), *argv]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise LoadFailed(f"{argv[0]} did not end in {_LIMIT_SECONDS:g} s") from error
    elapsed = time.perf_counter() - began
    # What is written after the answer belongs to it.
    time.sleep(deferred)
    return done.stdout + done.stderr, cpu_seconds(pids) - before, elapsed, resident_bytes(pids)


def _outcome(answered: int, elapsed: float, cpu: float, latency: float, resident: int) -> Outcome:
    return Outcome(
        answered=answered,
        unexpected={},
        unexpected_example="",
        elapsed_seconds=elapsed,
        server_cpu_seconds=cpu,
        server_busy=min(cpu / elapsed, 1.0),
        client_busy=0.0,
        p50_seconds=latency,
        p99_seconds=0.0,
        resident_bytes=resident,
    )


def _number(pattern: str, said: str) -> int:
    found = re.search(pattern, said)
    return int(found[1]) if found else 0
