"""One WebSocket of a channel as the relay sees it: messages in and out, and a way to end it from outside.

Follows the ASGI specification, WebSocket. Nothing is queued: to send waits while the peer's buffers are full, and
whoever waits reads nothing meanwhile, so that a slow peer slows the other one down instead of filling memory.
"""

import asyncio
import contextlib
from typing import Final

from keystead.access.doors import Message, Receive, Send

POLICY: Final = 1008
NORMAL: Final = 1000
GOING_AWAY: Final = 1001


class SocketClosed(Exception):
    """The peer is gone, or the socket was ended."""


class Socket:
    """An accepted WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._one_at_a_time = asyncio.Lock()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[object] | None = asyncio.current_task()

    async def read(self) -> bytes | str:
        """Return the next message. Raises SocketClosed."""
        message: Message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise SocketClosed
        found: bytes | str | None = message.get("bytes")
        return found if found is not None else str(message.get("text", ""))

    async def write(self, raw: bytes) -> None:
        """Send one binary message. Raises SocketClosed."""
        async with self._one_at_a_time:
            try:
                await self._send({"type": "websocket.send", "bytes": raw})
            except (OSError, RuntimeError) as error:
                raise SocketClosed from error

    async def close(self, code: int = NORMAL) -> None:
        """Say goodbye, at once if the peer listens."""
        with contextlib.suppress(SocketClosed, OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(1):
                await self._send({"type": "websocket.close", "code": code})

    def end(self) -> None:
        """End whatever is done with the socket, from outside; its own task then closes it."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
