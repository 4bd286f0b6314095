"""Identifiers as AWS writes them: access key ids that carry the account, unique ids, request ids.

Follows the IAM User Guide, "IAM identifiers", and the published layout of access key ids: four letters of
prefix and 80 bits in base32, of which bit 79 marks the generation and bits 39 to 78 hold the account.
"""

import base64
import re

from keystead.kernel.entropy import Entropy

ACCOUNT_ID = re.compile(r"[0-9]{12}")
ACCESS_KEY_ID = re.compile(r"[A-Z]{4}[A-Z2-7]{16}")

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_VARIANTS = "89ab"
_IDS_AT_ONCE = 64
_RANDOM_BITS = 39
_GENERATION_BIT = 1 << 79
_ACCOUNT_MASK = 0x7FFFFFFFFF80


def access_key_id(prefix: str, account: str, entropy: Entropy) -> str:
    """Return a fresh access key id: `prefix` (4 letters) and 16 base32 characters that carry `account`.

    Only 39 bits are random, so the store's unique constraint decides and the caller retries on a clash.
    """
    random_part = int.from_bytes(entropy.token_bytes(5), "big") & ((1 << _RANDOM_BITS) - 1)
    value = _GENERATION_BIT | int(account) << _RANDOM_BITS | random_part
    return prefix + base64.b32encode(value.to_bytes(10, "big")).decode()


def account_of_access_key(key_id: str) -> str | None:
    """Return the 12-digit account that an access key id carries, without any look-up.

    None when the id does not have the layout, is of the generation before accounts were in it, or carries a
    number that is no account.
    """
    if not ACCESS_KEY_ID.fullmatch(key_id):
        return None
    first = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    if not first >> 47:
        return None
    account = f"{(first & _ACCOUNT_MASK) >> 7:012d}"
    return account if len(account) == 12 else None


def unique_id(prefix: str, entropy: Entropy) -> str:
    """Return a fresh unique id such as `AIDA…`: prefix and 17 base32 characters (85 random bits)."""
    bits = int.from_bytes(entropy.token_bytes(11), "big")
    return prefix + "".join(_BASE32[bits >> (5 * place) & 31] for place in range(17))


class RequestIds:
    """Random (version 4) UUIDs in their canonical text form, drawn many at a time.

    They name requests and protect nothing, so that those of the next requests may lie in memory.
    """

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._drawn: list[str] = []

    def next(self) -> str:
        """Return a fresh id."""
        if not self._drawn:
            self._drawn = _uuids(self._entropy.token_bytes(16 * _IDS_AT_ONCE).hex())
        return self._drawn.pop()


class IdBytes:
    """Random bytes for ids, drawn many at a time: for names of requests, as above, and never for secrets."""

    def __init__(self, entropy: Entropy, count: int) -> None:
        """`count` is how many bytes an id takes."""
        self._entropy = entropy
        self._count = count
        self._drawn: bytes = b""
        self._at = 0

    def next(self) -> bytes:
        """Return the bytes of a fresh id."""
        if self._at == len(self._drawn):
            self._drawn = self._entropy.token_bytes(self._count * _IDS_AT_ONCE)
            self._at = 0
        start = self._at
        self._at = start + self._count
        return self._drawn[start : self._at]


def _uuids(digits: str) -> list[str]:
    """Return a UUID for each 32 of `digits`; the version is 4, the variant that of RFC 9562."""
    texts = [digits[start : start + 32] for start in range(0, len(digits), 32)]
    return [
        f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANTS[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"
        for text in texts
    ]
