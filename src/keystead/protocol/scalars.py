"""Simple values as text: how forms, URIs, query strings, headers and XML all write them.

Readers raise `ValueError` with a text that completes "Value at 'member' …"; each protocol turns that into
its own error. A reader or writer that is None means: the text is the value.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from keystead.protocol import timestamps
from keystead.protocol.shapes import Shape

TextReader: TypeAlias = Callable[[str], Any]
TextWriter: TypeAlias = Callable[[Any], str]

INTEGER_BITS = {"integer": 32, "long": 64}
SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?", re.ASCII)


def text_reader(shape: Shape, timestamp_format: str) -> TextReader | None:
    """Return the reader of `shape`, a simple one; `timestamp_format` is the default of the location."""
    match shape.kind:
        case "string" | "character":
            return None
        case "integer" | "long":
            return _integer_reader(INTEGER_BITS[shape.kind])
        case "boolean":
            return _read_boolean
        case "float" | "double":
            return _read_float
        case "blob":
            return read_base64
        case "timestamp":
            return timestamps.text_reader(shape.timestamp_format or timestamp_format)
        case other:
            raise ValueError(f"{shape.name} is a {other}, which cannot be written as one text")


def text_writer(shape: Shape, timestamp_format: str) -> TextWriter | None:
    """Return the writer of `shape`, a simple one; `timestamp_format` is the default of the location."""
    match shape.kind:
        case "string" | "character":
            return None
        case "integer" | "long":
            return str
        case "boolean":
            return _write_boolean
        case "float" | "double":
            return _write_float
        case "blob":
            return write_base64
        case "timestamp":
            return timestamps.text_writer(shape.timestamp_format or timestamp_format)
        case other:
            raise ValueError(f"{shape.name} is a {other}, which cannot be written as one text")


def read_base64(text: str) -> bytes:
    """Return the bytes behind `text`; white space, missing padding or a foreign character are refused."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None


def write_base64(value: bytes) -> str:
    """Return `value` in base64 with padding."""
    return base64.b64encode(value).decode("ascii")


def special_float(value: float) -> str | None:
    """Return the name of an infinity or of not-a-number, which have no digits; None for the rest."""
    if math.isfinite(value):
        return None
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def check_bits(number: int, bits: int) -> int:
    """Return `number` if it fits into a signed integer of `bits`. Raises `ValueError`."""
    if -(1 << bits - 1) <= number < 1 << bits - 1:
        return number
    raise ValueError("is out of range")


def _integer_reader(bits: int) -> TextReader:
    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise ValueError("is not an integer")
        return check_bits(int(text), bits)

    return read


def _read_boolean(text: str) -> bool:
    if text == "true":
        return True
    if text == "false":
        return False
    raise ValueError("is neither true nor false")


def _read_float(text: str) -> float:
    special = SPECIAL_FLOATS.get(text)
    if special is not None:
        return special
    if not _FLOAT.fullmatch(text):
        raise ValueError("is not a number")
    number = float(text)
    if math.isinf(number):
        raise ValueError("is out of range")
    return number


def _write_boolean(value: bool) -> str:
    return "true" if value else "false"


def _write_float(value: float) -> str:
    return special_float(value) or repr(float(value))
