"""PutObject, DeleteObject and DeleteObjects.

Follows those pages of the Amazon S3 API Reference. A delete of what is not there is a success.
"""

from collections.abc import Sequence

from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, Header, xml_answer
from keystead.products.lightsail.door.bodies import Received, expect, read_document
from keystead.products.lightsail.door.conditions import is_conditional, require_delete, require_write
from keystead.products.lightsail.door.desk import Desk, Require
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.finding import look_up, version_id
from keystead.products.lightsail.door.reading import checksum_headers
from keystead.products.lightsail.door.request import require_key
from keystead.products.lightsail.door.stated import stated
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import children, document, nested, optional, read, tag, text_of
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import Attributes
from keystead.products.lightsail.objects.versions import Deleted, Placed
from keystead.protocol.xmlreader import Element
from keystead.store.interface import Transaction

MAX_DELETES = 1000
MAX_DELETE_BYTES = 2 * 1024 * 1024
Wanted = tuple[bytes, str | None, str | None]
"""A key, its version and its ETag, where they are named."""


def require_attributes(visit: Visit, attributes: Attributes) -> None:
    """Let pass a visitor who may give an object what it is to have besides its body. Raises S3Error."""
    if visit.request.header("x-amz-acl") is not None and attributes.acl != "private":
        visit.require("s3:PutObjectAcl", visit.key)
    if attributes.tags:
        visit.require("s3:PutObjectTagging", visit.key)


def placed_headers(placed: Placed) -> list[Header]:
    """Return the header that names the version which a write made."""
    return [] if placed.version is None else [(b"x-amz-version-id", placed.version.encode())]


def conditions_of(visit: Visit) -> Require:
    """Return the conditions of a visit's write, to be asked inside its transaction."""

    def require(tx: Transaction, bucket: Bucket) -> None:
        if is_conditional(visit.request):
            require_write(visit.request, visit.key, object_records.latest(tx, bucket.id, visit.key))

    return require


class Writing:
    """The operations that put and take away whole objects."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def put_object(self, visit: Visit) -> Answer:
        """Store an object."""
        visit.require("s3:PutObject", visit.key)
        bucket, request = visit.bucket, visit.request
        attributes = stated(request)
        require_attributes(visit, attributes)
        expected = expect(request, visit.visitor)
        # Said before the body is sent where it can be; what counts is the same question at the commit.
        if is_conditional(request):
            require_write(request, visit.key, object_records.latest(self._desk.reader, bucket.id, visit.key))
        received = await self._desk.receive(visit, expected)
        placed = await self._desk.place(visit, received, attributes, conditions_of(visit))
        return Answer(200, [*received_headers(received), *placed_headers(placed)])

    async def delete_object(self, visit: Visit) -> Answer:
        """Delete an object, by a marker where the bucket has versions, or one version for good."""
        wanted = visit.request.query.get("versionId")
        visit.require(_delete_action(wanted), visit.key)
        version = version_id(wanted)
        if_match = visit.request.header("if-match")

        def job(tx: Transaction, bucket: Bucket) -> Deleted:
            return self._delete(tx, bucket, (visit.key, version, if_match))

        return Answer(204, _deleted_headers(await self._desk.commit(visit, job)))

    async def delete_objects(self, visit: Visit) -> Answer:
        """Delete up to a thousand keys, each allowed by itself, all in one commit."""
        if visit.request.header("content-md5") is None and not _has_checksum(visit):
            raise S3Error(
                "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
            )
        if visit.found is None or visit.visitor.is_anonymous:
            # Nothing of the body is read for a stranger.
            visit.require("s3:DeleteObject")
        content = await read_document(visit.request, visit.visitor, MAX_DELETE_BYTES, self._desk.blobs)
        wanted, is_quiet = _read_deletes(content)
        outcomes = await self._desk.commit(
            visit, lambda tx, bucket: [self._delete_one(tx, visit, bucket, each) for each in wanted]
        )
        shown = [text for text, is_error in outcomes if is_error or not is_quiet]
        return xml_answer(document("DeleteResult", *shown))

    def _delete_one(self, tx: Transaction, visit: Visit, bucket: Bucket, wanted: Wanted) -> tuple[str, bool]:
        """Return what is said of one key, and whether that is an error."""
        key, version, _ = wanted
        named = tag("Key", key.decode()) + optional("VersionId", version)
        try:
            visit.require_now(tx, _delete_action(version), key, version)
            version_id(version)
            deleted = self._delete(tx, bucket, wanted)
        except S3Error as error:
            return nested("Error", named, tag("Code", error.code), tag("Message", error.message)), True
        marker = ""
        if deleted.is_marker:
            marker = tag("DeleteMarker", True) + optional("DeleteMarkerVersionId", deleted.version)
        return nested("Deleted", named, marker), False

    def _delete(self, tx: Transaction, bucket: Bucket, wanted: Wanted) -> Deleted:
        key, version, if_match = wanted
        if if_match is not None:
            require_delete(if_match, look_up(tx, bucket.id, key, version))
        if version is None:
            return self._desk.versions.delete(tx, bucket.id, bucket.versioning, key)
        return self._desk.versions.delete_version(tx, bucket.id, key, version)


def received_headers(received: Received) -> list[Header]:
    checksum = received.checksum
    return [
        (b"etag", b'"%b"' % received.etag.encode()),
        *checksum_headers(checksum.algorithm, checksum.type, checksum.value),
    ]


def _delete_action(version: str | None) -> str:
    return "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"


def _deleted_headers(deleted: Deleted) -> list[Header]:
    headers: list[Header] = []
    if deleted.is_marker:
        headers.append((b"x-amz-delete-marker", b"true"))
    if deleted.version is not None:
        headers.append((b"x-amz-version-id", deleted.version.encode()))
    return headers


def _has_checksum(visit: Visit) -> bool:
    names = (b"x-amz-checksum-", b"x-amz-trailer")
    return any(name.startswith(names) for name in visit.request.headers)


def _read_deletes(content: bytes) -> tuple[Sequence[Wanted], bool]:
    root = read(content, "Delete")
    wanted = [_read_delete(element) for element in children(root, "Object")]
    if not 1 <= len(wanted) <= MAX_DELETES:
        raise S3Error("MalformedXML")
    return wanted, (text_of(root, "Quiet") or "").strip().lower() == "true"


def _read_delete(element: Element) -> Wanted:
    key = (text_of(element, "Key") or "").encode("utf-8", "surrogatepass")
    if not key:
        raise S3Error("MalformedXML")
    require_key(key)
    return key, text_of(element, "VersionId") or None, text_of(element, "ETag") or None
