"""Multipart uploads: begun, filled part by part, and completed in one commit, or given up.

Follows "Uploading and copying objects using multipart upload" (Amazon S3 User Guide). Parts are blobs; completing
writes a row and copies nothing. A completion asked for again gives the same answer for some hours.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from keystead.kernel.clock import now_ms
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, Header, xml_answer
from keystead.products.lightsail.door.bodies import Received, expect, read_document
from keystead.products.lightsail.door.checksums import ALGORITHMS, OWN, Algorithm, Type, whole
from keystead.products.lightsail.door.conditions import require_write
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.owners import initiator_of
from keystead.products.lightsail.door.reading import part_number
from keystead.products.lightsail.door.stated import stated
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.writing import require_attributes
from keystead.products.lightsail.door.xml import children, document, read, tag, text_of
from keystead.products.lightsail.objects import object_records, upload_records
from keystead.products.lightsail.objects.model import Body, Piece, Upload
from keystead.protocol.xmlreader import Element
from keystead.store.interface import Reader, Transaction

MIN_PART_BYTES = 5 * 1024 * 1024
MAX_PARTS = 10_000
MAX_COMPLETE_BYTES = 4 * 1024 * 1024
_UPLOAD_ID_BYTES = 24


class Finished(msgspec.Struct):
    """What a completion answered. `asked` is the digest of the list that was asked for."""

    asked: str
    etag: str
    version: str
    algorithm: str
    type: str
    checksum: str


@dataclass(frozen=True, slots=True)
class _Listed:
    """One part of the list that a completion names."""

    number: int
    etag: str
    checksums: Mapping[str, str]

    def names(self, piece: Piece, upload: Upload) -> bool:
        """Return whether this is that piece. Sums that an upload did not declare were judged with their part."""
        if upload.checksum_algorithm:
            sums_fit = all(text == piece.checksum for text in self.checksums.values())
        else:
            sums_fit = self.checksums.get(OWN.name) in (None, piece.checksum)
        return sums_fit and piece.etag == self.etag


class Multipart:
    """The operations on one upload; copies of parts and listings are apart."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def create_multipart_upload(self, visit: Visit) -> Answer:
        """Begin an upload; what the object is to have besides its body is said here."""
        visit.require("s3:PutObject", visit.key)
        attributes = stated(visit.request)
        require_attributes(visit, attributes)
        algorithm, checksum_type = _wanted_checksum(visit)
        upload = Upload(
            self._desk.entropy.token_bytes(_UPLOAD_ID_BYTES).hex(),
            visit.bucket.id,
            visit.key,
            now_ms(self._desk.clock),
            initiator_of(visit.visitor),
            algorithm,
            checksum_type,
            attributes,
        )
        await self._desk.commit(visit, lambda tx, _: upload_records.add(tx, upload))
        shown: list[Header] = []
        if algorithm:
            shown = [
                (b"x-amz-checksum-algorithm", algorithm.encode()),
                (b"x-amz-checksum-type", checksum_type.encode()),
            ]
        named = tag("Bucket", visit.bucket.name) + tag("Key", visit.key.decode()) + tag("UploadId", upload.id)
        return xml_answer(document("InitiateMultipartUploadResult", named), shown)

    async def upload_part(self, visit: Visit) -> Answer:
        """Store a part, in place of one of the same number."""
        visit.require("s3:PutObject", visit.key)
        number = part_number(visit.request.query.get("partNumber", ""))
        upload = open_upload(visit, self._desk.reader)
        expected = expect(visit.request, visit.visitor)
        algorithm = algorithm_of(upload)
        if expected.algorithm is not algorithm:
            says = expected.trailer or expected.checksum is not None
            if says and upload.checksum_algorithm:
                raise _wrong_type(expected.algorithm.name, upload)
            # A part of an upload that declared nothing is judged by its own sum, and kept with the usual one.
            kept = {"kept": algorithm} if says else {"algorithm": algorithm}
            expected = replace(expected, **kept)
        received = await self._desk.receive(visit, expected, inline_bytes=0)
        await self.keep_part(visit, upload, number, received)
        checksum = received.checksum
        return Answer(
            200,
            [
                (b"etag", b'"%b"' % received.etag.encode()),
                (ALGORITHMS[checksum.algorithm].header.encode(), checksum.value.encode()),
            ],
        )

    async def keep_part(self, visit: Visit, upload: Upload, number: int, received: Received) -> Piece:
        """Make what was received a part of an upload that is still open."""
        blob = received.blob
        if blob is None:
            raise RuntimeError("a part lies in a blob")
        piece = Piece(
            number, blob, received.size, received.etag, received.checksum.value, now_ms(self._desk.clock)
        )

        def job(tx: Transaction, _: Bucket) -> Piece:
            open_upload(visit, tx)
            self._desk.versions.replace_piece(tx, upload.id, piece)
            return piece

        return await self._desk.settle(blob, lambda: self._desk.begin(visit, job))

    async def abort_multipart_upload(self, visit: Visit) -> Answer:
        """Give an upload up, with its parts."""
        visit.require("s3:AbortMultipartUpload", visit.key)

        def job(tx: Transaction, _: Bucket) -> None:
            self._desk.versions.abort(tx, open_upload(visit, tx))

        await self._desk.commit(visit, job)
        return Answer(204)

    async def complete_multipart_upload(self, visit: Visit) -> Answer:
        """Make an object of the parts that are listed; the others go."""
        visit.require("s3:PutObject", visit.key)
        _any_upload(visit, self._desk.reader)
        content = await read_document(visit.request, visit.visitor, MAX_COMPLETE_BYTES, self._desk.blobs)
        listed = _read_list(content)
        asked = hashlib.sha256(repr([(each.number, each.etag) for each in listed]).encode()).hexdigest()
        finished = await self._desk.commit(
            visit, lambda tx, bucket: self._complete(tx, visit, bucket, listed, asked)
        )
        headers = [(b"x-amz-version-id", finished.version.encode())] if finished.version else []
        algorithm = ALGORITHMS.get(finished.algorithm)
        checksum = ""
        if algorithm is not None:
            checksum = tag(algorithm.element, finished.checksum) + tag("ChecksumType", finished.type)
        return xml_answer(
            document(
                "CompleteMultipartUploadResult",
                tag("Location", f"/{visit.bucket.name}/{visit.key.decode()}"),
                tag("Bucket", visit.bucket.name),
                tag("Key", visit.key.decode()),
                tag("ETag", f'"{finished.etag}"'),
                checksum,
            ),
            headers,
        )

    def _complete(
        self, tx: Transaction, visit: Visit, bucket: Bucket, listed: Sequence[_Listed], asked: str
    ) -> Finished:
        upload = _any_upload(visit, tx)
        if upload.finished is not None:
            before = msgspec.json.decode(upload.finished, type=Finished)
            if before.asked != asked:
                raise S3Error("NoSuchUpload", UploadId=upload.id)
            return before
        require_write(visit.request, visit.key, object_records.latest(tx, bucket.id, visit.key))
        stored = {piece.number: piece for piece in object_records.pieces(tx, upload.id)}
        pieces = _chosen(listed, stored, upload)
        body = _body_of(upload, pieces)
        _require_whole(visit, body)
        unlisted = stored.keys() - {piece.number for piece in pieces}
        self._desk.versions.drop_pieces(tx, upload.id, sorted(unlisted))
        placed = self._desk.versions.put(tx, bucket.id, bucket.versioning, visit.key, body, upload.attributes)
        checksum = body.checksum
        finished = Finished(
            asked,
            body.etag,
            placed.version or "",
            checksum.algorithm if checksum else "",
            checksum.type if checksum else "",
            checksum.value if checksum else "",
        )
        upload_records.finish(tx, upload.id, msgspec.json.encode(finished).decode(), placed.modified_at)
        return finished


def algorithm_of(upload: Upload) -> Algorithm:
    """Return the algorithm of an upload's sums; where it declared none, CRC64NVME, as at AWS."""
    return ALGORITHMS.get(upload.checksum_algorithm, OWN)


def open_upload(visit: Visit, reader: Reader) -> Upload:
    """Return the upload that a visit names, which is open. Raises S3Error."""
    upload = _any_upload(visit, reader)
    if upload.finished is not None:
        raise S3Error("NoSuchUpload", UploadId=upload.id)
    return upload


def _any_upload(visit: Visit, reader: Reader) -> Upload:
    name = visit.request.query.get("uploadId", "")
    upload = upload_records.find(reader, visit.bucket.id, visit.key, name.replace("\0", ""))
    if upload is None:
        raise S3Error("NoSuchUpload", UploadId=name)
    return upload


def _wanted_checksum(visit: Visit) -> tuple[str, str]:
    """Return algorithm and type that an upload declares, empty where it declares none."""
    name = (visit.request.header("x-amz-checksum-algorithm") or "").upper()
    wanted = (visit.request.header("x-amz-checksum-type") or "").upper()
    if not name:
        if wanted:
            raise S3Error(
                "InvalidRequest",
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
            )
        return "", ""
    algorithm = ALGORITHMS.get(name)
    if algorithm is None:
        raise S3Error("InvalidRequest", "Checksum algorithm provided is unsupported.")
    if not wanted:
        return name, algorithm.types[0]
    if wanted not in algorithm.types:
        raise S3Error(
            "InvalidRequest",
            f"The {wanted} checksum type cannot be used with the {name.lower()} checksum algorithm.",
        )
    return name, wanted


def _wrong_type(given: str, upload: Upload) -> S3Error:
    return S3Error(
        "InvalidRequest",
        f"Checksum Type mismatch occurred, expected checksum Type: {upload.checksum_algorithm.lower()},"
        f" actual checksum Type: {given.lower()}",
    )


def _read_list(content: bytes) -> list[_Listed]:
    root = read(content, "CompleteMultipartUpload")
    listed = [_read_part(element) for element in children(root, "Part")]
    if not 1 <= len(listed) <= MAX_PARTS:
        raise S3Error("MalformedXML")
    if any(later.number <= earlier.number for earlier, later in itertools.pairwise(listed)):
        raise S3Error("InvalidPartOrder")
    return listed


def _read_part(element: Element) -> _Listed:
    number, etag = text_of(element, "PartNumber"), text_of(element, "ETag")
    if number is None or etag is None:
        raise S3Error("MalformedXML")
    given = {name: text_of(element, algorithm.element) for name, algorithm in ALGORITHMS.items()}
    checksums = {name: text for name, text in given.items() if text}
    return _Listed(part_number(number.strip()), etag.strip().strip('"'), checksums)


def _chosen(listed: Sequence[_Listed], stored: dict[int, Piece], upload: Upload) -> list[Piece]:
    pieces: list[Piece] = []
    for each in listed:
        piece = stored.get(each.number)
        if piece is None or not each.names(piece, upload):
            raise S3Error("InvalidPart", UploadId=upload.id, PartNumber=str(each.number), ETag=each.etag)
        pieces.append(piece)
    for piece in pieces[:-1]:
        if piece.size < MIN_PART_BYTES:
            raise S3Error(
                "EntityTooSmall",
                ETag=piece.etag,
                MinSizeAllowed=str(MIN_PART_BYTES),
                PartNumber=str(piece.number),
                ProposedSize=str(piece.size),
            )
    return pieces


def _body_of(upload: Upload, pieces: Sequence[Piece]) -> Body:
    md5 = hashlib.md5(b"".join(bytes.fromhex(piece.etag) for piece in pieces), usedforsecurity=False)
    algorithm = algorithm_of(upload)
    kind: Type = "COMPOSITE" if upload.checksum_type == "COMPOSITE" else "FULL_OBJECT"
    checksum = whole(algorithm, kind, [(piece.checksum, piece.size) for piece in pieces])
    size = sum(piece.size for piece in pieces)
    return Body(size, f"{md5.hexdigest()}-{len(pieces)}", checksum, None, upload.id, len(pieces))


def _require_whole(visit: Visit, body: Body) -> None:
    """Raise S3Error unless size and checksum are those that the completion names."""
    size = visit.request.header("x-amz-mp-object-size")
    if size is not None and size != str(body.size):
        raise S3Error(
            "InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed."
        )
    checksum = body.checksum
    given = None if checksum is None else visit.request.header(ALGORITHMS[checksum.algorithm].header)
    if (
        checksum is not None
        and given is not None
        and checksum.type == "FULL_OBJECT"
        and given != checksum.value
    ):
        raise S3Error(
            "BadDigest", f"The {checksum.algorithm} you specified did not match the calculated checksum."
        )
