"""A request and its response, with a way to answer in one step what is known in one piece.

uvicorn's ASGI cycle takes a response as two messages, looks at each header by two patterns, and writes twice. Most
answers here are small and whole; for them `respond` does the same work once. ASGI's own `send` stays for streams.
"""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from keystead.gateway.http.response_head import response_head
from keystead.protocol import WireResponse


class Cycle(RequestResponseCycle):
    """uvicorn's cycle with `respond`. `head` are the header fields by name; of a repeated one the last."""

    head: Mapping[bytes, bytes]
    date_line: bytes

    def take_body(self) -> bytes | None:
        """Return the body if all of it is here, or None if it has to be received."""
        if self.more_body or self.disconnected or self.waiting_for_100_continue:
            return None
        body, self.body = self.body, bytearray()
        return bytes(body)

    def application_of(self, work: Coroutine[Any, Any, WireResponse]) -> ASGI3Application:
        """Return the application that answers this one request by what is under way."""

        async def answer(scope: object, receive: object, send: object) -> None:
            del scope, receive, send
            response = await work
            await self.respond(response.status, response.headers, response.body)

        return answer

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
        head = response_head(status, self.date_line, headers, len(body), keeps_alive=self.keep_alive)
        self.response_started = True
        self.waiting_for_100_continue = False
        # The scope refers to this cycle by its extension, and the cycle to the scope: left so, each request would
        # be garbage that only the collector can free.
        del self.scope["extensions"]
        self.transport.write(head if self.scope["method"] == "HEAD" else head + body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
