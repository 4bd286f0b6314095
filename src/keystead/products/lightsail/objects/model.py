"""What a bucket holds, as rows are read: versions of objects, uploads that are not complete, and their pieces.

Follows "How S3 Versioning works" and "Multipart upload process overview" (Amazon S3 User Guide). Times are epoch
milliseconds of the movable clock, sizes bytes, keys the bytes of the UTF-8 text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

NULL_VERSION = "null"
"""The version of what was written while a bucket had no versioning, or has it suspended."""
PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum as stored and shown: `algorithm` as in `CRC32C`, `type` FULL_OBJECT or COMPOSITE, base64 text."""

    algorithm: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a writer says about an object beside its body. `headers` are given back; names in lower case."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    acl: str = PRIVATE
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Body:
    """Where a body is: in the row itself (`inline`), or in the pieces of a content. `md5` is in hex."""

    size: int
    etag: str
    checksum: Checksum | None
    inline: bytes | None = None
    content: str | None = None
    part_count: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker; its inline body is read apart."""

    row: int
    key: bytes
    version: str
    is_latest: bool
    is_marker: bool
    modified_at: int
    body: Body
    attributes: Attributes


class Listed(NamedTuple):
    """What a listing shows of a version. A tuple, because listings make a thousand at a time."""

    row: int
    key: bytes
    version: str
    is_latest: bool
    is_marker: bool
    modified_at: int
    size: int
    etag: str
    checksum_algorithm: str
    checksum_type: str

    @property
    def rank(self) -> int:
        """Versions of one key are listed in the order of this: the newest first."""
        return -self.row


class Current(NamedTuple):
    """What a listing without versions shows of an object: a row as it is read."""

    key: bytes
    modified_at: int
    size: int
    etag: str
    checksum_algorithm: str
    checksum_type: str

    @property
    def rank(self) -> int:
        """Its place among the entries of its key, of which it is the only one."""
        return 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One blob of a content, in the order of numbers: a part of a multipart upload, or all of a body."""

    number: int
    blob: str
    size: int
    etag: str
    checksum: str
    modified_at: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload. Its id is also the content of the object that it becomes.

    `finished` is what its completion answered, with the digest of the request; None while it is open.
    """

    id: str
    bucket: str
    key: bytes
    started_at: int
    initiator: str
    checksum_algorithm: str
    checksum_type: str
    attributes: Attributes
    finished: str | None = None
    rank: int = 0
    """Uploads of one key are listed in the order of this: the first begun first."""
