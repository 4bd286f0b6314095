"""What a request's head must say, beyond what the parser checks: its target, its Host and its framing.

Follows RFC 9112 sections 3.2 (targets and Host), 6.1 (Transfer-Encoding) and 6.3 (message length).
"""

import functools
import re
from http import HTTPStatus

from keystead.gateway.http.refusal import METHODS, Refusal

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LONGEST_HOST = 253 + len(":65535") + 2
"""RFC 1035 section 2.3.4, with a port; and brackets."""
_END_OF_AUTHORITY = re.compile(rb"[/?]|\Z")


def is_host(value: bytes) -> bool:
    """Whether `value` can stand in a Host field: a name or an address no longer than names are, perhaps a port."""
    return len(value) <= _LONGEST_HOST and _HOST.fullmatch(value) is not None


def check_method(method: bytes) -> None:
    """Raise Refusal for a method that no application is asked about."""
    if method in (b"CONNECT", b"TRACE"):
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "This method is not served here.")
    if method not in METHODS:
        raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "This method is not known here.")


def check_old_version(version: str, *, is_chunked: bool) -> None:
    """Raise Refusal unless a version other than 1.1 is a 1.0 that keeps to what 1.0 could say."""
    if version != "1.0":
        raise Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    if is_chunked:
        # HTTP/1.0 has no chunks: an older relay in front would see another end of this request.
        raise Refusal(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding.")


def origin_form(target: bytes, scheme: str, host: bytes | None) -> bytes:
    """Return the target as path and query, byte for byte as it was signed.

    The absolute form is taken if it names this listener's scheme and the same authority as Host does, so that
    routing and signature can never see two hosts. Raises Refusal for any other form.
    """
    if b"#" in target:
        raise Refusal(HTTPStatus.BAD_REQUEST, "A request target has no fragment.")
    if target == b"*":
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "The server as a whole answers no method.")
    if target.startswith(b"/"):
        return target
    given_scheme, separator, rest = target.partition(b"://")
    if not separator or given_scheme.lower() != scheme.encode():
        raise Refusal(HTTPStatus.BAD_REQUEST, "This form of request target is not served here.")
    end = _END_OF_AUTHORITY.search(rest)
    authority, path = (rest[: end.start()], rest[end.start() :]) if end else (rest, b"")
    if host is None or authority.lower() != host.lower():
        raise Refusal(HTTPStatus.BAD_REQUEST, "The request target and Host name different authorities.")
    return path if path.startswith(b"/") else b"/" + path


def transfer_coding_fault(value: bytes) -> Refusal | None:
    """Return why a Transfer-Encoding is refused; None for `chunked`, the only one that is read here."""
    codings = [coding.strip().lower() for coding in value.split(b",")]
    if codings == [b"chunked"]:
        return None
    if codings[-1] == b"chunked":
        return Refusal(HTTPStatus.NOT_IMPLEMENTED, "No Transfer-Encoding but chunked is read here.")
    return Refusal(HTTPStatus.BAD_REQUEST, "The last Transfer-Encoding of a request is chunked.")


@functools.lru_cache(maxsize=1024)
def is_plain_length(value: bytes, max_bytes: int) -> bool:
    """Return whether a Content-Length is a plain number within `max_bytes`."""
    return content_length_fault(value, max_bytes) is None


def content_length_fault(value: bytes, max_bytes: int) -> Refusal | None:
    """Return why a Content-Length is refused; None for a plain number within `max_bytes`."""
    digits = value.strip(b" \t")
    if not digits.isdigit():
        return Refusal(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
    # Twenty digits hold 2**64; a longer number is never converted.
    if len(digits) > 20 or int(digits) > max_bytes:
        return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This body is longer than anything taken here.")
    return None
