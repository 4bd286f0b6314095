"""Checksums of bodies: the algorithms by name, one running sum, and how sums of parts make the sum of the whole.

Follows "Checking object integrity" (Amazon S3 User Guide). Values are base64 of big-endian bytes. CRCs of parts
can be combined without reading anything again; other algorithms are summed over the parts' sums.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, cast

from keystead.kernel.lazily import later
from keystead.products.lightsail.objects.model import Checksum

if TYPE_CHECKING:
    from awscrt import checksums as crt  # pyright: ignore[reportMissingTypeStubs] - it has annotations.
else:
    crt = later("awscrt.checksums")

Type = Literal["FULL_OBJECT", "COMPOSITE"]
Bytes = bytes | memoryview


class Sum(Protocol):
    """A running sum."""

    def update(self, data: Bytes, /) -> object:
        """Add data."""
        ...

    def digest(self) -> bytes:
        """Return the sum of what was added."""
        ...


class _CRC:
    """A cyclic redundancy check as a running sum."""

    def __init__(self, step: Callable[[bytes, int], int], size: int) -> None:
        self._step = step
        self._size = size
        self._value = 0

    def update(self, data: Bytes) -> None:
        # The steps take any buffer, but say bytes.
        self._value = self._step(cast("bytes", data), self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


class _XXHash:
    """One of the xxHash family as a running sum."""

    def __init__(self, new: "Callable[[], crt.XXHash]") -> None:
        self._sum = new()

    def update(self, data: Bytes) -> None:
        self._sum.update(bytes(data))

    def digest(self) -> bytes:
        return self._sum.finalize()


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm: its name in XML, the size of its sum in bytes, and which types of multipart sum it has.

    `combine` makes the sum of two bodies one after the other from theirs and the length of the second.
    """

    name: str
    size: int
    new: Callable[[], Sum]
    types: tuple[Type, ...]
    combine: Callable[[int, int, int], int] | None = None

    @property
    def header(self) -> str:
        """The header that carries a value."""
        return f"x-amz-checksum-{self.name.lower()}"

    @property
    def element(self) -> str:
        """The element that carries a value."""
        return f"Checksum{self.name}"

    def read(self, text: str) -> bytes | None:
        """Return the sum that a header's text says, or None when it is not one of this algorithm's."""
        try:
            value = base64.b64decode(text.encode("latin-1"), validate=True)
        except binascii.Error:
            return None
        return value if len(value) == self.size else None


def text_of(value: bytes) -> str:
    """Return a sum as headers and documents show it."""
    return base64.b64encode(value).decode("ascii")


_BOTH: tuple[Type, ...] = ("COMPOSITE", "FULL_OBJECT")
_FULL: tuple[Type, ...] = ("FULL_OBJECT",)
_COMPOSITE: tuple[Type, ...] = ("COMPOSITE",)
# Functions of its own look into the library only when they are called: it is loaded then.
# UNCONFIRMED for SHA512, MD5 and the xxHash family: new in the models, and what types they have is not documented.
_ALL = (
    Algorithm(
        "CRC32", 4, lambda: _CRC(zlib.crc32, 4), _BOTH, lambda a, b, size: crt.combine_crc32(a, b, size)
    ),
    Algorithm(
        "CRC32C", 4, lambda: _CRC(crt.crc32c, 4), _BOTH, lambda a, b, size: crt.combine_crc32c(a, b, size)
    ),
    Algorithm(
        "CRC64NVME",
        8,
        lambda: _CRC(crt.crc64nvme, 8),
        _FULL,
        lambda a, b, size: crt.combine_crc64nvme(a, b, size),
    ),
    Algorithm("SHA1", 20, lambda: hashlib.sha1(usedforsecurity=False), _COMPOSITE),
    Algorithm("SHA256", 32, hashlib.sha256, _COMPOSITE),
    Algorithm("SHA512", 64, hashlib.sha512, _COMPOSITE),
    Algorithm("MD5", 16, lambda: hashlib.md5(usedforsecurity=False), _COMPOSITE),
    Algorithm("XXHASH64", 8, lambda: _XXHash(crt.XXHash.new_xxhash64), _COMPOSITE),
    Algorithm("XXHASH3", 8, lambda: _XXHash(crt.XXHash.new_xxhash3_64), _COMPOSITE),
    Algorithm("XXHASH128", 16, lambda: _XXHash(crt.XXHash.new_xxhash3_128), _COMPOSITE),
)
ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({each.name: each for each in _ALL})
BY_HEADER: Mapping[str, Algorithm] = MappingProxyType({each.header: each for each in _ALL})
OWN = ALGORITHMS["CRC64NVME"]
"""What is computed, as AWS does, for whoever asks for none."""


def whole(algorithm: Algorithm, type: Type, parts: Sequence[tuple[str, int]]) -> Checksum:
    """Return the checksum of an object out of those of its parts, each given as its text and its length."""
    values = [base64.b64decode(text) for text, _ in parts]
    if type == "FULL_OBJECT" and algorithm.combine is not None:
        total = int.from_bytes(values[0], "big")
        for value, (_, length) in zip(values[1:], parts[1:], strict=True):
            total = algorithm.combine(total, int.from_bytes(value, "big"), length)
        return Checksum(algorithm.name, type, text_of(total.to_bytes(algorithm.size, "big")))
    summed = algorithm.new()
    for value in values:
        summed.update(value)
    return Checksum(algorithm.name, "COMPOSITE", f"{text_of(summed.digest())}-{len(parts)}")
