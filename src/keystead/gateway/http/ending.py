"""How a client's connection ends: after an answer that it gets to read, or cut when it reads nothing."""

import asyncio

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from keystead.gateway.http.limits import HTTPLimits


class EndingProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, which lingers when it closes and cuts a client that stalls."""

    def __init__(
        self, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop, limits: HTTPLimits
    ) -> None:
        super().__init__(config, state, {}, loop)
        self._limits = limits
        self._is_deaf = False  # Everything that still arrives is dropped.
        self._is_draining = False
        self._lingers_until = 0.0
        self._write_stalled_at = 0.0
        self._closing_seen_at = 0.0

    def pause_writing(self) -> None:
        self._write_stalled_at = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._write_stalled_at = 0.0
        super().resume_writing()

    def stop_reading(self) -> None:
        """Drop everything that still arrives on this connection."""
        self._is_deaf = True

    def linger(self) -> None:
        """End the connection so that the client gets to read the answer.

        Closing while bytes still arrive makes the kernel send a reset, which discards the answer on the client's
        side. TLS lingers by itself, in its closing handshake.
        """
        self._is_deaf = True
        if self.transport.can_write_eof() and not self._is_draining:
            self._lingers_until = self.loop.time() + self._limits.linger_seconds
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def is_ending(self, now: float) -> bool:
        """Return whether this connection is about to end, and end it when its time is over."""
        stall_seconds = self._limits.write_stall_seconds
        if self.transport.is_closing():
            self._closing_seen_at = self._closing_seen_at or now
            if now - self._closing_seen_at > stall_seconds:
                self.transport.abort()
        elif self._write_stalled_at and now - self._write_stalled_at > stall_seconds:
            self.transport.abort()
        elif self._lingers_until:
            if now > self._lingers_until:
                self.transport.close()
        else:
            return False
        return True


class LingeringTransport(asyncio.Transport):
    """The transport as an answer sees it while its request is still arriving: closing it lingers."""

    def __init__(self, protocol: EndingProtocol) -> None:
        super().__init__()
        self._protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        self._protocol.linger()
