"""What UpdateBucket makes of a bucket: each member that is given changes something, each one absent nothing.

Follows the Lightsail API reference, "UpdateBucket", and the User Guide's pages on access rules, versioning, access
logs and CORS of buckets.
"""

from dataclasses import replace
from typing import cast

from keystead.kernel.ids import ACCOUNT_ID
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import AccessLog, Bucket, CORSRule, Versioning
from keystead.products.lightsail.corsrules import UnfitRule, require_fit
from keystead.products.lightsail.errors import invalid
from keystead.store.interface import Reader
from keystead.types import lightsail

VERSIONING = ("Enabled", "Suspended")


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
    if wanted is None or wanted == bucket.versioning:
        return bucket
    if wanted not in VERSIONING:
        raise invalid(f"The versioning {wanted} is none of {', '.join(VERSIONING)}.")
    # One of the two, as was just checked.
    return bucket.versioned(cast(Versioning, wanted))


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
    try:
        require_fit(kept)
    except UnfitRule as unfit:
        raise invalid(str(unfit)) from unfit
    return kept


def _rule(rule: lightsail.BucketCorsRule) -> CORSRule:
    return CORSRule(
        rule.get("id", ""),
        tuple(rule["allowedMethods"]),
        tuple(rule["allowedOrigins"]),
        tuple(rule.get("allowedHeaders", [])),
        tuple(rule.get("exposeHeaders", [])),
        rule.get("maxAgeSeconds"),
    )
