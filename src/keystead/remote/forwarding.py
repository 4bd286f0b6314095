"""Streams of smux on a link, either end: carries each between the session and a TCP or Unix connection.

Follows github xtaci/smux version 1 as port forwarding uses it. There is no window per stream: whoever reads slowly
holds everything up once `STREAM_BYTES` of one stream wait.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from keystead.remote.link import Link
from keystead.sessionwire import smux
from keystead.sessionwire.smux import Finished, Mux, Opened, Received

READ_BYTES: Final = 64 * 1024 - 16
"""With the headers of two smux frames it fills one message of 64 KiB: the real ends take large ones."""
STREAM_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is sent at once, and how long is waited after it."""

    bytes_at_once: int
    pause_seconds: float = 0.0


SWIFT: Final = Pace(READ_BYTES)
GENTLE: Final = Pace(1024, 0.001)
"""What the real agent and plugin do, for peers that are not ours."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class _Early:
    """What arrived for a stream whose connection is still being made."""

    content: bytearray = field(default_factory=bytearray)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """The streams of one session, and the connection that each belongs to."""

    def __init__(
        self,
        link: Link,
        *,
        is_client: bool,
        accept: Callable[[], Awaitable[Connection]] | None = None,
        pace: Pace = SWIFT,
    ) -> None:
        self._link = link
        self._mux = Mux(is_client=is_client)
        self._accept = accept
        self._pace = pace
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._early: dict[int, _Early] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    async def offer(self, connection: Connection) -> None:
        """Open a stream for a connection that was made to us, and carry it until either side closes."""
        stream, syn = self._mux.open()
        await self._link.send(syn)
        await self._carry(stream, connection)

    async def hear(self, payload: bytes) -> None:
        """Take what arrived. Raises MuxBroken."""
        for event in self._mux.feed(payload):
            match event:
                case Opened(stream):
                    self._begin(stream)
                case Received(stream, piece):
                    await self._write(stream, piece)
                case Finished(stream):
                    self._finish(stream)
        if refusals := self._mux.take_refusals():
            await self._link.send(refusals)

    async def beat(self) -> None:
        """Tell an old client every ten seconds that this end lives; newer ones must not be told."""
        while True:
            await asyncio.sleep(smux.KEEPALIVE_SECONDS)
            await self._link.send(smux.nop())

    async def close(self) -> None:
        """End every stream."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        for writer in list(self._writers.values()):
            writer.close()

    def _begin(self, stream: int) -> None:
        self._early[stream] = _Early()
        job = asyncio.create_task(self._reach(stream))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _reach(self, stream: int) -> None:
        """Make the connection that the peer's stream is for, and carry it."""
        try:
            if self._accept is None:
                raise ConnectionRefusedError("this end takes no streams")
            connection = await self._accept()
        except OSError:
            self._early.pop(stream).is_over.set()
            if fin := self._mux.close(stream):
                await self._link.send(fin)
            return
        await self._carry(stream, connection)

    async def _carry(self, stream: int, connection: Connection) -> None:
        reader, writer = connection
        writer.transport.set_write_buffer_limits(high=STREAM_BYTES)
        early = self._early.pop(stream, None)
        if early is not None and stream not in self._mux.streams:
            early.is_over.set()
            writer.close()
            return
        self._writers[stream] = writer
        if early is not None:
            writer.write(bytes(early.content))
            early.is_over.set()
        try:
            while piece := await reader.read(self._pace.bytes_at_once):
                if stream not in self._mux.streams:
                    break
                await self._link.send(self._mux.send(stream, piece))
                if self._pace.pause_seconds:
                    await asyncio.sleep(self._pace.pause_seconds)
        except OSError:
            pass
        finally:
            self._writers.pop(stream, None)
            writer.close()
            if fin := self._mux.close(stream):
                await self._link.send(fin)

    async def _write(self, stream: int, piece: bytes) -> None:
        early = self._early.get(stream)
        if early is not None:
            early.content += piece
            if len(early.content) < STREAM_BYTES:
                return
            # So much for a connection that is still being made: nothing more is read until it is.
            await early.is_over.wait()
            return
        writer = self._writers.get(stream)
        if writer is None:
            return
        writer.write(piece)
        with contextlib.suppress(OSError):
            await writer.drain()

    def _finish(self, stream: int) -> None:
        writer = self._writers.pop(stream, None)
        if writer is not None:
            # What was written is sent first; its reader then ends, and with it the job.
            writer.close()
