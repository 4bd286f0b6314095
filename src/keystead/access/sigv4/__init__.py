"""Signature Version 4, the verifying side, on its own: header form and presigned query form.

    presented = find(request)                       # None: nothing presented. Raises Malformed.
    # look the key up by presented.key_id; judge presented.session_token
    verified = verifier.check(request, presented, rules, open_secret, key_version, real_now=…, now=…)

Needs no server and no AWS library; of keystead only `Secret`.
"""

from keystead.access.sigv4.canonical import normalise
from keystead.access.sigv4.chunks import BrokenChunks, ChunkedBody, ChunkSignatures
from keystead.access.sigv4.keys import SigningKey
from keystead.access.sigv4.present import Presented, find
from keystead.access.sigv4.reasons import Malformed, Reason, Refused
from keystead.access.sigv4.request import ServiceRules, SignedRequest, rules_for
from keystead.access.sigv4.verify import Mismatch, Verified, Verifier

__all__ = [
    "BrokenChunks",
    "ChunkSignatures",
    "ChunkedBody",
    "Malformed",
    "Mismatch",
    "Presented",
    "Reason",
    "Refused",
    "ServiceRules",
    "SignedRequest",
    "SigningKey",
    "Verified",
    "Verifier",
    "find",
    "normalise",
    "rules_for",
]
