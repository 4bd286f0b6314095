"""Tags, access control lists and attributes of objects that are there.

Follows "Categorizing your storage using tags", "Access control list (ACL) overview" and "GetObjectAttributes"
(Amazon S3). A list that is no canned one is not implemented.
"""

from collections.abc import Callable

from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, xml_answer
from keystead.products.lightsail.door.bodies import read_document
from keystead.products.lightsail.door.buckets import access_control_policy
from keystead.products.lightsail.door.checksums import ALGORITHMS
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import S3Error, invalid_argument, no_such_key, no_such_version
from keystead.products.lightsail.door.finding import find_readable, look_up, shown_version, version_id
from keystead.products.lightsail.door.listing import MAX_KEYS, limit
from keystead.products.lightsail.door.owners import canonical_id
from keystead.products.lightsail.door.stated import refuse_what_is_not_here, require_tags, stated_acl
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import children, document, http_time, nested, read, tag, text_of
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import Version
from keystead.store.interface import Reader, Transaction

_MAX_BYTES = 64 * 1024
_ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
_ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


Change = Callable[[Transaction, Version], None]
"""A change to one version, inside its transaction."""


class Tagging:
    """Operations on what an object has besides its body."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def get_object_tagging(self, visit: Visit) -> Answer:
        """Return an object's tags."""
        version = self._find(visit, "s3:Get", "Tagging")
        tags = [
            nested("Tag", tag("Key", key), tag("Value", value))
            for key, value in version.attributes.tags.items()
        ]
        return xml_answer(document("Tagging", nested("TagSet", *tags)), shown_version(visit, version))

    async def put_object_tagging(self, visit: Visit) -> Answer:
        """Replace an object's tags."""
        action = _action(visit, "s3:Put", "Tagging")
        visit.require_before_tags(action, visit.key)
        content = await read_document(visit.request, visit.visitor, _MAX_BYTES, self._desk.blobs)
        tags = visit.tags = read_tags(content)
        visit.require(action, visit.key)
        version = await self._change(visit, lambda tx, found: object_records.set_tags(tx, found.row, tags))
        return Answer(200, shown_version(visit, version))

    async def delete_object_tagging(self, visit: Visit) -> Answer:
        """Remove an object's tags."""
        self._require(visit, "s3:Delete", "Tagging")
        version = await self._change(visit, lambda tx, found: object_records.set_tags(tx, found.row, {}))
        return Answer(204, shown_version(visit, version))

    async def get_object_acl(self, visit: Visit) -> Answer:
        """Return an object's list: its owner's grant, and everybody's where it has one."""
        version = self._find(visit, "s3:Get", "Acl")
        public = version.attributes.acl in ("public-read", "public-read-write")
        content = access_control_policy(visit.bucket, public=public)
        return xml_answer(content, shown_version(visit, version))

    async def put_object_acl(self, visit: Visit) -> Answer:
        """Replace an object's list by a canned one, named in a header or said in a document."""
        self._require(visit, "s3:Put", "Acl")
        refuse_what_is_not_here(visit.request)
        acl = stated_acl(visit.request)
        if acl is None:
            content = await read_document(visit.request, visit.visitor, _MAX_BYTES, self._desk.blobs)
            acl = _read_acl(content, canonical_id(visit.bucket.account))
        version = await self._change(visit, lambda tx, found: object_records.set_acl(tx, found.row, acl))
        return Answer(200, shown_version(visit, version))

    async def get_object_attributes(self, visit: Visit) -> Answer:
        """Return what is known of an object without its body."""
        self._require(visit, "s3:Get", "Attributes")
        version = find_readable(visit, self._desk.reader)
        text = visit.request.header("x-amz-object-attributes") or ""
        wanted = {name.strip() for name in text.split(",") if name.strip()}
        if not wanted or not wanted <= _ATTRIBUTES:
            raise invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes", text)
        headers = [(b"last-modified", http_time(version.modified_at)), *shown_version(visit, version)]
        page = _wanted_parts(visit)
        shown = [
            self._parts(version, *page) if name == "ObjectParts" else _attribute(name, version)
            for name in sorted(wanted)
        ]
        return xml_answer(document("GetObjectAttributesResponse", *shown), headers)

    def _parts(self, version: Version, most: int, marker: int) -> str:
        """Return a page of an object's parts; each by itself only where it has a checksum of its own."""
        body, checksum = version.body, version.body.checksum
        if not body.part_count:
            return ""
        counted = tag("PartsCount", body.part_count)
        if checksum is None or checksum.type != "COMPOSITE" or body.content is None:
            return nested("ObjectParts", counted)
        found = object_records.pieces(self._desk.reader, body.content, after=marker, limit=most + 1)
        shown = found[:most]
        return nested(
            "ObjectParts",
            counted,
            tag("PartNumberMarker", marker),
            tag("NextPartNumberMarker", shown[-1].number if shown else marker),
            tag("MaxParts", most),
            tag("IsTruncated", len(found) > len(shown)),
            *(
                nested(
                    "Part",
                    tag("PartNumber", piece.number),
                    tag("Size", piece.size),
                    tag(ALGORITHMS[checksum.algorithm].element, piece.checksum),
                )
                for piece in shown
            ),
        )

    def _require(self, visit: Visit, verb: str, what: str) -> None:
        visit.require(_action(visit, verb, what), visit.key)

    def _find(self, visit: Visit, verb: str, what: str) -> Version:
        self._require(visit, verb, what)
        return _existing(visit, self._desk.reader, visit.bucket)

    async def _change(self, visit: Visit, change: Change) -> Version:
        def job(tx: Transaction, bucket: Bucket) -> Version:
            found = _existing(visit, tx, bucket)
            change(tx, found)
            return found

        return await self._desk.commit(visit, job)


def _action(visit: Visit, verb: str, what: str) -> str:
    of_version = "Version" if "versionId" in visit.request.query else ""
    return f"{verb}Object{of_version}{what}"


def _existing(visit: Visit, reader: Reader, bucket: Bucket) -> Version:
    wanted = version_id(visit.request.query.get("versionId"))
    found = look_up(reader, bucket.id, visit.key, wanted)
    if found is None:
        raise no_such_key(visit.key) if wanted is None else no_such_version(visit.key, wanted)
    if found.is_marker:
        raise no_such_key(visit.key) if wanted is None else S3Error("MethodNotAllowed")
    return found


def _wanted_parts(visit: Visit) -> tuple[int, int]:
    """Return how many parts are asked for at most, and after which number. Raises S3Error."""
    most = limit(visit.request.header("x-amz-max-parts"), "x-amz-max-parts", "max-parts")
    marker = visit.request.header("x-amz-part-number-marker") or "0"
    return min(MAX_KEYS, most), limit(marker, "x-amz-part-number-marker", "part-number-marker")


def _attribute(name: str, version: Version) -> str:
    body, checksum = version.body, version.body.checksum
    if name == "ETag":
        return tag("ETag", body.etag)
    if name == "ObjectSize":
        return tag("ObjectSize", body.size)
    if name == "StorageClass":
        return tag("StorageClass", "STANDARD")
    if name == "Checksum" and checksum is not None:
        value = tag(ALGORITHMS[checksum.algorithm].element, checksum.value)
        return nested("Checksum", value, tag("ChecksumType", checksum.type))
    return ""


def read_tags(content: bytes) -> dict[str, str]:
    root = read(content, "Tagging")
    sets = list(children(root, "TagSet"))
    if len(sets) != 1:
        raise S3Error("MalformedXML")
    pairs: list[tuple[str, str]] = []
    for element in children(sets[0], "Tag"):
        key, value = text_of(element, "Key"), text_of(element, "Value")
        if key is None or value is None:
            raise S3Error("MalformedXML")
        pairs.append((key, value))
    return require_tags(pairs)


def _read_acl(content: bytes, owner: str) -> str:
    """Return the canned list that a document says: the owner's own grant, and READ for everybody or not."""
    root = read(content, "AccessControlPolicy", "MalformedACLError")
    acl = "private"
    for grants in children(root, "AccessControlList"):
        for grant in children(grants, "Grant"):
            permission = text_of(grant, "Permission")
            named = [(text_of(each, "URI"), text_of(each, "ID")) for each in children(grant, "Grantee")]
            if permission == "READ" and named == [(_ALL_USERS, None)]:
                acl = "public-read"
            elif permission != "FULL_CONTROL" or named != [(None, owner)]:
                raise S3Error("NotImplemented", "Grants beyond the canned lists are not implemented here.")
    return acl
