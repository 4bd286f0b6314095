"""Decides whether a presented credential is good here and now: the question every door asks.

Three answers: not one of ours, refused with a reason for the journal, or verified. What kinds a door takes, and
what each must be good for, is a mandatory argument. A cached entry is dropped on the event loop when the change
that touches it is committed, before anybody is told of that commit; so on one node its staleness is zero
requests. Expiry is judged against the clock at every use, cached or not.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from keystead.credentials import shelf
from keystead.credentials.kind import ACTIVE, Form, Kind, Kinds
from keystead.credentials.seal import Seal, binding
from keystead.credentials.shelf import Credential, Shelved
from keystead.kernel.clock import Clock
from keystead.kernel.secret import Secret
from keystead.store.interface import Reader

Reason = Literal[
    "unknown",
    "wrong-kind",
    "wrong-audience",
    "inactive",
    "expired",
    "token-missing",
    "token-unexpected",
    "token-wrong",
    "proof",
]
Accepts = Mapping[str, str]
"""The kinds that a door takes, by name, each with the audience it must be good for there."""
ANY_AUDIENCE = "*"
"""As an audience in `Accepts`: the door learns from the credential itself what it is good for, and goes by that."""

MAX_HELD = 200_000


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """What a signature is checked with. `version` changes with the secret."""

    key_id: str
    version: int
    secret: Secret


Proof = Callable[[KeyMaterial], bool]
"""Checks what the caller presented, a signature, against the key. Does the same work for any material."""


@dataclass(frozen=True, slots=True)
class NotMine:
    """The presented text has not the form of any credential that this door takes; try the next scheme."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A decision. `reason` is for the journal: the caller must not learn which it was.

    `credential` is set when the credential is known, whatever is wrong with it.
    """

    reason: Reason
    credential: Credential | None = None


@dataclass(slots=True)  # Not frozen: that doubles what making one for each request costs.
class Verified:
    """The credential that was presented, and nothing that was merely claimed."""

    credential: Credential


@dataclass(frozen=True, slots=True)
class _Held:
    credential: Credential
    kind: Kind
    material: KeyMaterial | None
    digest: bytes | None


class Verifier:
    """Verifies credentials against the shelf, with recently used ones held open in memory."""

    def __init__(self, kinds: Kinds, seal: Seal, reader: Reader, clock: Clock) -> None:
        self._kinds = kinds
        self._seal = seal
        self._reader = reader
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._id_by_digest: dict[bytes, str] = {}
        self._no_key = KeyMaterial("", 0, Secret(bytes(40)))
        self.generation = 0
        """Moves on whenever anything held may no longer be true: what a door made of a verdict ends with it."""

    def verify_key(
        self, key_id: str, session_token: Secret | None, proof: Proof, *, accepts: Accepts
    ) -> Refused | Verified:
        """Return whether a caller proved that it holds the secret of a key pair.

        The proof is always carried out, with made-up material for an unknown or unusable key: neither the
        answer nor its time may tell which keys exist. Errors: StoreUnavailable, SealBroken; callers refuse.
        """
        held = self._held.get(key_id) or self._load(key_id)
        if held is None or held.material is None:
            proof(self._no_key)
            return Refused("unknown")
        # The token first: without it an expired session must look like any other key that is not the caller's.
        reason = self._token_objection(held, session_token) or self._objection(held, accepts)
        if reason is not None:
            proof(self._no_key)
            return Refused(reason, held.credential)
        if not proof(held.material):
            return Refused("proof", held.credential)
        return Verified(held.credential)

    def verify_bearer(self, token: Secret, *, accepts: Accepts) -> NotMine | Refused | Verified:
        """Return whether a bearer token is good at this door.

        It is found by its keyed digest, so no comparison can leak by time how much of it was right.
        """
        if not self._has_a_form_of(token, accepts):
            return NotMine()
        held = self._load_bearer(self._seal.digest(token))
        if held is None or held.kind.form is not Form.BEARER:
            # A session token is found by its digest too, and is half a credential: it opens nothing alone.
            return Refused("unknown")
        reason = self._objection(held, accepts)
        return Verified(held.credential) if reason is None else Refused(reason, held.credential)

    def claimed(self, key_id: str) -> Credential | None:
        """Return the key pair that a caller claims to hold. Nothing is proven: whoever asks goes on to verify it.

        For doors where one kind of key is good for one of many audiences, and the request does not say which.
        """
        held = self._held.get(key_id) or self._load(key_id)
        return None if held is None else held.credential

    def still_good(self, reader: Reader, credential: Credential) -> bool:
        """Return whether a credential verified earlier is still good in this transaction.

        A change asks this first, so that nothing authenticated before a revoke is committed after it.
        """
        present = shelf.standing(reader, credential.id)
        if present is None or present.version != credential.version or present.status != ACTIVE:
            return False
        return present.expires_at is None or self._clock.epoch() * 1000 < present.expires_at

    def stands(self, credential_id: str) -> bool:
        """Return whether a credential that others were made from is still there and switched on.

        A session that has expired counts: at AWS too, what was made from it may live on. A key that has does not.
        """
        held = self._held.get(credential_id) or self._load(credential_id)
        if held is None:
            return False
        credential = held.credential
        return credential.status == ACTIVE and self._has_not_ended(held.kind, credential.expires_at)

    def stands_in(self, reader: Reader, credential_id: str) -> bool:
        """Return the same as it is in this transaction: nothing held in memory counts."""
        shelved = shelf.find(reader, credential_id)
        if shelved is None or shelved.credential.kind not in self._kinds:
            return False
        credential = shelved.credential
        kind = self._kinds[credential.kind]
        return credential.status == ACTIVE and self._has_not_ended(kind, credential.expires_at)

    def form_of(self, credential: Credential) -> Form | None:
        """Return the form of a credential's kind, None for a kind that no running product declares."""
        return self._kinds[credential.kind].form if credential.kind in self._kinds else None

    def forget(self, credential_id: str) -> None:
        """Drop what is held of a credential; its next use reads it afresh."""
        self.generation += 1
        held = self._held.pop(credential_id, None)
        if held is not None and held.digest is not None:
            self._id_by_digest.pop(held.digest, None)

    def forget_all(self) -> None:
        """Drop all that is held; every next use reads afresh."""
        self.generation += 1
        self._held.clear()
        self._id_by_digest.clear()

    def _objection(self, held: _Held, accepts: Accepts) -> Reason | None:
        credential = held.credential
        audience = accepts.get(credential.kind)
        if audience is None:
            return "wrong-kind"
        if audience not in (credential.audience, ANY_AUDIENCE):
            return "wrong-audience"
        if credential.status != ACTIVE:
            return "inactive"
        if credential.expires_at is not None and credential.is_expired(self._clock.epoch() * 1000):
            return "expired"
        return None

    def _has_not_ended(self, kind: Kind, expires_at: int | None) -> bool:
        return kind.form is Form.SESSION or expires_at is None or self._clock.epoch() * 1000 < expires_at

    def _token_objection(self, held: _Held, session_token: Secret | None) -> Reason | None:
        if held.kind.form is not Form.SESSION:
            return None if session_token is None else "token-unexpected"
        if session_token is None:
            return "token-missing"
        if held.digest is None or not hmac.compare_digest(held.digest, self._seal.digest(session_token)):
            return "token-wrong"
        return None

    def _has_a_form_of(self, token: Secret, accepts: Accepts) -> bool:
        # Revealed to look at its form only.
        presented = token.reveal()
        patterns = (self._kinds[name].bearer_pattern for name in accepts if name in self._kinds)
        return any(pattern is not None and re.fullmatch(pattern, presented) for pattern in patterns)

    def _load(self, key_id: str) -> _Held | None:
        return self._hold(shelf.find(self._reader, key_id))

    def _load_bearer(self, digest: bytes) -> _Held | None:
        held = self._held.get(self._id_by_digest.get(digest, ""))
        return held or self._hold(shelf.find_by_digest(self._reader, digest))

    def _hold(self, shelved: Shelved | None) -> _Held | None:
        """Keep an opened row in memory. Reading and keeping is one step of the loop: no commit comes between."""
        if shelved is None or shelved.credential.kind not in self._kinds:
            return None
        credential = shelved.credential
        held = _Held(credential, self._kinds[credential.kind], self._open(shelved), shelved.digest)
        if len(self._held) >= MAX_HELD:
            self.forget(next(iter(self._held)))
        self._held[credential.id] = held
        if shelved.digest is not None:
            self._id_by_digest[shelved.digest] = credential.id
        return held

    def _open(self, shelved: Shelved) -> KeyMaterial | None:
        credential = shelved.credential
        if shelved.sealed is None or self._kinds[credential.kind].form is Form.BEARER:
            return None
        bound_to = binding(credential.id, credential.account, credential.kind, credential.version)
        return KeyMaterial(credential.id, credential.version, self._seal.open(shelved.sealed, bound_to))
