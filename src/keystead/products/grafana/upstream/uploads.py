"""A request's body on its way to an upstream: whole when it is small, else piece by piece as it is taken."""

import asyncio
from collections.abc import AsyncIterator

from keystead.access.doors import Message, Receive
from keystead.products.grafana.door.asking import Refusal
from keystead.products.grafana.door.wire import MAX_BODY_BYTES, ClientGone, header
from keystead.products.grafana.upstream.screen import READ

SMALL_BYTES = 64 * 1024
"""What is read whole before it goes on, so that it can be sent again with another token."""


class Upload:
    """The body of one request. What a GET brings is not read."""

    def __init__(self, scope: Message, receive: Receive) -> None:
        self._receive = receive
        length = header(scope, b"content-length")
        self._length = int(length) if length.isascii() and length.isdigit() else None
        is_chunked = header(scope, b"transfer-encoding") != ""
        self.is_empty = scope["method"] in READ or not (self._length or is_chunked)
        self.is_small = self.is_empty or (self._length is not None and self._length <= SMALL_BYTES)
        self.failure: Exception | None = None

    def check(self) -> None:
        """Raise Refusal 413 for a body that says that it is larger than the door takes."""
        if not self.is_empty and (self._length or 0) > MAX_BODY_BYTES:
            raise Refusal(413, "Request body too large")

    async def whole(self) -> bytes | None:
        """Return a small body, None for none. Raises ClientGone, Refusal 413."""
        if self.is_empty:
            return None
        return b"".join([piece async for piece in self._pieces()])

    def lengths(self) -> list[tuple[str, str]]:
        """Return the header field that says how long a large body is; without one it goes on in chunks."""
        return [] if self.is_small or self._length is None else [("Content-Length", str(self._length))]

    async def stream(self, deadline: asyncio.Timeout, seconds: float) -> AsyncIterator[bytes]:
        """Give out a large body. Each piece that is taken sets `deadline` to `seconds` from then.

        What goes wrong is left in `failure`: whoever sends the body on tells of it in words of his own.
        """
        try:
            async for piece in self._pieces():
                yield piece
                if not deadline.expired():
                    deadline.reschedule(asyncio.get_running_loop().time() + seconds)
        except (ClientGone, Refusal) as error:
            self.failure = error
            raise

    async def _pieces(self) -> AsyncIterator[bytes]:
        total, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            total += len(piece)
            if total > MAX_BODY_BYTES:
                raise Refusal(413, "Request body too large")
            if piece:
                yield piece
