"""ListObjectVersions, ListMultipartUploads and ListParts.

Follows those pages of the Amazon S3 API Reference.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, xml_answer
from keystead.products.lightsail.door.errors import invalid_argument
from keystead.products.lightsail.door.listing import Asked, asked, entry, groups, head, limit
from keystead.products.lightsail.door.multipart import algorithm_of, open_upload
from keystead.products.lightsail.door.owners import initiator, owner
from keystead.products.lightsail.door.pages import LAST, Cursor, Page, list_page
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import document, nested, optional, tag, xml_time
from keystead.products.lightsail.objects import object_records, upload_records
from keystead.products.lightsail.objects.model import Listed, Upload
from keystead.store.interface import Reader

_MAX_PARTS = 1000
Marked = TypeVar("Marked", Listed, Upload)


class VersionedListing:
    """The listings whose entries have more to their name than a key."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def list_object_versions(self, visit: Visit) -> Answer:
        """List versions and delete markers, the newest of a key first."""
        visit.require("s3:ListBucketVersions")
        bucket, wanted, query = visit.bucket, asked(visit.request), visit.request.query
        key_marker, version_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
        after = self._after_version(bucket, key_marker, version_marker)

        def fetch(cursor: Cursor, end: bytes, count: int) -> Sequence[Listed]:
            return object_records.versions(self._reader, bucket.id, cursor[0], -cursor[1], end, count)

        page = list_page(fetch, wanted.prefix, wanted.delimiter, after, wanted.max_keys)
        owned = owner(bucket.account)
        return xml_answer(
            document(
                "ListVersionsResult",
                head(bucket, wanted),
                f"<KeyMarker>{wanted.show(key_marker.encode())}</KeyMarker>",
                tag("VersionIdMarker", version_marker),
                _following(page, wanted, lambda last: tag("NextVersionIdMarker", last.version)),
                tag("MaxKeys", wanted.max_keys),
                tag("IsTruncated", page.is_truncated),
                *(_version(item, wanted, owned) for item in page.items),
                groups(page, wanted),
            )
        )

    def _after_version(self, bucket: Bucket, key_marker: str, version_marker: str) -> Cursor | None:
        if not key_marker:
            if version_marker:
                raise invalid_argument(
                    "A version-id marker cannot be specified without a key marker.",
                    "version-id-marker",
                    version_marker,
                )
            return None
        key = key_marker.encode()
        if not version_marker:
            return key, LAST
        found = object_records.of_version(self._reader, bucket.id, key, version_marker.replace("\0", ""))
        if found is None:
            raise invalid_argument("Invalid version id specified", "version-id-marker", version_marker)
        return key, -found.row

    async def list_multipart_uploads(self, visit: Visit) -> Answer:
        """List uploads that are open, those of a key in the order in which they began."""
        visit.require("s3:ListBucketMultipartUploads")
        bucket, query = visit.bucket, visit.request.query
        wanted = asked(visit.request, "max-uploads", "max-uploads")
        key_marker, upload_marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
        after = self._after_upload(bucket, key_marker.encode(), upload_marker)

        def fetch(cursor: Cursor, end: bytes, count: int) -> Sequence[Upload]:
            return upload_records.open_uploads(self._reader, bucket.id, *cursor, end, count)

        page = list_page(fetch, wanted.prefix, wanted.delimiter, after, wanted.max_keys)
        return xml_answer(
            document(
                "ListMultipartUploadsResult",
                tag("Bucket", bucket.name),
                f"<KeyMarker>{wanted.show(key_marker.encode())}</KeyMarker>",
                tag("UploadIdMarker", upload_marker),
                _following(page, wanted, lambda last: tag("NextUploadIdMarker", last.id)),
                f"<Prefix>{wanted.show(wanted.prefix)}</Prefix>",
                f"<Delimiter>{wanted.show(wanted.delimiter)}</Delimiter>" if wanted.delimiter else "",
                optional("EncodingType", wanted.encoding),
                tag("MaxUploads", wanted.max_keys),
                tag("IsTruncated", page.is_truncated),
                *(_upload(bucket, upload, wanted) for upload in page.items),
                groups(page, wanted),
            )
        )

    def _after_upload(self, bucket: Bucket, key: bytes, upload_marker: str) -> Cursor | None:
        if not key:
            return None
        marked = None
        if upload_marker:
            marked = upload_records.find(self._reader, bucket.id, key, upload_marker.replace("\0", ""))
        return key, LAST if marked is None else marked.rank

    async def list_parts(self, visit: Visit) -> Answer:
        """List the parts of an open upload."""
        visit.require("s3:ListMultipartUploadParts", visit.key)
        bucket, query = visit.bucket, visit.request.query
        upload = open_upload(visit, self._reader)
        count = min(_MAX_PARTS, limit(query.get("max-parts"), "max-parts", "max-parts"))
        marker = limit(query.get("part-number-marker", "0"), "part-number-marker", "part-number-marker")
        found = object_records.pieces(self._reader, upload.id, after=marker, limit=count + 1)
        shown, is_truncated = found[:count], len(found) > count and count > 0
        element = algorithm_of(upload).element
        return xml_answer(
            document(
                "ListPartsResult",
                tag("Bucket", bucket.name),
                tag("Key", visit.key.decode()),
                tag("UploadId", upload.id),
                *_about(bucket, upload),
                tag("PartNumberMarker", marker),
                tag("NextPartNumberMarker", shown[-1].number if shown else 0),
                tag("MaxParts", count),
                tag("IsTruncated", is_truncated),
                *(
                    nested(
                        "Part",
                        tag("PartNumber", piece.number),
                        tag("LastModified", xml_time(piece.modified_at)),
                        tag("ETag", f'"{piece.etag}"'),
                        tag("Size", piece.size),
                        tag(element, piece.checksum),
                    )
                    for piece in shown
                ),
            )
        )


def _following(page: Page[Marked], wanted: Asked, marker_of: Callable[[Marked], str]) -> str:
    """Return where the next page begins; a group has no marker but its name."""
    if not page.is_truncated:
        return ""
    key = f"<NextKeyMarker>{wanted.show(page.last_key)}</NextKeyMarker>"
    return key if isinstance(page.last, bytes) else key + marker_of(page.last)


def _version(item: Listed, wanted: Asked, owned: str) -> str:
    about = tag("VersionId", item.version) + tag("IsLatest", item.is_latest)
    if item.is_marker:
        named = f"<Key>{wanted.show(item.key)}</Key>{tag('LastModified', xml_time(item.modified_at))}"
        return nested("DeleteMarker", named, about, owned)
    return nested("Version", entry(item, wanted, owned), about)


def _upload(bucket: Bucket, upload: Upload, wanted: Asked) -> str:
    return nested(
        "Upload",
        f"<Key>{wanted.show(upload.key)}</Key>",
        tag("UploadId", upload.id),
        *_about(bucket, upload),
        tag("Initiated", xml_time(upload.started_at)),
    )


def _about(bucket: Bucket, upload: Upload) -> Sequence[str]:
    return (
        initiator(upload.initiator),
        owner(bucket.account),
        tag("StorageClass", "STANDARD"),
        optional("ChecksumAlgorithm", upload.checksum_algorithm),
        optional("ChecksumType", upload.checksum_type),
    )
