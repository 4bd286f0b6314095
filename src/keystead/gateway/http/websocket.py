"""Hands a connection over to uvicorn's WebSocket protocol, which is loaded when the first client asks for it.

Follows RFC 6455. Messages are as large as a door may take, and are not compressed: what compression yields on a
terminal's output is little, and what a secret beside chosen text yields under it is known (CRIME). Until a door has
accepted, and until the first message has arrived where the door says so, nobody is known yet: messages are small
then, and too large a one is refused by its length, before it is read.
"""

import asyncio
import functools
import importlib
from typing import Any, Final

from keystead.access.doors import FIRST_MESSAGE_BYTES, Message

MAX_MESSAGE_BYTES: Final = 1024 * 1024
UNACCEPTED_BYTES: Final = 4096
"""A client has nothing to say before it is let in; what it says all the same is held, and not longer than this."""


@functools.cache
def protocol_class() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol over the library `websockets`, whose pings cost no memory."""
    # Neither library has types for what is changed of it here.
    untyped: Any = _heeding_pings()
    frames: Any = _frames()

    class Protocol(untyped):
        """Reads nothing behind the first message before the door asks for it: the door judges who speaks."""

        _is_first = True
        _judges = False

        def __init__(self, *arguments: Any, **named: Any) -> None:
            untyped.__init__(self, *arguments, **named)
            self.conn = frames(max_size=UNACCEPTED_BYTES, logger=self.logger)

        def handle_cont(self, event: Any) -> None:
            # Pieces without a byte would only lengthen the list of pieces, for ever.
            if event.data or event.fin:
                untyped.handle_cont(self, event)

        def handle_parser_exception(self) -> None:
            if self.conn.close_sent is not None:
                untyped.handle_parser_exception(self)
                return
            # Nobody accepted yet, so there is no WebSocket to close; uvicorn takes for granted that there is.
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
            self.close_sent = True
            self.transport.close()

        async def send(self, message: Message) -> None:
            if message["type"] == "websocket.accept" and self._is_first:
                self.conn.max_message_size = message.get(FIRST_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
            await untyped.send(self, message)

        async def receive(self) -> Message:
            if self._judges:
                self._judges = False
                if self.read_paused and self.queue.empty():
                    self.read_paused = False
                    self.transport.resume_reading()
            if not self._is_first:
                found: Message = await untyped.receive(self)
                return found
            message: Message = await self.queue.get()
            if message["type"] == "websocket.receive":
                self._is_first, self._judges = False, True
            return message

    return Protocol


def _frames() -> type[Any]:
    library: Any = importlib.import_module("websockets.server").ServerProtocol
    is_data: Any = importlib.import_module("websockets.frames").DATA_OPCODES

    class Frames(library):
        """Takes larger messages from the second on; several may be in what was read at once."""

        def recv_frame(self, frame: Any) -> None:
            library.recv_frame(self, frame)
            if frame.fin and frame.opcode in is_data:
                self.max_message_size = MAX_MESSAGE_BYTES

    return Frames


def _heeding_pings() -> type[Any]:
    module: Any = importlib.import_module("uvicorn.protocols.websockets.websockets_sansio_impl")
    untyped: Any = module.WebSocketsSansIOProtocol

    class Heeding(untyped):
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

    return Heeding
