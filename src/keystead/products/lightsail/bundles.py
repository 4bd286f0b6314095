"""Bundles, the storage plans of buckets: read from `bundles.json`, listed, and changed.

Follows "Changing the plan of your Lightsail bucket" (Lightsail User Guide). Nothing is billed here and no bundle
limits what a bucket holds; names and transfer figures are UNCONFIRMED.
"""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypedDict

import msgspec

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now, now_ms
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.errors import invalid
from keystead.products.lightsail.finding import named
from keystead.products.lightsail.oplog import OperationLog
from keystead.products.lightsail.times import as_datetime
from keystead.types import lightsail

UNKNOWN_BUNDLE = "The bundle {bundle} does not exist or cannot be chosen."
# UNCONFIRMED: AWS's words for the second change in a billing cycle, and whether the same bundle again is one.
ONCE_A_MONTH = "The bundle of the bucket {name} was already changed in this billing cycle."
SAME_BUNDLE = "The bucket {name} has the bundle {bundle} already."


class _Bundle(TypedDict):
    bundleId: str
    name: str
    price: float
    storagePerMonthInGb: int
    transferPerMonthInGb: int
    isActive: bool


class Bundles:
    """The bundles there are, and whether a bucket may change to one now."""

    def __init__(self, clock: Clock, *, once_a_month: bool) -> None:
        content = Path(__file__).with_name("bundles.json").read_bytes()
        self._bundles = msgspec.json.decode(content, type=list[_Bundle])
        self._clock = clock
        self._once_a_month = once_a_month

    def listed(self, *, with_inactive: bool) -> list[lightsail.BucketBundle]:
        """Return the bundles, the smallest first."""
        return [{**bundle} for bundle in self._bundles if with_inactive or bundle["isActive"]]

    def check(self, bundle: str) -> None:
        """Raise the modelled error for a bundle that cannot be chosen."""
        if not any(each["bundleId"] == bundle for each in self._bundles if each["isActive"]):
            raise invalid(UNKNOWN_BUNDLE.format(bundle=bundle))

    def can_change(self, bucket: Bucket) -> bool:
        """Return whether the bucket's bundle may be changed now. The one it was made with is no change."""
        if bucket.bundle_changed_at is None or not self._once_a_month:
            return True
        return _month(as_datetime(bucket.bundle_changed_at)) != _month(now(self._clock))

    def changed(self, bucket: Bucket, bundle: str) -> Bucket:
        """Return the bucket with another bundle from now on. Raises the modelled error."""
        self.check(bundle)
        if bucket.bundle == bundle:
            raise invalid(SAME_BUNDLE.format(name=bucket.name, bundle=bundle))
        if not self.can_change(bucket):
            raise invalid(ONCE_A_MONTH.format(name=bucket.name))
        return replace(bucket, bundle=bundle, bundle_changed_at=now_ms(self._clock))


def _month(at: datetime) -> tuple[int, int]:
    return at.year, at.month


class BundleOperations:
    """The operations on bundles."""

    def __init__(self, bundles: Bundles, log: OperationLog) -> None:
        self._bundles = bundles
        self._log = log

    @lightsail.GetBucketBundles("read", resource="*")
    def get_bucket_bundles(
        self, call: Call, request: lightsail.GetBucketBundlesRequest
    ) -> lightsail.GetBucketBundlesResult:
        """List the bundles."""
        return {"bundles": self._bundles.listed(with_inactive=request.get("includeInactive", False))}

    @lightsail.UpdateBucketBundle("write", resource="bucket")
    def update_bucket_bundle(
        self, call: Call, request: lightsail.UpdateBucketBundleRequest
    ) -> lightsail.UpdateBucketBundleResult:
        """Change a bucket's bundle, once in a billing cycle."""
        bucket = self._bundles.changed(named(call, request["bucketName"]), request["bundleId"])
        bucket_records.save(call.tx, bucket)
        return {"operations": self._log.note(call, bucket.name, "UpdateBucketBundle", bucket.bundle)}
