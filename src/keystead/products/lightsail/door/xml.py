"""XML as S3 writes and reads it, by hand for its quirks: empty elements, quoted ETags, control characters.

Follows the shapes of the Amazon S3 API Reference. Whatever XML 1.0 cannot say is written as a character reference
all the same, as AWS does; what clients then make of it is theirs.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache

from keystead.products.lightsail.door.errors import S3Error
from keystead.protocol.xmlreader import Element, parse_xml

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPECIAL = re.compile(r'[&<>"\x00-\x1f\x7f]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """Return character data for `text`."""
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


def _reference(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or f"&#x{ord(character):x};"


def tag(name: str, text: object) -> str:
    """Return an element that holds text; a truth value is written as XML has it."""
    if isinstance(text, bool):
        return f"<{name}>{'true' if text else 'false'}</{name}>"
    return f"<{name}>{escape(str(text))}</{name}>"


def optional(name: str, text: object) -> str:
    """Return an element that holds text, or nothing where there is none."""
    return "" if text is None or text == "" else tag(name, text)


def nested(name: str, *inner: str, attributes: str = "") -> str:
    """Return an element that holds elements."""
    return f"<{name}{attributes}>{''.join(inner)}</{name}>"


def document(root: str, *inner: str, namespace: bool = True) -> bytes:
    """Return a whole document."""
    attributes = f' xmlns="{NAMESPACE}"' if namespace else ""
    return (_DECLARATION + nested(root, *inner, attributes=attributes)).encode("utf-8", "surrogatepass")


def error_document(error: S3Error, resource: str, request_id: str, host_id: str) -> bytes:
    """Return the document of an error, which has no namespace."""
    return document(
        "Error",
        tag("Code", error.code),
        tag("Message", error.message),
        *(tag(name, text) for name, text in error.members.items()),
        tag("Resource", resource),
        tag("RequestId", request_id),
        tag("HostId", host_id),
        namespace=False,
    )


def xml_time(at_ms: int) -> str:
    """Return a time as XML shows it, whole seconds: 2026-01-31T12:00:00.000Z."""
    return _xml_time(at_ms // 1000)


def http_time(at_ms: int) -> bytes:
    """Return a time as HTTP headers show it."""
    return _http_time(at_ms // 1000)


# Pure functions of the second; objects that are listed or read together were often written together.
@lru_cache(maxsize=4096)
def _xml_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@lru_cache(maxsize=4096)
def _http_time(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


def read(content: bytes, root: str, code: str = "MalformedXML") -> Element:
    """Return the root of a document that a client sent. Raises S3Error with `code`."""
    try:
        element = parse_xml(content)
    except ValueError as error:
        raise S3Error(code) from error
    if element.tag != root:
        raise S3Error(code)
    return element


def children(element: Element, name: str) -> Iterable[Element]:
    """Return the children of an element that have a name."""
    return (child for child in element.children if child.tag == name)


def text_of(element: Element, name: str) -> str | None:
    """Return the text of the one child of a name, None where there is none. Raises S3Error for several."""
    found = list(children(element, name))
    if len(found) > 1 or (found and found[0].children):
        raise S3Error("MalformedXML")
    return found[0].text if found else None
