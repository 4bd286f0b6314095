"""A bucket as answers show it. Follows the Lightsail API reference, "Bucket"."""

from collections.abc import Sequence
from typing import Any, cast

from keystead.config.places import Addresses
from keystead.products.lightsail import tagging
from keystead.products.lightsail.bucket import OK_STATE, Bucket, CORSRule
from keystead.products.lightsail.bundles import Bundles
from keystead.products.lightsail.oplog import EVERY_ZONE
from keystead.products.lightsail.times import as_datetime
from keystead.types import lightsail

_NAMELESS_DOMAIN = "localhost"


class Showing:
    """Shows buckets; `domain` is the suffix of bucket names, under which they have a host of their own."""

    def __init__(self, bundles: Bundles, addresses: Addresses, domain: str) -> None:
        self._bundles = bundles
        self._addresses = addresses
        self._domain = domain

    def bucket(
        self, bucket: Bucket, *, grants: Sequence[str] | None = None, with_cors: bool = False
    ) -> lightsail.Bucket:
        """Return a bucket; `grants` are the resources with access, None where they were not asked for."""
        rules = "public" if bucket.is_public else "private"
        shown: dict[str, Any] = {
            "resourceType": "Bucket",
            "accessRules": {"getObject": rules, "allowPublicOverrides": bucket.allows_public_overrides},
            "arn": bucket.arn,
            "bundleId": bucket.bundle,
            "createdAt": as_datetime(bucket.created_at),
            "url": self._url(bucket),
            "location": {"availabilityZone": EVERY_ZONE, "regionName": bucket.region},
            "name": bucket.name,
            "supportCode": bucket.support_code,
            "tags": tagging.shown(bucket.tags),
            "objectVersioning": bucket.versioning,
            "ableToUpdateBundle": self._bundles.can_change(bucket),
            "readonlyAccessAccounts": list(bucket.readonly_accounts),
            "state": {"code": OK_STATE},
            "accessLogConfig": _access_log(bucket),
        }
        if grants is not None:
            shown["resourcesReceivingAccess"] = [
                {"name": name, "resourceType": "Instance"} for name in grants
            ]
        if with_cors:
            shown["cors"] = {"rules": [_rule(rule) for rule in bucket.cors]}
        # Written out above as the model has it; the region is the one that its maker signed for.
        return cast(lightsail.Bucket, shown)

    def _url(self, bucket: Bucket) -> str:
        """Return where clients find the bucket: a host of its own, if names under the domain lead here."""
        address = self._addresses.public("https")
        if self._domain == _NAMELESS_DOMAIN:
            return f"https://{address}/{bucket.name}"
        port = address.rpartition(":")[2]
        suffix = "" if port == "443" else f":{port}"
        return f"https://{bucket.name}.s3.{bucket.region}.{self._domain}{suffix}"


def _access_log(bucket: Bucket) -> lightsail.BucketAccessLogConfig:
    log = bucket.access_log
    if log is None:
        return {"enabled": False}
    shown: lightsail.BucketAccessLogConfig = {"enabled": True, "destination": log.destination}
    return {**shown, "prefix": log.prefix} if log.prefix else shown


def _rule(rule: CORSRule) -> lightsail.BucketCorsRule:
    shown: lightsail.BucketCorsRule = {
        "allowedMethods": list(rule.allowed_methods),
        "allowedOrigins": list(rule.allowed_origins),
    }
    if rule.id:
        shown["id"] = rule.id
    if rule.allowed_headers:
        shown["allowedHeaders"] = list(rule.allowed_headers)
    if rule.expose_headers:
        shown["exposeHeaders"] = list(rule.expose_headers)
    if rule.max_age_seconds is not None:
        shown["maxAgeSeconds"] = rule.max_age_seconds
    return shown
