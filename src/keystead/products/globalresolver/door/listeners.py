"""The listeners of DoT and Do53, in our own loop."""

import asyncio
import errno
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from keystead.access.doors import AddressInUse, CannotListen
from keystead.access.tls import listener_context, load_certificates
from keystead.config.places import TLSFiles
from keystead.config.values import Address
from keystead.products.globalresolver.door.answering import Answering
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.stream import Connections, StreamProtocol, note_server_names

_BACKLOG = 4096
_HANDSHAKE_SECONDS = 10.0


def no_tokens(server_name: str) -> tuple[bytes, ...]:
    """Return no token: names hold none, unless a setting says so."""
    del server_name
    return ()


class DoTListener:
    """DNS over TLS (RFC 7858)."""

    def __init__(
        self,
        address: Address,
        tls: TLSFiles,
        answering: Answering,
        tokens_in: Callable[[str], tuple[bytes, ...]] = no_tokens,
    ) -> None:
        self._address = address
        self._tls = tls
        self._connections = Connections(answering, "DOT", tokens_in, set(), {})
        self._context: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> Mapping[str, str]:
        """Listen; the ready file says `dot`. Raises CannotListen."""
        self._context = listener_context(self._tls, "dot")
        note_server_names(self._context)
        self._server = await _stream_server(self._address, self._connections, self._context)
        return {"dot": str(_bound(self._server, self._address))}

    async def take_certificates(self) -> None:
        """Load the files into the context that is in use: open connections stay as they are."""
        if self._context is not None:
            load_certificates(self._context, self._tls)

    async def stop(self, drain_seconds: float) -> None:
        """Take no more connections, and end those that are open."""
        await _stop_streams(self._server, self._connections)


class Do53Listener:
    """Plain DNS over UDP and TCP (RFC 1035), for access sources only: a token would be seen by everybody."""

    def __init__(self, address: Address, answering: Answering) -> None:
        self._address = address
        self._answering = answering
        self._connections = Connections(answering, "DO53", no_tokens, set(), {})
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None

    async def start(self) -> Mapping[str, str]:
        """Listen on UDP and TCP at the same port; the ready file says `do53`. Raises CannotListen."""
        self._server = await _stream_server(self._address, self._connections, None)
        bound = _bound(self._server, self._address)
        loop = asyncio.get_running_loop()
        try:
            self._datagrams, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self._answering), local_addr=(bound.host, bound.port)
            )
        except OSError as error:
            raise cannot_listen(bound, error) from error
        return {"do53": str(bound)}

    async def take_certificates(self) -> None:
        """Do nothing: plain DNS shows none."""

    async def stop(self, drain_seconds: float) -> None:
        """Take no more queries, and end what is open."""
        if self._datagrams is not None:
            self._datagrams.close()
        await _stop_streams(self._server, self._connections)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A datagram protocol is given a datagram transport; asyncio's own type is wider.
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        arrival = Arrival("DO53", addr[0], addr[1], is_datagram=True)
        answer = self._answering.answer(arrival, data, partial(self._send, addr))
        if isinstance(answer, bytes):
            self._transport.sendto(answer, addr)

    def _send(self, addr: Any, told: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(told, addr)


async def _stream_server(
    address: Address, connections: Connections, context: ssl.SSLContext | None
) -> asyncio.Server:
    timeout = None if context is None else _HANDSHAKE_SECONDS
    try:
        return await asyncio.get_running_loop().create_server(
            lambda: StreamProtocol(connections),
            address.host,
            address.port,
            ssl=context,
            ssl_handshake_timeout=timeout,
            backlog=_BACKLOG,
        )
    except OSError as error:
        raise cannot_listen(address, error) from error


async def _stop_streams(server: asyncio.Server | None, connections: Connections) -> None:
    if server is None:
        return
    server.close()
    for connection in list(connections.open):
        connection.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await server.wait_closed()


def _bound(server: asyncio.Server, address: Address) -> Address:
    return Address(address.host, server.sockets[0].getsockname()[1])


def cannot_listen(address: Address, error: OSError) -> CannotListen:
    """Return what to raise when the system lets nobody listen at an address; the words are every listener's."""
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(address.host, address.port, "is in use")
    return CannotListen(address.host, address.port, f"cannot be listened on: {error.strerror}")
