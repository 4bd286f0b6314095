"""CopyObject and UploadPartCopy.

Follows those pages of the Amazon S3 API Reference. A copy of a whole object shares its content and reads nothing,
but for the MD5 of one that was uploaded in parts; a copy of a part reads its range and stores it anew.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, BlobStream, xml_answer
from keystead.products.lightsail.door.bodies import MAX_PUT_BYTES, Expected, Intake, Received
from keystead.products.lightsail.door.checksums import ALGORITHMS, OWN, text_of
from keystead.products.lightsail.door.conditions import require_read
from keystead.products.lightsail.door.copysource import named_source
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import (
    S3Error,
    invalid_argument,
    no_such_bucket,
    no_such_key,
    no_such_version,
)
from keystead.products.lightsail.door.finding import look_up, version_id
from keystead.products.lightsail.door.multipart import Multipart, algorithm_of, open_upload
from keystead.products.lightsail.door.owners import require_expected_owner
from keystead.products.lightsail.door.reading import part_number, spans
from keystead.products.lightsail.door.stated import stated
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.writing import conditions_of, placed_headers, require_attributes
from keystead.products.lightsail.door.xml import document, tag, xml_time
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import Attributes, Body, Checksum, Version
from keystead.products.lightsail.objects.versions import Placed
from keystead.store.interface import Transaction

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})")
_TOO_LARGE = (
    "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120"
)
_ONTO_ITSELF = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's"
    " metadata, storage class, website redirect location or encryption attributes."
)


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied, which the visitor may read. `named` is its version where its bucket has any."""

    bucket: Bucket
    key: bytes
    version: Version
    named: str | None


class Copying:
    """The two copies."""

    def __init__(self, desk: Desk, multipart: Multipart) -> None:
        self._desk = desk
        self._multipart = multipart

    async def copy_object(self, visit: Visit) -> Answer:
        """Make an object out of another one."""
        visit.require("s3:PutObject", visit.key)
        source = self._source(visit)
        attributes = _attributes(visit, source)
        # Those that are copied count in policies, and not what a header says beside.
        visit.tags = attributes.tags
        if _directive(visit, "x-amz-tagging-directive") == "COPY" and attributes.tags:
            _require_tags_of(visit, source)
        require_attributes(visit, attributes)
        if source.version.body.size > MAX_PUT_BYTES:
            raise S3Error("InvalidRequest", _TOO_LARGE)
        body = await self._body(source)
        require = conditions_of(visit)

        def job(tx: Transaction, bucket: Bucket) -> Placed:
            require(tx, bucket)
            # What it shares must still be there: the source may have been deleted while its MD5 was computed.
            still = object_records.of_version(tx, source.bucket.id, source.key, source.version.version)
            if still is None or still.row != source.version.row:
                raise no_such_key(source.key)
            return self._desk.versions.put(tx, bucket.id, bucket.versioning, visit.key, body, attributes)

        placed = await self._desk.commit(visit, job)
        headers = placed_headers(placed)
        if source.named is not None:
            headers.append((b"x-amz-copy-source-version-id", source.named.encode()))
        return xml_answer(_result("CopyObjectResult", body.etag, placed.modified_at, body.checksum), headers)

    async def upload_part_copy(self, visit: Visit) -> Answer:
        """Make a part out of another object, or of a range of it."""
        visit.require("s3:PutObject", visit.key)
        number = part_number(visit.request.query.get("partNumber", ""))
        upload = open_upload(visit, self._desk.reader)
        source = self._source(visit)
        offset, length = _range(visit, source.version.body.size)
        expected = Expected(length, algorithm=algorithm_of(upload))
        received = await self._read_anew(source, offset, expected)
        piece = await self._multipart.keep_part(visit, upload, number, received)
        checksum = Checksum(expected.algorithm.name, "", piece.checksum)
        return xml_answer(_result("CopyPartResult", piece.etag, piece.modified_at, checksum))

    def _source(self, visit: Visit) -> Source:
        """Return the source of a copy, for a visitor who may read it, if its conditions hold. Raises S3Error."""
        name, key, version_named = named_source(visit.request)
        wanted = version_id(version_named)
        reader = self._desk.reader
        bucket = bucket_records.by_name(reader, name)
        version = None if bucket is None else look_up(reader, bucket.id, key, wanted)
        action = "s3:GetObject" if wanted is None else "s3:GetObjectVersion"
        acl = "" if version is None else version.attributes.acl
        visit.require_elsewhere(bucket, name, action, key, wanted, acl)
        require_expected_owner(visit.request, bucket, "x-amz-source-expected-bucket-owner")
        if bucket is None:
            raise no_such_bucket(name)
        if version is None or (version.is_marker and wanted is None):
            raise no_such_key(key) if wanted is None else no_such_version(key, wanted)
        if version.is_marker:
            raise S3Error(
                "InvalidRequest",
                "The source of a copy request may not specifically refer to a delete marker by version id.",
            )
        require_read(visit.request, version.body.etag, version.modified_at, "x-amz-copy-source-")
        has_versions = bucket.versioning != "NeverEnabled"
        return Source(bucket, key, version, version.version if has_versions else None)

    async def _body(self, source: Source) -> Body:
        """Return the body of a copy: the same content. What was in parts gets the MD5 of the whole."""
        body = source.version.body
        if body.content is None:
            inline = object_records.inline_body(self._desk.reader, source.version.row)
            if inline is None:
                raise no_such_key(source.key)
            return Body(body.size, body.etag, body.checksum, inline)
        if not body.part_count:
            return body
        # UNCONFIRMED whether any client minds; AWS makes one piece of it, with the ETag and checksum of one.
        md5, checksum = hashlib.md5(usedforsecurity=False), OWN.new()
        stream = BlobStream(self._desk.blobs, spans(self._desk.reader, body.content, 0, body.size))
        try:
            async for data in stream.pieces():
                await asyncio.to_thread(md5.update, data)
                checksum.update(data)
        finally:
            await stream.close()
        return Body(
            body.size,
            md5.hexdigest(),
            Checksum(OWN.name, "FULL_OBJECT", text_of(checksum.digest())),
            None,
            body.content,
        )

    async def _read_anew(self, source: Source, offset: int, expected: Expected) -> Received:
        """Return a range of a source as a body that was received."""
        intake = Intake(expected, self._desk.blobs, inline_bytes=0)
        body = source.version.body
        try:
            if body.content is None:
                inline = object_records.inline_body(self._desk.reader, source.version.row) or b""
                await asyncio.to_thread(intake.feed, inline[offset : offset + expected.length])
                return await asyncio.to_thread(intake.finish)
            ranged = spans(self._desk.reader, body.content, offset, expected.length)
            stream = BlobStream(self._desk.blobs, ranged)
            try:
                async for data in stream.pieces():
                    await asyncio.to_thread(intake.feed, data)
            finally:
                await stream.close()
            return await asyncio.to_thread(intake.finish)
        except BaseException:
            intake.drop()
            raise


def _attributes(visit: Visit, source: Source) -> Attributes:
    """Return what the copy has besides its body: the source's, or what is stated. A list is never copied."""
    request = visit.request
    metadata, tagging = (
        _directive(visit, name) for name in ("x-amz-metadata-directive", "x-amz-tagging-directive")
    )
    now = stated(request)
    before = source.version.attributes
    is_same = source.bucket.name == request.bucket and source.key == request.key
    is_current = request.header("x-amz-copy-source") is not None and "versionId=" not in (
        request.header("x-amz-copy-source") or ""
    )
    if is_same and is_current and metadata == "COPY" and tagging == "COPY":
        raise S3Error("InvalidRequest", _ONTO_ITSELF)
    headers = now.headers if metadata == "REPLACE" else before.headers
    tags = now.tags if tagging == "REPLACE" else before.tags
    return Attributes(headers, now.acl, tags)


def _require_tags_of(visit: Visit, source: Source) -> None:
    """Let pass who may read the tags of a source, which nobody reads as anybody. Raises S3Error."""
    wanted = named_source(visit.request).version
    action = "s3:GetObjectTagging" if wanted is None else "s3:GetObjectVersionTagging"
    visit.require_elsewhere(source.bucket, source.bucket.name, action, source.key, wanted, "")


def _directive(visit: Visit, name: str) -> str:
    value = visit.request.header(name) or "COPY"
    if value not in ("COPY", "REPLACE"):
        raise invalid_argument(f"Unknown {name.removeprefix('x-amz-')}.", name, value)
    return value


def _range(visit: Visit, size: int) -> tuple[int, int]:
    text = visit.request.header("x-amz-copy-source-range")
    if text is None:
        if size > MAX_PUT_BYTES:
            raise S3Error("InvalidRequest", _TOO_LARGE)
        return 0, size
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the"
            " zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            text,
        )
    first, last = int(match[1]), int(match[2])
    if last >= size:
        raise invalid_argument(
            f"Range specified is not valid for source object of size: {size}", "x-amz-copy-source-range", text
        )
    return first, last - first + 1


def _result(root: str, etag: str, modified_at: int, checksum: Checksum | None) -> bytes:
    parts: Sequence[str] = ()
    if checksum is not None:
        parts = (
            tag(ALGORITHMS[checksum.algorithm].element, checksum.value),
            tag("ChecksumType", checksum.type) if checksum.type else "",
        )
    return document(root, tag("LastModified", xml_time(modified_at)), tag("ETag", f'"{etag}"'), *parts)
