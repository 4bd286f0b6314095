"""Mints, switches, expires and revokes credentials, each inside the caller's transaction.

Doors, the gateway and `access` never reach this module, even indirectly (an import contract). Every change that
can take access away has the verifier forget the credential before anybody is told of the commit, and moves the
epoch on for other nodes' verifiers.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from keystead.credentials import shelf
from keystead.credentials.kind import Kind, Kinds
from keystead.credentials.seal import Seal, binding
from keystead.credentials.shelf import Credential
from keystead.credentials.verify import Verifier
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import DomainError, NotFound, QuotaExceeded
from keystead.kernel.secret import Secret
from keystead.store.interface import Transaction

_ID_ATTEMPTS = 8


class LifetimeRefused(DomainError):
    """The lifetime asked for is outside the kind's bounds."""


class ReplayMismatch(DomainError):
    """The client token was used before, with other parameters."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A client token and the fingerprint of the request that it came with."""

    client_token: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Minted:
    """A new credential with its secret, which may be told once the transaction is committed."""

    credential: Credential
    secret: Secret
    session_token: Secret | None = None


class Issuer:
    """Makes and changes credentials of every kind."""

    def __init__(self, kinds: Kinds, seal: Seal, verifier: Verifier, clock: Clock, entropy: Entropy) -> None:
        self._kinds = kinds
        self._seal = seal
        self._verifier = verifier
        self._clock = clock
        self._entropy = entropy

    @property
    def kinds(self) -> Kinds:
        """Every kind that can be minted."""
        return self._kinds

    def mint(
        self,
        tx: Transaction,
        kind: Kind,
        *,
        account: str,
        owner: str,
        audience: str = "",
        life: timedelta | None = None,
        ends_at: int | None = None,
        replay: Replay | None = None,
    ) -> Minted:
        """Return a new credential of `kind` for `owner`, in the kind's first state.

        `life` is how long it lives, or `ends_at` when it ends, in milliseconds since the epoch; with neither the
        kind's default counts. `replay` gives the same credential again for the same client token. Raises
        QuotaExceeded, LifetimeRefused, ReplayMismatch.
        """
        if replay is not None and (again := self._replayed(tx, kind, replay, (account, owner, audience))):
            return again
        self._check_quota(tx, kind, account, owner)
        # Read once: a credential lives for what it was given, to the millisecond.
        present = now_ms(self._clock)
        expires_at = _expiry(kind, life, ends_at, present)
        secret = Secret(kind.new_secret(self._entropy))
        token = None if kind.new_session_token is None else Secret(kind.new_session_token(self._entropy))
        for _ in range(_ID_ATTEMPTS):
            credential = Credential(
                kind.new_id(account, self._entropy),
                kind.name,
                account,
                owner,
                audience,
                kind.states.initial,
                present,
                expires_at,
                1,
            )
            minted = Minted(credential, secret, token)
            if self._shelve(tx, kind, minted, replay):
                return minted
        raise RuntimeError("no free credential id was drawn")

    def set_status(self, tx: Transaction, credential: Credential, status: str) -> Credential:
        """Move a credential to `status`. Raises StepRefused when its kind's table forbids the step."""
        self._kinds[credential.kind].states.check(credential.status, status)
        if not shelf.set_status(tx, credential.id, status):
            raise NotFound("credential", credential.id)
        self._forget_after(tx, credential.id)
        return replace(credential, status=status)

    def expire(self, tx: Transaction, credential: Credential, at_ms: int | None) -> Credential:
        """Set when a credential ends; None is never. For the operator: works for every kind."""
        if not shelf.set_expiry(tx, credential.id, at_ms):
            raise NotFound("credential", credential.id)
        self._forget_after(tx, credential.id)
        return replace(credential, expires_at=at_ms)

    def revoke(self, tx: Transaction, credential_id: str) -> None:
        """Delete a credential for good. Raises NotFound."""
        if not shelf.remove(tx, credential_id):
            raise NotFound("credential", credential_id)
        self._forget_after(tx, credential_id)

    def _replayed(
        self, tx: Transaction, kind: Kind, replay: Replay, whose: tuple[str, str, str]
    ) -> Minted | None:
        """Return what a client token made before, if it was for the same account, owner and audience."""
        if not kind.replays:
            raise ValueError(f"{kind.name} declares no replay")
        found = shelf.find_replay(tx, whose[0], kind.name, replay.client_token)
        if found is None:
            return None
        shelved, fingerprint = found
        credential = shelved.credential
        # Whatever went into the fingerprint: nobody is told a secret that another owner minted.
        is_same = whose == (credential.account, credential.owner, credential.audience)
        if not is_same or fingerprint != replay.fingerprint or shelved.sealed is None:
            raise ReplayMismatch("the client token was used with other parameters")
        bound_to = binding(credential.id, credential.account, kind.name, credential.version)
        return Minted(credential, self._seal.open(shelved.sealed, bound_to))

    def _check_quota(self, tx: Transaction, kind: Kind, account: str, owner: str) -> None:
        quota = kind.quota
        if quota and shelf.count_of_owner(tx, account, owner, kind.name) >= quota.limit:
            raise QuotaExceeded(quota.name, quota.limit, owner)

    def _shelve(self, tx: Transaction, kind: Kind, minted: Minted, replay: Replay | None) -> bool:
        """Keep a new credential; what a holder shows is digested, what a signature needs is sealed."""
        credential, sealed, digest = minted.credential, None, None
        data_key = self._seal.digest_key_number
        if kind.storage.is_digested:
            digest = self._seal.digest(minted.session_token or minted.secret)
        if kind.storage.is_sealed:
            bound_to = binding(credential.id, credential.account, kind.name, credential.version)
            sealed = self._seal.close(credential.account, minted.secret, bound_to)
            data_key = sealed.data_key
        token = None if replay is None else (replay.client_token, replay.fingerprint)
        return shelf.add(tx, credential, sealed, digest, data_key, token)

    def _forget_after(self, tx: Transaction, credential_id: str) -> None:
        tx.revokes()
        tx.after_commit(lambda: self._verifier.forget(credential_id))


def _expiry(kind: Kind, life: timedelta | None, ends_at: int | None, present: int) -> int | None:
    """Return when a credential made now ends, in milliseconds; None is never. Raises LifetimeRefused."""
    wanted = timedelta(milliseconds=ends_at - present) if ends_at is not None else life
    if wanted is None:
        wanted = kind.lifetime.default
    if wanted is None and kind.lifetime.maximum is None:
        return None
    if wanted is None or not kind.lifetime.allows(wanted):
        raise LifetimeRefused(f"a {kind.name} cannot live for {wanted}")
    return ends_at if ends_at is not None else present + int(wanted.total_seconds() * 1000)
