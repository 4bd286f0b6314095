"""SigV4 verification: rebuilds the canonical request and compares in constant time.

Follows "Create a signed AWS API request" and "Troubleshoot Signature Version 4 requests" (IAM User Guide).
Faults are answered in this order: malformed, unknown key, token (the caller's part), clock and scope, signature.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from keystead.access.sigv4.canonical import (
    canonical_path,
    canonical_query,
    canonical_request,
    canonical_s3_path,
)
from keystead.access.sigv4.keys import SigningKey, SigningKeys
from keystead.access.sigv4.present import ALGORITHM, Presented
from keystead.access.sigv4.reasons import Malformed, Reason, Refused
from keystead.access.sigv4.request import ServiceRules, SignedRequest
from keystead.access.sigv4.timestamps import basic, extended
from keystead.kernel.secret import Secret

TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

# A whole digest, or a keyword that says how the body is protected instead; the door that reads it decides.
_DECLARED_PAYLOAD = re.compile(r"[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]{1,64}")
_MASKED_LINES = re.compile(
    rb"^((?:x-amz-security-token|x-amz-s3session-token|cookie|authorization):).*$", re.M
)
_MASKED_QUERY = re.compile(rb"(X-Amz-Security-Token=)[^&\n]*")


@dataclass(slots=True)
class Verified:
    """A signature that is right. `payload` is the body hash or keyword that it covers.

    A body signed chunk by chunk continues from here: `presented.signature` is the seed, `key` signs, and
    `presented.timestamp` and `presented.scope` stand in every chunk's string to sign.
    """

    presented: Presented
    key: SigningKey
    payload: str


class Mismatch(Refused):
    """The signature is not the one this request should have. Shows what was signed, never a signature or a key."""

    def __init__(
        self, request: SignedRequest, presented: Presented, rules: ServiceRules, payload: str
    ) -> None:
        super().__init__(Reason.SIGNATURE_MISMATCH, key_id=presented.key_id, form=presented.form)
        self._parts = (request, presented, rules, payload)

    def canonical_request(self, *, masked: bool = True) -> bytes:
        """Return the canonical request as rebuilt here; masked, it holds no token and no cookie."""
        text = _canonical(*self._parts)
        return _MASKED_QUERY.sub(rb"\1...", _MASKED_LINES.sub(rb"\1...", text)) if masked else text

    @property
    def signature_provided(self) -> str:
        """The wrong signature, as the caller sent it. For the answer to that caller alone."""
        return self._parts[1].signature

    def string_to_sign(self) -> bytes:
        """Return the string to sign that follows from the unmasked canonical request."""
        return string_to_sign(self._parts[1], _canonical(*self._parts))


class Verifier:
    """Checks presented signatures, with the signing keys of recent requests at hand.

    `capacity` bounds the cache of signing keys (about 1 KiB each). See `SigningKeys` for what staleness means.
    """

    def __init__(self, capacity: int = 16_384) -> None:
        self._keys = SigningKeys(capacity)
        self._nobody = SigningKey(bytes(32))

    def check(
        self,
        request: SignedRequest,
        presented: Presented,
        rules: ServiceRules,
        open_secret: Callable[[], Secret],
        key_version: int,
        *,
        real_now: float,
        now: float,
    ) -> Verified:
        """Return proof that the holder of the secret signed this request for this service, lately.

        `open_secret` is called only if the signing key is not cached; `key_version` tells two secrets of
        one key id apart. `real_now` judges timestamps, `now` (the movable clock) the life of presigned
        requests, both in epoch seconds. Raises Refused; Malformed if S3's own headers are missing or unreadable.
        """
        payload = _payload(request, presented, rules)
        _require_time(presented, rules, real_now, now)
        _require_scope(presented, rules)
        _require_headers(presented)
        # Only now is the scope known to be one of ours: before, a caller could fill the cache with others.
        key = self._keys.get(presented.key_id, key_version, presented.scope, open_secret)
        if not _is_signed_by(key, request, presented, rules, payload):
            raise Mismatch(request, presented, rules, payload)
        return Verified(presented, key, payload)

    def refuse(
        self,
        request: SignedRequest,
        presented: Presented,
        rules: ServiceRules,
        reason: Reason = Reason.UNKNOWN_KEY,
    ) -> NoReturn:
        """Raise Refused for a key id that does not count, after the work that a real one costs.

        Unknown, deleted and inactive keys come here alike: time must not tell them from a wrong secret.
        """
        payload = _payload(request, presented, rules)
        _is_signed_by(self._nobody, request, presented, rules, payload)
        raise Refused(reason, key_id=presented.key_id, form=presented.form)

    def forget(self, key_id: str) -> None:
        """Drop the signing keys of a key id that was revoked, deactivated or rotated."""
        self._keys.forget(key_id)


def string_to_sign(presented: Presented, canonical: bytes) -> bytes:
    """Return what the signing key signs: algorithm, time, scope and the hash of the canonical request."""
    digest = hashlib.sha256(canonical).hexdigest()
    return f"{ALGORITHM}\n{presented.timestamp}\n{presented.scope}\n{digest}".encode("latin-1")


def _is_signed_by(
    key: SigningKey, request: SignedRequest, presented: Presented, rules: ServiceRules, payload: str
) -> bool:
    if _has_signature(key, presented, _canonical(request, presented, rules, payload)):
        return True
    if presented.form == "header" or b"X-Amz-Security-Token" not in request.raw_query:
        return False
    # Some clients append the token to a presigned URL after signing it; the token itself proves who it is for.
    without_token = _canonical(request, presented, rules, payload, b"X-Amz-Security-Token")
    return _has_signature(key, presented, without_token)


def _has_signature(key: SigningKey, presented: Presented, canonical: bytes) -> bool:
    expected = key.sign(string_to_sign(presented, canonical))
    # compare_digest refuses to compare text beyond ASCII; such a signature is wrong anyway.
    return presented.signature.isascii() and hmac.compare_digest(expected, presented.signature)


def _canonical(
    request: SignedRequest, presented: Presented, rules: ServiceRules, payload: str, *without: bytes
) -> bytes:
    if presented.form == "query":
        without = (b"X-Amz-Signature", *without)
    return canonical_request(
        request.method,
        canonical_s3_path(request.raw_path) if rules.is_s3 else canonical_path(request.raw_path),
        canonical_query(request.raw_query, without),
        presented.headers,
        presented.signed_headers,
        payload,
    )


def _payload(request: SignedRequest, presented: Presented, rules: ServiceRules) -> str:
    """Return the last line of the canonical request: for S3 what was declared, for others the body's hash."""
    if not rules.is_s3:
        return request.payload_hash()
    if presented.form == "query" and presented.expires_seconds is None:
        raise Malformed(Reason.MISSING_QUERY_PARAMETERS, missing="X-Amz-Expires")
    declared = presented.payload
    header = presented.headers.get(b"x-amz-content-sha256")
    if declared is None and header is not None:
        declared = header.strip(b" \t").decode("latin-1")
    if declared is None and presented.form == "header":
        raise Malformed(Reason.CONTENT_SHA256_MISSING)
    if declared is not None and not _DECLARED_PAYLOAD.fullmatch(declared):
        raise Malformed(Reason.CONTENT_SHA256_FORM)
    return UNSIGNED_PAYLOAD if declared is None else declared


def _require_time(presented: Presented, rules: ServiceRules, real_now: float, now: float) -> None:
    lifetime = presented.expires_seconds
    # UNCONFIRMED outside S3: a life shorter than the window does not shorten it. STS is known to honour
    # 15 minutes where clients (EKS token helpers) ask for 60 seconds; longer lives are known at other services.
    lives_longer = lifetime is not None and (rules.is_s3 or lifetime > rules.skew_seconds)
    age = real_now - presented.time
    if age < -rules.skew_seconds:
        reason = Reason.PRESIGN_NOT_YET if lives_longer else Reason.CLOCK_LATE
        raise _untimely(reason, presented, rules, real_now, -rules.skew_seconds)
    if lifetime is not None and lives_longer:
        if now > presented.time + lifetime:
            raise _untimely(Reason.PRESIGN_EXPIRED, presented, rules, now, lifetime)
    elif age > rules.skew_seconds:
        raise _untimely(Reason.CLOCK_EARLY, presented, rules, real_now, rules.skew_seconds)


def _untimely(
    reason: Reason, presented: Presented, rules: ServiceRules, now: float, window_seconds: int
) -> Refused:
    return Refused(
        reason,
        request_time=presented.timestamp,
        edge=basic(now - window_seconds),
        now=basic(now),
        minutes=f"{abs(window_seconds) / 60:g}",
        server_time=extended(now),
        skew_milliseconds=str(rules.skew_seconds * 1000),
        expires_seconds=str(presented.expires_seconds),
        expires_at=extended(presented.time + (presented.expires_seconds or 0)),
    )


def _require_scope(presented: Presented, rules: ServiceRules) -> None:
    if presented.date != presented.timestamp[:8]:
        raise _outside(Reason.SCOPE_DATE, presented, presented.date, presented.timestamp[:8])
    if presented.region not in rules.regions:
        raise _outside(Reason.SCOPE_REGION, presented, presented.region, rules.expected_region)
    if presented.service != rules.service:
        raise _outside(Reason.SCOPE_SERVICE, presented, presented.service, rules.service)
    if presented.terminator != TERMINATOR:
        raise _outside(Reason.SCOPE_TERMINATOR, presented, presented.terminator, TERMINATOR)


def _outside(reason: Reason, presented: Presented, given: str, expected: str) -> Refused:
    return Refused(
        reason, form=presented.form, given=given, expected=expected, request_time=presented.timestamp
    )


def _require_headers(presented: Presented) -> None:
    signed, headers = presented.signed_headers, presented.headers
    if b"host" not in signed:
        raise Refused(Reason.HOST_NOT_SIGNED, key_id=presented.key_id)
    for name in signed:
        if name not in headers:
            raise Refused(Reason.SIGNED_HEADER_ABSENT, key_id=presented.key_id)
    # All signed names are sent, so equal counts mean that no other name holds the prefix: nothing to look for.
    if b"\n".join(headers).count(b"x-amz-") != b"\n".join(signed).count(b"x-amz-"):
        _require_amz_headers(presented)


def _require_amz_headers(presented: Presented) -> None:
    unsigned = sorted(presented.headers.keys() - set(presented.signed_headers))
    names = [name.decode("latin-1") for name in unsigned if name.startswith(b"x-amz-")]
    if names:
        raise Refused(Reason.HEADERS_NOT_SIGNED, names=", ".join(names), first=names[0])
