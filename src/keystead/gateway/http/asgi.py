"""The ASGI application behind both listeners: reads a request whole, has it handled, writes the answer.

Follows the ASGI specification, "HTTP & WebSocket ASGI Message Format". No framework: the raw path and the header
list, which signatures are made over, pass through untouched.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from keystead.config.values import Network
from keystead.gateway.exchange import HTTPRequest
from keystead.gateway.http.cycle import RESPOND
from keystead.gateway.pipeline import Gateway

# The messages of ASGI are dictionaries of mixed values, typed by nothing but its specification.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Respond = Callable[[int, Sequence[tuple[bytes, bytes]], bytes], Awaitable[None]]

MAX_BODY_BYTES = 1024 * 1024
"""The largest API request. The largest member of any served operation is a policy document of 128 KiB."""
HEALTH_PATH = b"/_keystead/health"
_TAKEN_ENCODINGS = (b"identity", b"aws-chunked")
_JSON = (b"content-type", b"application/json")


class Application:
    """Serves the API over whatever listener calls it."""

    def __init__(self, gateway: Gateway, trusted_proxies: Sequence[Network]) -> None:
        self._gateway = gateway
        self._trusted_proxies = trusted_proxies
        self.is_ready = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, in one step: `send` is for answers that are not known whole."""
        del send
        if scope["type"] != "http":
            return
        respond: Respond = scope["extensions"][RESPOND]["respond"]
        raw_path: bytes = scope["raw_path"]
        if raw_path == HEALTH_PATH:
            await _answer_health(respond, self.is_ready)
            return
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        head = dict(headers)
        refusal = _refusal(head)
        body = None if refusal is not None else await _read_body(receive)
        if body is None:
            await respond(refusal or 413, [], b"")
            return
        response = await self._gateway.handle(
            HTTPRequest(
                scope["method"],
                raw_path,
                scope["query_string"],
                headers,
                head,
                body,
                self._source_address(scope),
                scope["scheme"] == "https",
            )
        )
        await respond(response.status, response.headers, response.body)

    def _source_address(self, scope: Message) -> str:
        """Return the peer's address, or the one that a trusted proxy says it forwards for."""
        peer: str = scope["client"][0] if scope["client"] else ""
        if not self._trusted_proxies:
            return peer
        forwarded = [
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        ]
        hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()]
        # From the nearest hop outwards: the first one that is not a proxy of ours is the client.
        while hops and self._is_trusted(peer):
            peer = hops.pop()
        return peer

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted_proxies)


def _refusal(head: Mapping[bytes, bytes]) -> int | None:
    """Return the status for a request whose body is not even read: too large, or encoded."""
    # The server's protocol has already refused a length that is repeated or no plain number.
    if int(head.get(b"content-length", b"0")) > MAX_BODY_BYTES:
        return 413
    if head.get(b"content-encoding", b"identity").lower() not in _TAKEN_ENCODINGS:
        return 415
    return None


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body, or None when it grows beyond the limit or its sender goes away."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
    return None if message["type"] == "http.disconnect" else body


async def _answer_health(respond: Respond, is_ready: bool) -> None:
    if is_ready:
        await respond(200, [_JSON], b'{"status":"ready"}')
    else:
        await respond(503, [_JSON], b'{"status":"not ready"}')
