"""The rows of multipart uploads: their only SQL."""

import msgspec

from keystead.products.lightsail.objects.model import Attributes, Upload
from keystead.products.lightsail.objects.object_records import encode_texts
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = (
    "id, bucket, key, started_at, initiator, checksum_algorithm, checksum_type, headers, acl, tags, finished,"
    " row"
)
_texts = msgspec.json.Decoder(dict[str, str])


def _upload(row: Row) -> Upload:
    upload, bucket, key, started_at, initiator, algorithm, checksum_type, headers, acl, tags, *rest = row
    attributes = Attributes(_texts.decode(headers), acl, _texts.decode(tags))
    return Upload(
        upload, bucket, bytes(key), started_at, initiator, algorithm, checksum_type, attributes, *rest
    )


def add(tx: Transaction, upload: Upload) -> None:
    """Add an open upload."""
    tx.run(
        "INSERT INTO lightsail_upload (id, bucket, key, started_at, initiator, checksum_algorithm,"
        " checksum_type, headers, acl, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            upload.id,
            upload.bucket,
            upload.key,
            upload.started_at,
            upload.initiator,
            upload.checksum_algorithm,
            upload.checksum_type,
            encode_texts(upload.attributes.headers).decode(),
            upload.attributes.acl,
            encode_texts(upload.attributes.tags).decode(),
        ),
    )


def find(reader: Reader, bucket: str, key: bytes, upload: str) -> Upload | None:
    """Return an upload of a key, open or finished."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM lightsail_upload WHERE id = ? AND bucket = ? AND key = ?",
        (upload, bucket, key),
    )
    return None if row is None else _upload(row)


def finish(tx: Transaction, upload: str, finished: str, at: int) -> None:
    """Close an upload, keeping what its completion answered."""
    tx.run("UPDATE lightsail_upload SET finished = ?, finished_at = ? WHERE id = ?", (finished, at, upload))


def remove(tx: Transaction, upload: str) -> None:
    """Remove an upload; its pieces are the caller's to look after."""
    tx.run("DELETE FROM lightsail_upload WHERE id = ?", (upload,))


def open_uploads(
    reader: Reader, bucket: str, start: bytes, after_rank: int, end: bytes, limit: int
) -> list[Upload]:
    """Return open uploads, the first begun first: of `start` those beyond `after_rank`, then up to `end`."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM lightsail_upload WHERE bucket = ? AND finished IS NULL"
        " AND key >= ? AND key < ? AND (key > ? OR row > ?) ORDER BY key, row LIMIT ?",
        (bucket, start, end, start, after_rank, limit),
    )
    return [_upload(row) for row in rows]


def forget_finished(tx: Transaction, before: int) -> int:
    """Drop finished uploads whose answers nobody will ask for again; return how many."""
    return tx.run("DELETE FROM lightsail_upload WHERE finished IS NOT NULL AND finished_at < ?", (before,))


def some_of_gone_buckets(reader: Reader, limit: int) -> list[Upload]:
    """Return open uploads whose bucket was deleted."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM lightsail_upload u WHERE finished IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM lightsail_bucket b WHERE b.id = u.bucket) LIMIT ?",
        (limit,),
    )
    return [_upload(row) for row in rows]
