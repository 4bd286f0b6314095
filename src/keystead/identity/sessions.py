"""Makes sessions: temporary credentials that stand for a role, a federated user or a user.

Any product may issue its own kind of them. It declares a kind and says that the kind signs API requests:

    JIT_SESSION = session_kind("ssm.session", longest=timedelta(hours=1))
    PRODUCT = Product("ssm", kinds=lambda settings: [JIT_SESSION], signing_kinds=[JIT_SESSION.name], ...)

and mints inside an operation's transaction, after it has decided that the caller may:

    minted = base.sessions.mint(
        call.tx,
        JIT_SESSION,
        role_session(role, "OI-0123"),           # whom it stands for
        Scope(policy=document),                  # a session policy that limits it; lint it before
        by=call.credential,                      # the session ends with this credential, and those before it
        life=timedelta(hours=1),
    )
    minted.credential.id, minted.secret, minted.session_token, minted.credential.expires_at

From then on every door that signs knows it: `Principals` makes its principal, `Bearings` its policies, boundary and
session policies, and the journal its identity. It ends at its expiry, by `issuer.revoke(tx, id)`, with its role or
user, and with any credential that it came from. Record in the product's own tables, by the credential's id, what
else must be known of it. A door of the product's own asks `verifier.verify_key` or `authenticator`, and then
`principals.of(credential)`, which is None once an issuer or the role is gone.

Follows the STS API reference; the token is opaque and kept as a digest only.
"""

import base64
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer, Minted
from keystead.credentials.kind import Form, Kind, Lifetime, Storage
from keystead.credentials.shelf import Credential
from keystead.identity import session_records as records
from keystead.identity.role_records import Role
from keystead.identity.session_records import Scope, Session, SessionType
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import DomainError
from keystead.kernel.ids import access_key_id
from keystead.store.interface import Reader, Transaction

SESSION_ID_PREFIX = "ASIA"
TOKEN_BYTES = 180
"""Random bytes of a session token: 240 characters, inside what every client is known to take (150 to 400)."""
MAX_ISSUERS = 16
"""How long a chain of living sessions may be. AWS states no limit; without one a row could grow for ever."""
SHORTEST = timedelta(seconds=1)
KEEP_EXPIRED = timedelta(days=1)
"""Sessions are made by the thousands and expire by the hour: a day is enough to be told `ExpiredToken`."""


class ChainTooLong(DomainError):
    """A session comes from too many sessions that are still alive."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whom a session stands for. See `role_session`, `federated_user` and `session_of`."""

    type: SessionType
    account: str
    entity: str
    name: str


def role_session(role: Role, name: str) -> Standing:
    """A session of a role: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`. `name` is `[\\w+=,.@-]{2,64}`."""
    return Standing("assumed-role", role.account, role.id, name)


def federated_user(account: str, user_id: str, name: str) -> Standing:
    """Somebody for whom a user vouches: `arn:aws:sts::ACCOUNT:federated-user/NAME`."""
    return Standing("federated-user", account, user_id, name)


def session_of(account: str, owner: str) -> Standing:
    """A user, by unique id, or the account root (`ROOT_OWNER`) itself, by a credential that ends."""
    return Standing("session-token", account, owner, "")


def session_kind(name: str, *, longest: timedelta, shortest: timedelta = SHORTEST) -> Kind:
    """Return a kind of session: key id with prefix ASIA that carries the account, sealed secret, digested token."""
    return Kind(
        name=name,
        form=Form.SESSION,
        storage=Storage.BOTH,
        new_id=_new_id,
        new_session_token=_new_token,
        lifetime=Lifetime(minimum=shortest, maximum=longest),
        keep_expired=KEEP_EXPIRED,
    )


class Sessions:
    """Makes sessions of every kind; whether one may be made is decided before."""

    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock

    def mint(
        self,
        tx: Transaction,
        kind: Kind,
        stands_for: Standing,
        scope: Scope,
        *,
        by: Credential | None,
        life: timedelta,
        shortest_token: int = 0,
    ) -> Minted:
        """Return a new session of `kind` that lives for `life`.

        `by` is the credential that asked for it, None if nobody's did (a web identity). `shortest_token` is how
        many characters its token must have at least. Raises LifetimeRefused, ChainTooLong.
        """
        issuers = () if by is None else self._issuers(tx, by)
        if len(issuers) > MAX_ISSUERS:
            raise ChainTooLong(f"more than {MAX_ISSUERS} living sessions in a chain")
        minted = self._issuer.mint(
            tx,
            _with_token_of(kind, shortest_token),
            account=stands_for.account,
            # Not the bare id: a user that has sessions only can be deleted, which ends them.
            owner=f"{stands_for.entity}:{stands_for.name}",
            life=life,
        )
        credential = minted.credential
        scope = msgspec.structs.replace(scope, origin=_origin(tx, by, scope))
        records.add(
            tx,
            Session(
                credential.id,
                stands_for.account,
                stands_for.type,
                stands_for.entity,
                stands_for.name,
                issuers,
                credential.created_at,
                scope,
            ),
        )
        return minted

    def _issuers(self, reader: Reader, by: Credential) -> tuple[str, ...]:
        """Return what a session made by `by` comes from.

        A session in the chain may expire before those made from it, as at AWS; one that has is of no more account.
        """
        session = records.find(reader, by.account, by.id)
        if session is None:
            return (by.id,)
        return (*(each for each in session.issuers if self._is_alive(reader, each)), by.id)

    def _is_alive(self, reader: Reader, credential_id: str) -> bool:
        present = shelf.standing(reader, credential_id)
        return present is not None and (
            present.expires_at is None or now_ms(self._clock) < present.expires_at
        )


def _origin(reader: Reader, by: Credential | None, scope: Scope) -> str:
    """Return who is at the start of the chain. Names of sessions do not count: callers choose them."""
    if by is None:
        return f"web:{scope.provider}|{scope.subject}" if scope.provider else ""
    session = records.find(reader, by.account, by.id)
    return f"user:{by.account}:{by.owner}" if session is None else session.scope.origin


def _with_token_of(kind: Kind, characters: int) -> Kind:
    if characters <= TOKEN_BYTES // 3 * 4:
        return kind

    def longer(entropy: Entropy) -> bytes:
        return base64.b64encode(entropy.token_bytes(-(-characters // 4) * 3))

    return replace(kind, new_session_token=longer)


def _new_token(entropy: Entropy) -> bytes:
    return base64.b64encode(entropy.token_bytes(TOKEN_BYTES))


def _new_id(account: str, entropy: Entropy) -> str:
    return access_key_id(SESSION_ID_PREFIX, account, entropy)
