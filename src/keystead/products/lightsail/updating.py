"""What UpdateBucket makes of a bucket: each member that is given changes something, each one absent nothing.

Follows the Lightsail API reference, "UpdateBucket", and the User Guide's pages on access rules, versioning, access
logs and CORS of buckets.
"""

import re
from dataclasses import replace
from typing import cast

import msgspec

from keystead.kernel.ids import ACCOUNT_ID
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import AccessLog, Bucket, CORSRule, Versioning
from keystead.products.lightsail.errors import invalid
from keystead.store.interface import Reader
from keystead.types import lightsail

VERSIONING = ("Enabled", "Suspended")
MOST_CORS_BYTES = 65_536
_MOST_SECONDS = 2**31 - 1
# What goes into a header of an answer must fit on its line: printable ASCII without spaces.
_FIT_FOR_HEADERS = re.compile(r"[\x21-\x7e]{1,4096}")


def updated(reader: Reader, bucket: Bucket, request: lightsail.UpdateBucketRequest) -> Bucket:
    """Return the bucket as a request changes it. Raises the modelled error."""
    # Switching versioning resets the overrides, so that access rules of the same request come after it.
    bucket = _versioned(bucket, request.get("versioning"))
    if "accessRules" in request:
        bucket = _with_rules(bucket, request["accessRules"])
    if "readonlyAccessAccounts" in request:
        bucket = replace(bucket, readonly_accounts=_accounts(request["readonlyAccessAccounts"]))
    if "accessLogConfig" in request:
        bucket = replace(bucket, access_log=_access_log(reader, bucket, request["accessLogConfig"]))
    if "cors" in request:
        # UNCONFIRMED: that no rules, or an empty list, take the configuration away.
        bucket = replace(bucket, cors=cors_rules(request["cors"].get("rules", [])))
    return bucket


def _versioned(bucket: Bucket, wanted: str | None) -> Bucket:
    """Return the bucket with versioning switched; that makes objects private which only their lists made public."""
    if wanted is None or wanted == bucket.versioning:
        return bucket
    if wanted not in VERSIONING:
        raise invalid(f"The versioning {wanted} is none of {', '.join(VERSIONING)}.")
    # One of the two, as was just checked.
    return replace(bucket, versioning=cast(Versioning, wanted), allows_public_overrides=False)


def _with_rules(bucket: Bucket, rules: lightsail.AccessRules) -> Bucket:
    wanted = rules.get("getObject")
    return replace(
        bucket,
        is_public=bucket.is_public if wanted is None else wanted == "public",
        allows_public_overrides=rules.get("allowPublicOverrides", bucket.allows_public_overrides),
    )


def _accounts(accounts: list[str]) -> tuple[str, ...]:
    for account in accounts:
        if not ACCOUNT_ID.fullmatch(account):
            raise invalid(f"The account {account} is not an AWS account id of 12 digits.")
    return tuple(dict.fromkeys(accounts))


def _access_log(reader: Reader, bucket: Bucket, config: lightsail.BucketAccessLogConfig) -> AccessLog | None:
    destination, prefix = config.get("destination"), config.get("prefix", "")
    if not config["enabled"]:
        if destination is not None or prefix:
            raise invalid("The destination and prefix of the access log must be omitted when it is disabled.")
        return None
    if destination is None:
        raise invalid("The destination of the access log is required when it is enabled.")
    if bucket_records.owned(reader, bucket.account, bucket.region, destination) is None:
        raise invalid(f"The destination bucket {destination} is not in the same account and Region.")
    return AccessLog(destination, prefix)


def cors_rules(rules: list[lightsail.BucketCorsRule]) -> tuple[CORSRule, ...]:
    """Return CORS rules as they are kept. Raises the modelled error for rules that no browser could be told."""
    kept = tuple(_rule(rule) for rule in rules)
    ids = [rule.id for rule in kept if rule.id]
    if len(set(ids)) != len(ids):
        raise invalid("Two CORS rules have the same id.")
    if len(msgspec.json.encode(kept)) > MOST_CORS_BYTES:
        raise invalid("The CORS configuration is larger than 64 KB.")
    return kept


def _rule(rule: lightsail.BucketCorsRule) -> CORSRule:
    if not rule["allowedMethods"] or not rule["allowedOrigins"]:
        raise invalid("A CORS rule must have at least one allowed method and one allowed origin.")
    max_age = rule.get("maxAgeSeconds")
    if max_age is not None and not 0 <= max_age <= _MOST_SECONDS:
        raise invalid("The maxAgeSeconds of a CORS rule must not be negative.")
    return CORSRule(
        rule.get("id", ""),
        tuple(rule["allowedMethods"]),
        _texts("allowedOrigins", rule["allowedOrigins"], most_wildcards=1),
        _texts("allowedHeaders", rule.get("allowedHeaders", []), most_wildcards=1),
        _texts("exposeHeaders", rule.get("exposeHeaders", []), most_wildcards=0),
        max_age,
    )


def _texts(member: str, texts: list[str], *, most_wildcards: int) -> tuple[str, ...]:
    for text in texts:
        if not _FIT_FOR_HEADERS.fullmatch(text) or text.count("*") > most_wildcards:
            raise invalid(
                f"The {member} of a CORS rule hold a value that cannot be used: at most one * each."
            )
    return tuple(texts)
