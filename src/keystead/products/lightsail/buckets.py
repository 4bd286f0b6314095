"""Buckets: create, look at, update, delete.

Follows the Lightsail API reference and "Buckets in Amazon Lightsail" (Lightsail User Guide). A name is unique for
everybody; it is free again when its bucket is gone, and the next bucket of that name is another one.
"""

from keystead.config.places import FirstSegments
from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import AlreadyExists
from keystead.kernel.ids import RequestIds
from keystead.kernel.paging import Markers
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.bundles import Bundles
from keystead.products.lightsail.contents import ObjectCounts
from keystead.products.lightsail.errors import BucketInUse, invalid
from keystead.products.lightsail.finding import BUCKET, named
from keystead.products.lightsail.kinds import BUCKET_ACCESS_KEY
from keystead.products.lightsail.names import check_name
from keystead.products.lightsail.oplog import OperationLog
from keystead.products.lightsail.showing import Showing
from keystead.products.lightsail.tagging import with_tags
from keystead.products.lightsail.updating import updated
from keystead.store.interface import Reader
from keystead.types import lightsail

# UNCONFIRMED: how many buckets AWS puts on a page.
PAGE = 100


class BucketMaking:
    """Creates and deletes buckets."""

    def __init__(
        self,
        bundles: Bundles,
        issuer: Issuer,
        contents: ObjectCounts,
        taken_segments: FirstSegments,
        log: OperationLog,
        showing: Showing,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._bundles = bundles
        self._issuer = issuer
        self._contents = contents
        self._taken_segments = taken_segments
        self._log = log
        self._showing = showing
        self._clock = clock
        self._ids = RequestIds(entropy)

    @lightsail.CreateBucket("write", resource=BUCKET)
    def create_bucket(
        self, call: Call, request: lightsail.CreateBucketRequest
    ) -> lightsail.CreateBucketResult:
        """Make an empty, private bucket in the region that was signed for."""
        name = request["bucketName"]
        check_name(name, self._taken_segments)
        self._bundles.check(request["bundleId"])
        bucket = Bucket(
            self._ids.next(),
            call.principal.account,
            call.region,
            name,
            now_ms(self._clock),
            "Enabled" if request.get("enableObjectVersioning") else "NeverEnabled",
            is_public=False,
            allows_public_overrides=False,
            bundle=request["bundleId"],
            tags=with_tags({}, request.get("tags", [])),
        )
        if not bucket_records.add(call.tx, bucket):
            # Whoever has it: names are unique in the whole partition, and that is no secret at AWS either.
            raise AlreadyExists("bucket", name)
        return {
            "bucket": self._showing.bucket(bucket),
            "operations": self._log.note(call, name, "CreateBucket", bucket.bundle),
        }

    @lightsail.DeleteBucket("write", resource=BUCKET)
    def delete_bucket(
        self, call: Call, request: lightsail.DeleteBucketRequest
    ) -> lightsail.DeleteBucketResult:
        """Delete a bucket; by force with its keys, its grants and all it holds.

        Its objects are out of reach with this commit. Their rows and bodies are removed apart from it, in portions.
        """
        bucket = named(call, request["bucketName"])
        keys = shelf.of_owner(call.tx, bucket.account, bucket.id, BUCKET_ACCESS_KEY)
        if not request.get("forceDelete") and (why := self._in_use(call.tx, bucket, has_keys=bool(keys))):
            raise BucketInUse(bucket.name, why)
        for key in keys:
            self._issuer.revoke(call.tx, key.id)
        bucket_records.remove(call.tx, bucket.id)
        return {"operations": self._log.note(call, bucket.name, "DeleteBucket")}

    def _in_use(self, reader: Reader, bucket: Bucket, *, has_keys: bool) -> str:
        """Return why a bucket needs force to go, empty if it does not."""
        if self._contents.has_objects(reader, bucket.id):
            return "it is not empty"
        if has_keys:
            return "it has access keys"
        return "instances have access to it" if bucket_records.grants(reader, bucket.id) else ""


class BucketOperations:
    """Shows and updates buckets."""

    def __init__(self, log: OperationLog, showing: Showing, markers: Markers) -> None:
        self._log = log
        self._showing = showing
        self._markers = markers

    @lightsail.GetBuckets("read", resource=BUCKET)
    def get_buckets(self, call: Call, request: lightsail.GetBucketsRequest) -> lightsail.GetBucketsResult:
        """Return one bucket by name, or a page of the region's, oldest first."""
        with_grants = request.get("includeConnectedResources", False)
        with_cors = request.get("includeCors", False)
        name = request.get("bucketName")
        if name is None and with_cors:
            raise invalid("The includeCors parameter can be used with a bucketName only.")
        buckets, following = ([named(call, name)], None) if name is not None else self._page(call, request)
        return {
            "buckets": [
                self._showing.bucket(
                    bucket,
                    grants=bucket_records.grants(call.reader, bucket.id) if with_grants else None,
                    with_cors=with_cors,
                )
                for bucket in buckets
            ],
            "nextPageToken": following,
            "accountLevelBpaSync": {"status": "InSync", "bpaImpactsLightsail": False},
        }

    def _page(self, call: Call, request: lightsail.GetBucketsRequest) -> tuple[list[Bucket], str | None]:
        account, region = call.principal.account, call.region
        binding = f"{call.action}|{account}|{region}"
        after = int(self._markers.open(binding, request.get("pageToken")) or 0)
        rows = bucket_records.in_region(call.reader, account, region, after, PAGE + 1)
        page = self._markers.page(binding, rows, PAGE, lambda row: str(row[0]))
        return [bucket for _, bucket in page.rows], page.marker

    @lightsail.UpdateBucket("write", resource=BUCKET)
    def update_bucket(
        self, call: Call, request: lightsail.UpdateBucketRequest
    ) -> lightsail.UpdateBucketResult:
        """Change what is given of access rules, versioning, read-only accounts, access log and CORS."""
        bucket = updated(call.tx, named(call, request["bucketName"]), request)
        bucket_records.save(call.tx, bucket)
        return {
            "bucket": self._showing.bucket(bucket, with_cors="cors" in request),
            "operations": self._log.note(call, bucket.name, "UpdateBucket"),
        }

    @lightsail.SetResourceAccessForBucket("write", resource=BUCKET)
    def set_resource_access_for_bucket(
        self, call: Call, request: lightsail.SetResourceAccessForBucketRequest
    ) -> lightsail.SetResourceAccessForBucketResult:
        """Note that an instance of the region may use a bucket without a key, or may no more."""
        bucket, resource = named(call, request["bucketName"]), request["resourceName"]
        change = bucket_records.add_grant if request["access"] == "allow" else bucket_records.remove_grant
        change(call.tx, bucket.id, resource)
        details = f"{request['access']} {resource}"
        return {"operations": self._log.note(call, bucket.name, "SetResourceAccessForBucket", details)}
