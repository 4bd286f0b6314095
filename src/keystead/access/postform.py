"""Signatures of browser forms: a policy document, as base64 text, signed by Signature Version 4 or 2.

Follows "Authenticating requests in browser-based uploads using POST" (Amazon S3 API Reference, Signature Version 4)
and "Browser-based uploads using POST" (Version 2). Only the policy is signed; what it says of the other fields is
for the door to compare.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from keystead.access import sigv2
from keystead.access.sigv4.keys import derive
from keystead.access.sigv4.present import ALGORITHM
from keystead.access.sigv4.reasons import Malformed, Reason, Refused
from keystead.access.sigv4.request import ServiceRules
from keystead.access.sigv4.timestamps import epoch_from_basic
from keystead.access.sigv4.verify import TERMINATOR
from keystead.kernel.secret import Secret

SKEW_SECONDS = 900
OLDEST_SECONDS = 7 * 86_400
"""How old a Version 4 form may be: its signing key is good for seven days, whatever the policy says."""
_V4 = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_V2 = ("awsaccesskeyid", "signature")


@dataclass(frozen=True, slots=True)
class PresentedForm:
    """A claim to be a certain caller, not verified. `scope` and `timestamp` are of Version 4 only.

    `version` is as S3's condition keys name it.
    """

    key_id: str
    policy: bytes
    signature: str = field(repr=False)
    version: Literal["AWS", "AWS4-HMAC-SHA256"]
    session_token: Secret | None
    scope: str = ""
    timestamp: str = ""

    @property
    def region(self) -> str:
        """The region of the credential scope, empty in Version 2."""
        return self.scope.split("/")[1] if self.scope else ""


def find(fields: Mapping[str, str]) -> PresentedForm | None:
    """Return what a form presents, None where it presents nothing. Names of `fields` are in lower case.

    Raises Malformed for a signature of which a part is missing or unreadable, and for two signatures.
    """
    of_v4 = [name for name in _V4 if name in fields]
    of_v2 = [name for name in _V2 if name in fields]
    if not of_v4 and not of_v2:
        return None
    if of_v4 and of_v2:
        raise Malformed(Reason.MORE_THAN_ONE_MECHANISM)
    if len(of_v4 or of_v2) != len(_V4 if of_v4 else _V2) or "policy" not in fields:
        raise Malformed(
            Reason.MISSING_QUERY_PARAMETERS if of_v4 else Reason.V2_QUERY_INCOMPLETE, form="query"
        )
    token = fields.get("x-amz-security-token")
    secret_token = None if token is None else Secret(token.encode())
    policy = fields["policy"].encode()
    if of_v2:
        return PresentedForm(fields["awsaccesskeyid"], policy, fields["signature"], "AWS", secret_token)
    if fields["x-amz-algorithm"] != ALGORITHM:
        raise Malformed(Reason.UNSUPPORTED_ALGORITHM, algorithm=fields["x-amz-algorithm"])
    key_id, slash, scope = fields["x-amz-credential"].partition("/")
    if not slash or scope.count("/") != 3:
        raise Malformed(Reason.CREDENTIAL_FORM, form="query", credential=fields["x-amz-credential"])
    return PresentedForm(
        key_id,
        policy,
        fields["x-amz-signature"],
        "AWS4-HMAC-SHA256",
        secret_token,
        scope,
        fields["x-amz-date"],
    )


def check(presented: PresentedForm, secret: Secret, rules: ServiceRules, *, real_now: float) -> None:
    """Let pass a form whose policy the holder of the secret signed. Raises Refused.

    Whether the policy still is good, and whether the form keeps to it, is judged by whoever reads it.
    """
    if presented.version == "AWS":
        expected = sigv2.signed_policy(secret, presented.policy)
    else:
        _require_scope(presented, rules, real_now)
        expected = derive(secret, presented.scope).sign(presented.policy)
    if not hmac.compare_digest(expected.encode(), presented.signature.encode()):
        raise Refused(Reason.SIGNATURE_MISMATCH, key_id=presented.key_id, form="query")


def _require_scope(presented: PresentedForm, rules: ServiceRules, real_now: float) -> None:
    date, region, service, terminator = presented.scope.split("/")
    signed_at = epoch_from_basic(presented.timestamp)
    if signed_at is None:
        raise Malformed(Reason.DATE_FORM, form="query", date=presented.timestamp)
    for reason, given, expected in (
        (Reason.SCOPE_DATE, date, presented.timestamp[:8]),
        (Reason.SCOPE_SERVICE, service, rules.service),
        (Reason.SCOPE_TERMINATOR, terminator, TERMINATOR),
    ):
        if given != expected:
            raise Refused(reason, form="query", given=given, expected=expected)
    if region not in rules.regions:
        raise Refused(Reason.SCOPE_REGION, form="query", given=region, expected=rules.expected_region)
    if not -SKEW_SECONDS <= real_now - signed_at <= OLDEST_SECONDS:
        # In the words of a wrong signature: the signing key is not good at this time.
        raise Refused(Reason.SIGNATURE_MISMATCH, key_id=presented.key_id, form="query")
