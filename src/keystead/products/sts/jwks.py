"""Public keys of OIDC issuers: read from a file or fetched from a URL, held, and looked up by key id.

Follows RFC 7517 (JWK). Anybody can send a token that names a key which does not exist, without any credential; so
an issuer is asked at most every `ASK_AGAIN_SECONDS`, whatever it answered.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from keystead.config.values import Address
from keystead.kernel.clock import Clock
from keystead.kernel.lazily import later
from keystead.products.sts.issuers import OIDCIssuer

if TYPE_CHECKING:
    import jwt
else:
    jwt = later("jwt")

ALGORITHMS = frozenset({"RS256", "ES256"})
SMALLEST_RSA_BITS = 2048
HELD_SECONDS = 3600.0
ASK_AGAIN_SECONDS = 30.0
_FETCH_SECONDS = 5.0
_LARGEST_BYTES = 256 * 1024


class CannotFetch(Exception):
    """The issuer's keys could not be read; the message says why, for the journal alone."""


class Keys:
    """The keys of one issuer. Held for an hour: a key that the issuer takes back is good for so long at most."""

    def __init__(self, issuer: OIDCIssuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._asked_at: float | None = None
        self._failure: CannotFetch | None = None
        self._asking = asyncio.Lock()

    async def key(self, key_id: str) -> "jwt.PyJWK | None":
        """Return the key of an id, None when the issuer has none. Raises CannotFetch."""
        async with self._asking:
            age = None if self._asked_at is None else self._clock.monotonic() - self._asked_at
            if age is None or age >= (HELD_SECONDS if key_id in self._keys else ASK_AGAIN_SECONDS):
                await self._ask()
        if self._failure is not None:
            raise self._failure
        return self._keys.get(key_id)

    async def _ask(self) -> None:
        self._asked_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                document = await asyncio.to_thread(_read, self._issuer.jwks)
            self._keys, self._failure = parse(document), None
        except CannotFetch as error:
            self._keys, self._failure = {}, error
        except TimeoutError:
            # The thread ends by itself, when the issuer says nothing for as long, or too much.
            self._keys, self._failure = {}, CannotFetch(f"{self._issuer.jwks} takes too long")


def parse(document: bytes) -> "Mapping[str, jwt.PyJWK]":
    """Return the keys of a JWK set that can verify a token here, by key id. Raises CannotFetch."""
    try:
        # A JWK set is whatever its issuer wrote: what is used of it is checked by the library.
        listed: list[dict[str, Any]] = msgspec.json.decode(document, type=dict[str, list[dict[str, Any]]])[
            "keys"
        ]
    except (KeyError, msgspec.MsgspecError) as error:
        raise CannotFetch("it is no JWK set") from error
    return {each["kid"]: key for each in listed if (key := _usable(each)) is not None}


def _usable(listed: dict[str, Any]) -> "jwt.PyJWK | None":
    if not isinstance(listed.get("kid"), str) or listed.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(listed)
    except (jwt.PyJWTError, TypeError):
        return None
    if key.algorithm_name not in ALGORITHMS:
        return None
    bits = getattr(key.key, "key_size", 0)
    return None if key.algorithm_name == "RS256" and bits < SMALLEST_RSA_BITS else key


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An issuer's keys are where the operator said, and nowhere else."""

    def redirect_request(
        self, req: object, fp: object, code: object, msg: object, headers: object, newurl: object
    ) -> None:
        """Follow nothing: the redirection itself is then the error."""
        del req, fp, code, msg, headers, newurl


def _read(place: str) -> bytes:
    """Return the bytes of a file or URL. Raises CannotFetch. Blocks: for a thread of its own."""
    try:
        if not place.startswith(("https://", "http://")):
            return Path(place).read_bytes()
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if Address(urlsplit(place).hostname or "", 0).is_loopback:
            handlers.append(urllib.request.ProxyHandler({}))
        with urllib.request.build_opener(*handlers).open(place, timeout=_FETCH_SECONDS) as answer:
            document: bytes = answer.read(_LARGEST_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()  # It is the answer, too, and holds the connection.
        raise CannotFetch(f"{place} answers {error.code}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise CannotFetch(f"{place}: {error}") from error
    if len(document) > _LARGEST_BYTES:
        raise CannotFetch(f"{place} is larger than {_LARGEST_BYTES} bytes")
    return document
