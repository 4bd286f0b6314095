"""The access log of a bucket: a line for each request about it, put as objects into the bucket that it names.

Follows "Bucket access logs in Amazon Lightsail" (Lightsail User Guide) and "Amazon S3 server access log format"
(Amazon S3 User Guide). It is delivered in batches, as at AWS with no promise: what waits in memory when the process
ends is lost. The journal is the record. Values of signatures and tokens in a query are left out.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote_plus

from keystead.audit.event import note_authority
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door import checksums
from keystead.products.lightsail.door.answer import Answer
from keystead.products.lightsail.door.bodies import INLINE_BYTES
from keystead.products.lightsail.door.checksums import text_of
from keystead.products.lightsail.door.owners import canonical_id
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.door.visitor import ANONYMOUS, Visitor
from keystead.products.lightsail.objects.model import Attributes, Body, Checksum
from keystead.products.lightsail.objects.versions import Versions
from keystead.store.interface import Store, Transaction

DELIVERY_SECONDS = 60.0
MAX_WAITING = 5_000
"""How many lines wait at the most; further ones are dropped, for anybody can cause lines."""
_MAX_TEXT = 1024
_HIDDEN = frozenset(
    {"awsaccesskeyid", "signature", "x-amz-credential", "x-amz-security-token", "x-amz-signature"}
)
"""Parameters of a query whose values are left out, in lower case."""
_UNFIT = re.compile(r'[^\x20-\x7e]|"')
_TEXT = Attributes({"content-type": "text/plain"})
_RESOURCES = {
    "AbortMultipartUpload": "UPLOAD",
    "CompleteMultipartUpload": "UPLOAD",
    "CreateMultipartUpload": "UPLOADS",
    "DeleteObjects": "MULTI_OBJECT_DELETE",
    "GetBucketLocation": "LOCATION",
    "GetBucketVersioning": "VERSIONING",
    "ListMultipartUploads": "UPLOADS",
    "ListObjectVersions": "BUCKETVERSIONS",
    "ListParts": "UPLOAD",
    "PutBucketVersioning": "VERSIONING",
    "UploadPart": "PART",
    "UploadPartCopy": "PART",
}
"""What stands last in the name of an operation, where it is neither the bucket nor the object."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended. `seconds` is how long it took until the answer began."""

    answer: Answer
    code: str
    host_id: str
    seconds: float


class AccessLines:
    """Gathers the lines of all buckets that keep a log, and delivers them."""

    def __init__(self, store: Store, versions: Versions, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._versions = versions
        self._clock = clock
        self._entropy = entropy
        self._waiting: dict[str, list[str]] = defaultdict(list)
        self._count = 0

    def note(self, bucket: Bucket, request: S3Request, visitor: Visitor | None, ended: Ended) -> None:
        """Keep a line about a request, if the bucket has a log and there is room."""
        if bucket.access_log is not None and self._count < MAX_WAITING:
            self._count += 1
            line = _line(bucket, request, visitor or ANONYMOUS, ended, self._clock.real_epoch())
            self._waiting[bucket.id].append(line)

    async def deliver(self) -> None:
        """Put what waits where each bucket's setting says now; of what has no place any more nothing is kept."""
        waiting, self._waiting, self._count = self._waiting, defaultdict(list), 0
        for bucket, lines in waiting.items():
            for body in _bodies(lines):
                await self._store.write(lambda tx, bucket=bucket, body=body: self._put(tx, bucket, body))

    def _put(self, tx: Transaction, source: str, body: bytes) -> None:
        bucket = bucket_records.by_id(tx, source)
        log = None if bucket is None else bucket.access_log
        if bucket is None or log is None:
            return
        target = bucket_records.owned(tx, bucket.account, bucket.region, log.destination)
        if target is None:
            return
        at = datetime.fromtimestamp(self._clock.real_epoch(), UTC)
        key = f"{log.prefix}{at:%Y-%m-%d-%H-%M-%S}-{self._entropy.token_bytes(8).hex().upper()}"
        self._versions.put(tx, target.id, target.versioning, key.encode(), _body(body), _TEXT)
        note_authority(tx, at.timestamp(), "DeliverAccessLog", bucketName=target.name, key=key)


def _body(content: bytes) -> Body:
    total = checksums.OWN.new()
    total.update(content)
    checksum = Checksum(checksums.OWN.name, "FULL_OBJECT", text_of(total.digest()))
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Body(len(content), etag, checksum, inline=content)


def _bodies(lines: Sequence[str]) -> Iterator[bytes]:
    """Give the lines in as few bodies as fit into rows."""
    body = b""
    for line in lines:
        raw = line.encode()
        if body and len(body) + len(raw) > INLINE_BYTES:
            yield body
            body = b""
        body += raw
    if body:
        yield body


def _line(bucket: Bucket, request: S3Request, visitor: Visitor, ended: Ended, at: float) -> str:
    """Return a line, its fields in the documented order; what is not known, or not there, is a dash."""
    answer, took = ended.answer, str(int(ended.seconds * 1000))
    has_body = request.method != "HEAD" and answer.status not in (204, 304)
    sent = (len(answer.body) if answer.length is None else answer.length) if has_body else 0
    is_whole = request.operation in ("GetObject", "HeadObject") and answer.status == 200
    when = datetime.fromtimestamp(at, UTC)
    fields = (
        canonical_id(bucket.account),
        bucket.name,
        f"[{when:%d/%b/%Y:%H:%M:%S} +0000]",
        request.source_address or "-",
        _requester(visitor),
        request.id,
        _operation(request),
        quote(request.key, safe="/") or "-",
        _quoted(_target(request)),
        str(answer.status),
        ended.code or "-",
        str(sent) if sent else "-",
        str(answer.length) if is_whole and answer.length is not None else "-",
        took,
        took,
        _quoted(_masked(request.header("referer") or "")),
        _quoted(request.header("user-agent")),
        _plain(request.query.get("versionId")),
        ended.host_id,
        {"AWS": "SigV2", "AWS4-HMAC-SHA256": "SigV4"}.get(visitor.signature_version, "-"),
        "-",
        {"REST-HEADER": "AuthHeader", "REST-QUERY-STRING": "QueryString"}.get(visitor.auth_type, "-"),
        _plain(request.header("host")),
        "-",
        "-",
        "-",
    )
    return " ".join(fields) + "\n"


def _requester(visitor: Visitor) -> str:
    """Return who asked: an ARN, or the id of a bucket's key. UNCONFIRMED: what AWS shows for those."""
    if visitor.principal is not None:
        return visitor.principal.arn
    return "-" if visitor.credential is None else visitor.credential.id


def _operation(request: S3Request) -> str:
    """Return `REST.METHOD.RESOURCE`, as AWS names operations in these logs."""
    resource = _RESOURCES.get(request.operation, "OBJECT" if request.key else "BUCKET")
    method = "COPY" if request.operation in ("CopyObject", "UploadPartCopy") else request.method
    return f"REST.{method}.{resource}"


def _target(request: S3Request) -> str:
    query = b"?" + request.raw_query if request.raw_query else b""
    return f"{request.method} {_masked((request.raw_path + query).decode('latin-1'))} HTTP/1.1"


def _masked(url: str) -> str:
    """Return a URL without the values that prove who asks, however the names of their parameters are spelt."""
    path, mark, query = url.partition("?")
    return path + mark + "&".join(map(_masked_pair, query.split("&")))


def _masked_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}=-" if equals and unquote_plus(name).strip().lower() in _HIDDEN else pair


def _quoted(text: str | None) -> str:
    return '"-"' if not text else f'"{_UNFIT.sub("?", text[:_MAX_TEXT])}"'


def _plain(text: str | None) -> str:
    return "-" if not text else _UNFIT.sub("?", text[:_MAX_TEXT]).replace(" ", "?")
