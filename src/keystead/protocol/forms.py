"""Forms and query strings: `a=1&b=2`, percent-decoded strictly.

Follows the URL standard's `application/x-www-form-urlencoded` (a `+` is a space), except that a broken
escape is refused instead of kept: two readers of one request must not come to different texts.
"""

import functools
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from keystead.protocol.errors import Unreadable

MAX_KEYS = 10_000  # Botocore's largest list (tags, policy ARNs, …) needs a few hundred.

_USUAL_BYTES = 96
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def is_usual(body: bytes) -> bool:
    """Return whether a form does no more than name an operation, as the same bytes do over and over."""
    return len(body) <= _USUAL_BYTES and body.count(b"&") < 2


@functools.lru_cache(maxsize=1024)
def parse_usual_form(body: bytes) -> Mapping[str, str]:
    """Return `parse_form` of a form that `is_usual`. Not to be changed: others get it, too."""
    return parse_form(body)


def parse_form(body: bytes) -> dict[str, str]:
    """Return the first value of each key in `body`.

    Of a key that appears twice the first value is kept: a later copy, appended by whoever extends a signed
    query string, can then never replace what stood there. A key without `=` has the empty value.
    Raises `Unreadable` for broken escapes, text that is not UTF-8, and more than 10,000 keys.
    """
    form: dict[str, str] = {}
    for pair in _split(body):
        key, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            key, value = _decode_component(key), _decode_component(value)
        if key not in form:
            form[key] = value
    form.pop("", None)
    return form


def parse_query(query: bytes) -> dict[str, list[str]]:
    """Return all values of each key in a raw query string, in order. Raises `Unreadable` as `parse_form`."""
    found: dict[str, list[str]] = {}
    for pair in _split(query):
        key, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            key, value = _decode_component(key), _decode_component(value)
        if key:
            found.setdefault(key, []).append(value)
    return found


def percent_decode(text: str) -> str:
    """Return `text` with its escapes resolved, as in a path (where `+` is a plus). Raises `Unreadable`."""
    if "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise Unreadable("MalformedQueryString", "A percent sign is not followed by two hexadecimal digits.")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Unreadable("MalformedQueryString", "The request contains text that is not UTF-8.") from fault


def _split(content: bytes) -> list[str]:
    if content.count(b"&") >= MAX_KEYS:
        raise Unreadable("MalformedQueryString", f"The request has more than {MAX_KEYS} parameters.")
    try:
        return content.decode("utf-8").split("&")
    except UnicodeDecodeError as fault:
        raise Unreadable("MalformedQueryString", "The request contains text that is not UTF-8.") from fault


def _decode_component(text: str) -> str:
    return percent_decode(text.replace("+", " "))
