"""Bodies on their way in: frames taken off, sums made, bytes put aside; and nothing kept that is not proven right.

Follows "Authenticating Requests" and "Checking object integrity" (Amazon S3). Memory stays bounded: a body is read
on only when the piece before last is on its way to disk. Small bodies stay in memory, and go into the row.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from keystead.access.doors import Receive
from keystead.access.sigv4 import BrokenChunks, ChunkedBody, ChunkSignatures
from keystead.products.lightsail.door import checksums
from keystead.products.lightsail.door.checksums import Algorithm, text_of
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.door.visitor import Visitor
from keystead.products.lightsail.objects.blobs import Blobs, BlobWriter
from keystead.products.lightsail.objects.model import Checksum

INLINE_BYTES = 64 * 1024
"""Bodies up to this size lie in their row: one sync instead of three."""
MAX_PUT_BYTES = 5 * 1024**3
_AT_ONCE_BYTES = 512 * 1024
"""What is handed to a thread at once: handing over less costs more than it gains."""

_UNSIGNED = "UNSIGNED-PAYLOAD"
_STREAMING = {
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": (True, False),
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": (True, True),
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": (False, True),
}
"""By the word in x-amz-content-sha256: whether chunks are signed, and whether fields trail."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHECKSUM = b"x-amz-checksum-"
_CHECKSUMS = {name.encode(): algorithm for name, algorithm in checksums.BY_HEADER.items()}
"""The algorithms by the names of their headers. Of those that begin alike, two name none."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a body has to be. `length` counts the content; `checksum` is None where only the trailer says it.

    Of the file of a form nobody says the length before: it has at least `least` bytes then, and at most `length`.
    `kept` is the algorithm of the sum that is kept, where that is not the one that is judged.
    """

    length: int
    framing: ChunkedBody | None = None
    sha256: str | None = None
    md5: bytes | None = None
    algorithm: Algorithm = checksums.OWN
    checksum: bytes | None = None
    trailer: bool = False
    least: int | None = None
    kept: Algorithm | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A body that proved right: in memory (`inline`) or in a blob that no row names yet."""

    size: int
    md5: bytes
    checksum: Checksum
    inline: bytes | None
    blob: str | None

    @property
    def etag(self) -> str:
        """The ETag of a body that came in one piece."""
        return self.md5.hex()


def expect(request: S3Request, visitor: Visitor, max_bytes: int = MAX_PUT_BYTES) -> Expected:
    """Return what the head says of the body, before any of it is read. Raises S3Error."""
    payload = _payload(request, visitor)
    framing = _framing(payload, visitor)
    length = _length(request, is_framed=framing is not None)
    if length > max_bytes:
        raise S3Error("EntityTooLarge", ProposedSize=str(length), MaxSizeAllowed=str(max_bytes))
    algorithm, checksum = _declared(request)
    trailer = _trailer(request) if framing is not None else None
    if trailer is not None and algorithm is not None:
        raise _several_checksums()
    wanted = request.header("x-amz-sdk-checksum-algorithm")
    if wanted is not None and algorithm is None and trailer is None and request.header("content-md5") is None:
        raise S3Error(
            "InvalidRequest",
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers"
            " were found.",
        )
    return Expected(
        length,
        framing,
        payload if _SHA256.fullmatch(payload) else None,
        _md5(request),
        algorithm or trailer or checksums.OWN,
        checksum,
        trailer is not None,
    )


def _payload(request: S3Request, visitor: Visitor) -> str:
    if visitor.signature is not None:
        return visitor.signature.payload
    return request.header("x-amz-content-sha256") or _UNSIGNED


def _framing(payload: str, visitor: Visitor) -> ChunkedBody | None:
    if not payload.startswith("STREAMING-"):
        if payload != _UNSIGNED and not _SHA256.fullmatch(payload):
            raise S3Error("InvalidArgument", "x-amz-content-sha256 is not a valid value.")
        return None
    if payload not in _STREAMING:
        raise S3Error("NotImplemented", Header="x-amz-content-sha256")
    is_signed, has_trailers = _STREAMING[payload]
    if not is_signed:
        return ChunkedBody(None, has_trailers=True)
    if visitor.signature is None:
        raise S3Error("InvalidRequest", "Chunks can be signed only after a head that is signed by version 4.")
    return ChunkedBody(ChunkSignatures(visitor.signature), has_trailers=has_trailers)


def _length(request: S3Request, *, is_framed: bool) -> int:
    text = request.header("x-amz-decoded-content-length" if is_framed else "content-length")
    if text is None:
        raise S3Error("MissingContentLength")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise S3Error("InvalidArgument", "A length is not a number.")
    return int(text)


def _md5(request: S3Request) -> bytes | None:
    text = request.header("content-md5")
    if text is None:
        return None
    try:
        value = base64.b64decode(text.encode("latin-1"), validate=True)
    except binascii.Error:
        value = b""
    if len(value) != 16:
        raise S3Error("InvalidDigest")
    return value


def _declared(request: S3Request) -> tuple[Algorithm | None, bytes | None]:
    """Return the one checksum that a header gives."""
    found = [name for name in request.headers if name.startswith(_CHECKSUM) and name in _CHECKSUMS]
    if not found:
        return None, None
    if len(found) > 1:
        raise _several_checksums()
    algorithm, text = _CHECKSUMS[found[0]], request.headers[found[0]].strip(b" \t").decode("latin-1")
    value = algorithm.read(text)
    if value is None:
        raise S3Error("InvalidRequest", f"Value for {algorithm.header} header is invalid.")
    return algorithm, value


def _several_checksums() -> S3Error:
    return S3Error(
        "InvalidRequest",
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    )


def _trailer(request: S3Request) -> Algorithm | None:
    name = request.header("x-amz-trailer")
    if not name:
        return None
    algorithm = checksums.BY_HEADER.get(name.lower())
    if algorithm is None:
        raise S3Error("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
    return algorithm


class Intake:
    """Takes one body in. Its calls block; it belongs to one request, whose calls follow one another."""

    def __init__(self, expected: Expected, blobs: Blobs, inline_bytes: int = INLINE_BYTES) -> None:
        self._expected = expected
        self._blobs = blobs
        self._inline_bytes = inline_bytes
        self._size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256() if expected.sha256 is not None else None
        self._checksum = expected.algorithm.new()
        self._kept = self._checksum if expected.kept is None else expected.kept.new()
        self._buffer = bytearray()
        self._writer: BlobWriter | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes as they were sent. Raises S3Error."""
        if self._expected.framing is None:
            self._take(data)
            return
        try:
            for piece in self._expected.framing.feed(data):
                self._take(piece)
        except BrokenChunks as broken:
            raise _broken(broken) from broken

    def _take(self, piece: bytes | memoryview) -> None:
        self._size += len(piece)
        if self._size > self._expected.length:
            raise self._too_long()
        self._md5.update(piece)
        if self._sha256 is not None:
            self._sha256.update(piece)
        self._checksum.update(piece)
        if self._kept is not self._checksum:
            self._kept.update(piece)
        if self._writer is not None:
            self._writer.write(piece)
        elif self._size <= self._inline_bytes:
            self._buffer += piece
        else:
            self._writer = self._blobs.begin()
            self._writer.write(bytes(self._buffer) + piece)
            self._buffer = bytearray()

    def finish(self) -> Received:
        """Return the body, on disk where it is a blob. Raises S3Error if it is not what it has to be."""
        expected = self._expected
        self._require_length()
        self._require_sums()
        kept, value = expected.kept or expected.algorithm, self._kept.digest()
        if self._writer is None and not self._inline_bytes:
            # An empty part is a blob like any other.
            self._writer = self._blobs.begin()
        blob = None if self._writer is None else self._writer.keep()
        return Received(
            self._size,
            self._md5.digest(),
            Checksum(kept.name, "FULL_OBJECT", text_of(value)),
            bytes(self._buffer) if blob is None else None,
            blob,
        )

    def drop(self) -> None:
        """Leave nothing of the body."""
        if self._writer is not None:
            self._writer.drop()

    def _too_long(self) -> S3Error:
        most = self._expected.length
        if self._expected.least is None:
            return S3Error("IncompleteBody")
        return S3Error("EntityTooLarge", ProposedSize=str(self._size), MaxSizeAllowed=str(most))

    def _require_length(self) -> None:
        expected = self._expected
        if expected.least is not None and self._size < expected.least:
            raise S3Error("EntityTooSmall", ProposedSize=str(self._size), MinSizeAllowed=str(expected.least))
        if expected.least is None and self._size != expected.length:
            raise S3Error("IncompleteBody")
        if expected.framing is not None and not expected.framing.is_complete:
            raise S3Error("IncompleteBody")

    def _require_sums(self) -> None:
        expected, md5 = self._expected, self._md5.digest()
        if self._sha256 is not None and self._sha256.hexdigest() != expected.sha256:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                ClientComputedContentSHA256=expected.sha256 or "",
                S3ComputedContentSHA256=self._sha256.hexdigest(),
            )
        if expected.md5 is not None and not hmac.compare_digest(expected.md5, md5):
            raise S3Error("BadDigest", ExpectedDigest=text_of(expected.md5), CalculatedDigest=text_of(md5))
        declared = self._trailing_checksum() if expected.trailer else expected.checksum
        if declared is not None and declared != self._checksum.digest():
            raise S3Error(
                "BadDigest",
                f"The {expected.algorithm.name} you specified did not match the calculated checksum.",
            )

    def _trailing_checksum(self) -> bytes:
        framing, algorithm = self._expected.framing, self._expected.algorithm
        text = framing.trailers.get(algorithm.header.encode()) if framing is not None else None
        if text is None:
            raise S3Error("MalformedTrailerError")
        value = algorithm.read(text.decode("latin-1"))
        if value is None:
            raise S3Error("InvalidRequest", f"Value for {algorithm.header} trailing header is invalid.")
        return value


def _broken(broken: BrokenChunks) -> S3Error:
    if broken.fault == "signature":
        return S3Error("SignatureDoesNotMatch")
    return S3Error("InvalidRequest", "The chunks of the request body are malformed.")


async def receive(
    request: S3Request, expected: Expected, blobs: Blobs, inline_bytes: int = INLINE_BYTES
) -> Received:
    """Return a request's body once it proved right; of one that did not, nothing is left. Raises S3Error."""
    intake = Intake(expected, blobs, inline_bytes)
    try:
        if expected.length <= inline_bytes:
            await _read(request.receive, intake)
            return intake.finish()
        await _read_apart(request.receive, intake)
        return await asyncio.to_thread(intake.finish)
    except BaseException:
        intake.drop()
        raise


async def read_document(request: S3Request, visitor: Visitor, max_bytes: int, blobs: Blobs) -> bytes:
    """Return a body that is a document, of at most `max_bytes`. Raises S3Error."""
    expected = expect(request, visitor)
    if expected.length > max_bytes:
        raise S3Error("MalformedXML")
    intake = Intake(expected, blobs, inline_bytes=max_bytes)
    await _read(request.receive, intake)
    return intake.finish().inline or b""


async def _read(receive: Receive, intake: Intake) -> None:
    """Read a small body, on the event loop."""
    more = True
    while more:
        data, more = await _next(receive)
        intake.feed(data)


async def _read_apart(receive: Receive, intake: Intake) -> None:
    """Read a body with sums and disk on a thread, one batch there while the next one is gathered."""
    at_work: asyncio.Task[None] | None = None
    gathered, more = bytearray(), True
    try:
        while more:
            data, more = await _next(receive)
            gathered += data
            if len(gathered) >= _AT_ONCE_BYTES or not more:
                if at_work is not None:
                    await at_work
                at_work = asyncio.create_task(asyncio.to_thread(intake.feed, bytes(gathered)))
                gathered = bytearray()
    finally:
        if at_work is not None:
            # Also when the client goes away or the server stops: a thread is at work on this very intake.
            await asyncio.wait([at_work])
    if at_work is not None:
        at_work.result()


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise S3Error("IncompleteBody")
    body: bytes = message.get("body", b"")
    return body, bool(message.get("more_body", False))
