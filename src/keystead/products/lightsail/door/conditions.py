"""Conditions on reads and writes, and the ranges of reads.

Follows "Conditional requests" (Amazon S3 User Guide), RFC 9110 sections 13 and 14, and "GetObject" for what S3 does
differently: of several ranges, or of one that cannot be read, the whole object is the answer.
"""

import re
from email.utils import parsedate_to_datetime

from keystead.products.lightsail.door.errors import Headers, S3Error, no_such_key, precondition_failed
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.objects.model import Version

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_MAX_DIGITS = 18


class NotModified(Exception):
    """The caller has this version already."""


def require_read(request: S3Request, etag: str, modified_at: int, prefix: str = "") -> None:
    """Raise S3Error or NotModified unless the conditions of a read hold.

    `prefix` is `x-amz-copy-source-` for the source of a copy, where all of them fail alike.
    """
    if_match, if_none_match = request.header(f"{prefix}if-match"), request.header(f"{prefix}if-none-match")
    since, until = (
        request.header(f"{prefix}if-modified-since"),
        request.header(f"{prefix}if-unmodified-since"),
    )
    changed_at = modified_at // 1000
    if if_match is not None:
        if not _matches(if_match, etag):
            raise precondition_failed("If-Match")
    elif until is not None and (moment := _seconds(until)) is not None and changed_at > moment:
        raise precondition_failed("If-Unmodified-Since")
    if if_none_match is not None:
        if _matches(if_none_match, etag):
            raise NotModified if not prefix else precondition_failed("If-None-Match")
    elif since is not None and (moment := _seconds(since)) is not None and changed_at <= moment:
        raise NotModified if not prefix else precondition_failed("If-Modified-Since")


def is_conditional(request: S3Request) -> bool:
    """Return whether a write has conditions at all."""
    return b"if-match" in request.headers or b"if-none-match" in request.headers


def require_write(request: S3Request, key: bytes, current: Version | None) -> None:
    """Raise S3Error unless the conditions of a write hold for what is there now. A delete marker is nothing."""
    if_match, if_none_match = request.header("if-match"), request.header("if-none-match")
    exists = current is not None and not current.is_marker
    if if_none_match is not None:
        # UNCONFIRMED: that both conditions at once are not implemented either.
        if if_none_match != "*" or if_match is not None:
            raise S3Error("NotImplemented", Header="If-None-Match")
        if exists:
            raise precondition_failed("If-None-Match")
    if if_match is not None:
        if current is None or not exists:
            raise no_such_key(key)
        if not _matches(if_match, current.body.etag):
            raise precondition_failed("If-Match")


def require_delete(if_match: str | None, current: Version | None) -> None:
    """Raise S3Error unless the condition of a delete holds. UNCONFIRMED: it fails for a key that is not there."""
    if if_match is None:
        return
    if current is None or current.is_marker or not _matches(if_match, current.body.etag):
        raise precondition_failed("If-Match")


def _matches(condition: str, etag: str) -> bool:
    wanted = [part.strip().removeprefix("W/").strip('"') for part in condition.split(",")]
    return "*" in wanted or etag in wanted


def _seconds(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def wanted_range(request: S3Request, size: int) -> tuple[int, int] | None:
    """Return offset and length of the one range that is asked for, None for the whole. Raises S3Error."""
    text = request.header("range")
    match = None if text is None else _RANGE.fullmatch(text.replace(" ", ""))
    if text is None or match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if len(first) > _MAX_DIGITS or len(last) > _MAX_DIGITS or (first and last and int(first) > int(last)):
        return None
    if first:
        offset, end = int(first), min(int(last) + 1 if last else size, size)
    else:
        offset, end = max(0, size - int(last)), size
    if offset >= end:
        raise unsatisfiable(text, size)
    return offset, end - offset


def unsatisfiable(text: str, size: int) -> S3Error:
    """Return the answer to a range that the object does not have."""
    headers: Headers = [(b"content-range", b"bytes */%d" % size)]
    return S3Error("InvalidRange", headers=headers, RangeRequested=text, ActualObjectSize=str(size))
