"""ListObjects and ListObjectsV2.

Follows those pages of the Amazon S3 API Reference. A continuation token is opaque, and holds the key or the group
that was shown last.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus

from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.answer import Answer, xml_answer
from keystead.products.lightsail.door.errors import invalid_argument
from keystead.products.lightsail.door.owners import owner
from keystead.products.lightsail.door.pages import LAST, Cursor, Fetch, Page, list_page
from keystead.products.lightsail.door.request import S3Request
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.door.xml import document, escape, optional, tag, xml_time
from keystead.products.lightsail.objects import object_records
from keystead.products.lightsail.objects.model import Current, Listed, Upload
from keystead.store.interface import Reader
from keystead.store.recent import Recent

MAX_KEYS = 1000
_PAGES_KEPT = 64
_LARGEST_KEPT_BYTES = 128 * 1024
"""Together these bound what pages take of memory: 8 MiB for each of the two listings."""
_SHOWN_BY = (
    "prefix",
    "delimiter",
    "max-keys",
    "encoding-type",
    "marker",
    "continuation-token",
    "start-after",
    "fetch-owner",
)
"""The parameters that decide, with the bucket, what a page shows."""
_LARGEST_NUMBER = 2**31 - 1
_UNQUOTED = re.compile(rb"[A-Za-z0-9/*._~-]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What every listing may be asked. `show` writes a key as the request wants it encoded."""

    prefix: bytes
    delimiter: bytes
    max_keys: int
    encoding: str
    show: Callable[[bytes], str]


def asked(request: S3Request, number: str = "max-keys", element: str = "maxKeys") -> Asked:
    """Return what a request asks of a listing; `number` is the parameter that limits it. Raises S3Error."""
    query = request.query
    encoding = query.get("encoding-type", "")
    if encoding not in ("", "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    return Asked(
        query.get("prefix", "").encode(),
        query.get("delimiter", "").encode(),
        min(MAX_KEYS, limit(query.get(number), number, element)),
        encoding,
        _url_encoded if encoding else _plain,
    )


def limit(text: str | None, name: str, element: str) -> int:
    """Return how many entries are asked for at most. Raises S3Error."""
    if text is None or text == "":
        return MAX_KEYS
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > _LARGEST_NUMBER:
        raise invalid_argument(
            f"Argument {element} must be an integer between 0 and {_LARGEST_NUMBER}", name, text
        )
    return int(text)


def _url_encoded(key: bytes) -> str:
    # Most keys need nothing, and finding that out costs a fraction of quoting.
    return key.decode("ascii") if _UNQUOTED.fullmatch(key) else quote_plus(key, safe="/*-._")


def _plain(key: bytes) -> str:
    return escape(key.decode())


def groups(page: Page[Listed] | Page[Current] | Page[Upload], wanted: Asked) -> str:
    """Return the elements of the groups of a page."""
    return "".join(
        f"<CommonPrefixes><Prefix>{wanted.show(group)}</Prefix></CommonPrefixes>" for group in page.groups
    )


def head(bucket: Bucket, wanted: Asked) -> str:
    """Return the elements with which every listing says what was asked."""
    return (
        tag("Name", bucket.name)
        + f"<Prefix>{wanted.show(wanted.prefix)}</Prefix>"
        + (f"<Delimiter>{wanted.show(wanted.delimiter)}</Delimiter>" if wanted.delimiter else "")
        + optional("EncodingType", wanted.encoding)
    )


def entry(item: Listed | Current, wanted: Asked, owned: str) -> str:
    """Return what is shown of an object, up to its owner."""
    checksum = ""
    if item.checksum_algorithm:
        checksum = (
            f"<ChecksumAlgorithm>{item.checksum_algorithm}</ChecksumAlgorithm>"
            f"<ChecksumType>{item.checksum_type}</ChecksumType>"
        )
    return (
        f"<Key>{wanted.show(item.key)}</Key><LastModified>{xml_time(item.modified_at)}</LastModified>"
        f"<ETag>&quot;{item.etag}&quot;</ETag>{checksum}<Size>{item.size}</Size>"
        f"<StorageClass>STANDARD</StorageClass>{owned}"
    )


def current_objects(reader: Reader, bucket: Bucket) -> Fetch[Current]:
    """Return the entries of a listing without versions."""

    def fetch(cursor: Cursor, end: bytes, limit: int) -> Sequence[Current]:
        key, rank = cursor
        # Any rank of an entry means that it was shown; only the one before all means that it was not.
        start = key if rank < -(2**61) else key + b"\0"
        return object_records.current_keys(reader, bucket.id, start, end, limit)

    return fetch


class Listing:
    """The two listings of objects, which differ in how they name the next page.

    Whoever asks is allowed first, each time; the page may then be one that was shown since the last commit.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_marker: Recent[bytes] = Recent(reader, _PAGES_KEPT)
        self._by_token: Recent[bytes] = Recent(reader, _PAGES_KEPT)

    async def list_objects(self, visit: Visit) -> Answer:
        """List by marker."""
        visit.require("s3:ListBucket")
        return self._answer(self._by_marker, visit, self._page_by_marker)

    async def list_objects_v2(self, visit: Visit) -> Answer:
        """List by continuation token."""
        visit.require("s3:ListBucket")
        return self._answer(self._by_token, visit, self._page_by_token)

    def _answer(
        self, recent: Recent[bytes], visit: Visit, show: Callable[[Bucket, Mapping[str, str], Asked], bytes]
    ) -> Answer:
        bucket, query = visit.bucket, visit.request.query
        key = (bucket.id, *map(query.get, _SHOWN_BY))
        return xml_answer(recent.get(key, lambda: show(bucket, query, asked(visit.request)), _is_kept))

    def _page_by_marker(self, bucket: Bucket, query: Mapping[str, str], wanted: Asked) -> bytes:
        marker = query.get("marker", "").encode()
        page = self._page(bucket, wanted, (marker, LAST) if marker else None)
        next_marker = ""
        if page.is_truncated and wanted.delimiter:
            next_marker = f"<NextMarker>{wanted.show(page.last_key)}</NextMarker>"
        return document(
            "ListBucketResult",
            head(bucket, wanted),
            f"<Marker>{wanted.show(marker)}</Marker>",
            next_marker,
            tag("MaxKeys", wanted.max_keys),
            tag("IsTruncated", page.is_truncated),
            _contents(page, wanted, owner(bucket.account)),
            groups(page, wanted),
        )

    def _page_by_token(self, bucket: Bucket, query: Mapping[str, str], wanted: Asked) -> bytes:
        token, start_after = query.get("continuation-token"), query.get("start-after", "").encode()
        after = _key_of(token) if token is not None else start_after
        page = self._page(bucket, wanted, (after, LAST) if after else None)
        owned = owner(bucket.account) if query.get("fetch-owner", "").lower() == "true" else ""
        return document(
            "ListBucketResult",
            head(bucket, wanted),
            f"<StartAfter>{wanted.show(start_after)}</StartAfter>" if start_after else "",
            optional("ContinuationToken", token),
            optional("NextContinuationToken", _token(page.last_key) if page.is_truncated else None),
            tag("KeyCount", page.count),
            tag("MaxKeys", wanted.max_keys),
            tag("IsTruncated", page.is_truncated),
            _contents(page, wanted, owned),
            groups(page, wanted),
        )

    def _page(self, bucket: Bucket, wanted: Asked, after: Cursor | None) -> Page[Current]:
        fetch = current_objects(self._reader, bucket)
        return list_page(fetch, wanted.prefix, wanted.delimiter, after, wanted.max_keys)


def _is_kept(page: bytes) -> bool:
    return len(page) <= _LARGEST_KEPT_BYTES


def _contents(page: Page[Current], wanted: Asked, owned: str) -> str:
    return "".join([f"<Contents>{entry(item, wanted, owned)}</Contents>" for item in page.items])


def _token(key: bytes) -> str:
    return base64.urlsafe_b64encode(b"1" + key).decode("ascii")


def _key_of(token: str) -> bytes:
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        text = b""
    if not text.startswith(b"1") or b"\xff" in text:
        raise invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
    return text[1:]
