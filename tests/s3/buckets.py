"""Buckets and their keys, made in a running authority."""

import uuid

from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.kinds import bucket_access_key_kind
from support.running import Key, RunningAuthority

ACCOUNT = "123456789012"


def make_bucket(authority: RunningAuthority, name: str | None = None, **changes: object) -> Bucket:
    fields = {
        "id": str(uuid.uuid4()),
        "account": ACCOUNT,
        "region": "us-east-1",
        "name": name or f"b-{uuid.uuid4().hex[:12]}",
        "created_at": 1_700_000_000_000,
        "versioning": "NeverEnabled",
        "is_public": False,
        "allows_public_overrides": False,
        "bundle": "small_1_0",
    }
    bucket = Bucket(**{**fields, **changes})
    authority.run(authority.authority.store.write(lambda tx: bucket_records.add(tx, bucket)))
    return bucket


def make_key(authority: RunningAuthority, bucket: Bucket) -> Key:
    issuer = authority.authority.issuer
    minted = authority.run(
        authority.authority.store.write(
            lambda tx: issuer.mint(
                tx, bucket_access_key_kind(), account=bucket.account, owner=bucket.id, audience=bucket.id
            )
        )
    )
    return Key(minted.credential.id, minted.secret.reveal().decode())
