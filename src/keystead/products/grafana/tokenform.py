"""The text of a Grafana credential: `glsa_`, 32 characters and a checksum; or the older base64 of a JSON object.

Follows facts/grafana.md §3 and grafana/grafana `pkg/components/satokengen`. The checksum is CRC-32/IEEE of all
before the last underscore, least significant byte first, so that a mistyped token is refused without a look-up.
"""

import base64
import json
import re
import string
import zlib

from keystead.kernel.entropy import Entropy

_ALPHABET = (string.digits + string.ascii_letters).encode()
_SECRET_LENGTH = 32
# The largest multiple of 62 in a byte: what lies above would make the first characters likelier than the last.
_UNBIASED = 248
_PREFIX = b"glsa_"
TOKEN_PATTERN = rb"glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}"
KEY_PATTERN = rb"eyJrIjoi[0-9A-Za-z+/]{40,1800}={0,2}"
_KEY_FORM = re.compile(KEY_PATTERN)
# Grafana numbers organisations; a workspace has one, the first.
_ORGANISATION = 1


def checksum(stem: bytes) -> bytes:
    """Return the eight hex digits that follow `glsa_` and the secret."""
    return zlib.crc32(stem).to_bytes(4, "little").hex().encode()


def is_well_formed(token: bytes) -> bool:
    """Return whether a token decodes: three parts, of which the last is the checksum of the others."""
    stem, _, shown = token.rpartition(b"_")
    return token.startswith(b"gl") and token.count(b"_") == 2 and checksum(stem) == shown


def has_key_form(presented: bytes) -> bool:
    """Return whether a text looks like an API key."""
    return _KEY_FORM.fullmatch(presented) is not None


def new_token(entropy: Entropy) -> bytes:
    """Return a fresh token, of 190 random bits."""
    stem = _PREFIX + _secret(entropy)
    return stem + b"_" + checksum(stem)


def new_api_key(entropy: Entropy, name: str) -> bytes:
    """Return a fresh API key: base64 of `{"k": secret, "n": name, "id": organisation}`."""
    shown = {"k": _secret(entropy).decode(), "n": name, "id": _ORGANISATION}
    return base64.b64encode(json.dumps(shown, separators=(",", ":")).encode())


def _secret(entropy: Entropy) -> bytes:
    drawn = bytearray()
    while len(drawn) < _SECRET_LENGTH:
        drawn += bytes(_ALPHABET[byte % 62] for byte in entropy.token_bytes(48) if byte < _UNBIASED)
    return bytes(drawn[:_SECRET_LENGTH])
