"""Principals: what a verified credential makes of its holder.

Follows the IAM User Guide, "IAM JSON policy elements: Principal", and the STS API, GetCallerIdentity, for the
three names that a principal has. What is held of an owner of long-term keys is dropped on the event loop when its
change is committed, and what is held of sessions when the policy epoch moves, before anybody is told of that
commit: the staleness is zero requests.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from keystead.credentials.kind import Form
from keystead.credentials.shelf import Credential
from keystead.credentials.verify import Verifier
from keystead.identity import records, role_records, session_records
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.session_records import Session
from keystead.kernel.arn import iam_arn, sts_arn
from keystead.store.interface import Reader

ROOT_OWNER = "root"
"""The owner of an account's root credentials; users' credentials are owned by the user's unique id."""
MAX_HELD = 200_000

PrincipalType = Literal["root", "user", "assumed-role", "federated-user", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request acts as.

    `id` is GetCallerIdentity's UserId and `arn` its Arn. `owner` is the unique id of the user or role, `root` for
    the account root; `user_name` is empty unless it is a user. `session` is set when the credential is a temporary
    one: a role session, a federated user, or a user or the root by a session token of its own. `issuer_arn` and
    `issuer_name` are then those of the role or user behind it.
    """

    type: PrincipalType
    account: str
    owner: str
    id: str
    arn: str
    user_name: str
    session: Session | None = None
    issuer_arn: str = ""
    issuer_name: str = ""
    key: tuple[str, str] = field(init=False, compare=False, repr=False)
    """What tells principals apart: two sessions of one role are two. Each request asks for it more than once."""

    def __post_init__(self) -> None:
        key = (self.account, self.owner if self.session is None else self.session.id)
        object.__setattr__(self, "key", key)

    @property
    def is_root(self) -> bool:
        """Whether it is the account root, by whatever credential."""
        return self.type == "root"


NOBODY = Principal("anonymous", "", "", "anonymous", "", "")
"""Who shows no credential at all: nothing but a resource's own policy can allow it anything."""


class Principals:
    """Finds the principal of a credential."""

    def __init__(
        self, reader: Reader, verifier: Verifier, epoch: PolicyEpoch, *, sessions_outlive_issuer: bool = False
    ) -> None:
        """With `sessions_outlive_issuer` a session is good until it expires, whatever becomes of its key."""
        self._reader = reader
        self._verifier = verifier
        self._epoch = epoch
        self._sessions_outlive_issuer = sessions_outlive_issuer
        self._held: dict[tuple[str, str], Principal] = {}
        self._held_sessions: dict[str, tuple[int, Principal]] = {}

    def of(self, credential: Credential) -> Principal | None:
        """Return whom a credential belongs to, or None when that owner, or an issuer, is gone; callers refuse."""
        if self._verifier.form_of(credential) is Form.SESSION:
            return self._of_session(credential)
        key = (credential.account, credential.owner)
        held = self._held.get(key)
        if held is None:
            held = load(self._reader, *key)
            if held is not None:
                if len(self._held) >= MAX_HELD:
                    del self._held[next(iter(self._held))]
                self._held[key] = held
        return held

    def again(self, reader: Reader, credential: Credential) -> Principal | None:
        """Return the same as it is inside a transaction: nothing held in memory counts."""
        principal = self.read(reader, credential)
        if principal is None or self._sessions_outlive_issuer:
            return principal
        issuers = () if principal.session is None else principal.session.issuers
        return principal if all(self._verifier.stands_in(reader, each) for each in issuers) else None

    def read(self, reader: Reader, credential: Credential) -> Principal | None:
        """Return whom a credential belongs to, whether its issuers still stand or not: for showing it."""
        if self._verifier.form_of(credential) is not Form.SESSION:
            return load(reader, credential.account, credential.owner)
        session = session_records.find(reader, credential.account, credential.id)
        return None if session is None else _of_session(reader, session)

    def forget(self, account: str, owner: str) -> None:
        """Drop what is held of an owner; its next request reads it afresh."""
        self._held.pop((account, owner), None)

    def forget_all(self) -> None:
        """Drop all that is held."""
        self._held.clear()
        self._held_sessions.clear()

    def _of_session(self, credential: Credential) -> Principal | None:
        epoch, held = self._epoch.value, self._held_sessions.get(credential.id)
        if held is None or held[0] != epoch:
            principal = self.read(self._reader, credential)
            if principal is None:
                return None
            if len(self._held_sessions) >= MAX_HELD:
                del self._held_sessions[next(iter(self._held_sessions))]
            held = self._held_sessions[credential.id] = (epoch, principal)
        return held[1] if self._stands(held[1].session) else None

    def _stands(self, session: Session | None) -> bool:
        """Return whether everything that a session came from still stands."""
        if session is None or self._sessions_outlive_issuer:
            return True
        return all(self._verifier.stands(each) for each in session.issuers)


def load(reader: Reader, account: str, owner: str) -> Principal | None:
    """Return the principal that owns long-term credentials under (account, owner), as the database has it now."""
    if owner == ROOT_OWNER:
        if records.account(reader, account) is None:
            return None
        return Principal("root", account, owner, account, iam_arn(account, "root"), "")
    user = records.user_by_id(reader, account, owner)
    if user is None:
        return None
    return Principal("user", account, owner, user.id, user.arn, user.name)


def _of_session(reader: Reader, session: Session) -> Principal | None:
    """Return the principal that a session makes of its role or user, None when that is gone."""
    account, name = session.account, session.name
    if session.type == "assumed-role":
        role = role_records.role_by_id(reader, account, session.entity)
        if role is None:
            return None
        arn = sts_arn(account, f"assumed-role/{role.name}/{name}")
        principal_id = f"{role.id}:{name}"
        return Principal(
            "assumed-role", account, role.id, principal_id, arn, "", session, role.arn, role.name
        )
    whole = load(reader, account, session.entity)
    if whole is None:
        return None
    behind = replace(whole, session=session, issuer_arn=whole.arn, issuer_name=whole.user_name)
    if session.type == "session-token":
        return behind
    arn = sts_arn(account, f"federated-user/{name}")
    return replace(behind, type="federated-user", id=f"{account}:{name}", arn=arn, user_name="")
