"""GetObject and HeadObject.

Follows those pages of the Amazon S3 API Reference, and "Downloading parts" for `partNumber`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.products.lightsail.door.answer import Answer, BlobStream, Header, Span
from keystead.products.lightsail.door.checksums import ALGORITHMS
from keystead.products.lightsail.door.conditions import NotModified, require_read, wanted_range
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import S3Error, invalid_argument
from keystead.products.lightsail.door.finding import find_readable, shown_version
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import http_time
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.blobs import Blobs
from keystead.products.lightsail.objects.model import Version
from keystead.store.interface import Reader
from keystead.store.recent import Recent

MAX_PARTS = 10_000
_KEPT = 1024
_LARGEST_KEPT_BYTES = 8 * 1024
"""Together these bound what kept bodies take of memory: 8 MiB."""
_OVERRIDES = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)


@dataclass(frozen=True, slots=True)
class _Cut:
    """What of an object is asked for. `headers` say so; `is_partial` makes it a 206."""

    offset: int
    length: int
    is_partial: bool = False
    headers: tuple[Header, ...] = ()


class Reading:
    """The two operations, which differ in the body alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._recent: Recent[Version | None] = Recent(desk.reader, _KEPT)

    async def get_object(self, visit: Visit) -> Answer:
        """Return an object, a range or a part of it."""
        return self._read(visit, with_body=True)

    async def head_object(self, visit: Visit) -> Answer:
        """Return what GetObject would, without the body."""
        return self._read(visit, with_body=False)

    def _read(self, visit: Visit, *, with_body: bool) -> Answer:
        # From the look-up of the row to the hold on its blobs nothing may wait: a delete would come between.
        reader = self._desk.reader
        version = find_readable(visit, reader, self._latest if with_body else object_records.latest)
        overrides = _overrides(visit)
        shown = shown_version(visit, version)
        try:
            require_read(visit.request, version.body.etag, version.modified_at)
        except NotModified:
            return Answer(304, [*_identity_of(version), *shown])
        cut = _cut(visit, reader, version)
        headers = [*_kept(version, overrides), *_identity_of(version), *shown, *cut.headers]
        headers += _tag_count(visit, version)
        headers.append((b"accept-ranges", b"bytes"))
        headers += _checksum(visit, version, cut)
        answer = Answer(206 if cut.is_partial else 200, headers, length=cut.length)
        if not with_body:
            return answer
        if version.body.content is not None:
            answer.stream = open_stream(
                reader, self._desk.blobs, version.body.content, cut.offset, cut.length
            )
        else:
            body = version.body.inline
            if body is None:
                body = object_records.inline_body(reader, version.row) or b""
            answer.body = body[cut.offset : cut.offset + cut.length]
        return answer

    def _latest(self, reader: Reader, bucket: str, key: bytes) -> Version | None:
        """Return the latest version of a key, a small body included."""
        return self._recent.get(
            (bucket, key), lambda: object_records.latest_with_body(reader, bucket, key), _is_kept
        )


def _is_kept(version: Version | None) -> bool:
    return version is not None and len(version.body.inline or b"") <= _LARGEST_KEPT_BYTES


def open_stream(reader: Reader, blobs: Blobs, content: str, offset: int, length: int) -> BlobStream:
    """Return a stream of a range of a content."""
    return BlobStream(blobs, spans(reader, content, offset, length))


def spans(reader: Reader, content: str, offset: int, length: int) -> list[Span]:
    """Return which bytes of which blobs a range of a content is."""
    found: list[Span] = []
    at, end = 0, offset + length
    for piece in object_records.pieces(reader, content):
        first, last = max(offset, at), min(end, at + piece.size)
        if first < last:
            found.append((piece.blob, first - at, last - first))
        at += piece.size
    return found


def _overrides(visit: Visit) -> dict[str, str]:
    """Return the headers that the query asks to be answered in place of what is stored."""
    asked = {
        name: visit.request.query[f"response-{name}"]
        for name in _OVERRIDES
        if f"response-{name}" in visit.request.query
    }
    if asked and visit.visitor.is_anonymous:
        raise S3Error(
            "InvalidRequest",
            "Request specific response headers cannot be used for anonymous GET requests.",
        )
    for name, value in asked.items():
        if not value.isprintable() or not _is_latin(value):
            raise invalid_argument("Header value cannot be represented.", f"response-{name}", value)
    return asked


def _is_latin(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _kept(version: Version, overrides: dict[str, str]) -> list[Header]:
    kept = {**version.attributes.headers, **overrides}
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.items()]


def _tag_count(visit: Visit, version: Version) -> list[Header]:
    """Return how many tags there are, for who may read them. Source: GetObject, `x-amz-tagging-count`."""
    of_version = "Version" if "versionId" in visit.request.query else ""
    if not version.attributes.tags or not visit.allows(f"s3:GetObject{of_version}Tagging", visit.key):
        return []
    return [(b"x-amz-tagging-count", b"%d" % len(version.attributes.tags))]


def _identity_of(version: Version) -> Sequence[Header]:
    return (
        (b"etag", b'"%b"' % version.body.etag.encode()),
        (b"last-modified", http_time(version.modified_at)),
    )


def _cut(visit: Visit, reader: Reader, version: Version) -> _Cut:
    size = version.body.size
    part = visit.request.query.get("partNumber")
    if part is not None:
        return _part(visit, reader, version, part)
    wanted = wanted_range(visit.request, size)
    if wanted is None:
        return _Cut(0, size)
    offset, length = wanted
    return _Cut(offset, length, is_partial=True, headers=(_content_range(offset, length, size),))


def _part(visit: Visit, reader: Reader, version: Version, text: str) -> _Cut:
    if visit.request.header("range") is not None:
        raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    number = part_number(text)
    count, size = max(1, version.body.part_count), version.body.size
    if number > count:
        raise S3Error("InvalidPartNumber", PartNumberRequested=text, ActualPartCount=str(count))
    counted = ((b"x-amz-mp-parts-count", b"%d" % count),) if version.body.part_count else ()
    if not version.body.part_count or version.body.content is None:
        ranged = (_content_range(0, size, size),) if size else ()
        return _Cut(0, size, is_partial=True, headers=ranged)
    pieces = object_records.pieces(reader, version.body.content)
    offset = sum(piece.size for piece in pieces[: number - 1])
    length = pieces[number - 1].size
    return _Cut(offset, length, True, (_content_range(offset, length, size), *counted))


def part_number(text: str) -> int:
    """Return a part's number. Raises S3Error."""
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= MAX_PARTS:
        raise invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive", "partNumber", text
        )
    return int(text)


def _content_range(offset: int, length: int, size: int) -> Header:
    return b"content-range", b"bytes %d-%d/%d" % (offset, offset + length - 1, size)


def _checksum(visit: Visit, version: Version, cut: _Cut) -> list[Header]:
    """Return the checksum where it is asked for; of a part of the object it would be the wrong one."""
    checksum = version.body.checksum
    if (visit.request.header("x-amz-checksum-mode") or "").upper() != "ENABLED" or checksum is None:
        return []
    if cut.is_partial and cut.length != version.body.size:
        return []
    return checksum_headers(checksum.algorithm, checksum.type, checksum.value)


def checksum_headers(algorithm: str, type: str, value: str) -> list[Header]:
    """Return the headers that show a checksum."""
    return [
        (ALGORITHMS[algorithm].header.encode(), value.encode()),
        (b"x-amz-checksum-type", type.encode()),
    ]
