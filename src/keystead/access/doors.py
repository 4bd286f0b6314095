"""What a product's door is to the listeners: which requests are for it, and what they are given to.

Follows the ASGI specification, "HTTP & WebSocket ASGI Message Format". A door depends on nothing of the API's
gateway: it reads the raw request itself, judges the credential that is presented to it, and streams both ways.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keystead.protocol import WireResponse

# The messages of ASGI are dictionaries of mixed values, typed by nothing but its specification.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Message, Receive, Send], Awaitable[None]]

RESPOND = "keystead.respond"
"""Under this name an HTTP scope's extensions hold `respond(status, headers, body)`, which answers in one step."""
FIRST_MESSAGE_BYTES = "keystead.first_message_bytes"
"""In a `websocket.accept`, under this name: how large the first message may be. Later ones are as everywhere."""
SOURCE_ADDRESS = "source_address"
"""Under this name a scope's state holds the client's address, judged through the proxies that are trusted."""


@dataclass(slots=True)
class HTTPRequest:
    """A request as the listener read it: raw target, headers in order with lower-case names, whole body."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    # By name; of a repeated header the last. The signature judges all of them from the list.
    head: Mapping[bytes, bytes]
    body: bytes
    source_address: str
    is_secure: bool


Describe = Callable[[], Message]
"""Makes the ASGI scope of the request that is asked about, which is the application's if nothing is answered."""


def never_at_once(request: HTTPRequest, describe: Describe) -> WireResponse | None:
    """Answer nothing at once: every request is for the application."""
    del request, describe
    return None


def request_of(scope: Message) -> HTTPRequest:
    """Return what the scope of an HTTP door says of a request. Its body is still to be received."""
    headers = scope["headers"]
    return HTTPRequest(
        scope["method"],
        scope["raw_path"],
        scope["query_string"],
        headers,
        dict(headers),
        b"",
        scope["state"][SOURCE_ADDRESS],
        scope["scheme"] == "https",
    )


def takes_no_host(host: str) -> bool:
    """Claim no host name: the door is found by paths or signatures only."""
    del host
    return False


@dataclass(frozen=True, slots=True)
class HTTPDoor:
    """A door behind the HTTP and HTTPS listeners, and which requests are for it (DESIGN §8, in this order).

    `takes_host` judges a Host without its port, in lower case; its answer may be remembered. `prefixes` are the
    beginnings of raw paths that are reserved for it, from slash to slash. `signing_name` is the service in the
    SigV4 credential scope. `takes_the_rest` gives it what bears no SigV4 signature and names no operation.
    A request to upgrade reaches `app` as a `websocket` scope if `takes_websockets`. `targets` are whole values of
    `X-Amz-Target` that are the door's: calls that no public model has, or that nobody signs by SigV4.
    `at_once` is asked before `app`, for requests that are whole: what it can answer without waiting costs no task.
    Where it answers None, `app` is given the scope that `describe` made, with whatever was noted in its state.
    """

    name: str
    app: ASGIApplication
    takes_host: Callable[[str], bool] = takes_no_host
    prefixes: tuple[bytes, ...] = ()
    signing_name: str = ""
    takes_the_rest: bool = False
    takes_websockets: bool = False
    targets: frozenset[bytes] = frozenset()
    at_once: Callable[[HTTPRequest, Describe], WireResponse | None] = never_at_once


class CannotListen(Exception):
    """An address could not be listened on; the text names it and says why."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"{host}:{port} {why}")
        self.host = host
        self.port = port


class AddressInUse(CannotListen):
    """Another process, or another listener, has the address."""


class Listener(Protocol):
    """A door's own listener, for what does not speak HTTP/1.1 at the shared address."""

    async def start(self) -> Mapping[str, str]:
        """Listen, and return what the ready file says of it, by name. Raises CannotListen."""
        ...

    async def take_certificates(self) -> None:
        """Show new connections what the certificate files hold now, which is good; nothing without TLS."""
        ...

    async def stop(self, drain_seconds: float) -> object:
        """Stop listening; what has begun may end within `drain_seconds`. Also called if `start` never was."""
        ...


@dataclass(frozen=True, slots=True)
class Worker:
    """Work that is done apart from requests, every `seconds`; a failure is logged, and it is tried again."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]
