"""The rows of buckets: their only SQL."""

import msgspec

from keystead.products.lightsail.bucket import Bucket, CORSRule
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = (
    "id, account, region, name, created_at, versioning, is_public, allows_public_overrides,"
    " readonly_accounts, cors"
)
_accounts = msgspec.json.Decoder(tuple[str, ...])
_rules = msgspec.json.Decoder(tuple[CORSRule, ...])


def _bucket(row: Row) -> Bucket:
    bucket, account, region, name, created_at, versioning, is_public, allows_overrides, accounts, cors = row
    return Bucket(
        bucket,
        account,
        region,
        name,
        created_at,
        versioning,
        bool(is_public),
        bool(allows_overrides),
        _accounts.decode(accounts),
        _rules.decode(cors),
    )


def add(tx: Transaction, bucket: Bucket, bundle: str) -> None:
    """Add a bucket."""
    tx.run(
        f"INSERT INTO lightsail_bucket ({_COLUMNS}, bundle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            bucket.id,
            bucket.account,
            bucket.region,
            bucket.name,
            bucket.created_at,
            bucket.versioning,
            int(bucket.is_public),
            int(bucket.allows_public_overrides),
            msgspec.json.encode(bucket.readonly_accounts).decode(),
            msgspec.json.encode(bucket.cors).decode(),
            bundle,
        ),
    )


def by_name(reader: Reader, name: str) -> Bucket | None:
    """Return the bucket of a name, whoever's it is."""
    row = reader.one(f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE name = ?", (name,))
    return None if row is None else _bucket(row)


def by_id(reader: Reader, bucket: str) -> Bucket | None:
    """Return a bucket by its unique id."""
    row = reader.one(f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE id = ?", (bucket,))
    return None if row is None else _bucket(row)


def of_account(reader: Reader, account: str) -> list[Bucket]:
    """Return an account's buckets in every region, by name."""
    rows = reader.all(f"SELECT {_COLUMNS} FROM lightsail_bucket WHERE account = ? ORDER BY name", (account,))
    return [_bucket(row) for row in rows]


def set_versioning(tx: Transaction, bucket: str, versioning: str) -> None:
    """Switch a bucket's versioning."""
    tx.run("UPDATE lightsail_bucket SET versioning = ? WHERE id = ?", (versioning, bucket))


def set_cors(tx: Transaction, bucket: str, cors: tuple[CORSRule, ...]) -> None:
    """Replace a bucket's CORS rules."""
    tx.run("UPDATE lightsail_bucket SET cors = ? WHERE id = ?", (msgspec.json.encode(cors).decode(), bucket))
