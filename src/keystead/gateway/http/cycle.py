"""A request and its response, with a way to answer in one step what is known in one piece.

uvicorn's ASGI cycle takes a response as two messages, looks at each header by two patterns, and writes twice. Most
answers here are small and whole; for them `respond` does the same work once. ASGI's own `send` stays for streams.
"""

from collections.abc import Mapping, Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class Cycle(RequestResponseCycle):
    """uvicorn's cycle with `respond`. `head` are the header fields by name; of a repeated one the last."""

    head: Mapping[bytes, bytes]

    def take_body(self) -> bytes | None:
        """Return the body if all of it is here, or None if it has to be received."""
        if self.more_body or self.disconnected or self.waiting_for_100_continue:
            return None
        body, self.body = self.body, bytearray()
        return bytes(body)

    async def respond(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole response; `content-length` is added. Raises RuntimeError for a header that breaks lines."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        self.answer(status, headers, body)

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole response as `respond` does, to a client that reads what it is sent."""
        if self.disconnected:
            return
        if self.response_started:
            raise RuntimeError("a response was sent already")
        self.response_started = True
        self.waiting_for_100_continue = False
        # The scope refers to this cycle by its extension, and the cycle to the scope: left so, each request would
        # be garbage that only the collector can free.
        del self.scope["extensions"]
        head = self._head(status, headers, len(body))
        self.transport.write(head if self.scope["method"] == "HEAD" else head + body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _head(self, status: int, headers: Sequence[tuple[bytes, bytes]], length: int) -> bytes:
        fields = [b"%b: %b\r\n" % field for field in headers]
        if not self.keep_alive:
            fields.append(b"connection: close\r\n")
        lines = b"".join(fields)
        # Each field is one line; a value that holds a line end would begin a header, or a body, of its own.
        if lines.count(b"\n") != len(fields) or lines.count(b"\r") != len(fields) or b"\0" in lines:
            raise RuntimeError("a header holds a line end")
        date = b"".join([b"%b: %b\r\n" % field for field in self.default_headers])
        return b"%b%b%bcontent-length: %d\r\n\r\n" % (STATUS_LINE[status], date, lines, length)
