"""JSON bodies: closures from decoded JSON to params, and from results to what msgspec encodes.

Follows Smithy's JSON bindings. The wording of refusals is AWS's ("NUMBER_VALUE cannot be converted to
String"). A reader or writer that is None means: the value needs no conversion. Readers raise `ValueError`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast  # Casts say what a test of `type(value)` has established.

import msgspec

from keystead.protocol import timestamps
from keystead.protocol.scalars import (
    INTEGER_BITS,
    SPECIAL_FLOATS,
    check_bits,
    read_base64,
    special_float,
    write_base64,
)
from keystead.protocol.shapes import Shape
from keystead.protocol.xmlwriter import check_members

MAX_DEPTH = 64

ReadJson: TypeAlias = Callable[[Any], Any]
WriteJson: TypeAlias = Callable[[Any], Any]

_TOKENS: Mapping[type, str] = {
    bool: "BOOLEAN_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
    str: "STRING_VALUE",
}


def decode_json(body: bytes) -> Any:
    """Return the JSON value in `body`, nested 64 levels at the most. Raises `ValueError`."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise ValueError("The document is nested too deeply") from None
    # Fewer brackets than levels allowed cannot be too deep: the walk is for suspicious bodies only.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise ValueError("The document is nested too deeply")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()


class JsonReader:
    """Compiles readers for the shapes of one service."""

    def __init__(self) -> None:
        self._structures: dict[str, ReadJson] = {}

    def reader(self, shape: Shape) -> ReadJson | None:
        """Return the reader of a value of `shape`; None for documents, which are taken as they are."""
        match shape.kind:
            case "structure":
                return None if shape.is_document else self.structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case kind:
                return _SCALAR_READERS[kind](shape)

    def structure(self, shape: Shape) -> ReadJson:
        """Return the reader of an object; unknown keys and nulls are passed over."""
        known = self._structures.get(shape.name)
        if known is None:
            # A recursive shape meets itself while it is being built, and finds the finished reader later.
            self._structures[shape.name] = lambda value: self._structures[shape.name](value)
            self._structures[shape.name] = known = self._structure(shape)
        return known

    def _structure(self, shape: Shape) -> ReadJson:
        members = {
            member.wire_name or name: (name, self.reader(member))
            for name, member in shape.members.items()
            if member.is_in_request_body
        }
        is_union = shape.definition.union

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                raise ValueError(
                    "Unexpected field type" if isinstance(value, list) else _mismatch(value, shape)
                )
            params: dict[str, Any] = {}
            for key, item in cast("dict[str, Any]", value).items():
                member = members.get(key)
                if member is not None and item is not None:
                    name, read_member = member
                    params[name] = item if read_member is None else read_member(item)
            if is_union and len(params) > 1:
                raise ValueError(f"{shape.name} must have exactly one member set")
            return params

        return read

    def _list(self, shape: Shape) -> ReadJson:
        read_item = self.reader(shape.element)

        def read(value: Any) -> list[Any]:
            if type(value) is not list:
                raise ValueError("Expected list or null")
            if read_item is None:
                return cast("list[Any]", value)
            # A null element is kept, for validation to name it.
            return [item if item is None else read_item(item) for item in cast("list[Any]", value)]

        return read

    def _map(self, shape: Shape) -> ReadJson:
        read_item = self.reader(shape.value)

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                raise ValueError(_mismatch(value, shape))
            entries = cast("dict[str, Any]", value)
            if read_item is None:
                return entries
            return {key: item if item is None else read_item(item) for key, item in entries.items()}

        return read


class JsonWriter:
    """Compiles writers for the shapes of one service; what they return is for `msgspec.json.encode`."""

    def __init__(self) -> None:
        self._structures: dict[str, WriteJson] = {}

    def writer(self, shape: Shape) -> WriteJson | None:
        """Return the writer of a value of `shape`; None where the value goes out as it is."""
        match shape.kind:
            case "structure":
                return None if shape.is_document else self.structure(shape)
            case "list":
                return _list_writer(self.writer(shape.element))
            case "map":
                return _map_writer(self.writer(shape.value))
            case "float" | "double":
                return lambda value: special_float(value) or value
            case "blob":
                return write_base64
            case "timestamp":
                return timestamp_writer(shape)
            case _:
                return None

    def structure(self, shape: Shape) -> WriteJson:
        """Return the writer of an object, its members in the order of the model."""
        known = self._structures.get(shape.name)
        if known is None:
            # A recursive shape meets itself while it is being built, and finds the finished writer later.
            self._structures[shape.name] = lambda value: self._structures[shape.name](value)
            self._structures[shape.name] = known = self._structure(shape)
        return known

    def _structure(self, shape: Shape) -> WriteJson:
        members = shape.members
        writers = [
            (name, member.wire_name or name, self.writer(member))
            for name, member in members.items()
            if member.is_in_response_body
        ]
        elsewhere = frozenset(name for name, member in members.items() if not member.is_in_response_body)
        names = [(name, None) for name, _, _ in writers]
        shape_name = shape.name

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            written: dict[str, Any] = {}
            for name, wire, write_member in writers:
                item = value.get(name)
                if item is not None:
                    written[wire] = item if write_member is None else write_member(item)
            if __debug__ and len(written) != len(value):
                check_members(value, shape_name, names, elsewhere)
            return written

        return write


def timestamp_writer(shape: Shape) -> WriteJson:
    """Return the writer of a timestamp in a JSON body: epoch seconds as a number unless the model differs."""
    named = (shape.timestamp_format or "unixTimestamp").lower()
    return timestamps.format_unix if named == "unixtimestamp" else timestamps.text_writer(named)


def _list_writer(write_item: WriteJson | None) -> WriteJson | None:
    if write_item is None:
        return None
    return lambda value: [item if item is None else write_item(item) for item in value]


def _map_writer(write_item: WriteJson | None) -> WriteJson | None:
    if write_item is None:
        return None
    return lambda value: {key: item if item is None else write_item(item) for key, item in value.items()}


def _mismatch(value: Any, shape: Shape) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected"
    if isinstance(value, list):
        return "Start of list found where not expected"
    target = "structure" if shape.kind == "structure" else shape.kind.capitalize()
    return f"{_token(value)} cannot be converted to {target}"


def _token(value: object) -> str:
    return _TOKENS.get(type(value), "NULL_VALUE")


def _string_reader(shape: Shape) -> ReadJson:
    def read(value: Any) -> str:
        if type(value) is not str:
            raise ValueError(_mismatch(value, shape))
        return value

    return read


def _integer_reader(shape: Shape) -> ReadJson:
    bits = INTEGER_BITS[shape.kind]

    def read(value: Any) -> int:
        if type(value) is not int:
            raise ValueError(_mismatch(value, shape))
        return check_bits(value, bits)

    return read


def _boolean_reader(shape: Shape) -> ReadJson:
    def read(value: Any) -> bool:
        if type(value) is not bool:
            raise ValueError(_mismatch(value, shape))
        return value

    return read


def _float_reader(shape: Shape) -> ReadJson:
    def read(value: Any) -> float:
        if type(value) is float or type(value) is int:
            return _finite(value)
        if type(value) is str and value in SPECIAL_FLOATS:
            return SPECIAL_FLOATS[value]
        raise ValueError(_mismatch(value, shape))

    return read


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("Number out of range") from None
    if math.isinf(number):
        raise ValueError("Number out of range")
    return number


def _blob_reader(shape: Shape) -> ReadJson:
    def read(value: Any) -> bytes:
        if type(value) is not str:
            raise ValueError(_mismatch(value, shape))
        return read_base64(value)

    return read


def _timestamp_reader(shape: Shape) -> ReadJson:
    named = (shape.timestamp_format or "unixTimestamp").lower()
    if named != "unixtimestamp":
        read_text = timestamps.text_reader(named)

        def read_string(value: Any) -> datetime:
            if type(value) is not str:
                raise ValueError(_mismatch(value, shape))
            return read_text(value)

        return read_string

    def read_number(value: Any) -> datetime:
        if type(value) is not int and type(value) is not float:
            raise ValueError(f"{_token(value)} can not be converted to milliseconds since epoch")
        return timestamps.parse_unix(_finite(value))

    return read_number


_SCALAR_READERS: Mapping[str, Callable[[Shape], ReadJson]] = {
    "string": _string_reader,
    "character": _string_reader,
    "integer": _integer_reader,
    "long": _integer_reader,
    "boolean": _boolean_reader,
    "float": _float_reader,
    "double": _float_reader,
    "blob": _blob_reader,
    "timestamp": _timestamp_reader,
}
