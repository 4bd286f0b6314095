"""Values in HTTP headers: simple values, lists with commas and quotes, and JSON in base64.

Follows Smithy's `httpHeader` trait; list elements with a comma or a quote stand in double quotes, and a list
of HTTP dates is split at every second comma.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from keystead.protocol.scalars import text_reader, text_writer, write_base64
from keystead.protocol.shapes import Shape

_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*))\s*(,|\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def header_reader(shape: Shape) -> Callable[[str], Any] | None:
    """Return the reader of a header of `shape`; None where the text is the value. It raises `ValueError`."""
    if shape.kind != "list":
        return text_reader(shape, "rfc822")
    read_item = text_reader(shape.element, "rfc822")
    is_dates = shape.element.kind == "timestamp" and (shape.element.timestamp_format or "rfc822") == "rfc822"
    split = _split_dates if is_dates else split_list

    def read(text: str) -> list[Any]:
        items = split(text)
        return list(items) if read_item is None else [read_item(item) for item in items]

    return read


def header_writer(shape: Shape) -> Callable[[Any], str]:
    """Return the writer of a header of `shape`."""
    if shape.is_jsonvalue:
        return lambda value: write_base64(msgspec.json.encode(value))
    if shape.kind != "list":
        return text_writer(shape, "rfc822") or str
    write_item = text_writer(shape.element, "rfc822") or _quote_if_needed
    return lambda value: ", ".join([write_item(item) for item in value])


def split_list(text: str) -> list[str]:
    """Return the elements of a comma-separated list, quotes taken off. Raises `ValueError` for an open quote."""
    if not text:
        return []
    if '"' not in text:
        return [item.strip() for item in text.split(",")]
    items: list[str] = []
    position, more = 0, ","
    while more:
        found = _ITEM.match(text, position)
        if found is None:
            raise ValueError("has quotes that do not match")
        quoted, plain, more = found.groups()
        items.append(plain.strip() if quoted is None else _ESCAPED.sub(r"\1", quoted))
        position = found.end()
    return items


def _split_dates(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")] if text else []
    if len(parts) % 2:
        raise ValueError("is not a list of HTTP dates")
    return [f"{day}, {date}" for day, date in zip(parts[::2], parts[1::2], strict=True)]


def _quote_if_needed(text: str) -> str:
    if '"' in text or "," in text or "\\" in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
