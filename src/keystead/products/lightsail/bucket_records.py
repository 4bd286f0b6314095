"""The rows of buckets, and of the resources that may use them without a key: their only SQL.

The API finds a bucket by name within account and region, so that another account's looks like none; the door finds
it by name alone, or by the unique id that a key is good for, and judges the visitor afterwards.
"""

from functools import lru_cache
from typing import cast

import msgspec

from keystead.products.lightsail.bucket import AccessLog, Bucket, CORSRule, Versioning
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = (
    "id, account, region, name, created_at, versioning, is_public, allows_public_overrides,"
    " readonly_accounts, cors, bundle, bundle_changed_at, log_destination, log_prefix, tags"
)
_accounts = msgspec.json.Decoder(tuple[str, ...])
_rules = msgspec.json.Decoder(tuple[CORSRule, ...])
_tags = msgspec.json.Decoder(dict[str, str | None])


# A pure function of the row, which every request at the door reads; a bucket cannot be changed in place.
@lru_cache(maxsize=1024)
def _bucket(row: Row) -> Bucket:
    bucket, account, region, name, created_at, versioning, is_public, allows_overrides, *rest = row
    accounts, cors, bundle, bundle_changed_at, destination, prefix, tags = rest
    return Bucket(
        bucket,
        account,
        region,
        name,
        created_at,
        # The column holds what `set_versioning` and `add` are given, of that very type.
        cast(Versioning, versioning),
        bool(is_public),
        bool(allows_overrides),
        _accounts.decode(accounts),
        _rules.decode(cors),
        bundle,
        bundle_changed_at,
        AccessLog(destination, prefix) if destination else None,
        _tags.decode(tags),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _changing(bucket: Bucket) -> tuple[object, ...]:
    """Return the columns that `save` writes, in their order."""
    log = bucket.access_log
    return (
        bucket.versioning,
        int(bucket.is_public),
        int(bucket.allows_public_overrides),
        _json(bucket.readonly_accounts),
        _json(bucket.cors),
        bucket.bundle,
        bucket.bundle_changed_at,
        "" if log is None else log.destination,
        "" if log is None else log.prefix,
        _json(bucket.tags),
    )


def add(tx: Transaction, bucket: Bucket) -> bool:
    """Keep a new bucket. False when its name is taken, by whomever."""
    return (
        tx.run(
            f"INSERT INTO lightsail_bucket ({_COLUMNS})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (
                bucket.id,
                bucket.account,
                bucket.region,
                bucket.name,
                bucket.created_at,
                *_changing(bucket),
            ),
        )
        == 1
    )


def save(tx: Transaction, bucket: Bucket) -> None:
    """Write down all of a bucket that can change; its id, account, region and name cannot."""
    tx.run(
        "UPDATE lightsail_bucket SET versioning = ?, is_public = ?, allows_public_overrides = ?,"
        " readonly_accounts = ?, cors = ?, bundle = ?, bundle_changed_at = ?, log_destination = ?,"
        " log_prefix = ?, tags = ? WHERE id = ?",
        (*_changing(bucket), bucket.id),
    )


def remove(tx: Transaction, bucket_id: str) -> None:
    """Delete a bucket, its grants and its measures; its name is free."""
    tx.run("DELETE FROM lightsail_bucket WHERE id = ?", (bucket_id,))


def by_name(reader: Reader, name: str) -> Bucket | None:
    """Return the bucket of a name, whoever's it is."""
    row = reader.one(f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE name = ?", (name,))
    return None if row is None else _bucket(row)


def by_id(reader: Reader, bucket: str) -> Bucket | None:
    """Return a bucket by its unique id."""
    row = reader.one(f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE id = ?", (bucket,))
    return None if row is None else _bucket(row)


def owned(reader: Reader, account: str, region: str, name: str) -> Bucket | None:
    """Return the bucket of this name that an account has in a region."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE name = ? AND account = ? AND region = ?",
        (name, account, region),
    )
    return None if row is None else _bucket(row)


def of_account(reader: Reader, account: str) -> list[Bucket]:
    """Return an account's buckets in every region, by name."""
    rows = reader.all(f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE account = ? ORDER BY name", (account,))
    return [_bucket(row) for row in rows]


def in_region(reader: Reader, account: str, region: str, after: int, limit: int) -> list[tuple[int, Bucket]]:
    """Return (row number, bucket) of an account's buckets in a region, oldest first, from above row `after`."""
    rows = reader.all(
        f"SELECT row, {_COLUMNS} FROM lightsail_bucket"
        " WHERE account = ? AND region = ? AND row > ? ORDER BY row LIMIT ?",
        (account, region, after, limit),
    )
    return [(row[0], _bucket(row[1:])) for row in rows]


def count(reader: Reader, account: str) -> int:
    """Return how many buckets an account has in all regions."""
    row = reader.one("SELECT count(*) FROM lightsail_bucket WHERE account = ?", (account,))
    return 0 if row is None else row[0]


def ids_after(reader: Reader, after: int, limit: int) -> list[tuple[int, str]]:
    """Return (row number, id) of buckets of every account, from above row `after`."""
    rows = reader.all(
        "SELECT row, id FROM lightsail_bucket WHERE row > ? ORDER BY row LIMIT ?", (after, limit)
    )
    return [(row, bucket) for row, bucket in rows]


def logging_to(reader: Reader, account: str, region: str, name: str) -> bool:
    """Return whether another bucket's access log goes to this one."""
    row = reader.one(
        "SELECT 1 FROM lightsail_bucket WHERE account = ? AND region = ? AND log_destination = ?"
        " AND name <> ? LIMIT 1",
        (account, region, name, name),
    )
    return row is not None


def set_versioning(tx: Transaction, bucket: str, versioning: str) -> None:
    """Switch a bucket's versioning."""
    tx.run("UPDATE lightsail_bucket SET versioning = ? WHERE id = ?", (versioning, bucket))


def set_cors(tx: Transaction, bucket: str, cors: tuple[CORSRule, ...]) -> None:
    """Replace a bucket's CORS rules."""
    tx.run("UPDATE lightsail_bucket SET cors = ? WHERE id = ?", (_json(cors), bucket))


def grants(reader: Reader, bucket: str) -> list[str]:
    """Return the names of the resources that may use a bucket, in the order in which they were let in."""
    rows = reader.all("SELECT resource FROM lightsail_bucket_grant WHERE bucket = ? ORDER BY row", (bucket,))
    return [resource for (resource,) in rows]


def add_grant(tx: Transaction, bucket: str, resource: str) -> None:
    """Let a resource in; once more is no error."""
    tx.run(
        "INSERT INTO lightsail_bucket_grant (bucket, resource) VALUES (?, ?)"
        " ON CONFLICT (bucket, resource) DO NOTHING",
        (bucket, resource),
    )


def remove_grant(tx: Transaction, bucket: str, resource: str) -> None:
    """Let a resource in no more; one that was not is no error."""
    tx.run("DELETE FROM lightsail_bucket_grant WHERE bucket = ? AND resource = ?", (bucket, resource))
