"""The canonical request: one spelling of a request on which signer and verifier agree, byte for byte.

Follows "Create a signed AWS API request" (IAM User Guide) and the Signature Version 4 test suite. Works on
the bytes of the request target: a path that a framework has decoded can no longer be verified.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_NOT_UNRESERVED = re.compile(rb"[^A-Za-z0-9\-_.~]")
_NOT_IN_PATH = re.compile(rb"[^A-Za-z0-9\-_.~/]")
_NOT_IN_S3_PATH = re.compile(rb"[^A-Za-z0-9\-_.~/%]")

LONGEST_USUAL_QUERY = 512
"""A client asks for the same list or subresource again and again. Longer queries are read each time."""


def canonical_request(
    method: str,
    path: bytes,
    query: bytes,
    headers: Mapping[bytes, bytes],
    signed_headers: Sequence[bytes],
    payload: str,
) -> bytes:
    """Return the canonical request. `path` and `query` are canonical already; An absent header is empty."""
    lines = [method.encode("latin-1"), path, query]
    # The collapse is on any white space, as SDKs do it; a folded header line becomes one line with it.
    lines += [name + b":" + b" ".join(headers.get(name, b"").split()) for name in signed_headers]
    lines += [b"", b";".join(signed_headers), payload.encode("latin-1")]
    return b"\n".join(lines)


def canonical_path(raw_path: bytes) -> bytes:
    """Return the path for every service but S3: normalised, then each segment encoded once more.

    The raw path is encoded already, so `%20` becomes `%2520`: this is what AWS documents as encoding twice.
    """
    if raw_path in (b"/", b""):
        return b"/"
    return _NOT_IN_PATH.sub(_escape, normalise(raw_path))


def canonical_s3_path(raw_path: bytes) -> bytes:
    """Return the path for S3: as sent, neither normalised nor decoded, with what nobody encoded encoded.

    Decoding it first would let one signature stand for several spellings of a path.
    """
    return _NOT_IN_S3_PATH.sub(_escape, raw_path) or b"/"


def normalise(raw_path: bytes) -> bytes:
    """Return a path without dot segments and empty segments, percent escapes left as they are.

    Whoever routes a request of a normalised service must route on this, or on paths equal to it: the
    signature does not tell `/a/../b` from `/b`.
    """
    kept: list[bytes] = []
    for segment in raw_path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    # A target that does not begin with a slash keeps that: `.` must not come to mean `/`.
    leading = b"/" if raw_path.startswith(b"/") else b""
    trailing = b"/" if kept and raw_path.endswith(b"/") else b""
    return leading + b"/".join(kept) + trailing


def canonical_query(raw_query: bytes, without: Sequence[bytes] = ()) -> bytes:
    """Return the query with names and values re-encoded and sorted, leaving out the names in `without`."""
    if not raw_query:
        return b""
    if without or len(raw_query) > LONGEST_USUAL_QUERY:
        return _canonical_query(raw_query, without)
    return _usual_canonical_query(raw_query)


def _canonical_query(raw_query: bytes, without: Sequence[bytes] = ()) -> bytes:
    pairs = query_pairs(raw_query)
    encoded = sorted((encode(name), encode(value)) for name, value in pairs if name not in without)
    return b"&".join([name + b"=" + value for name, value in encoded])


_usual_canonical_query = functools.lru_cache(maxsize=1024)(_canonical_query)


def query_pairs(raw_query: bytes) -> list[tuple[bytes, bytes]]:
    """Return the decoded names and values of a query in order; a raw `+` is a space, as a handler sees it."""
    pairs: list[tuple[bytes, bytes]] = []
    for part in raw_query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            pairs.append((_decode(name), _decode(value)))
    return pairs


def encode(text: bytes) -> bytes:
    """Return `text` with everything but the unreserved characters of RFC 3986 as upper-case `%XX`."""
    # Deleting the allowed bytes is a C loop; most names and values are clean.
    return text if not text.translate(None, _UNRESERVED) else _NOT_UNRESERVED.sub(_escape, text)


def merge(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name, the values of a repeated one joined with commas in the order received."""
    merged = dict(headers)
    if len(merged) == len(headers):
        return merged
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.strip())
    return {name: b",".join(several) for name, several in values.items()}


def _decode(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def _escape(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]
