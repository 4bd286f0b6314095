"""DNS over HTTPS (RFC 8484): what a request's target and headers present, and what is answered to it.

Follows facts/dns.md §6, "DoH details" and "Tolerate malformed URLs". Nothing here knows the server that carries
it.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from urllib.parse import unquote_to_bytes

from keystead.products.globalresolver.door import message
from keystead.products.globalresolver.door.answering import LATER, Answering, Contradiction
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.told import Told

PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
LONGEST_TARGET = 65_534
"""Octets of path and query, as many as hyper, in granian, reads: it answers a longer one with 414 itself."""
MOST_OCTETS = 65_535
_TEMPLATE = re.compile(r"\{[?&]dns\}")


class BadRequest(Exception):
    """A request is not one of DoH's; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Target:
    """What the target of a request holds: tokens, and the `dns` parameter of a GET."""

    tokens: tuple[bytes, ...]
    dns: str | None


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


def refusal(status: int) -> Response:
    """Return the answer to what is not a request of DoH's: no words, and nothing of the request."""
    extra = [("allow", "GET, POST")] if status == 405 else []
    return Response(status, [("cache-control", "no-store"), *extra])


def parse_target(path: str, query: str, *, takes_path: bool) -> Target:
    """Return what a target presents. Raises BadRequest.

    Some clients put `?dns=` behind a query string, and some send the template as it is written; both are meant as
    `&dns=`. A parameter given twice is 400, because any of the two could be meant.
    """
    if len(path) + len(query) > LONGEST_TARGET:
        raise BadRequest(414)
    if "{" in query or "{" in path or "?" in path:
        path, _, query = _TEMPLATE.sub("", f"{path}?{query}").partition("?")
    tokens: list[bytes] = []
    if path != PATH:
        place, _, in_path = path.rpartition("/")
        if not takes_path or place != PATH or not in_path:
            raise BadRequest(404)
        tokens.append(_octets(in_path))
    found: dict[str, str] = {}
    if "?" in query:
        query = query.replace("?dns=", "&dns=").replace("?token=", "&token=")
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in ("dns", "token"):
            if name in found:
                raise BadRequest(400)
            found[name] = value
    if "token" in found:
        tokens.append(_octets(found["token"]))
    return Target(tuple(tokens), found.get("dns"))


def header_token(authorization: str | None) -> tuple[bytes, ...]:
    """Return the token of an Authorization header: a bearer, or the password of a basic one."""
    scheme, _, value = (authorization or "").partition(" ")
    value = value.strip()
    match scheme.lower():
        case "bearer":
            return (value.encode("latin-1", "replace"),)
        case "basic":
            try:
                return (base64.b64decode(value, validate=True).partition(b":")[2],)
            except (binascii.Error, ValueError):
                return (b"",)
        case _:
            return ()


def decoded(text: str | None) -> bytes:
    """Return the message in a `dns` parameter, base64url with or without padding. Raises BadRequest."""
    if not text:
        raise BadRequest(400)
    bare = _octets(text).rstrip(b"=")
    try:
        wire = base64.b64decode(bare + b"=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(400) from error
    if len(wire) > MOST_OCTETS:
        raise BadRequest(413)
    return wire


class DoH:
    """Answers DoH requests."""

    def __init__(self, answering: Answering, *, takes_extensions: bool, refused_status: int) -> None:
        """`takes_extensions` takes tokens in the path and in Authorization; `refused_status` is 200 or 401."""
        self._answering = answering
        self._takes_extensions = takes_extensions
        self._refused_status = refused_status

    def read(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str | None],
        authorizations: Sequence[str] = (),
    ) -> Target:
        """Return what the head of a request presents. Raises BadRequest.

        `authorizations` are its fields of that name: more than one is 400, because any of them could be meant.
        """
        target = parse_target(path, query, takes_path=self._takes_extensions)
        if method not in ("GET", "POST"):
            raise BadRequest(405)
        if (
            method == "POST"
            and (headers.get("content-type") or "").partition(";")[0].strip().lower() != MEDIA_TYPE
        ):
            raise BadRequest(415)
        if self._takes_extensions and len(authorizations) > 1:
            raise BadRequest(400)
        shown = authorizations[0] if authorizations else None
        extra = header_token(shown) if self._takes_extensions else ()
        return Target((*target.tokens, *extra), target.dns)

    def key_of(self, host: str, name: str, path: str, query: str, authorization: str | None) -> bytes | None:
        """Return what a GET is remembered under; None for one that is not, since its fields present something."""
        if authorization is not None and self._takes_extensions:
            return None
        return self._answering.key_of_request(host, name, path, query)

    def again(self, key: bytes, host: str, port: int) -> Response | None:
        """Return the response to a GET that was decided before, if that stands."""
        known = self._answering.again(key, host, port)
        return None if known is None else self._response(known.id + known.told.rest, known.told)

    async def respond(self, arrival: Arrival, wire: bytes, key: bytes | None = None) -> Response:
        """Return the response to a message. `key` is what `key_of` said of its request."""
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        try:
            answer = self._answering.answer(arrival, wire, partial(_settle, waiting), key)
        except Contradiction:
            return refusal(400)
        if answer is LATER:
            answer = await waiting
        return refusal(400) if answer is None else self._response(answer, Told(answer[2:]))

    def _response(self, answer: bytes, told: Told) -> Response:
        status = self._refused_status if told.code == message.REFUSED else 200
        return Response(status, _fields(status, told.fresh_seconds), answer)


@lru_cache(maxsize=4096)
def _fields(status: int, fresh_seconds: int) -> list[tuple[str, str]]:
    freshness = f"private, max-age={fresh_seconds}" if fresh_seconds else "no-store"
    fields = [("content-type", MEDIA_TYPE), ("cache-control", freshness)]
    if status == 401:
        fields.append(("www-authenticate", 'Bearer realm="dns"'))
    return fields


def _settle(waiting: "asyncio.Future[bytes]", answer: bytes) -> None:
    # Who asked may have gone away meanwhile.
    if not waiting.done():
        waiting.set_result(answer)


def _octets(text: str) -> bytes:
    """Return what a parameter's text stands for."""
    return unquote_to_bytes(text) if "%" in text else text.encode()
