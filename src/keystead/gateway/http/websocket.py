"""Hands a connection over to uvicorn's WebSocket protocol, which is loaded when the first client asks for it.

Follows RFC 6455. Messages are as large as a door may take, and are not compressed: what compression yields on a
terminal's output is little, and what a secret beside chosen text yields under it is known (CRIME).
"""

import asyncio
import functools
import importlib
from typing import Any, Final

MAX_MESSAGE_BYTES: Final = 1024 * 1024


@functools.cache
def protocol_class() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol over the library `websockets`, whose pings cost no memory."""
    module: Any = importlib.import_module("uvicorn.protocols.websockets.websockets_sansio_impl")
    base: type[Any] = module.WebSocketsSansIOProtocol
    # Uvicorn has no types for these two.
    untyped: Any = base

    class Protocol(base):
        """Reads no further while a peer pings and does not read the answers: they would pile up here."""

        _waits_for_reader = False

        def handle_ping(self) -> None:
            untyped.handle_ping(self)
            if not self.writable.is_set() and not self.read_paused:
                self._waits_for_reader = True
                self.transport.pause_reading()

        def resume_writing(self) -> None:
            untyped.resume_writing(self)
            if self._waits_for_reader:
                self._waits_for_reader = False
                if not self.read_paused:
                    self.transport.resume_reading()

    return Protocol
