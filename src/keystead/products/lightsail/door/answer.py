"""What the door sends back: a whole answer in one step, or a head and a stream of blobs."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from keystead.products.lightsail.objects.blobs import Blobs

XML = (b"content-type", b"application/xml")
READ_BYTES = 1024 * 1024
Header = tuple[bytes, bytes]
Span = tuple[str, int, int]
"""A blob, an offset in it, and a length."""


class BlobStream:
    """Blobs on their way out, readable until `close` whatever is deleted meanwhile. One read is ahead."""

    def __init__(self, blobs: Blobs, spans: Sequence[Span]) -> None:
        self._blobs = blobs
        self._spans = spans
        self._names = [blob for blob, _, _ in spans]
        blobs.hold(self._names)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the bytes in order. Raises BlobLost."""
        ahead: asyncio.Task[bytes] | None = None
        try:
            for span in self._reads():
                before, ahead = ahead, asyncio.create_task(asyncio.to_thread(self._blobs.read, *span))
                if before is not None:
                    yield await before
            if ahead is not None:
                yield await ahead
        finally:
            if ahead is not None:
                await asyncio.wait([ahead])

    async def close(self) -> None:
        """Let go of the blobs, and remove what was to go meanwhile."""
        due = self._blobs.release(self._names)
        if due:
            await asyncio.to_thread(self._blobs.remove, due)

    def _reads(self) -> Iterator[Span]:
        for blob, offset, length in self._spans:
            for start in range(0, length, READ_BYTES):
                yield blob, offset + start, min(READ_BYTES, length - start)


@dataclass(slots=True)
class Answer:
    """A status, headers, and a body, or a stream of `length` bytes. A HEAD shows `length` and sends nothing."""

    status: int = 200
    headers: list[Header] = field(default_factory=list[Header])
    body: bytes = b""
    stream: BlobStream | None = None
    length: int | None = None


def xml_answer(body: bytes, headers: Sequence[Header] = (), status: int = 200) -> Answer:
    """Return an answer whose body is a document."""
    return Answer(status, [XML, *headers], body)
