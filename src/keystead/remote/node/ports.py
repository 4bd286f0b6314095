"""A port of the node, or of a host that it reaches: many streams by smux, or one raw connection for ssh.

Follows amazon-ssm-agent, `agent/session/plugins/port`.
"""

import asyncio
import contextlib
from typing import Final

from keystead.remote.forwarding import READ_BYTES, Connection, Streams
from keystead.remote.link import Link
from keystead.remote.node.destinations import Destinations
from keystead.remote.node.order import Order
from keystead.sessionwire import payloads
from keystead.sessionwire.channel import Arrived
from keystead.sessionwire.frames import PayloadType
from keystead.sessionwire.smux import MuxBroken

LAST_WITH_KEEPALIVE: Final = (1, 2, 331, 0)
"""Clients up to this version take a server that says nothing for dead."""


class BadPort(ValueError):
    """The document names no port."""


class Forwarding:
    """One session of a port. It ends when the client says so, or with its raw connection."""

    def __init__(self, link: Link, order: Order, destinations: Destinations) -> None:
        self._link = link
        self._destinations = destinations
        self._host = payloads.text(order.properties, "host")
        self._port = _port(payloads.text(order.properties, "portNumber"))
        self._is_over = asyncio.Event()
        self._raw: Connection | None = None
        self._is_dialled = asyncio.Event()
        self._is_raw = not order.is_forwarding
        self._streams = Streams(link, is_client=False, accept=self._dial)
        self.client_version = ""

    async def run(self) -> int:
        """Carry until the session is over; 1 if the port could not be reached at all."""
        if self._is_raw:
            return await self._run_raw()
        async with asyncio.TaskGroup() as group:
            beat = group.create_task(self._beat())
            await self._is_over.wait()
            beat.cancel()
        await self._streams.close()
        return 0

    async def hear(self, arrived: Arrived) -> None:
        """Take bytes for the port, or the client's word that it is done."""
        if arrived.payload_type == PayloadType.FLAG:
            if payloads.read_flag(arrived.payload) in (
                payloads.TERMINATE_SESSION,
                payloads.DISCONNECT_TO_PORT,
            ):
                self._is_over.set()
                if self._raw is not None:
                    self._raw[1].close()
        elif arrived.payload_type == PayloadType.OUTPUT:
            await self._take(arrived.payload)

    async def _take(self, payload: bytes) -> None:
        if not self._is_raw:
            try:
                await self._streams.hear(payload)
            except MuxBroken:
                self._is_over.set()
            return
        # A client may speak before the port has answered.
        await self._is_dialled.wait()
        if self._raw is not None:
            self._raw[1].write(payload)
            with contextlib.suppress(OSError):
                await self._raw[1].drain()

    async def _run_raw(self) -> int:
        try:
            reader, writer = self._raw = await self._dial()
        except OSError:
            return 1
        finally:
            self._is_dialled.set()
        try:
            while piece := await reader.read(READ_BYTES):
                await self._link.send(piece)
        except OSError:
            pass
        finally:
            writer.close()
        return 0

    async def _dial(self) -> Connection:
        try:
            return await self._destinations.dial(self._host, self._port)
        except OSError:
            await self._link.send(payloads.flag(payloads.CONNECT_TO_PORT_ERROR), PayloadType.FLAG)
            raise

    async def _beat(self) -> None:
        if version(self.client_version) <= LAST_WITH_KEEPALIVE:
            await self._streams.beat()


def version(told: str) -> tuple[int, ...]:
    """Return a version's numbers, for comparison; the newest for one that cannot be read."""
    parts = told.split(".")
    is_plain = all(each.isascii() and each.isdigit() and len(each) < 10 for each in parts)
    return tuple(int(each) for each in parts) if is_plain else (9999,)


def _port(told: str) -> int:
    if not told.isascii() or not told.isdigit() or len(told) > 5 or not 0 < int(told) < 65536:
        raise BadPort("the document names no port")
    return int(told)
