"""The rows of sessions: their only SQL, and what a temporary credential stands for.

Follows the STS API reference, "AssumeRole", "GetFederationToken" and "GetSessionToken". A session never changes
once it is made; it is deleted with its credential.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from keystead.store.interface import Reader, Transaction

SessionType = Literal["assumed-role", "federated-user", "session-token"]

_COLUMNS = "id, account, type, entity, name, issuers, issued_at, scope"


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was passed when a session was made, already checked by whoever knows the policy language.

    `policy` is an inline session policy and `policy_arns` managed ones: together they limit the session, and
    without either it is limited by none. `tags` are its session tags, `transitive` those of their keys that go on
    to sessions made from it. `provider` is the ARN or name of the identity provider that vouched for a web
    identity, `subject` whom it vouched for. `has_mfa` is None where the question cannot be asked: see
    `aws:MultiFactorAuthPresent`. `origin` is who is at the start of the chain of sessions, which no caller can
    choose: `user:ACCOUNT:OWNER` for the holder of a long-term key, `web:PROVIDER|SUBJECT` for a web identity, empty
    for what the authority makes by itself; `Sessions.mint` sets it.
    """

    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    provider: str = ""
    subject: str = ""
    has_mfa: bool | None = None
    origin: str = ""

    @property
    def is_limited(self) -> bool:
        """Whether session policies were passed."""
        return self.policy is not None or bool(self.policy_arns)


@dataclass(frozen=True, slots=True)
class Session:
    """A session by the id of its credential; `issued_at` is in epoch milliseconds.

    `entity` is the unique id of its role or user; `name` is empty for a user's own session token. `issuers` are
    the ids of the credentials that it came from: the long-term key first, then the sessions between.
    """

    id: str
    account: str
    type: SessionType
    entity: str
    name: str
    issuers: tuple[str, ...]
    issued_at: int
    scope: Scope


def find(reader: Reader, account: str, credential_id: str) -> Session | None:
    """Return what a temporary credential stands for."""
    row = reader.one(f"SELECT {_COLUMNS} FROM session WHERE id = ? AND account = ?", (credential_id, account))
    if row is None:
        return None
    key, whose, kind, entity, name, issuers, issued_at, scope = row
    return Session(
        key,
        whose,
        kind,
        entity,
        name,
        msgspec.json.decode(issuers, type=tuple[str, ...]),
        issued_at,
        msgspec.json.decode(scope, type=Scope),
    )


def add(tx: Transaction, session: Session) -> None:
    """Keep a new session, beside its credential."""
    tx.run(
        f"INSERT INTO session ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            session.account,
            session.type,
            session.entity,
            session.name,
            msgspec.json.encode(session.issuers).decode(),
            session.issued_at,
            msgspec.json.encode(session.scope).decode(),
        ),
    )
