"""The ASGI application of the channels: nodes' calls for tokens, and the WebSockets of nodes and clients.

Follows amazon-ssm-agent, `agent/session/communicator` and `agent/session/service`, and session-manager-plugin,
`src/communicator`. A client is let in by its token, and its signature is verified where there is one; a node shows
both. Whatever is wrong, the answer is the same: the socket is closed.
"""

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from keystead.access.doors import FIRST_MESSAGE_BYTES, SOURCE_ADDRESS, Message, Receive, Send
from keystead.access.policy.context import Late, Values
from keystead.audit.event import authority_event
from keystead.audit.journal import Journal
from keystead.credentials.verify import Verifier
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.secret import Secret
from keystead.products.ssm import node_records, session_records, tag_records
from keystead.products.ssm.channel_tokens import ChannelTokens
from keystead.products.ssm.door.bodies import read_body
from keystead.products.ssm.door.callers import Callers, Knock, NotAllowed
from keystead.products.ssm.door.hub import Hub
from keystead.products.ssm.door.relay import Side
from keystead.products.ssm.door.sockets import POLICY, Socket, SocketClosed
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.registration import Registrations, Said
from keystead.products.ssm.resources import node_arn
from keystead.products.ssm.session_records import Purpose, SessionRow
from keystead.products.ssm.tag_records import Place
from keystead.sessionwire.payloads import BadPayload, read_object, text
from keystead.store.interface import Reader, Store, Transaction

FIRST_FRAME_SECONDS: Final = 5.0
MAX_FIRST_BYTES: Final = 4096
"""Who opens a channel shows a token of at most 300 characters beside some ids: 700 bytes in all."""
PREFIXES: Final = (b"/v1/data-channel/", b"/v1/control-channel/")
_ID: Final = re.compile(rb"[A-Za-z0-9_.-]{1,96}")
_CONTROL: Final = "control"


class Application:
    """The door."""

    def __init__(
        self,
        hub: Hub,
        callers: Callers,
        tokens: ChannelTokens,
        registrations: Registrations,
        verifier: Verifier,
        journal: Journal,
        store: Store,
        clock: Clock,
    ) -> None:
        self._hub = hub
        self._callers = callers
        self._tokens = tokens
        self._registrations = registrations
        self._verifier = verifier
        self._journal = journal
        self._store = store
        self._clock = clock

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        place = _place(scope["raw_path"])
        if scope["type"] == "websocket":
            await self._open(scope, receive, send, place)
        elif place is None or scope["method"] != "POST":
            await _answer(send, 404, b"")
        else:
            await self._create(scope, receive, send, *place)

    async def _create(self, scope: Message, receive: Receive, send: Send, kind: str, id_: str) -> None:
        """Answer a node's CreateControlChannel or CreateDataChannel with a token; only 201 is a success to it."""
        name = "CreateControlChannel" if kind == _CONTROL else "CreateDataChannel"
        try:
            knock = self._callers.knock(scope, await read_body(receive, NotAllowed))
            if knock is None:
                raise NotAllowed("nothing presented")
            token = await self._store.write(lambda tx: self._mint(tx, knock, name, kind, id_))
        except NotAllowed as refused:
            self._note(scope, name, id_, str(refused))
            await _answer(send, 403, b"<AccessDeniedException/>")
            return
        # Revealed to the node that asked: it is the answer.
        value = token.reveal()
        await _answer(
            send,
            201,
            b"<%s><MessageSchemaVersion>1.0</MessageSchemaVersion><TokenValue>%s</TokenValue></%s>"
            % (tag := f"{name}Response".encode(), value, tag),
        )

    def _mint(self, tx: Transaction, knock: Knock, name: str, kind: str, id_: str) -> Secret:
        self._callers.again(tx, knock)
        node = self._node_of(tx, knock)
        if kind == _CONTROL:
            if id_ != node.id:
                raise NotAllowed("another node's channel")
            self._callers.require(tx, knock, name, "*")
            node_records.set_pinged(tx, node.id, now_ms(self._clock), node.told)
            return self._tokens.mint(tx, "node-control", node.id, node.account)
        session = session_records.find(tx, node.account, id_)
        if session is None or session.target != node.id or not session.is_open:
            raise NotAllowed("no session of this node")
        self._callers.require(tx, knock, name, "*")
        return self._tokens.mint(tx, "node-data", session.id, session.account)

    def _node_of(self, reader: Reader, knock: Knock) -> Node:
        try:
            return self._registrations.node_of(reader, knock.principal, knock.caller.credential.kind)
        except Said as said:
            raise NotAllowed(said.code) from said

    async def _open(
        self, scope: Message, receive: Receive, send: Send, place: tuple[str, str] | None
    ) -> None:
        await receive()
        try:
            knock = None if place is None else self._callers.knock(scope, b"")
        except NotAllowed as refused:
            self._note(scope, "OpenChannel", place[1] if place else "", str(refused))
            place, knock = None, None
        if place is None:
            await send({"type": "websocket.close", "code": POLICY})
            return
        await send({"type": "websocket.accept", FIRST_MESSAGE_BYTES: MAX_FIRST_BYTES})
        socket = Socket(receive, send)
        kind, id_ = place
        try:
            async with asyncio.timeout(FIRST_FRAME_SECONDS):
                shown = await _first(socket)
                purpose, account = await self._store.write(
                    lambda tx: self._admit(tx, knock, kind, id_, shown)
                )
        except (NotAllowed, BadPayload, TimeoutError) as refused:
            self._note(scope, "OpenChannel", id_, str(refused) or "no first message")
            await socket.close(POLICY)
            return
        except SocketClosed:
            return
        try:
            if kind == _CONTROL:
                await self._hub.serve_control(id_, socket)
            else:
                side: Side = "client" if purpose == "client" else "node"
                await self._serve_data(account, id_, side, socket, knock, scope)
        except asyncio.CancelledError:
            # Ended by the hub: a newer channel is there, or the session is over. The server's stop cancels too.
            await socket.close()

    def _note(self, scope: Message, name: str, id_: str, why: str) -> None:
        """Tell the journal of a refusal; whoever was refused learns nothing of it."""
        event = authority_event(self._clock.epoch(), name, channel=id_)
        event.sourceIPAddress = str(scope["state"].get(SOURCE_ADDRESS, ""))
        event.errorCode, event.reason = "AccessDeniedException", why
        self._journal.observe(event)

    async def _serve_data(
        self,
        account: str,
        session_id: str,
        side: Side,
        socket: Socket,
        knock: Knock | None,
        scope: Message,
    ) -> None:
        session = session_records.find(self._store.reader, account, session_id)
        if session is None or not session.is_open:
            await socket.close(POLICY)
            return
        is_denied = None
        if side == "client" and session.access_request:
            # Who signs nothing is bound by the policies of the keys that started the session all the same.
            who = knock or self._callers.behind(self._store.reader, scope, session.credential, session.region)
            if who is None:
                await socket.close(POLICY)
                return
            is_denied = partial(self._is_denied, session, who)
        await self._hub.serve_data(session, side, socket, is_denied)

    def _is_denied(self, session: SessionRow, knock: Knock) -> bool:
        """Return whether a policy was edited to deny what the keys of an access request were let do."""
        reader, own = self._store.reader, session_arns(session, knock.principal.id)
        late = NodeKeys(reader, session, knock.late)
        node = node_arn(session.account, session.region, session.target)
        return self._callers.is_denied(reader, knock, "ssm:StartSession", node, late) or any(
            self._callers.is_denied(reader, knock, "ssmmessages:OpenDataChannel", each, knock.late)
            for each in own
        )

    def _admit(
        self, tx: Transaction, knock: Knock | None, kind: str, id_: str, shown: Secret
    ) -> tuple[Purpose, str]:
        """Take the token and return what it opens, for whose account. Raises NotAllowed."""
        token = self._tokens.take(tx, shown, id_)
        if token is None or (token.purpose == "node-control") != (kind == _CONTROL):
            raise NotAllowed("token")
        if knock is not None:
            self._callers.again(tx, knock)
            if knock.principal.account != token.account:
                raise NotAllowed("another account's token")
        if token.purpose == "client":
            self._admit_client(tx, knock, token.account, id_)
            return "client", token.account
        if knock is None or not self._is_for(tx, knock, token.purpose, token.account, id_):
            raise NotAllowed("not the node's token")
        return ("node-control" if token.purpose == "node-control" else "node-data"), token.account

    def _admit_client(self, tx: Transaction, knock: Knock | None, account: str, session_id: str) -> None:
        session = session_records.find(tx, account, session_id)
        if session is None or not session.is_open:
            raise NotAllowed("no open session")
        if not self._verifier.stands_in(tx, session.credential):
            # What was revoked since StartSession opens nothing, though the token is right.
            raise NotAllowed("credential revoked")
        if knock is not None:
            self._callers.require(tx, knock, "OpenDataChannel", *session_arns(session, knock.principal.id))

    def _is_for(self, tx: Transaction, knock: Knock, purpose: str, account: str, id_: str) -> bool:
        node = self._node_of(tx, knock)
        if purpose == "node-control":
            self._callers.require(tx, knock, "OpenControlChannel", "*")
            return id_ == node.id
        self._callers.require(tx, knock, "OpenDataChannel", "*")
        session = session_records.find(tx, account, id_)
        return session is not None and session.target == node.id


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The condition keys of starting a session: the tags of its node, and what the request has."""

    reader: Reader
    session: SessionRow
    request: Late

    def __call__(self, key: str) -> Values | None:
        """Return the values of a key, given in lower case, or None."""
        prefix, _, wanted = key.partition("/")
        if prefix not in ("ssm:resourcetag", "aws:resourcetag"):
            return self.request(key)
        session = self.session
        place = Place(session.account, session.region, "ManagedInstance", session.target)
        tags = tag_records.tags(self.reader, place)
        return next(((value,) for name, value in tags.items() if name.lower() == wanted), None)


def session_arns(session: SessionRow, user_id: str) -> tuple[str, str]:
    """Return the ARNs under which policies may name a session.

    By its own id, and by its owner's user id: published policies say `session/${aws:userid}-*` (UNCONFIRMED).
    """
    suffix = session.id.rpartition("-")[2]
    prefix = f"arn:aws:ssm:{session.region}:{session.account}:session/"
    own = user_id if session.owner_id == user_id else session.owner_id
    return f"{prefix}{session.id}", f"{prefix}{own}-{suffix}"


async def _first(socket: Socket) -> Secret:
    """Return the token in the first message, a text. Raises BadPayload, SocketClosed."""
    message = await socket.read()
    if not isinstance(message, str) or len(message) > MAX_FIRST_BYTES:
        raise BadPayload("the first message is a text")
    return Secret(text(read_object(message), "TokenValue").encode())


def _place(raw_path: bytes) -> tuple[str, str] | None:
    """Return which channel a path means and its id; None for a path that means none."""
    for prefix, kind in zip(PREFIXES, ("data", _CONTROL), strict=True):
        if raw_path.startswith(prefix):
            id_ = raw_path.removeprefix(prefix)
            return (kind, id_.decode("ascii")) if _ID.fullmatch(id_) else None
    return None


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
