"""Upstream resolvers: a question in, the answer out, over UDP, TCP or TLS.

Follows RFC 5452 (ids and ports that nobody can guess, the question compared), RFC 7766 and RFC 7858. UDP
answers that were cut are asked for again over TCP, because clients of DoT and DoH cannot do that themselves.
"""

import asyncio
import ipaddress
import ssl
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door import message

TRY_SECONDS = 1.0
TRIES = 2
_SOCKETS = 8
_QUERIES_PER_SOCKET = 20_000
"""After so many queries a socket is let go of, and another with another port takes its place."""
_IDLE_SECONDS = 10.0
Build = Callable[[int], bytes]
"""Returns the query with the id that it is given."""


class Unanswered(Exception):
    """No upstream answered in time, or with anything that could be used."""


class Upstream(Protocol):
    """One resolver that questions are forwarded to."""

    async def ask(self, build: Build, question: bytes) -> bytes:
        """Return the answer to a question. Raises Unanswered, OSError or TimeoutError."""
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

    async def ask(self, build: Build, question: bytes) -> bytes:
        """Return the first usable answer. Raises Unanswered."""
        count = len(self._upstreams)
        for number in range(max(TRIES, count) if count else 0):
            index = (self._preferred + number) % count
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    answer = await self._upstreams[index].ask(build, question)
            except (Unanswered, OSError, TimeoutError):
                continue
            self._preferred = index
            return answer
        raise Unanswered

    def close(self) -> None:
        """Let go of every connection."""
        for each in self._upstreams:
            each.close()


@dataclass(slots=True)
class _Waiting:
    """A question on its way, and who waits for its answer."""

    question: bytes
    answer: "asyncio.Future[bytes]"


class _Datagrams(asyncio.DatagramProtocol):
    """One connected socket: what comes from elsewhere, or answers nothing that was asked, is not looked at."""

    def __init__(self) -> None:
        self.waiting: dict[int, _Waiting] = {}
        self.sent = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio gives a datagram protocol a datagram transport; its own type is wider.
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) < message.HEADER_OCTETS:
            return
        waiting = self.waiting.get(data[0] << 8 | data[1])
        if waiting is None or not message.answers_question(data, waiting.question):
            return
        if not waiting.answer.done():
            waiting.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        # Nobody listens there: those who wait need not wait for the time to run out.
        for waiting in self.waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(Unanswered())


class DatagramUpstream:
    """An upstream over UDP, with several sockets of random ports, and TCP for what was cut."""

    def __init__(self, target: Target, entropy: Entropy) -> None:
        self._target = target
        self._entropy = entropy
        self._sockets: list[_Datagrams] = []
        self._opening = asyncio.Lock()
        self._stream = StreamUpstream(Target("tcp", target.host, target.port), entropy)

    async def ask(self, build: Build, question: bytes) -> bytes:
        """Return the answer to a question. Raises Unanswered, OSError."""
        drawn = self._entropy.token_bytes(3)
        socket = await self._socket(drawn[2])
        message_id = _free_id(drawn[0] << 8 | drawn[1], socket.waiting)
        waiting = _Waiting(question, asyncio.get_running_loop().create_future())
        socket.waiting[message_id] = waiting
        try:
            if socket.transport is None:
                raise Unanswered
            socket.sent += 1
            socket.transport.sendto(build(message_id))
            answer = await waiting.answer
        finally:
            del socket.waiting[message_id]
        if message.is_truncated(answer):
            return await self._stream.ask(build, question)
        return answer

    async def _socket(self, drawn: int) -> _Datagrams:
        async with self._opening:
            for socket in [each for each in self._sockets if each.sent >= _QUERIES_PER_SOCKET]:
                self._sockets.remove(socket)
                if socket.transport is not None:
                    # Answers under way still arrive during the time that they may take.
                    asyncio.get_running_loop().call_later(TRY_SECONDS, socket.transport.close)
            while len(self._sockets) < _SOCKETS:
                loop = asyncio.get_running_loop()
                place = (self._target.host, self._target.port)
                _, socket = await loop.create_datagram_endpoint(_Datagrams, remote_addr=place)
                self._sockets.append(socket)
        return self._sockets[drawn % _SOCKETS]

    def close(self) -> None:
        """Close every socket."""
        for socket in self._sockets:
            if socket.transport is not None:
                socket.transport.close()
        self._sockets.clear()
        self._stream.close()


@dataclass(slots=True)
class _Link:
    """One open stream, its reader, and who waits on it."""

    writer: asyncio.StreamWriter
    waiting: dict[int, _Waiting] = field(default_factory=dict[int, _Waiting])
    reading: "asyncio.Task[None] | None" = None


class StreamUpstream:
    """An upstream over TCP or TLS: one connection, many questions on it at once (RFC 7766 §6.2.1)."""

    def __init__(self, target: Target, entropy: Entropy) -> None:
        self._target = target
        self._entropy = entropy
        self._link: _Link | None = None
        self._opening = asyncio.Lock()

    async def ask(self, build: Build, question: bytes) -> bytes:
        """Return the answer to a question. Raises Unanswered, OSError."""
        link = await self._linked()
        message_id = _free_id(int.from_bytes(self._entropy.token_bytes(2), "big"), link.waiting)
        waiting = _Waiting(question, asyncio.get_running_loop().create_future())
        link.waiting[message_id] = waiting
        try:
            query = build(message_id)
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


def _free_id(drawn: int, waiting: dict[int, _Waiting]) -> int:
    """Return an id that is not on its way: the one that was drawn, or the next free one after it."""
    while drawn in waiting:
        drawn = drawn + 1 & 0xFFFF
    return drawn
