"""Every operation of the door by its name in the Amazon S3 API Reference."""

from collections.abc import Mapping

from keystead.products.lightsail.door.app import Operation
from keystead.products.lightsail.door.buckets import EMPTY_OF, NONE_OF, BucketProbes
from keystead.products.lightsail.door.configuring import Configuring
from keystead.products.lightsail.door.copying import Copying
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.listing import Listing
from keystead.products.lightsail.door.multipart import Multipart
from keystead.products.lightsail.door.posting import Posting
from keystead.products.lightsail.door.reading import Reading
from keystead.products.lightsail.door.tagging import Tagging
from keystead.products.lightsail.door.versioned import VersionedListing
from keystead.products.lightsail.door.visitor import Visitors
from keystead.products.lightsail.door.writing import Writing


def operations(desk: Desk, visitors: Visitors) -> Mapping[str, Operation]:
    """Return what answers each operation."""
    probes, listing = BucketProbes(desk.reader), Listing(desk.reader)
    reading, writing, tagging = Reading(desk), Writing(desk), Tagging(desk)
    multipart, versioned = Multipart(desk), VersionedListing(desk.reader)
    copying, configuring = Copying(desk, multipart), Configuring(desk)
    return {
        "AbortMultipartUpload": multipart.abort_multipart_upload,
        "CompleteMultipartUpload": multipart.complete_multipart_upload,
        "CopyObject": copying.copy_object,
        "CreateMultipartUpload": multipart.create_multipart_upload,
        "DeleteObjectTagging": tagging.delete_object_tagging,
        "GetObjectAcl": tagging.get_object_acl,
        "GetObjectAttributes": tagging.get_object_attributes,
        "GetObjectTagging": tagging.get_object_tagging,
        "ListMultipartUploads": versioned.list_multipart_uploads,
        "ListObjectVersions": versioned.list_object_versions,
        "ListParts": versioned.list_parts,
        "PutObjectAcl": tagging.put_object_acl,
        "PutObjectTagging": tagging.put_object_tagging,
        "UploadPart": multipart.upload_part,
        "UploadPartCopy": copying.upload_part_copy,
        "CreateBucket": probes.create_bucket,
        "DeleteBucketCors": configuring.delete_bucket_cors,
        "DeleteObject": writing.delete_object,
        "DeleteObjects": writing.delete_objects,
        "GetBucketAcl": probes.get_bucket_acl,
        "GetBucketCors": configuring.get_bucket_cors,
        "GetBucketLocation": probes.get_bucket_location,
        "GetBucketRequestPayment": probes.get_bucket_request_payment,
        "GetBucketVersioning": probes.get_bucket_versioning,
        "GetObject": reading.get_object,
        "HeadBucket": probes.head_bucket,
        "HeadObject": reading.head_object,
        "ListBuckets": probes.list_buckets,
        "ListObjects": listing.list_objects,
        "ListObjectsV2": listing.list_objects_v2,
        "PostObject": Posting(desk, visitors).post_object,
        "PutBucketCors": configuring.put_bucket_cors,
        "PutBucketVersioning": configuring.put_bucket_versioning,
        "PutObject": writing.put_object,
        **dict.fromkeys(NONE_OF, probes.get_nothing),
        **dict.fromkeys(EMPTY_OF, probes.get_empty),
    }
