"""Finds the version that a read is about, for a visitor who may read it.

Follows "GetObject", Permissions: without the right to list, a key that does not exist is answered like one that
may not be read.
"""

import re
from collections.abc import Callable

from keystead.products.lightsail.door.errors import (
    S3Error,
    invalid_argument,
    no_such_bucket,
    no_such_key,
    no_such_version,
)
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import NULL_VERSION, PRIVATE, Version
from keystead.store.interface import Reader

LookUp = Callable[[Reader, str, bytes], Version | None]
_VERSION = re.compile(r"[A-Za-z0-9._]{32}|null")


def version_id(text: str | None) -> str | None:
    """Return the version that a request names, None for the current one. Raises S3Error."""
    if text is None:
        return None
    if not _VERSION.fullmatch(text):
        raise invalid_argument("Invalid version id specified", "versionId", text)
    return text


def look_up(reader: Reader, bucket: str, key: bytes, version: str | None) -> Version | None:
    """Return a version of a key, the latest where none is named."""
    if version is None:
        return object_records.latest(reader, bucket, key)
    return object_records.of_version(reader, bucket, key, version)


def find_readable(visit: Visit, reader: Reader, latest: LookUp = object_records.latest) -> Version:
    """Return the version that a read names; `latest` looks up the latest one of a key. Raises S3Error."""
    action = "s3:GetObject"
    wanted = visit.request.query.get("versionId")
    if wanted is not None:
        action = "s3:GetObjectVersion"
    well_formed = wanted is None or _VERSION.fullmatch(wanted) is not None
    found = visit.found
    version = None
    if found is not None and well_formed:
        if wanted is None:
            version = latest(reader, found.id, visit.key)
        else:
            version = object_records.of_version(reader, found.id, visit.key, wanted)
    if not visit.may_read(action, PRIVATE if version is None else version.attributes.acl):
        raise S3Error("AccessDenied")
    if found is None:
        raise no_such_bucket(visit.request.bucket)
    visit.require_region()
    version_id(wanted)
    if version is None:
        if not visit.allows("s3:ListBucket"):
            raise S3Error("AccessDenied")
        raise no_such_key(visit.key) if wanted is None else no_such_version(visit.key, wanted)
    if version.is_marker:
        raise _is_deleted(visit, version, by_id=wanted is not None)
    return version


def _is_deleted(visit: Visit, marker: Version, *, by_id: bool) -> S3Error:
    headers = [
        (b"x-amz-delete-marker", b"true"),
        (b"x-amz-version-id", marker.version.encode()),
    ]
    if by_id:
        return S3Error("MethodNotAllowed", headers=[*headers, (b"allow", b"DELETE")])
    if not visit.allows("s3:ListBucket"):
        return S3Error("AccessDenied")
    return no_such_key(visit.key, *headers)


def shown_version(visit: Visit, version: Version) -> list[tuple[bytes, bytes]]:
    """Return the header that names a version, where the bucket has or had versions."""
    if visit.bucket.versioning == "NeverEnabled" and version.version == NULL_VERSION:
        return []
    return [(b"x-amz-version-id", version.version.encode())]
