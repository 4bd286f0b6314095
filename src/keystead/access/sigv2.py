"""Signature Version 2 as S3 still takes it: the query form of presigned URLs, and the header form.

Follows "Signing and Authenticating REST Requests" (Amazon S3 Developer Guide, REST authentication). boto3 and the
aws CLI make presigned URLs of this form in us-east-1 and eu-west-1 unless told otherwise.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal

from keystead.access.sigv4.canonical import merge, query_pairs
from keystead.access.sigv4.reasons import Malformed, Reason, Refused
from keystead.access.sigv4.request import SignedRequest
from keystead.access.sigv4.timestamps import epoch_from_basic, extended
from keystead.kernel.secret import Secret

SKEW_SECONDS = 900
SUBRESOURCES = frozenset(
    b"accelerate acl analytics cors delete inventory lifecycle location logging metrics notification object-lock"
    b" partNumber policy replication requestPayment response-cache-control response-content-disposition"
    b" response-content-encoding response-content-language response-content-type response-expires restore select"
    b" select-type storageClass tagging torrent uploadId uploads versionId versioning versions website".split()
)
"""The query parameters that are part of what is signed; all others are not covered by the signature."""

_QUERY_NAMES = (b"AWSAccessKeyId", b"Signature", b"Expires")
_HEADER_SCHEME = b"AWS "


@dataclass(frozen=True, slots=True)
class PresentedV2:
    """A claim to be a certain caller, not verified. `expires` (epoch seconds) is of the query form only."""

    key_id: str
    signature: str = field(repr=False)
    form: Literal["header", "query"]
    date: str
    expires: int | None
    session_token: Secret | None
    headers: Mapping[bytes, bytes] = field(repr=False)


def find(request: SignedRequest) -> PresentedV2 | None:
    """Return what the request presents in this version, or None. Raises Malformed."""
    headers = merge(request.headers)
    authorization = headers.get(b"authorization", b"").strip(b" \t")
    query = dict(query_pairs(request.raw_query))
    in_query = [name for name in _QUERY_NAMES[:2] if name in query]
    if authorization.startswith(_HEADER_SCHEME):
        if in_query or b"X-Amz-Signature" in query:
            raise Malformed(Reason.MORE_THAN_ONE_MECHANISM)
        return _from_header(authorization, headers)
    if not in_query or authorization or b"X-Amz-Signature" in query:
        return None
    return _from_query(request, query, headers)


def _from_header(authorization: bytes, headers: Mapping[bytes, bytes]) -> PresentedV2:
    key_id, colon, signature = authorization[len(_HEADER_SCHEME) :].strip().decode("latin-1").rpartition(":")
    if not colon or not key_id or not signature:
        raise Malformed(Reason.NOT_KEY_VALUE, part="Authorization", header="AWS …")
    date = headers.get(b"x-amz-date", headers.get(b"date"))
    if date is None:
        raise Malformed(Reason.MISSING_DATE)
    token = headers.get(b"x-amz-security-token")
    return PresentedV2(
        key_id,
        signature,
        "header",
        date.strip(b" \t").decode("latin-1"),
        None,
        None if token is None else Secret(token.strip(b" \t")),
        headers,
    )


def _from_query(
    request: SignedRequest, query: Mapping[bytes, bytes], headers: Mapping[bytes, bytes]
) -> PresentedV2:
    names = [name for name, _ in query_pairs(request.raw_query)]
    if any(names.count(name) != 1 for name in _QUERY_NAMES):
        raise Malformed(Reason.V2_QUERY_INCOMPLETE)
    expires = query[b"Expires"]
    if not expires.isdigit() or len(expires) > 12:
        raise Malformed(Reason.V2_EXPIRES_FORM)
    token = query.get(b"x-amz-security-token", headers.get(b"x-amz-security-token"))
    return PresentedV2(
        query[b"AWSAccessKeyId"].decode("latin-1"),
        query[b"Signature"].decode("latin-1"),
        "query",
        expires.decode("ascii"),
        int(expires),
        None if token is None else Secret(token),
        headers,
    )


def check(
    request: SignedRequest,
    presented: PresentedV2,
    bucket_of_host: bytes,
    secret: Secret,
    *,
    real_now: float,
    now: float,
) -> None:
    """Let pass a request that the holder of the secret signed, and that is not stale. Raises Refused.

    `bucket_of_host` is the bucket that the Host names, empty for path style. `real_now` judges the header form's
    date, `now` (the movable clock) the expiry of the query form; both epoch seconds.
    """
    _require_time(presented, real_now, now)
    # Revealed because HMAC-SHA1 is over the plain secret in this version; nothing is derived that could be kept.
    expected = hmac.digest(secret.reveal(), string_to_sign(request, presented, bucket_of_host), "sha1")
    try:
        given = base64.b64decode(presented.signature.encode("latin-1"), validate=True)
    except binascii.Error:
        given = b""
    if not hmac.compare_digest(expected, given):
        raise Refused(Reason.SIGNATURE_MISMATCH, key_id=presented.key_id, form=presented.form)


def _require_time(presented: PresentedV2, real_now: float, now: float) -> None:
    if presented.expires is not None:
        if now > presented.expires:
            raise Refused(
                Reason.V2_EXPIRED, expires_at=extended(presented.expires), server_time=extended(now)
            )
        return
    signed_at = _epoch_of(presented.date)
    if signed_at is None:
        raise Malformed(Reason.DATE_FORM, form="header", date=presented.date)
    if abs(real_now - signed_at) > SKEW_SECONDS:
        raise Refused(
            Reason.CLOCK_EARLY if real_now > signed_at else Reason.CLOCK_LATE,
            request_time=presented.date,
            server_time=extended(real_now),
            skew_milliseconds=str(SKEW_SECONDS * 1000),
        )


def _epoch_of(date: str) -> float | None:
    basic = epoch_from_basic(date)
    if basic is not None:
        return basic
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def string_to_sign(request: SignedRequest, presented: PresentedV2, bucket_of_host: bytes) -> bytes:
    """Return what the secret signs: method, three headers, the `x-amz-` headers, and the resource."""
    headers = presented.headers
    date = presented.date.encode("latin-1")
    if presented.form == "header" and b"x-amz-date" in headers:
        date = b""
    lines = [
        request.method.encode("latin-1"),
        headers.get(b"content-md5", b"").strip(),
        headers.get(b"content-type", b"").strip(),
        date,
    ]
    return b"\n".join(lines) + b"\n" + _amz_headers(request, headers) + _resource(request, bucket_of_host)


def signed_policy(secret: Secret, policy: bytes) -> str:
    """Return the signature of a POST form's policy (base64 text) in this version, as base64."""
    # Revealed for the same reason as in `check`.
    return base64.b64encode(hmac.digest(secret.reveal(), policy, hashlib.sha1)).decode("ascii")


def _amz_headers(request: SignedRequest, headers: Mapping[bytes, bytes]) -> bytes:
    found = {name: value for name, value in headers.items() if name.startswith(b"x-amz-")}
    found |= {
        name: value for name, value in query_pairs(request.raw_query) if name == b"x-amz-security-token"
    }
    return b"".join(name + b":" + b" ".join(found[name].split()) + b"\n" for name in sorted(found))


def _resource(request: SignedRequest, bucket_of_host: bytes) -> bytes:
    prefix = b"/" + bucket_of_host if bucket_of_host else b""
    query = _subresources(request.raw_query)
    return prefix + (request.raw_path or b"/") + (b"?" + b"&".join(query) if query else b"")


def _subresources(raw_query: bytes) -> Sequence[bytes]:
    found: list[tuple[bytes, bytes]] = []
    for part in raw_query.split(b"&"):
        # By the decoded name, as it is acted on: `%61cl` would otherwise be an `acl` that nobody signed.
        for name, decoded in query_pairs(part):
            if name in SUBRESOURCES:
                _, equals, value = part.partition(b"=")
                # Only the values of overrides are signed as decoded.
                shown = decoded if name.startswith(b"response-") else value
                found.append((name, name + equals + shown))
    return [text for _, text in sorted(found)]
