"""HTTP at the door: the raw request's head, its body within limits, and answers as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from keystead.access.doors import RESPOND, Message, Receive, Send
from keystead.products.grafana.door.asking import Answer, Refusal, is_array, is_object

MAX_BODY_BYTES = 10 * 1024 * 1024
"""A dashboard may have some megabytes; Grafana's own limit is that of whatever stands before it."""
MAX_DEPTH = 128
"""How deeply a body may nest (ours): several times what a dashboard does. What is answered may hold it deeper."""
HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
# What users wrote is in it, and it has the origin of every workspace that is not at a host name of its own.
_HTML_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    *HEADERS[1:],
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
Headers = Sequence[tuple[bytes, bytes]]
_BODILESS = ("GET", "HEAD")
_NO_BODY: Mapping[str, Any] = {}


class ClientGone(Exception):
    """The client went away before its request was whole."""


def header(scope: Message, name: bytes) -> str:
    """Return the first header of this name, or an empty text."""
    # A loop, not a generator: this is on every request's way.
    for key, value in scope["headers"]:
        if key == name:
            found: str = value.decode("latin-1")
            return found
    return ""


def query_of(scope: Message) -> Mapping[str, list[str]]:
    """Return the query's parameters. Raises Refusal 400 when there are too many."""
    try:
        return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise Refusal(400, "bad request data") from error


async def body_of(scope: Message, receive: Receive) -> Mapping[str, Any]:
    """Return the body as a JSON object, empty for none. What a GET brings is not read.

    Raises Refusal 400 for what is no JSON object, or does not say so, or nests too deeply, 413 beyond the limit;
    ClientGone.
    """
    if scope["method"] in _BODILESS:
        return _NO_BODY
    body = await _raw_body(receive)
    if not body:
        return _NO_BODY
    if header(scope, b"content-type").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(400, "bad request data")
    try:
        decoded: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(400, "bad request data") from error
    if decoded is None:
        return _NO_BODY
    # Fewer brackets than levels allowed cannot be too deep: the walk is for suspicious bodies only.
    may_be_deep = body.count(b"{") + body.count(b"[") > MAX_DEPTH
    if not is_object(decoded) or (may_be_deep and _is_deep(decoded)):
        raise Refusal(400, "bad request data")
    return decoded


def _is_deep(value: Any) -> bool:
    """Return whether a value nests too deeply: level by level, since what is asked is whether the stack suffices.

    What was kept could be read by nobody otherwise, nor the list that it is in.
    """
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inner = (each.values() if is_object(each) else each for each in level)
        level = [each for members in inner for each in members if is_object(each) or is_array(each)]
        if not level:
            return False
    return True


async def _raw_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(413, "Request body too large")
        if not message.get("more_body", False):
            return bytes(body)


async def tell(scope: Message, send: Send, told: Answer) -> None:
    """Send what a handler answers."""
    if told.is_html:
        await _send(scope, send, told.status, told.body.encode(), _HTML_HEADERS)
        return
    headers = (*HEADERS, (b"location", told.location.encode("ascii"))) if told.location else HEADERS
    await _send(scope, send, told.status, msgspec.json.encode(told.body), headers)


async def answer(scope: Message, send: Send, status: int, body: object) -> None:
    """Send a JSON answer; nobody is to keep it."""
    await _send(scope, send, status, msgspec.json.encode(body), HEADERS)


async def _send(scope: Message, send: Send, status: int, encoded: bytes, headers: Headers) -> None:
    extension = scope.get("extensions", {}).get(RESPOND)
    if extension is not None:
        # It adds the length, and leaves the body of an answer to HEAD away.
        await extension["respond"](status, headers, encoded)
        return
    shown = [*headers, (b"content-length", str(len(encoded)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": shown})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else encoded})
