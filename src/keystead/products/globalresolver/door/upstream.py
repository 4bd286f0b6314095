"""Upstream resolvers: a question in, the answer out, over UDP, TCP or TLS.

Follows RFC 5452 (ids and ports that nobody can guess, the question compared), RFC 7766 and RFC 7858. UDP
answers that were cut are asked for again over TCP, because clients of DoT and DoH cannot do that themselves.
"""

import asyncio
import ipaddress
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door import message

TRY_SECONDS = 1.0
TRIES = 2
_SOCKETS, _SOCKETS_HERE = 8, 2
_BUFFERED = 1 << 20
_LARGEST = 4096
"""Octets of a datagram: three times what our queries say that they can take."""
_READ_AT_ONCE = 64
_DRAWN = 3 * 512
_QUERIES_PER_SOCKET = 20_000
"""After so many queries a socket is let go of, and another with another port takes its place."""
_IDLE_SECONDS = 10.0
Told = Callable[[bytes | None], None]
"""Is called once: with an answer, or with None when there is none."""


class Unanswered(Exception):
    """No upstream answered in time, or with anything that could be used."""


class Send(Protocol):
    """How a question is sent: `told` is called once with its answer."""

    def __call__(self, rest: bytes, question: bytes, told: Told) -> None: ...


async def asked(send: Send, rest: bytes, question: bytes) -> bytes:
    """Return the answer to a question. Raises Unanswered."""
    future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    def told(answer: bytes | None) -> None:
        if not future.done():
            future.set_result(answer)

    send(rest, question, told)
    answer = await future
    if answer is None:
        raise Unanswered
    return answer


class Upstream(Protocol):
    """One resolver that questions are forwarded to."""

    def send(self, rest: bytes, question: bytes, told: Told) -> None:
        """Have `told` called once with the answer to a query, which is `rest` behind an id of our own."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...


class BadUpstream(ValueError):
    """A text names no upstream."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upstream is: `udp`, `tcp` or `tls`, an address, and the name its certificate must have."""

    scheme: str
    host: str
    port: int
    name: str = ""


def parse_target(text: str) -> Target:
    """Return what `[udp://|tcp://|tls://]ADDRESS[:PORT][#NAME]` says. Raises BadUpstream."""
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "udp", text
    place, _, name = rest.partition("#")
    host, port = place, 853 if scheme == "tls" else 53
    if place.startswith("[") and "]" in place:
        host, _, tail = place[1:].partition("]")
        port = int(tail[1:]) if tail[1:].isdigit() else port
    elif place.count(":") == 1:
        host, _, tail = place.partition(":")
        port = int(tail) if tail.isdigit() else 0
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise BadUpstream(f"{text!r} is not an address of an upstream resolver") from error
    if scheme not in ("udp", "tcp", "tls") or not 0 < port < 65536:
        raise BadUpstream(f"{text!r} is not an address of an upstream resolver")
    return Target(scheme, host, port, name)


def system_targets(path: Path = Path("/etc/resolv.conf")) -> list[Target]:
    """Return the resolvers that this machine uses; none if it does not say."""
    found: list[Target] = []
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                found.append(parse_target(f"[{words[1]}]" if ":" in words[1] else words[1]))
            except BadUpstream:
                continue
    return found


def connect(targets: Sequence[Target], entropy: Entropy) -> "Upstreams":
    """Return the upstreams of these targets; connections are made when the first question comes."""
    made: list[Upstream] = []
    for target in targets:
        if target.scheme == "udp":
            made.append(DatagramUpstream(target, entropy))
        else:
            made.append(StreamUpstream(target, entropy))
    return Upstreams(made)


class Upstreams:
    """All upstreams of a door: asked in turn, the one that answered last first."""

    def __init__(self, upstreams: Sequence[Upstream]) -> None:
        self._upstreams = list(upstreams)
        self._preferred = 0

    def send(self, rest: bytes, question: bytes, told: Told) -> None:
        """Have `told` called once with the first usable answer, or with None. No task is made for it."""
        _Attempts(self, rest, question, told).go_on()

    def at(self, number: int) -> tuple[int, Upstream] | None:
        """Return the upstream for a question's first, second, … try; None when there were enough."""
        count = len(self._upstreams)
        if not count or number >= max(TRIES, count):
            return None
        index = (self._preferred + number) % count
        return index, self._upstreams[index]

    def prefer(self, index: int) -> None:
        """Ask this one first from now on: it answered."""
        self._preferred = index

    def close(self) -> None:
        """Let go of every connection."""
        for each in self._upstreams:
            each.close()


class _Attempts:
    """One question on its way through the upstreams."""

    __slots__ = ("_index", "_number", "_question", "_rest", "_told", "_upstreams")

    def __init__(self, upstreams: Upstreams, rest: bytes, question: bytes, told: Told) -> None:
        self._upstreams = upstreams
        self._rest = rest
        self._question = question
        self._told = told
        self._number = self._index = 0

    def go_on(self) -> None:
        """Ask the next one; the answer is None when there is no other."""
        found = self._upstreams.at(self._number)
        if found is None:
            self._told(None)
            return
        self._number += 1
        self._index, upstream = found
        upstream.send(self._rest, self._question, self._done)

    def _done(self, answer: bytes | None) -> None:
        if answer is None:
            self.go_on()
        else:
            self._upstreams.prefer(self._index)
            self._told(answer)


class _Waiting:
    """A question on its way, and who is told its answer, once."""

    __slots__ = ("question", "told")

    def __init__(self, question: bytes, told: Told) -> None:
        self.question = question
        self.told = told


class _Datagrams:
    """One connected socket: what comes from elsewhere, or answers nothing that was asked, is not looked at."""

    def __init__(self, target: Target) -> None:
        family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
        self.waiting: dict[int, _Waiting] = {}
        self.sent = 0
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFERED)
        self._socket.connect((target.host, target.port))
        self._loop.add_reader(self._socket.fileno(), self.read)

    def send(self, query: bytes) -> None:
        """Send a query. What cannot be sent is as good as lost on the way."""
        self.sent += 1
        with suppress(OSError):
            self._socket.send(query)

    def close(self) -> None:
        """Let go of the socket; who still waits is told that there is no answer."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._fail()

    def read(self) -> None:
        """Take what has come, but not for ever: others want their turn."""
        try:
            for _ in range(_READ_AT_ONCE):
                self._received(self._socket.recv(_LARGEST))
        except BlockingIOError:
            return
        except OSError:
            # Nobody listens there: those who wait need not wait for the time to run out.
            self._fail()

    def _received(self, data: bytes) -> None:
        if len(data) < message.HEADER_OCTETS:
            return
        message_id = data[0] << 8 | data[1]
        waiting = self.waiting.get(message_id)
        if waiting is not None and message.answers_question(data, waiting.question):
            del self.waiting[message_id]
            waiting.told(data)

    def _fail(self) -> None:
        waiting, self.waiting = self.waiting, {}
        for each in waiting.values():
            each.told(None)


class DatagramUpstream:
    """An upstream over UDP, with several sockets of random ports, and TCP for what was cut."""

    def __init__(self, target: Target, entropy: Entropy) -> None:
        self._target = target
        self._entropy = entropy
        # Nobody else can answer from an address of this machine, and fewer sockets are read in fewer turns.
        self._width = _SOCKETS_HERE if ipaddress.ip_address(target.host).is_loopback else _SOCKETS
        self._sockets: list[_Datagrams] = []
        self._drawn = b""
        self._drawn_at = 0
        # Questions in the order in which their time runs out.
        self._deadlines: deque[tuple[float, _Datagrams, int, _Waiting]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._stream = StreamUpstream(Target("tcp", target.host, target.port), entropy)

    def send(self, rest: bytes, question: bytes, told: Told) -> None:
        """Have `told` called once with the answer, or with None when there is none in time."""
        loop = asyncio.get_running_loop()
        drawn = self._draw()
        try:
            sender = self._socket(drawn[2])
        except OSError:
            loop.call_soon(told, None)
            return
        message_id = _free_id(drawn[0] << 8 | drawn[1], sender.waiting)

        def answered(answer: bytes | None) -> None:
            if answer is not None and message.is_truncated(answer):
                self._stream.send(rest, question, told)
            else:
                told(answer)

        waiting = sender.waiting[message_id] = _Waiting(question, answered)
        self._deadlines.append((loop.time() + TRY_SECONDS, sender, message_id, waiting))
        if self._timer is None:
            self._timer = loop.call_later(TRY_SECONDS, self._give_up)
        sender.send(message_id.to_bytes(2, "big") + rest)

    def _draw(self) -> bytes:
        """Return three random octets; asking the system for each by itself would cost more than sending."""
        if self._drawn_at >= len(self._drawn):
            self._drawn, self._drawn_at = self._entropy.token_bytes(_DRAWN), 0
        self._drawn_at += 3
        return self._drawn[self._drawn_at - 3 : self._drawn_at]

    def _give_up(self) -> None:
        """Tell those whose time has run out that there is no answer."""
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, sender, message_id, waiting = self._deadlines.popleft()
            if sender.waiting.get(message_id) is waiting:
                sender.read()  # After a stall of ours the answer may have been here for long.
            if sender.waiting.get(message_id) is waiting:
                del sender.waiting[message_id]
                waiting.told(None)
        if self._deadlines and self._timer is None:
            self._timer = loop.call_later(max(0.0, self._deadlines[0][0] - now), self._give_up)

    def _socket(self, drawn: int) -> _Datagrams:
        """Return one of the sockets. Raises OSError when none can be had."""
        while len(self._sockets) < self._width:
            self._sockets.append(_Datagrams(self._target))
        place = drawn % self._width
        found = self._sockets[place]
        if found.sent >= _QUERIES_PER_SOCKET:
            # Answers under way still arrive during the time that they may take.
            asyncio.get_running_loop().call_later(TRY_SECONDS, found.close)
            found = self._sockets[place] = _Datagrams(self._target)
        return found

    def close(self) -> None:
        """Close every socket."""
        if self._timer is not None:
            self._timer.cancel()
        for each in self._sockets:
            each.close()
        self._sockets.clear()
        self._stream.close()


@dataclass(slots=True)
class _Question:
    """A question on a stream, and who waits for its answer."""

    question: bytes
    answer: "asyncio.Future[bytes]"


@dataclass(slots=True)
class _Link:
    """One open stream, its reader, and who waits on it."""

    writer: asyncio.StreamWriter
    waiting: dict[int, _Question] = field(default_factory=dict[int, _Question])
    reading: "asyncio.Task[None] | None" = None


class StreamUpstream:
    """An upstream over TCP or TLS: one connection, many questions on it at once (RFC 7766 §6.2.1)."""

    def __init__(self, target: Target, entropy: Entropy) -> None:
        self._target = target
        self._entropy = entropy
        self._link: _Link | None = None
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, rest: bytes, question: bytes, told: Told) -> None:
        """Have `told` called once with the answer, or with None when there is none in time."""
        task = asyncio.get_running_loop().create_task(self._tell(rest, question, told))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, rest: bytes, question: bytes, told: Told) -> None:
        answer = None
        with suppress(Unanswered, OSError, TimeoutError):
            async with asyncio.timeout(TRY_SECONDS):
                answer = await self._ask(rest, question)
        told(answer)

    async def _ask(self, rest: bytes, question: bytes) -> bytes:
        """Return the answer to a question. Raises Unanswered, OSError."""
        link = await self._linked()
        message_id = _free_id(int.from_bytes(self._entropy.token_bytes(2), "big"), link.waiting)
        waiting = _Question(question, asyncio.get_running_loop().create_future())
        link.waiting[message_id] = waiting
        try:
            query = message_id.to_bytes(2, "big") + rest
            link.writer.write(struct.pack("!H", len(query)) + query)
            return await waiting.answer
        finally:
            link.waiting.pop(message_id, None)

    async def _linked(self) -> _Link:
        async with self._opening:
            if self._link is None:
                target = self._target
                context = ssl.create_default_context() if target.scheme == "tls" else None
                reader, writer = await asyncio.open_connection(
                    target.host,
                    target.port,
                    ssl=context,
                    server_hostname=(target.name or target.host) if context else None,
                )
                self._link = link = _Link(writer)
                link.reading = asyncio.create_task(self._read(link, reader))
            return self._link

    async def _read(self, link: _Link, reader: asyncio.StreamReader) -> None:
        """Hand out answers until the stream ends or nothing was said for a while."""
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    data = await reader.readexactly(length)
                waiting = link.waiting.get(int.from_bytes(data[:2], "big"))
                if waiting is None or waiting.answer.done():
                    continue
                if message.answers_question(data, waiting.question):
                    waiting.answer.set_result(data)
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            if self._link is link:
                self._link = None
            link.writer.close()
            for waiting in link.waiting.values():
                if not waiting.answer.done():
                    waiting.answer.set_exception(Unanswered())

    def close(self) -> None:
        """Close the connection."""
        if self._link is not None and self._link.reading is not None:
            self._link.reading.cancel()


def _free_id(drawn: int, waiting: Container[int]) -> int:
    """Return an id that is not on its way: the one that was drawn, or the next free one after it."""
    while drawn in waiting:
        drawn = drawn + 1 & 0xFFFF
    return drawn
