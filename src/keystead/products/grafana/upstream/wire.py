"""HTTP to an upstream: one pool of connections for each, with a time for everything and no mind of its own.

No redirect is followed, nothing is decompressed, no cookie kept, no proxy of the environment used, and certificates
are verified against the machine's authorities or the operator's. aiohttp is loaded with this, when the first
upstream is spoken to.
"""

import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp import ClientTimeout, ClientWebSocketResponse
from yarl import URL

from keystead.config.settings import Settings
from keystead.kernel.errors import DomainError
from keystead.kernel.secret import Secret
from keystead.products.grafana.upstream.address import Address, parse

MAX_MESSAGE_BYTES = 1024 * 1024
_MAX_FIELD_BYTES = 16 * 1024
_MAX_FIELDS = 100
_SKIPPED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
Body = bytes | AsyncIterator[bytes] | None


class BadAuthorities(DomainError):
    """The PEM text that was given as certificate authorities holds none."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long an upstream may take, in seconds: to connect, to the first byte of an answer, between two of it."""

    connect: float
    answer: float
    idle: float


def times_of(settings: Settings) -> Times:
    """Return the times that are set."""
    return Times(
        settings.grafana_upstream_connect_seconds,
        settings.grafana_upstream_answer_seconds,
        settings.grafana_upstream_idle_seconds,
    )


def tls_context(ca: str) -> ssl.SSLContext:
    """Return a context that verifies names and chains: against `ca` alone if given. Raises BadAuthorities."""
    try:
        return ssl.create_default_context(cadata=ca or None)
    except (ssl.SSLError, ValueError) as error:
        raise BadAuthorities("the CA file holds no certificate in PEM") from error


class Line:
    """The connections to one upstream. To be made and closed on the loop that uses it."""

    def __init__(self, url: str, ca: str, times: Times) -> None:
        self.address: Address = parse(url)
        self._times = times
        connector = aiohttp.TCPConnector(
            # Who may have a connection is decided before, by `limits.Slots`.
            limit=0,
            ssl=tls_context(ca) if self.address.is_encrypted else True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=_SKIPPED,
            # Only making a connection takes a clock here: whoever asks looks at the time that an answer takes.
            timeout=ClientTimeout(total=None, sock_connect=times.connect),
            max_line_size=_MAX_FIELD_BYTES,
            max_field_size=_MAX_FIELD_BYTES,
            max_headers=_MAX_FIELDS,
            read_bufsize=64 * 1024,
        )

    async def ask(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        headers: Sequence[tuple[str, str]],
        token: Secret | None,
        body: Body = None,
    ) -> aiohttp.ClientResponse:
        """Send a request, and return the answer when its head is here. Raises aiohttp.ClientError, TimeoutError."""
        return await self._session.request(
            method,
            URL(self.address.url(raw_path, query), encoded=True),
            headers=[*headers, *_authorization(token)],
            data=body,
            allow_redirects=False,
        )

    async def open_socket(
        self,
        raw_path: bytes,
        query: bytes,
        headers: Sequence[tuple[str, str]],
        token: Secret,
        protocols: Sequence[str],
    ) -> ClientWebSocketResponse:
        """Open a WebSocket. Raises aiohttp.ClientError, TimeoutError."""
        return await self._session.ws_connect(
            URL(self.address.url(raw_path, query), encoded=True),
            headers=[*headers, *_authorization(token)],
            protocols=protocols,
            max_msg_size=MAX_MESSAGE_BYTES,
        )

    async def close(self) -> None:
        """End every connection."""
        await self._session.close()


def _authorization(token: Secret | None) -> list[tuple[str, str]]:
    if token is None:
        return []
    # Revealed to the upstream that it is for, in the header that it is presented in.
    return [("Authorization", "Bearer " + token.reveal().decode("ascii"))]
