"""What is asked of buckets themselves: the list of them, and what clients probe before they begin.

Follows those pages of the Amazon S3 API Reference. Buckets are made, changed and removed by Lightsail's own API;
what they cannot have here is answered as AWS answers a bucket that has none.
"""

from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, xml_answer
from keystead.products.lightsail.door.errors import S3Error, no_such_bucket
from keystead.products.lightsail.door.owners import canonical_id, owner
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import document, nested, optional, tag, xml_time
from keystead.store.interface import Reader

CLASSIC_REGION = "us-east-1"
"""The region whose buckets have an empty location, and may be created again by their owner."""
NONE_OF = {
    "GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
    "GetBucketOwnershipControls": ("s3:GetBucketOwnershipControls", "OwnershipControlsNotFoundError"),
    "GetBucketPolicy": ("s3:GetBucketPolicy", "NoSuchBucketPolicy"),
    "GetBucketReplication": ("s3:GetReplicationConfiguration", "ReplicationConfigurationNotFoundError"),
    "GetBucketTagging": ("s3:GetBucketTagging", "NoSuchTagSet"),
    "GetBucketWebsite": ("s3:GetBucketWebsite", "NoSuchWebsiteConfiguration"),
    "GetObjectLockConfiguration": (
        "s3:GetBucketObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
    ),
    "GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
}
EMPTY_OF = {
    "GetBucketAccelerateConfiguration": ("s3:GetAccelerateConfiguration", "AccelerateConfiguration"),
    "GetBucketLogging": ("s3:GetBucketLogging", "BucketLoggingStatus"),
    "GetBucketNotificationConfiguration": (
        "s3:GetBucketNotification",
        "NotificationConfiguration",
    ),
}


class BucketProbes:
    """Operations that look at buckets, and the two that change one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def list_buckets(self, visit: Visit) -> Answer:
        """List the buckets of the caller's account; to a bucket key, its own one."""
        visit.require("s3:ListAllMyBuckets")
        credential = visit.visitor.credential
        if credential is None:
            raise S3Error("AccessDenied")
        if visit.visitor.principal is None:
            own = bucket_records.by_id(self._reader, credential.audience)
            buckets = [] if own is None else [own]
            account = credential.account
        else:
            account = visit.visitor.principal.account
            buckets = bucket_records.of_account(self._reader, account)
        prefix = visit.request.query.get("prefix", "")
        shown = [
            nested(
                "Bucket",
                tag("Name", bucket.name),
                tag("CreationDate", xml_time(bucket.created_at)),
                tag("BucketRegion", bucket.region),
            )
            for bucket in buckets
            if bucket.name.startswith(prefix)
        ]
        return xml_answer(
            document(
                "ListAllMyBucketsResult",
                owner(account),
                nested("Buckets", *shown),
                optional("Prefix", prefix),
            )
        )

    async def head_bucket(self, visit: Visit) -> Answer:
        """Say whether a bucket exists and may be used."""
        visit.require("s3:ListBucket")
        bucket = visit.bucket
        return Answer(
            200,
            [
                (b"x-amz-bucket-region", bucket.region.encode()),
                (b"x-amz-bucket-arn", f"arn:aws:s3:::{bucket.name}".encode()),
                (b"x-amz-access-point-alias", b"false"),
            ],
        )

    async def get_bucket_location(self, visit: Visit) -> Answer:
        """Return the region of a bucket."""
        visit.require("s3:GetBucketLocation")
        region = visit.bucket.region
        return xml_answer(document("LocationConstraint", "" if region == CLASSIC_REGION else region))

    async def get_bucket_versioning(self, visit: Visit) -> Answer:
        """Return whether a bucket keeps versions."""
        visit.require("s3:GetBucketVersioning")
        state = visit.bucket.versioning
        return xml_answer(
            document("VersioningConfiguration", optional("Status", "" if state == "NeverEnabled" else state))
        )

    async def get_bucket_acl(self, visit: Visit) -> Answer:
        """Return the one grant that every bucket has."""
        visit.require("s3:GetBucketAcl")
        return xml_answer(access_control_policy(visit.bucket, public=False))

    async def get_bucket_request_payment(self, visit: Visit) -> Answer:
        """Say that the owner pays."""
        visit.require("s3:GetBucketRequestPayment")
        return self._existing(visit, document("RequestPaymentConfiguration", tag("Payer", "BucketOwner")))

    async def get_nothing(self, visit: Visit) -> Answer:
        """Answer for a configuration that no bucket has here."""
        action, code = NONE_OF[visit.request.operation]
        visit.require(action)
        raise S3Error(code, BucketName=visit.bucket.name)

    async def get_empty(self, visit: Visit) -> Answer:
        """Answer for a configuration that is empty for every bucket."""
        action, root = EMPTY_OF[visit.request.operation]
        visit.require(action)
        return self._existing(visit, document(root))

    async def create_bucket(self, visit: Visit) -> Answer:
        """Say what AWS says of a bucket that exists: some clients make theirs before every upload.

        A new bucket is made by Lightsail.CreateBucket; here it is not implemented.
        """
        found, credential = visit.found, visit.visitor.credential
        owns = credential is not None and found is not None and found.account == credential.account
        if visit.visitor.principal is None:
            if not owns or found is None or credential is None or found.id != credential.audience:
                raise S3Error("AccessDenied")
        else:
            visit.require("s3:CreateBucket")
        if found is None:
            raise S3Error("NotImplemented", "Buckets are created by Lightsail.CreateBucket.")
        if not owns:
            raise S3Error("BucketAlreadyExists", BucketName=found.name)
        if found.region != CLASSIC_REGION:
            raise S3Error("BucketAlreadyOwnedByYou", BucketName=found.name)
        return Answer(200, [(b"location", f"/{found.name}".encode())])

    @staticmethod
    def _existing(visit: Visit, content: bytes) -> Answer:
        """Return a document about a bucket, which has to exist. Raises S3Error."""
        if visit.found is None:
            raise no_such_bucket(visit.request.bucket)
        return xml_answer(content)


def access_control_policy(bucket: Bucket, *, public: bool) -> bytes:
    """Return the document of an access control list."""
    instance = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{}"'
    account = bucket.account
    grantee = nested(
        "Grantee",
        tag("ID", canonical_id(account)),
        tag("DisplayName", account),
        attributes=instance.format("CanonicalUser"),
    )
    grants = nested("Grant", grantee, tag("Permission", "FULL_CONTROL"))
    if public:
        everybody = nested(
            "Grantee",
            tag("URI", "http://acs.amazonaws.com/groups/global/AllUsers"),
            attributes=instance.format("Group"),
        )
        grants += nested("Grant", everybody, tag("Permission", "READ"))
    return document("AccessControlPolicy", owner(account), nested("AccessControlList", grants))
