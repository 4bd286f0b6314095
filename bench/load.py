"""The load client: N connections, each sends its next prebuilt request when its last was answered.

Runs as its own process on its own core: `Plan` pickled on standard input, `Outcome` pickled on standard output. It
reads the server's processor time itself, immediately before the first request and after the last answer, so that
nothing else falls into the window. A server that closes after each answer (moto's does) pays for the new
connection inside the latency, as its callers do.
"""

import asyncio
import os
import pickle
import subprocess
import sys
import time
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httptools
import uvloop

from bench.measure import cpu_seconds, percentile, resident_bytes, tree

DRAIN_SECONDS = 60.0
ROOT = Path(__file__).parent.parent


class LoadFailed(Exception):
    """The client could not do its work: the server went away, or does not answer."""


@dataclass(frozen=True)
class Plan:
    """One round. Without `repeat` each request is sent once, and the round may end before `seconds`."""

    host: str
    port: int
    server_pid: int
    requests: list[bytes]
    seconds: float
    connections: int = 32
    repeat: bool = True
    expected_status: int = 200
    keep_bodies: bool = False
    # How long after the last answer the server may still be working on it (buffered audit rows, for one).
    deferred_seconds: float = 0.0


@dataclass
class Outcome:
    """What a round saw. `bodies` pairs the index of a request with its answer."""

    answered: int
    unexpected: dict[int, int]
    unexpected_example: str
    elapsed_seconds: float
    server_cpu_seconds: float
    server_busy: float
    client_busy: float
    p50_seconds: float
    p99_seconds: float
    resident_bytes: int
    bodies: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def cpu_us(self) -> float:
        """Server CPU per answered request, microseconds."""
        return self.server_cpu_seconds / self.answered * 1e6 if self.answered else 0.0

    @property
    def rate(self) -> float:
        """Answered requests per second."""
        return self.answered / self.elapsed_seconds if self.elapsed_seconds else 0.0


def run(plan: Plan, core: int) -> Outcome:
    """Run a round in a process of its own on this core. Raises LoadFailed."""
    argv = [sys.executable, "-m", "bench.load", str(core)]
    limit = plan.seconds + plan.deferred_seconds + DRAIN_SECONDS + 30
    done = subprocess.run(
        argv, cwd=ROOT, input=pickle.dumps(plan), capture_output=True, timeout=limit, check=False
    )
    if done.returncode != 0:
        raise LoadFailed(done.stderr.decode(errors="replace")[-2000:])
    return pickle.loads(done.stdout)


class _Round:
    """The state that all connections share: what to send next, and what came back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.latencies = array("d")
        self.unexpected: Counter[int] = Counter()
        self.example = ""
        self.bodies: list[tuple[int, bytes]] = []
        self.ends_at = 0.0
        self.last_answer_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._callers = plan.connections
        self._next = 0

    def take(self) -> int | None:
        """Return the index of the next request, None if there is none or the time is over."""
        index, size = self._next, len(self.plan.requests)
        if (index >= size and not self.plan.repeat) or time.perf_counter() >= self.ends_at:
            return None
        self._next = index + 1
        return index % size

    def answered(self, index: int, sent_at: float, status: int, body: bytes) -> None:
        """Note an answer."""
        self.last_answer_at = now = time.perf_counter()
        self.latencies.append(now - sent_at)
        if status != self.plan.expected_status:
            self.unexpected[status] += 1
            self.example = self.example or f"{status} {body[:600]!r}"
        if self.plan.keep_bodies:
            self.bodies.append((index, body))

    def caller_finished(self) -> None:
        """Note that one of the callers has nothing left to send."""
        self._callers -= 1
        if self._callers == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadFailed(reason))


class _Connection(asyncio.Protocol):
    """One connection of one caller; when the server closes it, a successor carries on."""

    def __init__(self, round_: _Round) -> None:
        self._round = round_
        self._transport: asyncio.Transport | None = None
        self._index: int | None = None
        self._sent_at = 0.0
        self._body = b""

    def start(self) -> None:
        """Take the first request and connect; connecting counts as waiting for the answer."""
        self._index = self._round.take()
        if self._index is None:
            self._round.caller_finished()
            return
        self._sent_at = time.perf_counter()
        loop, plan = asyncio.get_running_loop(), self._round.plan
        connecting = loop.create_task(loop.create_connection(lambda: self, plan.host, plan.port))
        connecting.add_done_callback(self._connected)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not a check: uvloop's transports do not derive from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpResponseParser(self)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._index is not None:
            self._round.fail(f"connection lost before the answer: {exc!r}")

    def on_body(self, chunk: bytes) -> None:
        self._body += chunk

    def on_message_complete(self) -> None:
        assert self._index is not None
        self._round.answered(self._index, self._sent_at, self._parser.get_status_code(), self._body)
        self._body = b""
        if not self._parser.should_keep_alive():
            self._close()
            _Connection(self._round).start()
            return
        self._index = self._round.take()
        if self._index is None:
            self._close()
            self._round.caller_finished()
        else:
            self._sent_at = time.perf_counter()
            self._send()

    def _send(self) -> None:
        assert self._transport is not None
        assert self._index is not None
        self._transport.write(self._round.plan.requests[self._index])

    def _close(self) -> None:
        self._index = None
        assert self._transport is not None
        self._transport.close()

    def _connected(self, connecting: asyncio.Task[object]) -> None:
        if not connecting.cancelled() and connecting.exception() is not None:
            self._round.fail(f"cannot connect: {connecting.exception()!r}")


async def _perform(plan: Plan) -> Outcome:
    round_ = _Round(plan)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: round_.fail(str(context.get("exception") or context)))
    pids = tree(plan.server_pid)
    server_before, client_before = cpu_seconds(pids), time.process_time()
    started_at = time.perf_counter()
    round_.ends_at = started_at + plan.seconds
    for _ in range(plan.connections):
        _Connection(round_).start()
    async with asyncio.timeout(plan.seconds + DRAIN_SECONDS):
        await round_.done
    elapsed = max(round_.last_answer_at - started_at, 1e-9)
    in_window, client_used = cpu_seconds(pids) - server_before, time.process_time() - client_before
    await asyncio.sleep(plan.deferred_seconds)
    ordered = sorted(round_.latencies)
    return Outcome(
        answered=len(ordered),
        unexpected=dict(round_.unexpected),
        unexpected_example=round_.example,
        elapsed_seconds=elapsed,
        server_cpu_seconds=cpu_seconds(pids) - server_before,
        server_busy=in_window / elapsed,
        client_busy=client_used / elapsed,
        p50_seconds=percentile(ordered, 0.50),
        p99_seconds=percentile(ordered, 0.99),
        resident_bytes=resident_bytes(pids),
        bodies=round_.bodies,
    )


def main() -> None:
    """Entry of the client process; its one argument is the core to stay on."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    plan: Plan = pickle.load(sys.stdin.buffer)
    outcome = uvloop.run(_perform(plan))
    # Not sys.stdout: with PYTHONUNBUFFERED it may write a part and leave it at that.
    with open(1, "wb") as answer:
        pickle.dump(outcome, answer)


if __name__ == "__main__":
    # Pickles name bench.load, not __main__: use the classes under that name.
    from bench.load import main as main_by_name

    main_by_name()
