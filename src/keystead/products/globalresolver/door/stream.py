"""DNS over a stream: messages with their lengths before them, many at once on one connection.

Follows RFC 7766, RFC 7858 (DoT) and RFC 7828. Answers may overtake each other; those that are ready at once
leave in one write. What is malformed is answered by itself, and its siblings go on.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keystead.products.globalresolver.door.answering import LATER, Answering
from keystead.products.globalresolver.door.arrival import Arrival, Transport

IDLE_SECONDS = 30.0
FIRST_SECONDS = 10.0
"""How long a new connection may say nothing whole: slow senders are let go of."""
MOST_IN_FLIGHT = 200
MOST_CONNECTIONS = 12_000
MOST_PER_PEER = 11_000
_LONGEST_UNSENT = 256 * 1024


@dataclass(slots=True)
class Connections:
    """The open connections of one listener: how many there are, and of whom."""

    answering: Answering
    transport: Transport
    tokens_in: Callable[[str], tuple[bytes, ...]]
    """Returns the tokens that the name which a client called us by holds."""
    open: "set[StreamProtocol]"
    by_peer: dict[str, int]

    def admits(self, peer: str) -> bool:
        """Return whether one more connection of a peer is taken."""
        return len(self.open) < MOST_CONNECTIONS and self.by_peer.get(peer, 0) < MOST_PER_PEER

    def add(self, connection: "StreamProtocol", peer: str) -> None:
        """Count a connection."""
        self.open.add(connection)
        self.by_peer[peer] = self.by_peer.get(peer, 0) + 1

    def remove(self, connection: "StreamProtocol", peer: str) -> None:
        """No longer count a connection."""
        if connection in self.open:
            self.open.remove(connection)
            self.by_peer[peer] -= 1
            if not self.by_peer[peer]:
                del self.by_peer[peer]


class StreamProtocol(asyncio.Protocol):
    """One connection."""

    __slots__ = (
        "_arrival",
        "_buffer",
        "_connections",
        "_ends_at",
        "_in_flight",
        "_is_full",
        "_is_paused",
        "_is_unread",
        "_loop",
        "_peer",
        "_ready",
        "_timer",
        "_transport",
    )

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._ready: list[bytes] = []
        self._in_flight = 0
        self._is_full = False  # As many queries as are let in wait for upstreams.
        self._is_unread = False  # The peer does not read what it is sent.
        self._is_paused = False
        self._peer = ""
        self._ends_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A stream protocol is given a stream transport; asyncio's own type is wider.
        self._transport: Any = transport
        host, port = transport.get_extra_info("peername")[:2]
        self._peer = host
        if not self._connections.admits(host):
            self._transport.abort()
            return
        self._connections.add(self, host)
        tls: Any = transport.get_extra_info("ssl_object")
        name = getattr(tls, "keystead_server_name", "") if tls is not None else ""
        self._arrival = Arrival(
            self._connections.transport, host, port, name, self._connections.tokens_in(name)
        )
        self._transport.set_write_buffer_limits(high=_LONGEST_UNSENT)
        self._wait(FIRST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self, self._peer)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._take()

    def _take(self) -> None:
        """Answer every whole message in the buffer, as far as there is room for more in flight."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2 and self._in_flight < MOST_IN_FLIGHT and not self._is_unread:
            length = buffer[at] << 8 | buffer[at + 1]
            if len(buffer) - at - 2 < length:
                break
            wire = bytes(buffer[at + 2 : at + 2 + length])
            at += 2 + length
            self._answer(wire)
        if at:
            del buffer[:at]
            self._wait(IDLE_SECONDS)
        self._is_full = self._in_flight >= MOST_IN_FLIGHT
        self._pause_or_go_on()
        self._send()

    def _answer(self, wire: bytes) -> None:
        self._in_flight += 1
        answer = self._connections.answering.answer(self._arrival, wire, self._reply)
        if answer is LATER:
            return
        self._in_flight -= 1
        if answer is not None:
            self._ready.append(answer)

    def _reply(self, answer: bytes) -> None:
        """Take an answer that was waited for. The connection may be gone meanwhile."""
        self._in_flight -= 1
        if self._transport.is_closing():
            return
        self._ready.append(answer)
        if len(self._ready) == 1:
            # Others that become ready in this turn of the loop leave with it.
            self._loop.call_soon(self._send)
        if self._is_full and self._in_flight < MOST_IN_FLIGHT // 2:
            self._is_full = False
            self._go_on()

    def _send(self) -> None:
        ready = self._ready
        if ready and not self._transport.is_closing():
            if len(ready) == 1:
                self._transport.write(len(ready[0]).to_bytes(2, "big") + ready[0])
            else:
                self._transport.write(b"".join([len(each).to_bytes(2, "big") + each for each in ready]))
        ready.clear()

    def pause_writing(self) -> None:
        # Who does not read the answers gets no more of them: what it asks for meanwhile is left unread, too.
        self._is_unread = True
        self._pause_or_go_on()

    def resume_writing(self) -> None:
        self._is_unread = False
        self._go_on()

    def _pause_or_go_on(self) -> None:
        """Read only while there is room for more in flight and the peer reads what it is sent."""
        should_pause = self._is_full or self._is_unread
        if should_pause and not self._is_paused:
            self._transport.pause_reading()
        elif self._is_paused and not should_pause:
            self._transport.resume_reading()
        self._is_paused = should_pause

    def _go_on(self) -> None:
        self._pause_or_go_on()
        if not self._is_paused:
            self._take()

    def close(self) -> None:
        """End the connection once what is ready has been sent."""
        self._transport.close()

    def _wait(self, seconds: float) -> None:
        """Let go of the connection unless another whole message comes in time.

        The timer of before goes on running, and finds out when it fires that there is more time: a timer for each
        message would cost more than the message.
        """
        self._ends_at = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        left = self._ends_at - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._time_is_up)
        else:
            self._end_idle()

    def _end_idle(self) -> None:
        if self._is_unread:
            # Closing would wait until the peer reads what it is owed.
            self._transport.abort()
        elif self._in_flight:
            self._wait(IDLE_SECONDS)
        else:
            self._transport.abort() if self._buffer else self._transport.close()


def note_server_names(context: ssl.SSLContext) -> None:
    """Have every connection remember the name that its client called us by: TLS objects do not tell it later."""

    def note(tls: Any, name: str | None, _: ssl.SSLContext) -> None:
        tls.keystead_server_name = name or ""

    context.sni_callback = note
