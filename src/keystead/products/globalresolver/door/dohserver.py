"""The DoH listener: granian's server, embedded in our own loop, in front of `DoH`.

HTTP/2 is what real DoH clients speak, and granian's costs an eighth of one in Python (facts/dns.md §12). It
binds its own socket and does not tell its port, so that a free one is found for it first.
"""

import asyncio
import errno
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.constants import SSLProtocols as TLSVersions
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server

from keystead.access.doors import AddressInUse, CannotListen
from keystead.config.places import TLSFiles
from keystead.config.values import Address
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.doh import (
    LONGEST_TARGET,
    MOST_OCTETS,
    BadRequest,
    DoH,
    decoded,
    refusal,
)

_MOST_DROPPED = 16 * MOST_OCTETS
_BODY_SECONDS = 10.0
_START_SECONDS = 10.0
_BACKLOG = 4096
_HEADER_MS = 10_000


class DoHListener:
    """Serves DoH until it is stopped."""

    def __init__(self, address: Address, tls: TLSFiles, doh: DoH) -> None:
        self._address = address
        self._tls = tls
        self._doh = doh
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> Mapping[str, str]:
        """Listen; the ready file says `doh`. Raises CannotListen."""
        host = self._address.host
        with _reserved(self._address) as holder:
            bound = Address(host, holder.getsockname()[1])
            self._server = Server(
                self._handle,
                address=host,
                port=bound.port,
                interface=Interfaces.RSGI,
                http=HTTPModes.auto,
                websockets=False,
                backlog=_BACKLOG,
                http1_settings=HTTP1Settings(
                    header_read_timeout=_HEADER_MS, max_buffer_size=LONGEST_TARGET + 32_768
                ),
                http2_settings=HTTP2Settings(
                    max_concurrent_streams=200,
                    max_headers_size=LONGEST_TARGET + 32_768,
                    keep_alive_interval=20_000,
                ),
                log_enabled=False,
                ssl_cert=self._tls.chain,
                ssl_key=self._tls.key,
                ssl_protocol_min=TLSVersions.tls12,
            )
            self._serving = asyncio.create_task(self._server.serve(), name="doh")
            await self._listening(bound)
        return {"doh": f"https://{bound}"}

    async def stop(self, drain_seconds: float) -> None:
        """Take no more requests; those that have begun may end in time."""
        if self._server is None or self._serving is None:
            return
        # Not one of the embedded server's arguments; without it, stopping waits for idle connections for ever.
        self._server.workers_kill_timeout = 1
        self._server.stop()
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(self._serving, drain_seconds + 2)

    async def _listening(self, bound: Address) -> None:
        """Wait until the server accepts connections. Raises CannotListen."""
        serving = self._serving
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while serving is not None and not serving.done() and asyncio.get_running_loop().time() < deadline:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(bound.host, bound.port)
                writer.close()
                return
            await asyncio.sleep(0.01)
        raise CannotListen(bound.host, bound.port, "cannot be listened on")

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
            target = self._doh.read(method, path, query, fields)
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
        kind = AddressInUse if error.errno == errno.EADDRINUSE else CannotListen
        raise kind(address.host, address.port, error.strerror or "cannot be listened on") from error
