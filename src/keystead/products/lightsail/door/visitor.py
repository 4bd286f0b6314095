"""Who stands at the door: the one who signed a request, by header, query or form, or nobody.

Follows "Authenticating Requests (AWS Signature Version 4)" (Amazon S3 API Reference). Bucket keys, IAM keys and
sessions are proven alike; what each may do is `access`'s question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from keystead.access import postform, sigv2
from keystead.access.authenticate import Authenticator, SigV4Proof
from keystead.access.postform import PresentedForm
from keystead.access.sigv4 import Malformed, Reason, Refused, ServiceRules, SignedRequest, find
from keystead.access.sigv4 import Verified as VerifiedSignature
from keystead.access.sigv4.present import Presented
from keystead.credentials.shelf import Credential
from keystead.credentials.verify import KeyMaterial, Verifier
from keystead.identity.principals import Principal
from keystead.kernel.clock import Clock
from keystead.kernel.secret import Secret
from keystead.products.lightsail.door.request import S3Request

AuthType = Literal["", "REST-HEADER", "REST-QUERY-STRING", "POST"]
_AUTH_TYPES: Mapping[str, AuthType] = {"header": "REST-HEADER", "query": "REST-QUERY-STRING"}


@dataclass(slots=True)  # Not frozen: that doubles what making one for each request costs.
class Visitor:
    """A caller. Without a credential it is anonymous; a bucket key has no `principal`, its bucket is its audience.

    `signature` is what chunks of the body and its hash go by; None for what is signed otherwise. `region` is that
    of the credential scope, empty where there is none.
    """

    credential: Credential | None = None
    principal: Principal | None = None
    signature: VerifiedSignature | None = None
    auth_type: AuthType = ""
    signature_version: Literal["", "AWS", "AWS4-HMAC-SHA256"] = ""
    region: str = ""

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing was presented."""
        return self.credential is None


ANONYMOUS = Visitor()


class Proof(Protocol):
    """See `access.authenticate.SignatureProof`."""

    def __call__(self, material: KeyMaterial, /) -> bool:
        """Return whether the signature is the key's."""
        ...

    def take_failure(self) -> Refused | None:
        """Return what was wrong."""
        ...


class ProofByCheck:
    """A proof out of a plain check that raises Refused. Unknown keys cost the same work, and are refused."""

    def __init__(self, check: Callable[[Secret], object]) -> None:
        self._check = check
        self._failure: Refused | None = None

    def __call__(self, material: KeyMaterial) -> bool:
        """See Proof."""
        try:
            self._check(material.secret)
        except Refused as refused:
            self._failure = refused.with_traceback(None)
            return False
        return material.version != 0

    def take_failure(self) -> Refused | None:
        """See Proof."""
        failure, self._failure = self._failure, None
        return failure


class Visitors:
    """Finds out who signed a request."""

    def __init__(
        self,
        authenticator: Authenticator,
        verifier: Verifier,
        clock: Clock,
        rules: ServiceRules,
        bucket_key: str,
        *,
        takes_v2: bool,
    ) -> None:
        """`bucket_key` is the kind of bucket keys; `takes_v2` whether Signature Version 2 is taken at all."""
        self._authenticator = authenticator
        self._verifier = verifier
        self._clock = clock
        self._rules = rules
        self._bucket_key = bucket_key
        self._takes_v2 = takes_v2

    def identify(self, request: S3Request) -> Visitor:
        """Return who signed a request by its head. Raises Refused."""
        signed = request.signed
        # What begins like this is no claim of version 2, whatever stands in the query; most requests do.
        if not request.headers.get(b"authorization", b"").startswith(b"AWS4-"):
            old = sigv2.find(signed)
            if old is not None:
                return self._by_v2(request, signed, old)
        presented = find(signed)
        if presented is None:
            return ANONYMOUS
        proof = self._authenticator.proof(signed, presented, self._rules)
        credential = self.prove(presented.key_id, presented.session_token, proof)
        return self._visitor_v4(credential, presented, proof)

    def of_bucket_key(self, signed: SignedRequest) -> Visitor | None:
        """Return who signed a request by its head, if it shows a bucket's key; else None. Raises Refused."""
        presented = find(signed)
        claimed = None if presented is None else self._verifier.claimed(presented.key_id)
        if presented is None or claimed is None or claimed.kind != self._bucket_key:
            return None
        proof = self._authenticator.proof(signed, presented, self._rules)
        accepts = {self._bucket_key: claimed.audience}
        credential = self._authenticator.identify(presented.key_id, presented.session_token, proof, accepts)
        return self._visitor_v4(credential, presented, proof)

    def prove(self, key_id: str, session_token: Secret | None, proof: Proof) -> Credential:
        """Return the credential that a proof is good for, of any kind that opens this door. Raises Refused.

        A bucket key is taken for the bucket that it is for, whatever the request names: that it opens no other is
        decided by its policy, in the same words for buckets that exist and that do not.
        """
        claimed = self._verifier.claimed(key_id)
        accepts = dict(self._authenticator.accepts)
        if claimed is not None and claimed.kind == self._bucket_key:
            accepts[self._bucket_key] = claimed.audience
        return self._authenticator.identify(key_id, session_token, proof, accepts)

    def of(
        self, credential: Credential, auth_type: AuthType, version: Literal["AWS", "AWS4-HMAC-SHA256"]
    ) -> Visitor:
        """Return the visitor with a credential that was proven. Raises Refused when its owner is gone."""
        return Visitor(credential, self._principal(credential), None, auth_type, version)

    def of_form(self, presented: PresentedForm) -> Visitor:
        """Return who signed the policy of a form. Raises Refused."""
        if presented.version == "AWS" and not self._takes_v2:
            raise Malformed(Reason.UNSUPPORTED_ALGORITHM)

        def check(secret: Secret) -> None:
            postform.check(presented, secret, self._rules, real_now=self._clock.real_epoch())

        credential = self.prove(presented.key_id, presented.session_token, ProofByCheck(check))
        return replace(self.of(credential, "POST", presented.version), region=presented.region)

    def _visitor_v4(self, credential: Credential, presented: Presented, proof: SigV4Proof) -> Visitor:
        return Visitor(
            credential,
            self._principal(credential),
            proof.verified,
            _AUTH_TYPES[presented.form],
            "AWS4-HMAC-SHA256",
            presented.region,
        )

    def _principal(self, credential: Credential) -> Principal | None:
        return None if credential.kind == self._bucket_key else self._authenticator.principal(credential)

    def _by_v2(self, request: S3Request, signed: SignedRequest, presented: sigv2.PresentedV2) -> Visitor:
        if not self._takes_v2:
            raise Malformed(Reason.UNSUPPORTED_ALGORITHM)
        host = request.bucket_of_host

        def check(secret: Secret) -> None:
            real_now, now = self._clock.real_epoch(), self._clock.epoch()
            sigv2.check(signed, presented, host, secret, real_now=real_now, now=now)

        credential = self.prove(presented.key_id, presented.session_token, ProofByCheck(check))
        return self.of(credential, _AUTH_TYPES[presented.form], "AWS")
