"""The door's first question: is there a real Grafana behind this workspace? If not, the embedded door answers.

What concerns identities is always answered here (`screen.py`); health is asked of the upstream at most once a
second, whoever wants to know it; everything else goes on with a token of the caller's role.
"""

import asyncio
import importlib
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from keystead.access.doors import SOURCE_ADDRESS, Describe, HTTPRequest, Message, Receive, Send
from keystead.config.settings import Settings
from keystead.credentials.seal import Seal
from keystead.credentials.usage import Usage
from keystead.identity.epoch import PolicyEpoch
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import StoreUnavailable
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.app import GrafanaDoor
from keystead.products.grafana.door.asking import Answer, Holder, Refusal
from keystead.products.grafana.door.memory import Memory
from keystead.products.grafana.door.opening import held_workspace
from keystead.products.grafana.door.paths import segments_of, workspace_of
from keystead.products.grafana.door.scribe import Scribe
from keystead.products.grafana.door.wire import ClientGone, answer, header
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.upstream import screen
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.screen import Verdict
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.products.grafana.upstream.visits import LOOK_SECONDS, Visits
from keystead.protocol import WireResponse
from keystead.store.interface import Reader, Store

if TYPE_CHECKING:
    from keystead.products.grafana.upstream.house import House

_LOG = logging.getLogger("keystead.grafana")
_MOST_HELD: Final = 10_000
_TIDY_SECONDS: Final = 60.0
_NAMED: Final = "keystead.grafana.named"
"""Where in a scope it is kept what a request names, once it was found out to be asked at once."""
_DENIAL: Final = "websocket.http.response"


class Gate:
    """The application of the door: sends on what belongs to an upstream, and leaves the rest to `embedded`."""

    def __init__(
        self,
        embedded: GrafanaDoor,
        settings: Settings,
        store: Store,
        reader: Reader,
        seal: Seal,
        admission: Admission,
        memory: Memory,
        visits: Visits,
        usage: Usage,
        scribe: Scribe,
        epoch: PolicyEpoch,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.embedded = embedded
        self._settings = settings
        self._store = store
        self._reader = reader
        self._seal = seal
        self._admission = admission
        self._memory = memory
        self._visits = visits
        self._usage = usage
        self._scribe = scribe
        self._epoch = epoch
        self._clock = clock
        self._entropy = entropy
        self._house: House | None = None
        # Upstreams as they are at this epoch, which moves on when one is set or cleared: no staleness on one node.
        self._held: dict[str, Upstream | None] = {}
        self._held_at = -1

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it in Grafana's words."""
        try:
            if not await self._takes(scope, receive, send):
                await self.embedded(scope, receive, send)
        except Refusal as refusal:
            await _refuse(scope, send, Answer(refusal.body, refusal.status))
        except StoreUnavailable:
            await _refuse(scope, send, Answer({"message": "Service unavailable"}, 503))
        except ClientGone:
            return

    def at_once(self, request: HTTPRequest, describe: Describe) -> WireResponse | None:
        """Answer what the embedded door holds in memory; None for all else, and for what is an upstream's."""
        scope = describe()
        scope["state"][SOURCE_ADDRESS] = request.source_address
        named = scope[_NAMED] = self._named(scope)
        try:
            if named is None or self.upstream_of(named[0]) is not None:
                return None
        except StoreUnavailable:
            # `__call__` finds out as well, and says so.
            return None
        return self.embedded.at_once(scope, named[0], named[1])

    async def work(self) -> None:
        """Look after visits and upstreams, until cancelled. Run as a worker."""
        try:
            tidied_at = self._clock.monotonic()
            while True:
                self._visits.look()
                if self._clock.monotonic() - tidied_at > _TIDY_SECONDS:
                    tidied_at = self._clock.monotonic()
                    if records.orphaned(self._reader):
                        await self._hold_house().tidy()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            if self._house is not None:
                await self._house.close()

    def upstream_of(self, workspace: str) -> Upstream | None:
        """Return the upstream of a workspace."""
        if self._held_at != self._epoch.value or len(self._held) > _MOST_HELD:
            self._held.clear()
            self._held_at = self._epoch.value
        try:
            return self._held[workspace]
        except KeyError:
            found = self._held[workspace] = records.find(self._reader, workspace)
            return found

    async def _takes(self, scope: Message, receive: Receive, send: Send) -> bool:
        """Answer a request that is an upstream's, and return whether it was."""
        named = scope[_NAMED] if _NAMED in scope else self._named(scope)
        upstream = None if named is None else self.upstream_of(named[0])
        is_socket = scope["type"] == "websocket"
        if is_socket:
            # The client's wish to connect is the first message, whatever is answered to it.
            await receive()
        if named is None or upstream is None:
            if is_socket:
                raise Refusal(404, "Not found")
            return False
        workspace = held_workspace(self._memory, self._reader, upstream.workspace).workspace
        segments = segments_of(named[1])
        if segments is None:
            raise Refusal(404, "Not found")
        method = "GET" if is_socket else scope["method"]
        verdict = self._judged(scope, workspace, method, segments, is_socket=is_socket)
        if verdict is Verdict.HERE:
            return False
        house = self._hold_house()
        if verdict is Verdict.HEALTH:
            status, body = await house.health(upstream)
            await answer(scope, send, status, msgspec.Raw(body))
            return True
        holder = self._admitted(scope, workspace)
        errand = house.errand(
            scope, receive, send, upstream, workspace, holder, (named[1], segments, named[2])
        )
        if is_socket:
            await house.relay(errand)
            self._scribe.read(_with_method(scope), workspace, holder, "/api/live/ws (upstream)")
        else:
            status = await house.forward(errand)
            self._scribe.passed_on(scope, workspace, holder, screen.shown_name(segments), status)
        return True

    def _named(self, scope: Message) -> tuple[str, bytes, str] | None:
        """Return the workspace, the path in it and the prefix that a request names."""
        host = header(scope, b"host")
        return workspace_of(
            scope["raw_path"], (host.rpartition(":")[0] or host).lower(), self._settings.domain
        )

    def _judged(
        self,
        scope: Message,
        workspace: Workspace,
        method: str,
        segments: tuple[bytes, ...],
        *,
        is_socket: bool,
    ) -> Verdict:
        """Return where a request goes. Whoever is not let in learns nothing else. Raises Refusal."""
        try:
            if not is_socket:
                return screen.judge(method, segments)
            if segments == screen.LIVE:
                return Verdict.PASSES
            raise Refusal(404, "Not found")
        except Refusal as refusal:
            holder = self._admitted(scope, workspace)
            if refusal.status == 403:
                self._scribe.refused(_with_method(scope), workspace, holder, "(no route)", refusal)
            raise

    def _admitted(self, scope: Message, workspace: Workspace) -> Holder:
        """Return who asks, by the token alone. Raises Refusal 401."""
        headers = scope["headers"]
        if scope["type"] == "websocket":
            headers = [(name.lower(), value) for name, value in headers]
        try:
            holder = self._admission.judge(self._reader, workspace, headers)
        except Refusal as refusal:
            self._scribe.refused(_with_method(scope), workspace, None, "(upstream)", refusal)
            raise
        self._usage.touch(holder.credential.id, "grafana", workspace.region, scope["state"][SOURCE_ADDRESS])
        return holder

    def _hold_house(self) -> "House":
        """Return what speaks to upstreams. It and its HTTP client are loaded when there is a first one."""
        if self._house is None:
            module = importlib.import_module("keystead.products.grafana.upstream.house")
            made: House = module.House(
                self._settings,
                self._store,
                self._reader,
                self._seal,
                self._admission,
                self._visits,
                self._epoch,
                self._clock,
                self._entropy,
            )
            self._house = made
        return self._house


def _with_method(scope: Message) -> Message:
    return scope if "method" in scope else {**scope, "method": "GET"}


async def _refuse(scope: Message, send: Send, told: Answer) -> None:
    """Answer a request, or a wish to open a socket, with a refusal."""
    if scope["type"] != "websocket":
        await answer(scope, send, told.status, told.body)
        return
    if _DENIAL not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    body = msgspec.json.encode(told.body)
    fields = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": f"{_DENIAL}.start", "status": told.status, "headers": fields})
    await send({"type": f"{_DENIAL}.body", "body": body})
