"""Turns a signed request into the principal that signed it, or refuses: the one way past every API door.

It joins the SigV4 check with the credential core: the core looks the key up and judges it, the signature is
the proof, and the principal is that of the credential which was verified, never one that was claimed.
"""

from dataclasses import dataclass
from typing import Protocol

from keystead.access import sigv4
from keystead.access.sigv4 import Presented, Reason, Refused, ServiceRules, SignedRequest
from keystead.access.sigv4 import Verifier as Signatures
from keystead.credentials import verify
from keystead.credentials.shelf import Credential
from keystead.credentials.verify import Accepts, KeyMaterial, Verified, Verifier
from keystead.identity.principals import Principal, Principals
from keystead.identity.role_uses import RoleUses
from keystead.kernel.clock import Clock
from keystead.kernel.secret import Secret
from keystead.store.interface import Reader

SESSION_PREFIX = "ASIA"

_REASONS: dict[verify.Reason, Reason] = {
    "unknown": Reason.UNKNOWN_KEY,
    "wrong-kind": Reason.UNKNOWN_KEY,
    "wrong-audience": Reason.UNKNOWN_KEY,
    "inactive": Reason.INACTIVE_KEY,
    "expired": Reason.INACTIVE_KEY,
    "token-missing": Reason.MISSING_TOKEN,
    "token-unexpected": Reason.BAD_TOKEN,
    "token-wrong": Reason.BAD_TOKEN,
    "proof": Reason.SIGNATURE_MISMATCH,
}
"""What the core's refusals are to a signer. Of a failed proof the signature check says itself what it was."""


@dataclass(slots=True)  # Not frozen: that doubles what making one for each request costs.
class Authenticated:
    """A verified caller."""

    principal: Principal
    credential: Credential


class Authenticator:
    """Authenticates SigV4 requests against the kinds of key pair that sign API requests."""

    def __init__(
        self,
        verifier: Verifier,
        signatures: Signatures,
        principals: Principals,
        clock: Clock,
        accepts: Accepts,
        role_uses: RoleUses,
    ) -> None:
        self._verifier = verifier
        self._signatures = signatures
        self._principals = principals
        self._clock = clock
        self.accepts = accepts
        self._role_uses = role_uses

    def authenticate(
        self, request: SignedRequest, presented: Presented, rules: ServiceRules
    ) -> Authenticated:
        """Return who signed `request`. Raises Refused, of which the caller is told only what AWS tells."""
        credential = self.identify(
            presented.key_id, presented.session_token, self.proof(request, presented, rules), self.accepts
        )
        principal = self.principal(credential)
        self._role_uses.touch(principal, presented.region)
        return Authenticated(principal, credential)

    def proof(self, request: SignedRequest, presented: Presented, rules: ServiceRules) -> "SigV4Proof":
        """Return the check of one request's signature, for `identify`."""
        return SigV4Proof(self._signatures, self._clock, request, presented, rules)

    def identify(
        self, key_id: str, session_token: Secret | None, proof: "SignatureProof", accepts: Accepts
    ) -> Credential:
        """Return the key pair whose secret made a signature, out of the kinds in `accepts`. Raises Refused."""
        outcome = self._verifier.verify_key(key_id, session_token, proof, accepts=accepts)
        if not isinstance(outcome, Verified):
            raise _refusal(outcome, key_id, proof.take_failure())
        return outcome.credential

    def principal(self, credential: Credential) -> Principal:
        """Return whom a verified credential belongs to. Raises Refused when that owner is gone."""
        principal = self._principals.of(credential)
        if principal is None:
            raise Refused(Reason.UNKNOWN_KEY)
        return principal

    def again(self, reader: Reader, caller: Authenticated) -> Authenticated:
        """Return the caller as it is inside this transaction. Raises Refused when it is no longer good.

        What was authenticated before a revoke must not be committed after it (DESIGN rule 3).
        """
        credential = caller.credential
        principal = self._principals.again(reader, credential)
        if principal is None or not self._verifier.still_good(reader, credential):
            raise Refused(Reason.INACTIVE_KEY)
        return Authenticated(principal, credential)


class SignatureProof(Protocol):
    """A check of what a caller signed that keeps what was wrong. See `credentials.verify.Proof`."""

    def __call__(self, material: KeyMaterial, /) -> bool:
        """Return whether the signature is the key's."""
        ...

    def take_failure(self) -> Refused | None:
        """Return what was wrong, and let go of it."""
        ...


class SigV4Proof:
    """Checks one request's signature against the key that the core found. `verified` is set when it is right."""

    __slots__ = ("_clock", "_failure", "_presented", "_request", "_rules", "_signatures", "verified")

    def __init__(
        self,
        signatures: Signatures,
        clock: Clock,
        request: SignedRequest,
        presented: Presented,
        rules: ServiceRules,
    ) -> None:
        self._signatures = signatures
        self._clock = clock
        self._request = request
        self._presented = presented
        self._rules = rules
        self._failure: Refused | None = None
        self.verified: sigv4.Verified | None = None

    def __call__(self, material: KeyMaterial) -> bool:
        """Check the signature. Version 0 is made-up material: the same work, and always a refusal."""
        try:
            if material.version == 0:
                self._signatures.refuse(
                    self._request, self._presented, self._rules, reason=Reason.UNKNOWN_KEY
                )
            self.verified = self._signatures.check(
                self._request,
                self._presented,
                self._rules,
                lambda: material.secret,
                material.version,
                real_now=self._clock.real_epoch(),
                now=self._clock.epoch(),
            )
        except Refused as refused:
            self._failure = refused.with_traceback(None)
            return False
        return True

    def take_failure(self) -> Refused | None:
        """Return what the signature check said, and let go of it.

        A refusal that its own traceback's frames refer to is left to the garbage collector, and a flood of bad
        signatures would keep that busy.
        """
        failure, self._failure = self._failure, None
        return failure


def _refusal(outcome: verify.Refused, key_id: str, failure: Refused | None) -> Refused:
    if outcome.reason == "proof" and failure is not None:
        return failure
    is_session = key_id.startswith(SESSION_PREFIX)
    if outcome.reason == "expired" and is_session:
        return Refused(Reason.EXPIRED_SESSION)
    return Refused(_REASONS[outcome.reason], key_id=key_id)
