"""What a writer states about an object in headers, checked and ready to be stored and given back.

Follows "PutObject" and "Working with object metadata" (Amazon S3). Whatever would promise something that is not
kept here (encryption, locks, storage classes) is answered as not implemented, never passed over.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from keystead.products.lightsail.door.errors import S3Error, invalid_argument
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.objects.model import PRIVATE, Attributes

DEFAULT_TYPE = "binary/octet-stream"
MAX_METADATA_BYTES = 2048
MAX_TAGS = 10
CANNED_ACLS = frozenset(
    {
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "bucket-owner-read",
        "bucket-owner-full-control",
        "aws-exec-read",
    }
)
META = "x-amz-meta-"
_META = META.encode()
_KEPT = (
    b"cache-control",
    b"content-disposition",
    b"content-encoding",
    b"content-language",
    b"content-type",
    b"expires",
    b"x-amz-website-redirect-location",
)
_NOT_HERE = re.compile(
    rb"x-amz-(?:server-side-encryption.*|object-lock-.*|grant-.*|write-offset-bytes|bucket-object-lock-enabled)"
)
_TAG_TEXT = re.compile(r"[\w\s+\-=._:/@]*", re.UNICODE)
_OBJECT_CLASS = "STANDARD"
_CLASSES = frozenset(
    {
        "DEEP_ARCHIVE",
        "GLACIER",
        "GLACIER_IR",
        "INTELLIGENT_TIERING",
        "ONEZONE_IA",
        "REDUCED_REDUNDANCY",
        "STANDARD",
        "STANDARD_IA",
    }
)


def stated(request: S3Request) -> Attributes:
    """Return what the headers of a write state. Raises S3Error."""
    refuse_what_is_not_here(request)
    return Attributes(kept_headers(request), stated_acl(request) or PRIVATE, stated_tags(request) or {})


def refuse_what_is_not_here(request: S3Request) -> None:
    """Raise S3Error for headers that ask for what this door does not have."""
    for name in request.headers:
        if _NOT_HERE.fullmatch(name):
            raise S3Error("NotImplemented", Header=name.decode("latin-1"))
    storage_class = request.header("x-amz-storage-class")
    if storage_class is not None and storage_class != _OBJECT_CLASS:
        if storage_class not in _CLASSES:
            raise S3Error("InvalidStorageClass", StorageClassRequested=storage_class)
        raise S3Error("NotImplemented", Header="x-amz-storage-class")


def kept_headers(request: S3Request) -> dict[str, str]:
    """Return the headers that are stored and given back, by lower-case name. Raises S3Error."""
    headers = request.headers
    kept = {name.decode(): _text(headers[name]) for name in _KEPT if name in headers}
    _strip_chunking(kept)
    kept.setdefault("content-type", DEFAULT_TYPE)
    metadata = {
        name.decode("latin-1"): _text(value) for name, value in headers.items() if name.startswith(_META)
    }
    require_metadata_fits(metadata)
    return kept | metadata


def _text(value: bytes) -> str:
    return value.strip(b" \t").decode("latin-1")


def require_metadata_fits(metadata: Mapping[str, str]) -> None:
    """Raise S3Error for user metadata beyond 2 KB, names and values."""
    size = sum(len(name) - len(META) + len(value) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise S3Error("MetadataTooLarge", Size=str(size), MaxSizeAllowed=str(MAX_METADATA_BYTES))


def _strip_chunking(kept: dict[str, str]) -> None:
    """Leave out of Content-Encoding what was about the transfer only."""
    encoding = kept.pop("content-encoding", None)
    if encoding is None:
        return
    left = [part.strip() for part in encoding.split(",") if part.strip().lower() != "aws-chunked"]
    if left and any(left):
        kept["content-encoding"] = ",".join(left)


def stated_acl(request: S3Request) -> str | None:
    """Return the canned list that is asked for, None where none is. Raises S3Error."""
    acl = request.header("x-amz-acl")
    if acl is not None:
        require_canned(acl)
    return acl


def require_canned(acl: str) -> None:
    """Raise S3Error for what is no canned list."""
    if acl not in CANNED_ACLS:
        raise invalid_argument("", "x-amz-acl", acl)


def stated_tags(request: S3Request) -> dict[str, str] | None:
    """Return the tags that are asked for, None where none are. Raises S3Error."""
    text = request.header("x-amz-tagging")
    if text is None:
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError as error:
        raise invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag"
            " name duplicates.",
            "x-amz-tagging",
            text,
        ) from error
    return require_tags(pairs)


def require_tags(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return tags as a mapping. Raises S3Error for too many, for one twice, and for what tags cannot be."""
    if len(pairs) > MAX_TAGS:
        raise S3Error("BadRequest", "Object tags cannot be greater than 10")
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    for key, value in pairs:
        if not 1 <= len(key) <= 128 or not _TAG_TEXT.fullmatch(key) or key.startswith("aws:"):
            raise S3Error("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > 256 or not _TAG_TEXT.fullmatch(value):
            raise S3Error("InvalidTag", "The TagValue you have provided is invalid", TagKey=key)
    return tags
