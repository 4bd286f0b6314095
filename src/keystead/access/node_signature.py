"""A node's signature by its RSA key over SigV4's string to sign: `node-rsa` of DESIGN rule 1.

Follows amazon-ssm-agent, `agent/ssm/rsaauth/ssm_rsaV4.go`. The header is SigV4's but for its signature, which is
base64. What is read is a claim; whoever has the node's public key verifies it. A replay is bounded by the clock.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from keystead.access.sigv4.canonical import canonical_path, canonical_query, canonical_request
from keystead.access.sigv4.present import ALGORITHM
from keystead.access.sigv4.request import SignedRequest
from keystead.access.sigv4.timestamps import epoch_from_basic
from keystead.credentials.publickey import is_signed

SKEW_SECONDS: Final = 300.0
_HEADER: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(mi-[0-9a-f]{17})/(\d{8})/([a-z0-9-]{1,64})/ssm/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]{1,512}), ?Signature=([A-Za-z0-9+/=]{1,1024})"
)
_MUST_BE_SIGNED: Final = frozenset({b"host", b"x-amz-date"})


@dataclass(frozen=True, slots=True)
class NodeClaim:
    """A claim to be a node: read, not verified."""

    node: str
    region: str
    signature: bytes
    signed: bytes

    def is_of(self, public_key: bytes) -> bool:
        """Return whether the holder of that key's private half signed the request."""
        return is_signed(public_key, self.signature, self.signed)


def read_claim(request: SignedRequest, *, real_now: float) -> NodeClaim | None:
    """Return which node claims to have signed `request`, now and over this very body; None for anything else."""
    headers = request.merged_headers()
    match = _HEADER.fullmatch(headers.get(b"authorization", b"").decode("latin-1"))
    timestamp = headers.get(b"x-amz-date", b"").decode("latin-1")
    at = epoch_from_basic(timestamp)
    if match is None or at is None or abs(real_now - at) > SKEW_SECONDS:
        return None
    node, date, region, names, signature = match.groups()
    signed_names = tuple(names.encode().split(b";"))
    payload = request.payload_hash()
    declared = headers.get(b"x-amz-content-sha256", payload.encode())
    if not timestamp.startswith(date) or not _MUST_BE_SIGNED.issubset(signed_names):
        return None
    if not hmac.compare_digest(declared, payload.encode()):
        return None
    canonical = canonical_request(
        request.method,
        canonical_path(request.raw_path),
        canonical_query(request.raw_query),
        headers,
        signed_names,
        payload,
    )
    scope = f"{date}/{region}/ssm/aws4_request"
    digest = hashlib.sha256(canonical).hexdigest()
    try:
        raw = base64.b64decode(signature, validate=True)
    except binascii.Error:
        return None
    return NodeClaim(node, region, raw, f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}".encode())
