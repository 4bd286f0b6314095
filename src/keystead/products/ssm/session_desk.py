"""Starts, resumes and ends sessions: the rules behind StartSession, ResumeSession and TerminateSession.

Follows the Systems Manager API reference and AWS Systems Manager User Guide, "Session Manager". What is said here
is in the database when the caller is answered; the hub of this process is told after the commit.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from keystead.config.places import Addresses
from keystead.credentials.shelf import Credential
from keystead.identity.principals import Principal
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.products.ssm import node_records
from keystead.products.ssm import session_records as records
from keystead.products.ssm.channel_tokens import ChannelTokens
from keystead.products.ssm.session_documents import SessionDocuments
from keystead.products.ssm.session_records import SessionRow
from keystead.sessionwire.payloads import INTERACTIVE_COMMANDS, STANDARD_STREAM
from keystead.store.interface import Reader, Transaction

LONGEST_ID: Final = 96
SUFFIX_CHARACTERS: Final = 17
RECORDED: Final = frozenset({STANDARD_STREAM, INTERACTIVE_COMMANDS})
"""The types of sessions that somebody looks at; what goes through a port is not recorded."""
_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NOT_IN_ID: Final = re.compile(r"[^A-Za-z0-9_.-]")

RequestOf = Callable[[Reader, str, str], str]
"""Returns the access request, by account and credential id, that keys were given for; empty for none."""


class NotConnected(Exception):
    """The target's agent has no control channel here. `why` is for the journal."""

    def __init__(self, target: str, why: str) -> None:
        super().__init__(f"{target} is not connected.")
        self.why = why


class Channels(Protocol):
    """What the desk asks of the hub of this process."""

    def is_connected(self, node: str) -> bool:
        """Whether the node's control channel is open."""
        ...

    def begin(self, session: SessionRow) -> None:
        """Order the node to start a session that is in the database now."""
        ...

    def end(self, session_id: str, because: str) -> None:
        """End a session whose row says that it is ending."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants which session."""

    principal: Principal
    credential: Credential
    region: str
    target: str
    document: str
    reason: str
    parameters: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a client needs to join a session."""

    session_id: str
    token: Secret
    stream_url: str


class SessionDesk:
    """The rules of sessions."""

    def __init__(
        self,
        channels: Channels,
        documents: SessionDocuments,
        tokens: ChannelTokens,
        request_of: RequestOf,
        addresses: Addresses,
        clock: Clock,
        entropy: Entropy,
        *,
        records_sessions: bool,
    ) -> None:
        self._channels = channels
        self._documents = documents
        self._tokens = tokens
        self._request_of = request_of
        self._addresses = addresses
        self._clock = clock
        self._entropy = entropy
        self._records_sessions = records_sessions

    def is_connected(self, reader: Reader, account: str, region: str, target: str) -> bool:
        """Return whether sessions can be started on an account's node now."""
        node = node_records.find(reader, account, region, target)
        return node is not None and node.is_registered and self._channels.is_connected(node.id)

    def start(self, tx: Transaction, wish: Wish) -> Opened:
        """Start a session. Raises BadDocument, NotConnected."""
        principal = wish.principal
        filled = self._documents.fill(tx, principal.account, wish.region, wish.document, wish.parameters)
        node = node_records.find(tx, principal.account, wish.region, wish.target)
        if node is None or not node.is_registered:
            raise NotConnected(wish.target, "never registered, or deregistered")
        if not self._channels.is_connected(node.id):
            raise NotConnected(wish.target, f"no control channel; last ping at {node.pinged_at}")
        session_id = self._new_id(principal)
        is_recorded = self._records_sessions and filled.may_be_recorded and filled.session_type in RECORDED
        content: dict[str, Any] = {
            "DocumentName": filled.name,
            "DocumentContent": filled.content,
            "SessionId": session_id,
            "Parameters": {},
            "RunAsUser": "",
            "SessionOwner": principal.arn,
        }
        session = SessionRow(
            id=session_id,
            account=principal.account,
            region=wish.region,
            target=node.id,
            document=filled.name,
            session_type=filled.session_type,
            content=json.dumps(content),
            reason=wish.reason,
            owner_arn=principal.arn,
            owner_id=principal.id,
            credential=wish.credential.id,
            access_request=self._request_of(tx, principal.account, wish.credential.id),
            state="Connecting",
            started_at=now_ms(self._clock),
            ended_at=None,
            idle_seconds=filled.idle_seconds,
            most_seconds=filled.most_seconds,
            recording="" if is_recorded else records.NOT_RECORDED,
        )
        records.add(tx, session)
        tx.after_commit(lambda: self._channels.begin(session))
        return self._opened(tx, session)

    def resume(
        self, tx: Transaction, principal: Principal, region: str, credential: Credential, session_id: str
    ) -> Opened | None:
        """Return a fresh token for a session of the caller's own that is still open; None for any other.

        Policies allow ids that begin with a name, and one name may begin another: the row decides whose it is.
        """
        account = principal.account
        session = records.find(tx, account, session_id)
        if session is None or session.region != region or not session.is_open:
            return None
        if session.owner_id != principal.id:
            return None
        if session.access_request != self._request_of(tx, account, credential.id):
            return None
        return self._opened(tx, session)

    def may_end(
        self, reader: Reader, account: str, region: str, credential: Credential, session_id: str
    ) -> bool:
        """Return whether the caller may end a session: keys of an access request end that request's only."""
        request = self._request_of(reader, account, credential.id)
        session = records.find(reader, account, session_id)
        if session is None or session.region != region:
            return False
        return not request or session.access_request == request

    def terminate(self, tx: Transaction, account: str, session_id: str, because: str) -> None:
        """End a session if it is one and not ended yet."""
        if records.find(tx, account, session_id) is None:
            return
        if records.step(tx, session_id, "Terminating", because):
            tx.after_commit(lambda: self._channels.end(session_id, because))

    def terminate_request(self, tx: Transaction, account: str, access_request: str, because: str) -> None:
        """End every live session that was started with the keys of an access request."""
        for session in records.of_request(tx, account, access_request):
            self.terminate(tx, account, session.id, because)

    def _opened(self, tx: Transaction, session: SessionRow) -> Opened:
        token = self._tokens.mint(tx, "client", session.id, session.account)
        where = self._addresses.public("https")
        url = f"wss://{where}/v1/data-channel/{session.id}?role=publish_subscribe"
        return Opened(session.id, token, url)

    def _new_id(self, principal: Principal) -> str:
        """Return a session id: the user's or session's name, and 17 characters (88 random bits)."""
        name = principal.session.name if principal.session is not None else ""
        prefix = session_prefix(name or principal.user_name or principal.type)
        bits = int.from_bytes(self._entropy.token_bytes(12), "big")
        suffix = "".join(_ALPHABET[bits // 36**place % 36] for place in range(SUFFIX_CHARACTERS))
        return f"{prefix}-{suffix}"


def session_prefix(name: str) -> str:
    """Return a session or user name as session ids begin with it."""
    return _NOT_IN_ID.sub("-", name)[: LONGEST_ID - SUFFIX_CHARACTERS - 1]
