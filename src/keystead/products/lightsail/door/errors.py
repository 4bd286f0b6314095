"""What the door answers when it does not do what it was asked: S3's codes, statuses and words in one table.

Follows "Error responses" (Amazon S3 API Reference). Texts that no public source shows are marked UNCONFIRMED.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

Headers = Sequence[tuple[bytes, bytes]]

_MESSAGES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "AccessDenied": (403, "Access Denied"),
        "AccessForbidden": (403, "CORSResponse: CORS is not enabled for this bucket."),
        "AuthorizationHeaderMalformed": (400, "The authorization header is malformed"),
        "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
        "BadRequest": (400, "Bad Request"),
        "BucketAlreadyExists": (
            409,
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system."
            " Please select a different name and try again.",
        ),
        "BucketAlreadyOwnedByYou": (
            409,
            "Your previous request to create the named bucket succeeded and you already own it.",
        ),
        "ConditionalRequestConflict": (
            409,
            "The conditional request cannot succeed due to a conflicting operation against this resource.",
        ),
        "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed size"),
        "EntityTooSmall": (400, "Your proposed upload is smaller than the minimum allowed size"),
        "ExpiredToken": (400, "The provided token has expired."),
        "IllegalVersioningConfigurationException": (
            400,
            "The Versioning element must be specified",
        ),
        "IncompleteBody": (
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        ),
        "InternalError": (500, "We encountered an internal error. Please try again."),
        "InvalidArgument": (400, "Invalid Argument"),
        "InvalidBucketName": (400, "The specified bucket is not valid."),
        "InvalidDigest": (400, "The Content-MD5 you specified was invalid."),
        "InvalidPart": (
            400,
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the"
            " specified entity tag may not match the part's entity tag.",
        ),
        "InvalidPartNumber": (416, "The requested partnumber is not satisfiable"),
        "InvalidPartOrder": (
            400,
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ),
        "InvalidPolicyDocument": (400, "Invalid Policy: Invalid JSON."),
        "InvalidRange": (416, "The requested range is not satisfiable"),
        "InvalidRequest": (400, "Invalid Request"),
        "InvalidStorageClass": (400, "The storage class you specified is not valid"),
        "InvalidTag": (400, "The tag provided was not a valid tag."),
        "InvalidURI": (400, "Couldn't parse the specified URI."),
        "KeyTooLongError": (400, "Your key is too long"),
        "MalformedACLError": (
            400,
            "The XML you provided was not well-formed or did not validate against our published schema",
        ),
        "MalformedPOSTRequest": (
            400,
            "The body of your POST request is not well-formed multipart/form-data.",
        ),
        # UNCONFIRMED words.
        "MalformedTrailerError": (
            400,
            "The request contained trailing data that was not well-formed or did not conform to our published"
            " schema.",
        ),
        "MalformedXML": (
            400,
            "The XML you provided was not well-formed or did not validate against our published schema",
        ),
        "MaxPostPreDataLengthExceeded": (
            400,
            "Your POST request fields preceding the upload file were too large.",
        ),
        "MetadataTooLarge": (400, "Your metadata headers exceed the maximum allowed metadata size"),
        "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
        "MissingContentLength": (411, "You must provide the Content-Length HTTP header."),
        "MissingRequestBodyError": (400, "Request Body is empty"),
        "NoSuchBucket": (404, "The specified bucket does not exist"),
        "NoSuchBucketPolicy": (404, "The bucket policy does not exist"),
        "NoSuchCORSConfiguration": (404, "The CORS configuration does not exist"),
        "NoSuchKey": (404, "The specified key does not exist."),
        "NoSuchLifecycleConfiguration": (404, "The lifecycle configuration does not exist"),
        "NoSuchPublicAccessBlockConfiguration": (
            404,
            "The public access block configuration was not found",
        ),
        "NoSuchTagSet": (404, "The TagSet does not exist"),
        "NoSuchUpload": (
            404,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted"
            " or completed.",
        ),
        "NoSuchVersion": (404, "The specified version does not exist."),
        "NoSuchWebsiteConfiguration": (
            404,
            "The specified bucket does not have a website configuration",
        ),
        "NotImplemented": (
            501,
            "A header you provided implies functionality that is not implemented",
        ),
        "ObjectLockConfigurationNotFoundError": (
            404,
            "Object Lock configuration does not exist for this bucket",
        ),
        "OwnershipControlsNotFoundError": (404, "The bucket ownership controls were not found"),
        "PreconditionFailed": (
            412,
            "At least one of the pre-conditions you specified did not hold",
        ),
        "ReplicationConfigurationNotFoundError": (
            404,
            "The replication configuration was not found",
        ),
        "ServiceUnavailable": (503, "Reduce your request rate."),
        "SignatureDoesNotMatch": (
            403,
            "The request signature we calculated does not match the signature you provided. Check your key and"
            " signing method.",
        ),
        "XAmzContentSHA256Mismatch": (
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
    }
)


class S3Error(Exception):
    """An answer that is an error. `members` are further elements of its document, `headers` go with it."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: Headers = (),
        **members: str,
    ) -> None:
        super().__init__(code)
        usual_status, usual_message = _MESSAGES[code]
        self.code = code
        self.status = usual_status if status is None else status
        self.message = usual_message if message is None else message
        self.headers = headers
        self.members: Mapping[str, str] = members


def no_such_bucket(name: str) -> S3Error:
    """Return the answer for a bucket that does not exist, which only those who might use it get to see."""
    return S3Error("NoSuchBucket", BucketName=name)


def no_such_key(key: bytes, *headers: tuple[bytes, bytes]) -> S3Error:
    """Return the answer for a key that has no current version."""
    return S3Error("NoSuchKey", headers=headers, Key=key.decode())


def no_such_version(key: bytes, version: str) -> S3Error:
    """Return the answer for a version that a key does not have."""
    return S3Error("NoSuchVersion", Key=key.decode(), VersionId=version)


def invalid_argument(message: str, name: str, value: str) -> S3Error:
    """Return the answer to an argument that has no meaning."""
    return S3Error("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)


def precondition_failed(condition: str) -> S3Error:
    """Return the answer to a condition, by the name of its header, that does not hold."""
    return S3Error("PreconditionFailed", Condition=condition)
