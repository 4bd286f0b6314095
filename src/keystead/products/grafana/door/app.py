"""The door's ASGI application: workspace, credential, route, permission, body, handler; in this order.

Nothing of a request's body is read before its credential is verified and its role may do what the route needs.
A change judges both once more inside its transaction, so that nothing outlives a revoke.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.access.doors import SOURCE_ADDRESS, Message, Receive, Send
from keystead.audit.event import encode
from keystead.config.settings import Settings
from keystead.credentials.usage import Usage
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import StoreUnavailable
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.asking import Answer, Ask, Holder, Lacking, Refusal
from keystead.products.grafana.door.memory import Memory, Told
from keystead.products.grafana.door.opening import held_workspace, open_workspace
from keystead.products.grafana.door.paths import segments_of, workspace_of
from keystead.products.grafana.door.roles import EDITOR_ROLE, SERVER_ADMIN, SIGNED_IN, may
from keystead.products.grafana.door.routes import Route, RouteTable
from keystead.products.grafana.door.scribe import Scribe
from keystead.products.grafana.door.server import health
from keystead.products.grafana.door.wire import HEADERS, ClientGone, body_of, header, query_of, tell
from keystead.products.grafana.records import Workspace
from keystead.protocol import WireResponse
from keystead.store.interface import Reader, Store, Transaction, UnstorableText

_LOG = logging.getLogger("keystead.grafana")
_HEALTH = ((b"api", b"health"), (b"healthz",))


@dataclass(frozen=True, slots=True)
class _Place:
    """Which workspace a request is for, and what is asked there."""

    workspace: Workspace
    segments: tuple[bytes, ...]
    base: str


class GrafanaDoor:
    """Serves the Grafana HTTP API of every workspace."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reader: Reader,
        admission: Admission,
        memory: Memory,
        table: RouteTable,
        usage: Usage,
        scribe: Scribe,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._domain = settings.domain
        self._store = store
        self._reader = reader
        self._admission = admission
        self._memory = memory
        self._table = table
        self.routes = table.routes
        self._usage = usage
        self._scribe = scribe
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. The client alone learns why it is refused, in Grafana's words."""
        try:
            told = await self._answered(scope, receive)
        except Refusal as refusal:
            told = Answer(refusal.body, refusal.status)
        except (OverflowError, UnstorableText, UnicodeEncodeError):
            # What JSON can say and neither a database nor JSON again: a number beyond 64 bits, half a character.
            told = Answer({"message": "bad request data"}, 400)
        except StoreUnavailable:
            told = Answer({"message": "Service unavailable"}, 503)
        except ClientGone:
            return
        await tell(scope, send, told)

    def at_once(self, scope: Message, workspace_id: str, path: bytes) -> WireResponse | None:
        """Return an answer that is held in memory for who asks; None leaves the request to `__call__`.

        `path` is the raw path in the workspace.
        """
        held = self._memory.of(workspace_id) if scope["method"] == "GET" else None
        if held is None:
            return None
        if path == b"/api/health":
            return WireResponse(200, [*HEADERS], msgspec.json.encode(health(held.workspace)))
        try:
            holder = self._admission.judge(self._reader, held.workspace, scope["headers"])
        except (Refusal, StoreUnavailable):
            return None
        told = held.answers.get((holder.person, scope["raw_path"], scope["query_string"]))
        if told is None:
            return None
        self._touch(scope, held.workspace, holder)
        self._scribe.read(scope, held.workspace, holder, told.template)
        return WireResponse(200, [*HEADERS], told.body)

    async def _answered(self, scope: Message, receive: Receive) -> Answer:
        place = self._place(scope)
        if place.segments in _HEALTH and scope["method"] in ("GET", "HEAD"):
            return Answer(health(place.workspace))
        holder: Holder | None = None
        # Of a path that leads nowhere nothing is written down: it may hold a token.
        name = "(no route)"
        try:
            holder = self._admission.judge(self._reader, place.workspace, scope["headers"])
            route, path = self._routed(scope["method"], place.segments)
            name = route.template
            self._check(route, holder)
            self._touch(scope, place.workspace, holder)
            body = await body_of(scope, receive)
            return await self._carried_out(scope, place, holder, route, path, body)
        except Lacking as lacking:
            refusal = self._lacks(lacking.action)
            self._scribe.refused(scope, place.workspace, holder, name, refusal)
            raise refusal from lacking
        except Refusal as refusal:
            if refusal.status in (401, 403):
                self._scribe.refused(scope, place.workspace, holder, name, refusal)
            raise

    def _place(self, scope: Message) -> _Place:
        """Return what a request is for. Raises Refusal 404, and 403 where the network may not come in."""
        host = header(scope, b"host").rpartition(":")[0] or header(scope, b"host")
        named = workspace_of(scope["raw_path"], host.lower(), self._domain)
        segments = None if named is None else segments_of(named[1])
        if named is None or segments is None:
            raise Refusal(404, "Not found")
        held = held_workspace(self._memory, self._reader, named[0])
        return _Place(held.workspace, segments, named[2])

    def _touch(self, scope: Message, workspace: Workspace, holder: Holder) -> None:
        source: str = scope["state"][SOURCE_ADDRESS]
        self._usage.touch(holder.credential.id, "grafana", workspace.region, source)

    def _routed(self, method: str, segments: tuple[bytes, ...]) -> tuple[Route, Mapping[str, str]]:
        found = self._table.find(method, segments)
        if found is None:
            raise Refusal(404, "Not found")
        return found

    @staticmethod
    def _check(route: Route, holder: Holder) -> None:
        """Let a role do what it may. Raises Refusal 403, Lacking."""
        if may(holder.role, SIGNED_IN if route.guarded else route.action):
            return
        if route.action in (SERVER_ADMIN, EDITOR_ROLE):
            raise Refusal(403, "Permission denied")
        raise Lacking(route.action)

    def _lacks(self, action: str) -> Refusal:
        """Return how a missing action is told, in Grafana's words."""
        digits = int.from_bytes(self._entropy.token_bytes(8), "big") % 10**10
        return Refusal(
            403,
            f"You'll need additional permissions to perform this action. Permissions needed: {action}",
            accessErrorId=f"ACE{digits:010d}",
            title="Access denied",
        )

    async def _carried_out(
        self,
        scope: Message,
        place: _Place,
        holder: Holder,
        route: Route,
        path: Mapping[str, str],
        body: Mapping[str, Any],
    ) -> Answer:
        query = query_of(scope)
        root = f"{scope['scheme']}://{header(scope, b'host')}{place.base}"

        def ask(reader: Reader, workspace: Workspace, who: Holder, tx: Transaction | None) -> Ask:
            return Ask(workspace, who, path, query, body, place.base, root, now_ms(self._clock), reader, tx)

        if not route.writes:
            held = self._memory.of(place.workspace.id)
            told = route.handle(ask(self._reader, place.workspace, holder, None))
            self._scribe.read(scope, place.workspace, holder, route.template)
            if not route.held or held is None or held.workspace is not place.workspace:
                return told
            encoded = msgspec.json.encode(told.body)
            asked = (holder.person, scope["raw_path"], scope["query_string"])
            self._memory.keep_answer(held, asked, Told(route.template, encoded))
            return Answer(msgspec.Raw(encoded), told.status)

        def job(tx: Transaction) -> Answer:
            self._memory.forget_after(tx, place.workspace.id)
            workspace = open_workspace(tx, place.workspace.id)
            who = self._admission.again(tx, workspace, holder)
            self._check(route, who)
            asked = ask(tx, workspace, who, tx)
            told = route.handle(asked)
            tx.note(encode(self._scribe.changed(scope, workspace, who, route, path, asked.noted)))
            return told

        return await self._store.write(job)
