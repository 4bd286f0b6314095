"""The DoH listener: granian's server, embedded in our own loop, in front of `DoH`.

HTTP/2 is what real DoH clients speak, and granian's costs an eighth of one in Python (facts/dns.md §12). It
binds its own socket and does not tell its port, so that a free one is found for it first.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.constants import SSLProtocols as TLSVersions
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server

from keystead.access.doors import CannotListen
from keystead.config.places import TLSFiles
from keystead.config.values import Address
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.doh import (
    MOST_OCTETS,
    BadRequest,
    DoH,
    decoded,
    refusal,
)
from keystead.products.globalresolver.door.listeners import cannot_listen

_MOST_DROPPED = 16 * MOST_OCTETS
_BODY_SECONDS = 10.0
_START_SECONDS = _DRAIN_SECONDS = 10.0
_BACKLOG = 4096
_HEADER_MS = 10_000
_LARGEST_HEAD = 131_072
"""Twice the longest target, so that one that is too long is told so."""


@dataclass(frozen=True, slots=True)
class _Running:
    """One granian, and its task, which ends after the last connection."""

    server: Server
    serving: "asyncio.Task[None]"

    def stop(self, drain_seconds: float) -> None:
        """Take no more connections; those that are open may end what has begun in time."""
        # Not one of the embedded server's arguments; without it, stopping waits for silent connections for ever.
        self.server.workers_kill_timeout = max(1, int(drain_seconds))
        self.server.stop()


class DoHListener:
    """Serves DoH until it is stopped.

    granian reads its certificate once. For another one a second granian takes the port beside the first, which then
    stops: what has begun there is answered, and its clients are told to open a new connection for what comes next.
    """

    def __init__(self, address: Address, tls: TLSFiles, doh: DoH) -> None:
        self._address = address
        self._tls = tls
        self._doh = doh
        self._running: _Running | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self) -> Mapping[str, str]:
        """Listen; the ready file says `doh`. Raises CannotListen."""
        with _reserved(self._address) as holder:
            self._address = bound = Address(self._address.host, holder.getsockname()[1])
            self._running = running = self._run()
            await _until(self._accepts, running, bound)
        return {"doh": f"https://{bound}"}

    async def take_certificates(self) -> None:
        """Have another server show the files as they are now, and let the present one end. Raises CannotListen."""
        if self._running is None:
            return
        shown = _leaf(self._tls.chain)
        following = self._run()
        try:
            await _until(lambda: self._shows(shown), following, self._address)
        except BaseException:
            self._end(following, 1)
            raise
        present, self._running = self._running, following
        self._end(present, _DRAIN_SECONDS)

    async def stop(self, drain_seconds: float) -> None:
        """Take no more requests; those that have begun may end in time."""
        if self._running is not None:
            self._end(self._running, 1)
            self._running = None
        if self._ending:
            _, late = await asyncio.wait(self._ending, timeout=drain_seconds + 2)
            for task in late:
                task.cancel()

    def _end(self, running: _Running, drain_seconds: float) -> None:
        running.stop(drain_seconds)
        self._ending.add(running.serving)
        running.serving.add_done_callback(self._ended)

    def _ended(self, serving: "asyncio.Task[None]") -> None:
        self._ending.discard(serving)
        # A connection that had to be cut makes the server end by TimeoutError: it is what was asked for.
        if not serving.cancelled():
            serving.exception()

    def _run(self) -> _Running:
        server = Server(
            self._handle,
            address=self._address.host,
            port=self._address.port,
            interface=Interfaces.RSGI,
            http=HTTPModes.auto,
            websockets=False,
            backlog=_BACKLOG,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MS, max_buffer_size=_LARGEST_HEAD),
            http2_settings=HTTP2Settings(
                max_concurrent_streams=200,
                max_headers_size=_LARGEST_HEAD,
                keep_alive_interval=20_000,
            ),
            log_enabled=False,
            ssl_cert=self._tls.chain,
            ssl_key=self._tls.key,
            ssl_protocol_min=TLSVersions.tls12,
        )
        return _Running(server, asyncio.create_task(server.serve(), name="doh"))

    async def _accepts(self) -> bool:
        _, writer = await asyncio.open_connection(self._address.host, self._address.port)
        writer.close()
        return True

    async def _shows(self, leaf: bytes) -> bool:
        """Return whether a connection, which either of two servers may take, is shown this certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        _, writer = await asyncio.open_connection(self._address.host, self._address.port, ssl=context)
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        writer.close()
        return tls.getpeercert(binary_form=True) == leaf

    async def _handle(self, scope: Any, protocol: Any) -> None:
        """Answer one request. granian's scope and protocol are objects of its own, which it does not type."""
        method, path, query, fields = scope.method, scope.path, scope.query_string, scope.headers
        host, _, port = scope.client.rpartition(":")
        host = host.strip("[]")
        name = _without_port(scope.authority or fields.get("host") or "")
        key = None
        if method == "GET":
            key = self._doh.key_of(host, name, path, query, fields.get("authorization"))
            again = None if key is None else self._doh.again(key, host, int(port))
            if again is not None:
                protocol.response_bytes(again.status, again.headers, again.body)
                return
        try:
            target = self._doh.read(method, path, query, fields, fields.get_all("authorization"))
            wire = await _body(scope, protocol) if method == "POST" else decoded(target.dns)
        except BadRequest as bad:
            response = refusal(bad.status)
            if bad.status not in (408, 413):
                # As in `_body`: the answer comes after what is being sent.
                with suppress(BadRequest):
                    await _body(scope, protocol)
        else:
            arrival = Arrival("DOH", host, int(port), name, tuple(dict.fromkeys(target.tokens)))
            response = await self._doh.respond(arrival, wire, key)
        protocol.response_bytes(response.status, response.headers, response.body)


async def _body(scope: Any, protocol: Any) -> bytes:
    """Return a request's body. Raises BadRequest for one that is too large or comes too slowly.

    Of one that is too large, some more is read and dropped: a client that is still sending takes an early answer
    for a broken connection, and never sees it.
    """
    length = scope.headers.get("content-length") or "0"
    if not length.isdigit() or int(length) > _MOST_DROPPED:
        raise BadRequest(413)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in protocol:
                size += len(part)
                if size > _MOST_DROPPED:
                    break
                if size <= MOST_OCTETS:
                    parts.append(part)
    except TimeoutError as error:
        raise BadRequest(408) from error
    if size > MOST_OCTETS:
        raise BadRequest(413)
    return b"".join(parts)


async def _until(holds: Callable[[], Awaitable[bool]], running: _Running, address: Address) -> None:
    """Wait until something holds of a server that has just been started. Raises CannotListen."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not running.serving.done() and asyncio.get_running_loop().time() < deadline:
        with suppress(OSError):
            if await holds():
                return
        await asyncio.sleep(0.01)
    raise CannotListen(address.host, address.port, "cannot be listened on")


def _leaf(chain: Path) -> bytes:
    """Return the first certificate of a file, DER."""
    text = chain.read_text()
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(
        text[text.index("-----BEGIN CERTIFICATE-----") : text.index(end) + len(end)]
    )


def _without_port(authority: str) -> str:
    host, colon, port = authority.rpartition(":")
    return host if colon and port.isdigit() else authority


def _reserved(address: Address) -> socket.socket:
    """Return a socket that holds the address for the server, which binds it a second time. Raises CannotListen.

    Bound once without sharing first: two servers that share a port would each get some of the queries.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address.host, address.port))
            port = probe.getsockname()[1]
        holder = socket.socket(family, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((address.host, port))
        return holder
    except OSError as error:
        raise cannot_listen(address, error) from error
