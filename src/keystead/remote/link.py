"""Keeps a data channel on a socket: reads, writes, sends again, and opens a new socket when one breaks.

Follows amazon-ssm-agent, `agent/session/datachannel`, and aws/session-manager-plugin, `src/datachannel`. Back
pressure is the socket's: while it takes no more, nothing is read from where bytes come from; while whoever gets the
bytes is busy, nothing is read from the socket. Acknowledgements are never kept back. What was acknowledged is
heard, also when the socket that brought it breaks meanwhile: nobody would send it again.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from keystead.sessionwire.channel import Channel, Event, Paused
from keystead.sessionwire.delivery import RESEND_TICK
from keystead.sessionwire.frames import MAX_FRAME_BYTES, BadFrame, PayloadType
from keystead.sessionwire.payloads import BadPayload

KEEPALIVE_SECONDS: Final = 54.0
KEEPALIVE: Final = b"keepalive"
FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 1.0
BRIEF_SECONDS: Final = 2.0
MOST_BRIEF: Final = 5
"""How many sockets in a row may break at once before the session is given up."""
READ_OUT_SECONDS: Final = 5.0
"""How long a broken socket is read on for what it had brought; a terminal may be slow."""
MAX_MESSAGE_BYTES: Final = MAX_FRAME_BYTES

Connect = Callable[[bool], Awaitable[ClientConnection]]
"""Opens a socket and says who is there; its argument tells whether one broke before. Raises Gone, OSError."""
Hear = Callable[[Event], Awaitable[None]]


class Gone(Exception):
    """The session is over, as the authority says; the text is for the user."""


class Lost(Exception):
    """No socket could be opened again in the time that a session is waited for."""


class Link:
    """One end of a data channel on whatever socket there is."""

    def __init__(self, channel: Channel, connect: Connect, hear: Hear, *, patience_seconds: float) -> None:
        self.channel = channel
        self._connect = connect
        self._hear = hear
        self._patience_seconds = patience_seconds
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._unheard: deque[Event] = deque()
        self._has_unheard = asyncio.Event()
        self._all_heard = asyncio.Event()
        self._is_ending = False
        self.has_begun = False

    async def send(self, payload: bytes, payload_type: int = PayloadType.OUTPUT) -> None:
        """Send one stream message, as soon as the peer keeps up."""
        while not self.channel.has_room and not self._is_ending:
            self._room.clear()
            await self._room.wait()
        self.channel.send(payload, payload_type)
        self._wake.set()

    def tell(self, type_: str, payload: bytes) -> None:
        """Send a message outside the stream."""
        self.channel.tell(type_, payload)
        self._wake.set()

    def end(self) -> None:
        """Let go of the socket: `run` returns."""
        self._is_ending = True
        self._wake.set()
        self._room.set()

    async def drain(self, seconds: float) -> None:
        """Wait until the peer has acknowledged everything, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.channel.is_delivered and not self.channel.is_closed:
                    self._room.clear()
                    await self._room.wait()

    async def run(self) -> None:
        """Carry messages until the channel is closed, by either side. Raises Gone, Lost."""
        delivering = asyncio.ensure_future(self._deliver())
        try:
            await self._keep_open(delivering)
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    async def _keep_open(self, delivering: asyncio.Future[None]) -> None:
        is_again, brief = False, 0
        while not self._is_over:
            if brief > MOST_BRIEF:
                raise Lost("the channel is closed as soon as it is opened")
            await asyncio.sleep(FIRST_DELAY * (2**brief - 1))
            socket = await self._open(is_again)
            opened_at = asyncio.get_running_loop().time()
            if is_again:
                self.channel.reconnected()
            is_again = True
            self._wake.set()
            self.has_begun = True
            try:
                await self._carry(socket, delivering)
            finally:
                await _let_go(socket)
            lived = asyncio.get_running_loop().time() - opened_at
            brief = brief + 1 if lived < BRIEF_SECONDS else 0

    @property
    def _is_over(self) -> bool:
        return self._is_ending or self.channel.is_closed

    async def _open(self, is_again: bool) -> ClientConnection:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_seconds
        delay = FIRST_DELAY
        while True:
            try:
                return await self._connect(is_again)
            except (OSError, TimeoutError, ConnectionClosed) as error:
                if not is_again or loop.time() + delay > until:
                    raise Lost(str(error) or type(error).__name__) from error
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _carry(self, socket: ClientConnection, delivering: asyncio.Future[None]) -> None:
        """Carry messages over one socket until it breaks or the channel is over."""
        reading, *others = jobs = [
            asyncio.ensure_future(job(socket)) for job in (self._read, self._write, self._tick)
        ]
        try:
            done, _ = await asyncio.wait([*jobs, delivering], return_when=asyncio.FIRST_COMPLETED)
            for job in others:
                job.cancel()
            if not self._is_ending:
                # What had arrived before the socket broke may be the session's last word.
                await asyncio.wait([reading], timeout=READ_OUT_SECONDS)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
        for job in done:
            error = job.exception()
            if error is not None and not isinstance(
                error, ConnectionClosed | OSError | BadFrame | BadPayload
            ):
                raise error

    async def _read(self, socket: ClientConnection) -> None:
        async for message in socket:
            if isinstance(message, str):
                raise BadFrame("a text in the middle of a channel")
            events = self.channel.receive(message)
            self._wake.set()
            self._room.set()
            self._unheard.extend(event for event in events if not isinstance(event, Paused))
            if self._unheard:
                self._all_heard.clear()
                self._has_unheard.set()
                await self._all_heard.wait()
            if self.channel.is_closed:
                return

    async def _deliver(self) -> None:
        """Have what arrived heard, in order. It outlives sockets: a cut in the middle loses nothing."""
        while True:
            await self._has_unheard.wait()
            while self._unheard:
                # What a peer says in a form that nobody can read is not heard, and the rest is.
                with contextlib.suppress(BadPayload):
                    await self._hear(self._unheard.popleft())
            self._has_unheard.clear()
            self._all_heard.set()

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for raw in self.channel.take():
                await socket.send(raw)
            if self._is_over:
                return

    async def _tick(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        ping_at = loop.time()
        while True:
            if loop.time() >= ping_at:
                await socket.ping(KEEPALIVE)
                ping_at += KEEPALIVE_SECONDS
            await asyncio.sleep(RESEND_TICK)
            self.channel.resend()
            self._wake.set()


async def _let_go(socket: ClientConnection) -> None:
    """Close a socket, waiting little for a peer that may be gone."""
    with contextlib.suppress(TimeoutError, OSError, ConnectionClosed):
        async with asyncio.timeout(1):
            await socket.close()
    socket.transport.abort()
