"""Which operation a request is for: by what it names, its method, and the names in its query.

Follows the request syntax of each operation in the Amazon S3 API Reference. An unknown name in the query says
nothing; a known sub-resource that is not served is answered as such, never as the plain operation.
"""

from collections.abc import Mapping
from types import MappingProxyType

from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.request import S3Request

SUBRESOURCES = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "annotation",
        "attributes",
        "cors",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metadataConfiguration",
        "metadataTable",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "renameObject",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "session",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versioning",
        "versions",
        "website",
    }
)
V2_UNSIGNED = frozenset({"attributes"})
"""Sub-resources that Signature Version 2 does not cover: nobody who signed by it meant them."""

_BUCKET: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("GET", ""): "ListObjects",
        ("GET", "acl"): "GetBucketAcl",
        ("GET", "accelerate"): "GetBucketAccelerateConfiguration",
        ("GET", "cors"): "GetBucketCors",
        ("GET", "encryption"): "GetBucketEncryption",
        ("GET", "lifecycle"): "GetBucketLifecycleConfiguration",
        ("GET", "location"): "GetBucketLocation",
        ("GET", "logging"): "GetBucketLogging",
        ("GET", "notification"): "GetBucketNotificationConfiguration",
        ("GET", "object-lock"): "GetObjectLockConfiguration",
        ("GET", "ownershipControls"): "GetBucketOwnershipControls",
        ("GET", "policy"): "GetBucketPolicy",
        ("GET", "publicAccessBlock"): "GetPublicAccessBlock",
        ("GET", "replication"): "GetBucketReplication",
        ("GET", "requestPayment"): "GetBucketRequestPayment",
        ("GET", "tagging"): "GetBucketTagging",
        ("GET", "uploads"): "ListMultipartUploads",
        ("GET", "versioning"): "GetBucketVersioning",
        ("GET", "versions"): "ListObjectVersions",
        ("GET", "website"): "GetBucketWebsite",
        ("HEAD", ""): "HeadBucket",
        ("POST", ""): "PostObject",
        ("POST", "delete"): "DeleteObjects",
        ("PUT", ""): "CreateBucket",
        ("PUT", "cors"): "PutBucketCors",
        ("PUT", "versioning"): "PutBucketVersioning",
        ("DELETE", "cors"): "DeleteBucketCors",
    }
)
_OBJECT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("GET", ""): "GetObject",
        ("GET", "acl"): "GetObjectAcl",
        ("GET", "attributes"): "GetObjectAttributes",
        ("GET", "tagging"): "GetObjectTagging",
        ("GET", "uploadId"): "ListParts",
        ("HEAD", ""): "HeadObject",
        ("PUT", ""): "PutObject",
        ("PUT", "acl"): "PutObjectAcl",
        ("PUT", "tagging"): "PutObjectTagging",
        ("PUT", "uploadId"): "UploadPart",
        ("POST", "uploads"): "CreateMultipartUpload",
        ("POST", "uploadId"): "CompleteMultipartUpload",
        ("DELETE", ""): "DeleteObject",
        ("DELETE", "tagging"): "DeleteObjectTagging",
        ("DELETE", "uploadId"): "AbortMultipartUpload",
    }
)
_COPIES: Mapping[str, str] = MappingProxyType({"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"})
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})


def route(request: S3Request) -> str:
    """Return the name of the operation that a request is for. Raises S3Error."""
    if request.method not in _METHODS:
        raise _not_allowed(request)
    if request.method == "OPTIONS":
        return "Preflight"
    if not request.bucket:
        if request.method == "GET":
            return "ListBuckets"
        raise _not_allowed(request)
    subresource = _subresource(request)
    table = _OBJECT if request.key else _BUCKET
    name = table.get((request.method, subresource))
    if name is None:
        if subresource:
            raise S3Error("NotImplemented", "This operation is not implemented here.")
        raise _not_allowed(request)
    if name == "ListObjects" and request.query.get("list-type") == "2":
        return "ListObjectsV2"
    if name in _COPIES and b"x-amz-copy-source" in request.headers:
        return _COPIES[name]
    return name


def _subresource(request: S3Request) -> str:
    """Return the one sub-resource that is named. Raises S3Error for two: which one was meant nobody can tell."""
    named = sorted(SUBRESOURCES.intersection(request.query))
    if len(named) > 1:
        raise S3Error("InvalidArgument", "Conflicting query string parameters: " + ", ".join(named))
    return named[0] if named else ""


def _not_allowed(request: S3Request) -> S3Error:
    return S3Error(
        "MethodNotAllowed", Method=request.method, ResourceType="OBJECT" if request.key else "BUCKET"
    )
