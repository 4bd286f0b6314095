"""Signing keys: derived from a secret for one day, region and service, and kept for the next request.

HMAC is RFC 2104 over two prepared SHA-256 states. Preparing them once and copying costs less than half of
`hmac.new` or `hmac.digest` per signature, and one signature per request is most of what verification does.
"""

import hashlib
from collections.abc import Callable
from typing import NoReturn, final

from keystead.kernel.secret import Secret

_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@final
class SigningKey:
    """An HMAC-SHA256 key that can sign and cannot be read, printed or pickled."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK_BYTES:
            key = hashlib.sha256(key).digest()
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))

    def sign(self, message: bytes) -> str:
        """Return the HMAC of `message` as 64 lower-case hex digits."""
        return self._hmac(message).hex()

    def derive(self, message: str) -> "SigningKey":
        """Return the key whose bytes are the HMAC of `message`: one link of the derivation chain."""
        return SigningKey(self._hmac(message.encode("utf-8")))

    def _hmac(self, message: bytes) -> bytes:
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def __repr__(self) -> str:
        return "SigningKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SigningKey cannot be pickled")


def derive(secret: Secret, scope: str) -> SigningKey:
    """Return the signing key of a scope, `date/region/service/aws4_request`."""
    # Revealed because the derivation starts from the plain secret; only keyed hash states outlive this line.
    key = SigningKey(b"AWS4" + secret.reveal())
    for part in scope.split("/"):
        key = key.derive(part)
    return key


_Generation = dict[str, dict[str, tuple[int, SigningKey]]]  # By key id, then scope; with the key version.


class SigningKeys:
    """The derived keys of recent requests, about `capacity` of them at most.

    An entry is used for the key version it was derived from and no other, so a changed secret needs no
    call here; `forget` drops the entries of a key that is gone. Nothing in it decides whether a key is
    valid: the caller has looked that up for this very request, so a stale entry costs memory and no more.
    `forget` may come from another thread; the worst that a race leaves behind is such an entry.
    Entries live in two generations. When the young one is full it becomes the old one, and what was not
    used since the last time is dropped.
    """

    def __init__(self, capacity: int) -> None:
        self._generation_size = max(1, capacity // 2)
        self._young: _Generation = {}
        self._old: _Generation = {}
        self._young_count = 0

    def get(self, key_id: str, version: int, scope: str, open_secret: Callable[[], Secret]) -> SigningKey:
        """Return the signing key of `key_id` in `scope`; `open_secret` is called only when it is not here."""
        for generation in (self._young, self._old):
            scopes = generation.get(key_id)
            entry = scopes.get(scope) if scopes else None
            if entry is not None and entry[0] == version:
                if generation is not self._young:
                    self._keep(key_id, scope, entry)
                return entry[1]
        entry = (version, derive(open_secret(), scope))
        self._keep(key_id, scope, entry)
        return entry[1]

    def forget(self, key_id: str) -> None:
        """Drop every key derived for `key_id`."""
        self._young_count -= len(self._young.pop(key_id, ()))
        self._old.pop(key_id, None)

    def __len__(self) -> int:
        return sum(len(scopes) for generation in (self._young, self._old) for scopes in generation.values())

    def _keep(self, key_id: str, scope: str, entry: tuple[int, SigningKey]) -> None:
        if self._young_count >= self._generation_size:
            self._old, self._young, self._young_count = self._young, {}, 0
        scopes = self._young.setdefault(key_id, {})
        self._young_count += scope not in scopes
        scopes[scope] = entry
