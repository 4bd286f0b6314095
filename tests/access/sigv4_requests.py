"""Requests for the SigV4 tests: signed by botocore, sent as raw bytes, verified as the gateway does it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from keystead.access.sigv4 import (
    Presented,
    Reason,
    Refused,
    ServiceRules,
    SignedRequest,
    Verified,
    Verifier,
    find,
    rules_for,
)
from keystead.kernel.secret import Secret

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:4650"
IAM = rules_for("iam", {"us-east-1"}, "us-east-1")
SSM = rules_for("ssm", {"us-east-1", "eu-west-1"}, "us-east-1")
S3 = rules_for("s3", {"eu-west-1"}, "eu-west-1")


@dataclass(frozen=True)
class Sent:
    """One request on the wire."""

    method: str = "POST"
    path: bytes = b"/"
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def header(self, name: bytes) -> bytes:
        return dict(self.headers)[name]

    def with_header(self, name: bytes, value: bytes | None) -> "Sent":
        """The same with one header set, or taken away."""
        others = tuple((key, old) for key, old in self.headers if key != name)
        return replace(self, headers=others if value is None else (*others, (name, value)))

    def also(self, name: bytes, value: bytes) -> "Sent":
        return replace(self, headers=(*self.headers, (name, value)))

    def request(self) -> SignedRequest:
        digest = hashlib.sha256(self.body).hexdigest()
        return SignedRequest(self.method, self.path, self.query, self.headers, digest)


def sign(
    rules: ServiceRules,
    *,
    method: str = "POST",
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    token: str | None = None,
    secret: str = SECRET,
    presigned_seconds: int | None = None,
    region: str | None = None,
    service: str | None = None,
    key_id: str = KEY_ID,
) -> Sent:
    """A request as botocore signs it now, in header form, or presigned when that has a life."""
    request = AWSRequest(
        method, f"http://{HOST}{target}", headers={"Host": HOST, **(headers or {})}, data=body
    )
    if presigned_seconds is not None:
        request.data = b""  # botocore would read it as form fields.
    scope = (Credentials(key_id, secret, token), service or rules.service, region or rules.expected_region)
    if presigned_seconds is None:
        signer = (S3SigV4Auth if rules.is_s3 else SigV4Auth)(*scope)
    else:
        kind = S3SigV4QueryAuth if rules.is_s3 else SigV4QueryAuth
        signer = kind(*scope, expires=presigned_seconds)
    signer.add_auth(request)
    _, _, path, query, _ = urlsplit(request.url)
    raw = tuple((k.lower().encode(), v.encode("latin-1")) for k, v in request.headers.items())
    sent_body = b"" if presigned_seconds is not None else body
    return Sent(method, path.encode("latin-1"), query.encode("latin-1"), raw, sent_body)


def presented(sent: Sent) -> Presented:
    found = find(sent.request())
    assert found is not None
    return found


def verify(
    sent: Sent,
    rules: ServiceRules,
    *,
    secret: str = SECRET,
    verifier: Verifier | None = None,
    late_seconds: float = 0,
    clock_seconds: float = 0,
    signed_at: float | None = None,
) -> Verified:
    """Find, look up and check, `late_seconds` after the timestamp; the movable clock may differ from that."""
    request, verifier = sent.request(), verifier or Verifier()
    found = find(request)
    if found is None:
        raise Refused(Reason.MISSING_AUTHENTICATION)
    if found.key_id != KEY_ID:
        verifier.refuse(request, found, rules)
    real_now = (found.time if signed_at is None else signed_at) + late_seconds
    return verifier.check(
        request,
        found,
        rules,
        lambda: Secret(secret.encode()),
        1,
        real_now=real_now,
        now=real_now + clock_seconds,
    )
