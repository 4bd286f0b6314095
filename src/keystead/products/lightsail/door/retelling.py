"""What a bucket's key was answered, told again to whoever shows it with the same request while nothing has changed.

Invalidation: an answer ends with the next commit of anything (`store/recent.py`), so the staleness is none. The
signature and the key's standing are judged for each request; what comes after them, for a bucket's key, goes by the
bucket, the object and the request alone, and by no clock. Requests with any header that is not known to change
nothing are answered afresh, and so are those of IAM principals, whose policies may go by more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.access.doors import HTTPRequest
from keystead.access.sigv4 import SignedRequest
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, Header
from keystead.products.lightsail.door.visitor import Visitor, Visitors
from keystead.store.interface import Reader
from keystead.store.recent import Recent

_CHECKSUM_MODE = b"x-amz-checksum-mode"
_WITHOUT_EFFECT = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"amz-sdk-invocation-id",
        b"amz-sdk-request",
        b"authorization",
        b"connection",
        b"content-length",
        b"content-type",
        b"date",
        b"host",
        b"user-agent",
        b"x-amz-content-sha256",
        b"x-amz-date",
        # Has an effect, and is part of what an answer is found by.
        _CHECKSUM_MODE,
    }
)
_SMALL_BYTES, _SMALL_KEPT = 8 * 1024, 1024
_LARGE_BYTES, _LARGE_KEPT = 64 * 1024, 64
"""Objects and short pages, and long pages: together these bound what is kept to 12 MiB."""

Asked = tuple[str, str, bytes, bytes, bytes, bytes | None]
"""All that an answer goes by: the bucket of the key, the region that was signed for, and what was asked."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of status 200, without what names the request."""

    headers: Sequence[Header]
    body: bytes
    bucket: Bucket
    operation: str


class Retelling:
    """Finds answers by who asks for what."""

    def __init__(self, visitors: Visitors, reader: Reader) -> None:
        self._visitors = visitors
        self._small: Recent[Told] = Recent(reader, _SMALL_KEPT)
        self._large: Recent[Told] = Recent(reader, _LARGE_KEPT)

    def asked(self, request: HTTPRequest) -> tuple[Visitor, Asked] | None:
        """Return who asks for what, if a bucket's key asks for what may be told again. Raises Refused."""
        headers, raw_path, raw_query = request.head, request.raw_path, request.raw_query
        if (
            len(headers) != len(request.headers)  # What is repeated is read with care, and anew each time.
            or not _WITHOUT_EFFECT.issuperset(headers)
            or not headers.get(b"authorization", b"").startswith(b"AWS4-")
        ):
            return None
        signed = SignedRequest("GET", raw_path, raw_query, request.headers, "", headers)
        visitor = self._visitors.of_bucket_key(signed)
        if visitor is None or visitor.credential is None:
            return None
        host, mode = headers.get(b"host", b""), headers.get(_CHECKSUM_MODE)
        return visitor, (visitor.credential.audience, visitor.region, host, raw_path, raw_query, mode)

    def find(self, asked: Asked) -> Told | None:
        """Return what is told again."""
        return self._small.find(asked) or self._large.find(asked)

    def keep(self, asked: Asked, answer: Answer, bucket: Bucket | None, operation: str) -> None:
        """Keep an answer that was made since it was looked for, in the same step of the loop."""
        if (
            answer.status != 200
            or answer.stream is not None
            or bucket is None
            or bucket.access_log is not None
        ):
            return
        size = len(answer.body)
        if size <= _LARGE_BYTES:
            shelf = self._small if size <= _SMALL_BYTES else self._large
            shelf.keep(asked, Told(tuple(answer.headers), answer.body, bucket, operation))
