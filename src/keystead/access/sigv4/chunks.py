"""Bodies sent as `aws-chunked`: the frames taken off, each signature checked, trailing fields read.

Follows "Signature Calculations for the Authorization Header: Transferring a Payload in Multiple Chunks" and "…
Including Trailing Headers" (Amazon S3 API Reference). One parser for all forms, fed in pieces of any size; what it
gives out counts for nothing before `is_complete`.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Final, Literal

from keystead.access.sigv4.verify import Verified

MAX_LINE_BYTES = 4096
"""A chunk's first line is at most some 110 bytes long; a trailing field holds a checksum."""
MAX_TRAILERS = 16

_EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER_SIGNATURE = b"x-amz-trailer-signature"

Fault = Literal["malformed", "signature"]
_Expects = Literal["size", "data", "data-end", "trailer", "nothing"]


class BrokenChunks(Exception):
    """The framing cannot be read (`malformed`), or a chunk or the trailer is not what was signed (`signature`)."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


class ChunkSignatures:
    """The chain of a body's signatures, which begins with the one of the request's head."""

    def __init__(self, verified: Verified) -> None:
        presented = verified.presented
        self._key = verified.key
        self._context = f"{presented.timestamp}\n{presented.scope}"
        self._previous = presented.signature

    def require_chunk(self, signature: str, digest: str) -> None:
        """Go one chunk on. `digest` is the hex SHA-256 of its data. Raises BrokenChunks."""
        self._require("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY_SHA256}\n{digest}", signature)

    def require_trailer(self, signature: str, digest: str) -> None:
        """Check the last link, over the hex SHA-256 of the trailing fields. Raises BrokenChunks."""
        self._require("AWS4-HMAC-SHA256-TRAILER", digest, signature)

    def _require(self, algorithm: str, signed: str, signature: str) -> None:
        to_sign = f"{algorithm}\n{self._context}\n{self._previous}\n{signed}"
        if not hmac.compare_digest(self._key.sign(to_sign.encode("latin-1")), signature):
            raise BrokenChunks("signature")
        self._previous = signature


class ChunkedBody:
    """Reads one body. `trailers` holds its trailing fields, names in lower case, once it is complete."""

    def __init__(self, signatures: ChunkSignatures | None, *, has_trailers: bool) -> None:
        """`signatures` is None for a body whose chunks are not signed."""
        self._signatures = signatures
        self._has_trailers = has_trailers
        self._expects: _Expects = "size"
        self._line = bytearray()
        self._left = 0
        self._is_trailer_signed = signatures is None
        self._empty_lines = 0
        self._chunk_signature = ""
        self._chunk_digest = hashlib.sha256()
        self._trailer_digest = hashlib.sha256()
        self.trailers: dict[bytes, bytes] = {}

    @property
    def is_complete(self) -> bool:
        """Whether the last chunk, and the trailer where there is one, have been read and were right."""
        return self._expects == "nothing" and not self._line

    def feed(self, data: bytes) -> Iterator[memoryview]:
        """Give out the content in the next piece of the body. Raises BrokenChunks, then or before."""
        view, at = memoryview(data), 0
        while at < len(view):
            if self._expects == "data":
                piece = view[at : at + self._left]
                self._take(piece)
                at += len(piece)
                yield piece
            else:
                end = data.find(b"\n", at)
                self._line += view[at : len(view) if end < 0 else end]
                if len(self._line) > MAX_LINE_BYTES:
                    raise BrokenChunks("malformed")
                if end < 0:
                    return
                at = end + 1
                line, self._line = bytes(self._line).removesuffix(b"\r"), bytearray()
                self._read_line(line)

    def _take(self, piece: memoryview) -> None:
        self._left -= len(piece)
        if self._signatures is not None:
            self._chunk_digest.update(piece)
        if not self._left:
            self._end_chunk()
            self._expects = "data-end"

    def _read_line(self, line: bytes) -> None:
        if self._expects == "size":
            self._begin_chunk(line)
        elif self._expects == "data-end":
            if line:
                raise BrokenChunks("malformed")
            self._expects = "size"
        elif self._expects == "trailer":
            self._read_trailer(line)
        elif line:
            # Some clients end the trailer with more line ends than one; nothing else may follow.
            raise BrokenChunks("malformed")

    def _begin_chunk(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None or (match[2] is None) != (self._signatures is None):
            raise BrokenChunks("malformed")
        self._left = int(match[1], 16)
        self._chunk_signature = (match[2] or b"").decode("ascii")
        if self._left:
            self._expects = "data"
            return
        self._end_chunk()
        self._expects = "trailer"

    def _end_chunk(self) -> None:
        if self._signatures is not None:
            self._signatures.require_chunk(self._chunk_signature, self._chunk_digest.hexdigest())
            self._chunk_digest = hashlib.sha256()

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self._end_trailers()
            return
        name, colon, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not self._has_trailers or name in self.trailers or len(self.trailers) >= MAX_TRAILERS:
            raise BrokenChunks("malformed")
        if self._signatures is None:
            self.trailers[name] = value
        elif self._is_trailer_signed:
            # Nothing may come after the signature that should have been over it.
            raise BrokenChunks("malformed")
        elif name == _TRAILER_SIGNATURE:
            self._signatures.require_trailer(value.decode("latin-1"), self._trailer_digest.hexdigest())
            self._is_trailer_signed = True
        else:
            self.trailers[name] = value
            self._trailer_digest.update(name + b":" + value + b"\n")

    def _end_trailers(self) -> None:
        if self._has_trailers and not self._is_trailer_signed:
            # The documented form has an empty line between the fields and their signature; one, and no end.
            self._empty_lines += 1
            if self._empty_lines > 1:
                raise BrokenChunks("malformed")
            return
        self._expects = "nothing"
