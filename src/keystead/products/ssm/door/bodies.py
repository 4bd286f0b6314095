"""The body of a node's call, whole and bounded."""

from typing import Final

from keystead.access.doors import Receive

MAX_BODY_BYTES: Final = 64 * 1024


async def read_body(receive: Receive, refusal: type[Exception]) -> bytes:
    """Return a request's body. Raises `refusal`, with why, when it is too large or its sender has gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise refusal("gone")
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise refusal("too large")
        if not message.get("more_body", False):
            return body
