"""Every operation of the door by its name in the Amazon S3 API Reference."""

from collections.abc import Mapping

from keystead.products.lightsail.door.app import Operation
from keystead.products.lightsail.door.buckets import EMPTY_OF, NONE_OF, BucketProbes
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.listing import Listing
from keystead.products.lightsail.door.reading import Reading
from keystead.products.lightsail.door.writing import Writing


def operations(desk: Desk) -> Mapping[str, Operation]:
    """Return what answers each operation."""
    probes, listing = BucketProbes(desk.reader), Listing(desk.reader)
    reading, writing = Reading(desk), Writing(desk)
    return {
        "CreateBucket": probes.create_bucket,
        "DeleteObject": writing.delete_object,
        "DeleteObjects": writing.delete_objects,
        "GetBucketAcl": probes.get_bucket_acl,
        "GetBucketLocation": probes.get_bucket_location,
        "GetBucketRequestPayment": probes.get_bucket_request_payment,
        "GetBucketVersioning": probes.get_bucket_versioning,
        "GetObject": reading.get_object,
        "HeadBucket": probes.head_bucket,
        "HeadObject": reading.head_object,
        "ListBuckets": probes.list_buckets,
        "ListObjects": listing.list_objects,
        "ListObjectsV2": listing.list_objects_v2,
        "PutObject": writing.put_object,
        **dict.fromkeys(NONE_OF, probes.get_nothing),
        **dict.fromkeys(EMPTY_OF, probes.get_empty),
    }
