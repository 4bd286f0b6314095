"""Grafana Live through the door: a WebSocket relayed in both directions, message by message, and cut when told.

Follows RFC 6455. Nothing is queued here: a side that does not read stops the other one, and one that does not read
for as long as an upstream may be idle ends both. Close codes pass; a token that is no longer good closes with 1008.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType

from keystead.config.settings import Settings
from keystead.credentials.seal import SealBroken
from keystead.kernel.secret import Secret
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.upstream import headers, refusals
from keystead.products.grafana.upstream.landlord import Unwilling
from keystead.products.grafana.upstream.limits import Busy
from keystead.products.grafana.upstream.lodging import Lodgings
from keystead.products.grafana.upstream.query import passed_on
from keystead.products.grafana.upstream.refusals import refuse
from keystead.products.grafana.upstream.site import Errand
from keystead.products.grafana.upstream.visits import Visit, Visits
from keystead.products.grafana.upstream.wire import times_of
from keystead.store.interface import Reader

NORMAL, GOING_AWAY, POLICY, BROKEN = 1000, 1001, 1008, 1011
_GOODBYE_SECONDS = 1.0
# RFC 6455 §7.4: what may stand in a close frame.
_SENDABLE = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


class Live:
    """Relays WebSockets."""

    def __init__(
        self, settings: Settings, reader: Reader, admission: Admission, visits: Visits, lodgings: Lodgings
    ) -> None:
        self._times = times_of(settings)
        self._reader = reader
        self._admission = admission
        self._visits = visits
        self._lodgings = lodgings

    async def relay(self, errand: Errand) -> None:
        """Open a socket at the upstream, accept the client's, and join them. Raises Refusal before that."""
        try:
            with (
                errand.site.slots.socket(),
                self._visits.visit(errand.workspace, errand.site.upstream, errand.holder) as visit,
            ):
                upstream = await self._open(errand, visit)
                await self._joined(errand, visit, upstream)
        except Busy:
            refuse(errand.workspace, refusals.BUSY)

    async def _joined(self, errand: Errand, visit: Visit, upstream: ClientWebSocketResponse) -> None:
        code = GOING_AWAY
        try:
            await errand.send({"type": "websocket.accept", "subprotocol": upstream.protocol})
            visit.is_answering = True
            code = await _first_of(self._to_upstream(errand, upstream), self._to_client(errand, upstream))
        except asyncio.CancelledError:
            if not visit.is_cut:
                raise
            visit.task.uncancel()
            code = POLICY
        finally:
            await _say_goodbye(errand.send({"type": "websocket.close", "code": code}))
            await _say_goodbye(upstream.close(code=code))

    async def _open(self, errand: Errand, visit: Visit) -> ClientWebSocketResponse:
        line, upstream, role = errand.site.line, errand.site.upstream, errand.holder.role
        try:
            token = await self._lodgings.token(upstream, line, role)
            try:
                return await self._opened(errand, visit, token)
            except aiohttp.WSServerHandshakeError as error:
                if error.status != 401:
                    raise
            other = await self._lodgings.replaced(upstream, line, role, token)
            return await self._opened(errand, visit, other or token)
        except (Unwilling, SealBroken):
            refuse(errand.workspace, refusals.UNWILLING)
        except TimeoutError:
            refuse(errand.workspace, refusals.SLOW)
        except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError):
            refuse(errand.workspace, refusals.UNREACHABLE)
        except (aiohttp.ClientError, OSError, ValueError):
            refuse(errand.workspace, refusals.BROKEN)

    async def _opened(self, errand: Errand, visit: Visit, token: Secret) -> ClientWebSocketResponse:
        if visit.has_waited and not self._visits.is_good(visit):
            self._admission.judge(self._reader, errand.workspace, errand.scope["headers"])
            refuse(errand.workspace, refusals.CHANGED)
        fields = [*headers.forwarded(errand.scope["headers"]), *errand.introduction()]
        async with asyncio.timeout(self._times.answer):
            return await errand.site.line.open_socket(
                errand.place.raw_path,
                passed_on(errand.scope["query_string"]),
                fields,
                token,
                errand.scope["subprotocols"],
            )

    async def _to_upstream(self, errand: Errand, upstream: ClientWebSocketResponse) -> int:
        """Carry the client's messages until it closes, and return its code."""
        while True:
            message = await errand.receive()
            if message["type"] == "websocket.disconnect":
                return _sendable(message.get("code", NORMAL))
            raw: bytes | None = message.get("bytes")
            async with asyncio.timeout(self._times.idle):
                if raw is None:
                    await upstream.send_str(message["text"])
                else:
                    await upstream.send_bytes(raw)

    async def _to_client(self, errand: Errand, upstream: ClientWebSocketResponse) -> int:
        """Carry the upstream's messages until it closes, and return its code."""
        while True:
            message = await upstream.receive()
            if message.type is WSMsgType.TEXT:
                sent = {"type": "websocket.send", "text": message.data}
            elif message.type is WSMsgType.BINARY:
                sent = {"type": "websocket.send", "bytes": message.data}
            else:
                return _sendable(upstream.close_code)
            async with asyncio.timeout(self._times.idle):
                await errand.send(sent)


async def _first_of(*directions: Coroutine[None, None, int]) -> int:
    """Return the code with which the first direction ends; the others are given up."""
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = done.pop()
        # Whatever broke off a direction, a time-out or a peer that is gone, ends both with the same code.
        return BROKEN if ended.exception() is not None else ended.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _say_goodbye(closing: Awaitable[object]) -> None:
    """Close one side, as far as it listens. Its connection ends in any case, with whoever holds it."""
    with suppress(aiohttp.ClientError, OSError, RuntimeError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await closing


def _sendable(code: int | None) -> int:
    return code if code in _SENDABLE else BROKEN
