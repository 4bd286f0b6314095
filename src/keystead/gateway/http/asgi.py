"""The ASGI application behind both listeners: gives a door what is for it, and answers what is for the API.

Follows the ASGI specification, "HTTP & WebSocket ASGI Message Format". No framework: the raw path and the header
list, which signatures are made over, pass through untouched.
"""

import ipaddress
from collections.abc import Mapping, Sequence

from keystead.access.doors import (
    RESPOND,
    SOURCE_ADDRESS,
    Describe,
    HTTPDoor,
    HTTPRequest,
    Message,
    Receive,
    Send,
)
from keystead.config.values import Network
from keystead.gateway.http.cycle import Cycle
from keystead.gateway.http.dispatch import Dispatch
from keystead.gateway.http.questions import Answer
from keystead.gateway.pipeline import Gateway
from keystead.protocol import WireResponse

MAX_BODY_BYTES = 1024 * 1024
"""The largest API request. The largest member of any served operation is a policy document of 128 KiB."""
HEALTH_PATH = b"/_keystead/health"
_TAKEN_ENCODINGS = (b"identity", b"aws-chunked")
_JSON = (b"content-type", b"application/json")


class Application:
    """Serves the API, and the products' doors, over whatever listener calls it."""

    def __init__(
        self, gateway: Gateway, trusted_proxies: Sequence[Network], doors: Sequence[HTTPDoor] = ()
    ) -> None:
        self._gateway = gateway
        self._dispatch = Dispatch(doors, gateway.names_operation)
        self._trusted_proxies = trusted_proxies
        self.is_ready = False

    def at_once(self, request: HTTPRequest, describe: Describe) -> Answer | None:
        """Answer a request that is all here, or return None for one that a door answers in its own time.

        `request` names the peer as its source; `describe` makes the ASGI scope, which only doors are shown.
        """
        head = request.head
        door = self._dispatch.find(request.method, request.raw_path, request.raw_query, head)
        if self._trusted_proxies:
            request.source_address = self._source_address(request.source_address, request.headers)
        if door is not None:
            return door.at_once(request, describe)
        if request.raw_path == HEALTH_PATH:
            return self._health()
        status = _refusal(head)
        return self._gateway.answer(request) if status is None else WireResponse(status, [], b"")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. The API answers in one step: `send` is for doors, whose answers may be streams."""
        if scope["type"] == "websocket":
            await self._enter_websocket(scope, receive, send)
            return
        cycle: Cycle = scope["extensions"][RESPOND]["cycle"]
        door = self._door(scope, cycle.head)
        if door is not None:
            await self._enter(door, scope, receive, send)
        elif scope["raw_path"] == HEALTH_PATH:
            health = self._health()
            await cycle.respond(health.status, health.headers, health.body)
        else:
            await self._call(scope, cycle, receive)

    async def _call(self, scope: Message, cycle: Cycle, receive: Receive) -> None:
        """Answer a request for the API."""
        refusal = _refusal(cycle.head)
        body = None
        if refusal is None:
            body = cycle.take_body()
            if body is None:
                body = await _read_body(receive)
        if body is None or len(body) > MAX_BODY_BYTES:
            await cycle.respond(refusal or 413, [], b"")
            return
        response = self._gateway.answer(
            HTTPRequest(
                scope["method"],
                scope["raw_path"],
                scope["query_string"],
                scope["headers"],
                cycle.head,
                body,
                self._source_of(scope),
                scope["scheme"] == "https",
            )
        )
        if not isinstance(response, WireResponse):
            response = await response
        await cycle.respond(response.status, response.headers, response.body)

    async def _enter_websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        door = self._door(scope, dict(scope["headers"]))
        if door is not None:
            await self._enter(door, scope, receive, send)

    def takes_websocket(self, scope: Message) -> bool:
        """Return whether a request to upgrade is for a door that speaks WebSocket."""
        door = self._door(scope, dict(scope["headers"]))
        return door is not None and door.takes_websockets

    def _door(self, scope: Message, head: Mapping[bytes, bytes]) -> HTTPDoor | None:
        # The scope of a WebSocket names no method: such a request is always a GET (RFC 6455 section 4.1).
        return self._dispatch.find(scope.get("method", "GET"), scope["raw_path"], scope["query_string"], head)

    async def _enter(self, door: HTTPDoor, scope: Message, receive: Receive, send: Send) -> None:
        """Have a door answer. Whatever it fails with is the listener's to answer and to log."""
        scope["state"][SOURCE_ADDRESS] = self._source_of(scope)
        try:
            await door.app(scope, receive, send)
        finally:
            # The scope refers to the connection's cycle by its extension, and that to the scope.
            scope.pop("extensions", None)

    def _source_of(self, scope: Message) -> str:
        return self._source_address(scope["client"][0] if scope["client"] else "", scope["headers"])

    def _source_address(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> str:
        """Return the peer's address, or the one that a trusted proxy says it forwards for."""
        if not self._trusted_proxies:
            return peer
        forwarded = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        hops = [hop.strip() for hop in ",".join(forwarded).split(",") if hop.strip()]
        # From the nearest hop outwards: the first one that is not a proxy of ours is the client.
        while hops and self._is_trusted(peer):
            peer = hops.pop()
        return peer

    def _health(self) -> WireResponse:
        if self.is_ready:
            return WireResponse(200, [_JSON], b'{"status":"ready"}')
        return WireResponse(503, [_JSON], b'{"status":"not ready"}')

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
