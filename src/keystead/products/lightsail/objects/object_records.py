"""The rows of versions and of the pieces of bodies: their only SQL."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from keystead.products.lightsail.objects.model import (
    Attributes,
    Body,
    Checksum,
    Current,
    Listed,
    Piece,
    Version,
)
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = (
    "row, key, version, is_latest, is_marker, modified_at, size, etag, part_count, checksum_algorithm,"
    " checksum_type, checksum, content, acl, headers, tags"
)
_LISTED = (
    "row, key, version, is_latest, is_marker, modified_at, size, etag, checksum_algorithm, checksum_type"
)
_CURRENT = "key, modified_at, size, etag, checksum_algorithm, checksum_type"
_PIECE = "number, blob, size, etag, checksum, modified_at"

_texts = msgspec.json.Decoder(dict[str, str])
encode_texts = msgspec.json.Encoder().encode


def _version(row: Sequence[Any], inline: bytes | None = None) -> Version:
    number, key, version, is_latest, is_marker, modified_at, size, etag, part_count, *rest = row
    algorithm, checksum_type, checksum, content, acl, headers, tags = rest
    return Version(
        number,
        bytes(key),
        version,
        bool(is_latest),
        bool(is_marker),
        modified_at,
        Body(
            size,
            etag,
            Checksum(algorithm, checksum_type, checksum) if checksum else None,
            inline,
            content,
            part_count,
        ),
        Attributes(_texts.decode(headers), acl, _texts.decode(tags)),
    )


def _listed(row: Row) -> Listed:
    number, key, version, is_latest, is_marker, *rest = row
    return Listed(number, bytes(key), version, bool(is_latest), bool(is_marker), *rest)


def latest(reader: Reader, bucket: str, key: bytes) -> Version | None:
    """Return the newest version of a key, which may be a delete marker."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM lightsail_object WHERE bucket = ? AND key = ? AND is_latest = 1",
        (bucket, key),
    )
    return None if row is None else _version(row)


def latest_with_body(reader: Reader, bucket: str, key: bytes) -> Version | None:
    """Return the newest version of a key, together with its body where that lies in the row."""
    row = reader.one(
        f"SELECT {_COLUMNS}, inline FROM lightsail_object WHERE bucket = ? AND key = ? AND is_latest = 1",
        (bucket, key),
    )
    if row is None:
        return None
    *rest, inline = row
    return _version(rest, None if inline is None else bytes(inline))


def of_version(reader: Reader, bucket: str, key: bytes, version: str) -> Version | None:
    """Return one version of a key."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM lightsail_object WHERE bucket = ? AND key = ? AND version = ?",
        (bucket, key, version),
    )
    return None if row is None else _version(row)


def newest_left(reader: Reader, bucket: str, key: bytes) -> int | None:
    """Return the row of the version of a key that was written last."""
    row = reader.one(
        "SELECT row FROM lightsail_object WHERE bucket = ? AND key = ? ORDER BY row DESC LIMIT 1",
        (bucket, key),
    )
    return None if row is None else row[0]


def inline_body(reader: Reader, row: int) -> bytes | None:
    """Return a body that lies in its row; None when the row is gone."""
    found = reader.one("SELECT inline FROM lightsail_object WHERE row = ?", (row,))
    return None if found is None or found[0] is None else bytes(found[0])


def add(
    tx: Transaction,
    bucket: str,
    key: bytes,
    version: str,
    *,
    is_marker: bool,
    modified_at: int,
    body: Body,
    attributes: Attributes,
) -> None:
    """Add a version as the latest one."""
    checksum = body.checksum
    tx.run(
        "INSERT INTO lightsail_object (bucket, key, version, is_latest, is_marker, modified_at, size, etag,"
        " part_count, checksum_algorithm, checksum_type, checksum, acl, headers, tags, content, inline)"
        " VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            bucket,
            key,
            version,
            int(is_marker),
            modified_at,
            body.size,
            body.etag,
            body.part_count,
            checksum.algorithm if checksum else "",
            checksum.type if checksum else "",
            checksum.value if checksum else "",
            attributes.acl,
            encode_texts(attributes.headers).decode(),
            encode_texts(attributes.tags).decode(),
            body.content,
            body.inline,
        ),
    )


def set_latest(tx: Transaction, row: int, *, is_latest: bool) -> None:
    """Mark a version as the latest of its key, or as one no longer."""
    tx.run("UPDATE lightsail_object SET is_latest = ? WHERE row = ?", (int(is_latest), row))


def set_tags(tx: Transaction, row: int, tags: dict[str, str]) -> None:
    """Replace a version's tags."""
    tx.run("UPDATE lightsail_object SET tags = ? WHERE row = ?", (encode_texts(tags).decode(), row))


def set_acl(tx: Transaction, row: int, acl: str) -> None:
    """Replace a version's access control list."""
    tx.run("UPDATE lightsail_object SET acl = ? WHERE row = ?", (acl, row))


def remove(tx: Transaction, row: int) -> None:
    """Remove a version's row; its content is the caller's to look after."""
    tx.run("DELETE FROM lightsail_object WHERE row = ?", (row,))


def is_content_named(reader: Reader, content: str) -> bool:
    """Return whether any version still has this content."""
    return reader.one("SELECT 1 FROM lightsail_object WHERE content = ? LIMIT 1", (content,)) is not None


# Pieces.


def add_piece(tx: Transaction, content: str, piece: Piece) -> str | None:
    """Add a piece, in place of one of the same number, whose blob is returned."""
    old = tx.one("SELECT blob FROM lightsail_piece WHERE content = ? AND number = ?", (content, piece.number))
    if old is not None:
        tx.run("DELETE FROM lightsail_piece WHERE content = ? AND number = ?", (content, piece.number))
    tx.run(
        f"INSERT INTO lightsail_piece (content, {_PIECE}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (content, piece.number, piece.blob, piece.size, piece.etag, piece.checksum, piece.modified_at),
    )
    return None if old is None else old[0]


def pieces(reader: Reader, content: str, *, after: int = 0, limit: int = 10_000) -> list[Piece]:
    """Return the pieces of a content with numbers beyond `after`, in order."""
    rows = reader.all(
        f"SELECT {_PIECE} FROM lightsail_piece WHERE content = ? AND number > ? ORDER BY number LIMIT ?",
        (content, after, limit),
    )
    return [Piece(*row) for row in rows]


def remove_pieces(tx: Transaction, content: str, numbers: Sequence[int] | None = None) -> list[str]:
    """Remove all pieces of a content, or those of these numbers, and return their blobs."""
    found = [piece for piece in pieces(tx, content) if numbers is None or piece.number in numbers]
    tx.run_many(
        "DELETE FROM lightsail_piece WHERE content = ? AND number = ?",
        [(content, piece.number) for piece in found],
    )
    return [piece.blob for piece in found]


def named_blobs(reader: Reader, blobs: Iterable[str]) -> set[str]:
    """Return which of these blobs some piece names."""
    return {
        blob
        for blob in blobs
        if reader.one("SELECT 1 FROM lightsail_piece WHERE blob = ?", (blob,)) is not None
    }


# Listing. Bounds are bytes; `end` None is the end of the bucket.


def current_keys(reader: Reader, bucket: str, start: bytes, end: bytes, limit: int) -> list[Current]:
    """Return current objects, delete markers apart, with `start` <= key < `end`, in the order of their keys."""
    rows = reader.all(
        f"SELECT {_CURRENT} FROM lightsail_object WHERE bucket = ? AND is_latest = 1 AND is_marker = 0"
        " AND key >= ? AND key < ? ORDER BY key LIMIT ?",
        (bucket, start, end, limit),
    )
    return list(map(Current._make, rows))


def versions(
    reader: Reader, bucket: str, start: bytes, before_row: int, end: bytes, limit: int
) -> list[Listed]:
    """Return versions and markers, newest first: of `start` those older than `before_row`, then up to `end`."""
    rows = reader.all(
        f"SELECT {_LISTED} FROM lightsail_object WHERE bucket = ? AND key >= ? AND key < ?"
        " AND (key > ? OR row < ?) ORDER BY key, row DESC LIMIT ?",
        (bucket, start, end, start, before_row, limit),
    )
    return [_listed(row) for row in rows]


# Whole buckets, for the API side.


def has_objects(reader: Reader, bucket: str) -> bool:
    """Return whether a bucket holds any version, delete marker or upload that is not complete."""
    for sql in (
        "SELECT 1 FROM lightsail_object WHERE bucket = ? LIMIT 1",
        "SELECT 1 FROM lightsail_upload WHERE bucket = ? AND finished IS NULL LIMIT 1",
    ):
        if reader.one(sql, (bucket,)) is not None:
            return True
    return False


def measure(reader: Reader, bucket: str) -> tuple[int, int]:
    """Return how many versions a bucket holds, and their bytes with those of uploads that are not complete."""
    count, size = reader.one(
        "SELECT count(*), coalesce(sum(size), 0) FROM lightsail_object WHERE bucket = ? AND is_marker = 0",
        (bucket,),
    ) or (0, 0)
    waiting = reader.one(
        "SELECT coalesce(sum(p.size), 0) FROM lightsail_upload u JOIN lightsail_piece p ON p.content = u.id"
        " WHERE u.bucket = ? AND u.finished IS NULL",
        (bucket,),
    ) or (0,)
    return int(count), int(size) + int(waiting[0])


def some_of_gone_buckets(reader: Reader, limit: int) -> list[Version]:
    """Return versions whose bucket was deleted."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM lightsail_object o WHERE NOT EXISTS"
        " (SELECT 1 FROM lightsail_bucket b WHERE b.id = o.bucket) LIMIT ?",
        (limit,),
    )
    return [_version(row) for row in rows]
