"""A request at the door, parsed once: which bucket and key it names, by which spelling, and what it says.

Follows "Virtual hosting of buckets" (Amazon S3 User Guide). The key is the percent-decoded bytes of the raw path,
and means what it says: nothing is normalised, no dot segment and no empty one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from keystead.access.doors import HTTPRequest, Receive
from keystead.access.sigv4 import SignedRequest
from keystead.access.sigv4.canonical import merge, query_pairs
from keystead.products.lightsail.door.errors import S3Error

MAX_KEY_BYTES = 1024
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


@dataclass(slots=True)
class S3Request:
    """One request. `key` is empty for a bucket, `bucket` too for the service; `query` and headers are as sent.

    `bucket_of_host` is the bucket that the Host names, as bytes; empty for path style.
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    header_list: Sequence[tuple[bytes, bytes]]
    headers: Mapping[bytes, bytes]
    query: Mapping[str, str]
    bucket: str
    key: bytes
    bucket_of_host: bytes
    source_address: str
    is_secure: bool
    id: str
    receive: Receive = field(repr=False)
    operation: str = ""

    def header(self, name: str) -> str | None:
        """Return a header's value by its lower-case name; several are joined by commas."""
        value = self.headers.get(name.encode())
        return None if value is None else value.strip(b" \t").decode("latin-1")

    @property
    def signed(self) -> SignedRequest:
        """The request as signatures see it."""
        return SignedRequest(self.method, self.raw_path, self.raw_query, self.header_list, "")

    @property
    def resource(self) -> str:
        """Bucket and key as errors name them."""
        if not self.bucket:
            return "/"
        return f"/{self.bucket}/{self.key.decode('utf-8', 'replace')}" if self.key else f"/{self.bucket}"


class Hosts:
    """Tells the door's host names: `BUCKET.s3.DOMAIN`, `BUCKET.s3.REGION.DOMAIN`, and both without a bucket."""

    def __init__(self, domain: str) -> None:
        self._name = re.compile(rf"(?:(?P<bucket>{_LABEL})\.)?s3(?:\.{_LABEL})?\.{re.escape(domain.lower())}")

    def takes(self, host: str) -> bool:
        """Return whether a host, in lower case and without its port, is the door's."""
        return self._name.fullmatch(host) is not None

    def bucket(self, host: bytes) -> bytes:
        """Return the bucket that a Host field names, empty where it names none: the path does then."""
        name = host.decode("latin-1").lower().partition(":")[0]
        match = self._name.fullmatch(name)
        return b"" if match is None or match["bucket"] is None else match["bucket"].encode()


def read_request(
    request: HTTPRequest, receive: Receive, bucket_of: Callable[[bytes], bytes], id: str
) -> S3Request:
    """Return what a request says here; its body is yet to be received. Raises S3Error."""
    headers = merge(request.headers)
    raw_path = request.raw_path
    bucket_of_host = bucket_of(headers.get(b"host", b""))
    if bucket_of_host:
        bucket, raw_key = bucket_of_host, raw_path[1:]
    else:
        raw_bucket, _, raw_key = raw_path[1:].partition(b"/")
        bucket = unquote_to_bytes(raw_bucket)
    return S3Request(
        request.method,
        raw_path,
        request.raw_query,
        request.headers,
        headers,
        _query(request.raw_query),
        _text(bucket),
        _key(raw_key),
        bucket_of_host,
        request.source_address,
        request.is_secure,
        id,
        receive,
    )


def _key(raw_key: bytes) -> bytes:
    key = unquote_to_bytes(raw_key)
    require_key(key)
    return key


def require_key(key: bytes) -> None:
    """Raise S3Error for bytes that cannot be a key: not UTF-8, with a zero byte, or too long."""
    if len(key) > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError", Size=str(len(key)), MaxSizeAllowed=str(MAX_KEY_BYTES))
    if b"\0" in _text(key).encode():
        raise S3Error("InvalidURI")


def _query(raw_query: bytes) -> dict[str, str]:
    if not raw_query:
        return {}
    found: dict[str, str] = {}
    for name, value in query_pairs(raw_query):
        # The first of a repeated parameter counts, here and in what is authorised alike.
        found.setdefault(_text(name), _text(value))
    return found


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error
