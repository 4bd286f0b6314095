"""Writing XML: one closure per shape, compiled once, each returning text.

Follows Smithy's XML bindings: `locationName`, flattened lists and maps, attributes, namespaces. Text is
escaped only where a search finds something to escape. Characters that XML 1.0 cannot hold become character
references, as AWS sends them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from keystead.protocol.errors import UnknownMembers
from keystead.protocol.scalars import text_writer
from keystead.protocol.shapes import Shape

WriteText: TypeAlias = Callable[[Any], str]

# The two non-characters and lone surrogates are as illegal as the control characters.
_UNSAFE = re.compile('[&<>"\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]')
_UNSAFE_IN_ATTRIBUTE = re.compile('[&<>"\x00-\x1f\ufffe\uffff\ud800-\udfff]')
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """Return `text` as XML character data."""
    # Most texts are names and numbers, of which a search would take as long as the rest of them.
    return text if text.isalnum() or not _UNSAFE.search(text) else _UNSAFE.sub(_reference, text)


def escape_message(text: str) -> str:
    """Return `text` as the character data of an error: what XML cannot hold, not even by reference, is replaced.

    An error quotes what the caller sent, and a client that cannot parse it never learns what was wrong.
    """
    return escape(_ILLEGAL.sub("\ufffd", text))


def escape_attribute(text: str) -> str:
    """Return `text` as the inside of an attribute in double quotes."""
    return _UNSAFE_IN_ATTRIBUTE.sub(_reference, text)


def _reference(found: re.Match[str]) -> str:
    character = found[0]
    return _NAMED.get(character) or f"&#x{ord(character):X};"


class XmlWriter:
    """Compiles writers for the shapes of one service; `structures` are shared between operations."""

    def __init__(self) -> None:
        self._contents: dict[str, WriteText] = {}

    def element(self, shape: Shape, name: str) -> WriteText:
        """Return the writer of a value of `shape` as an element `name`, or as several where it is flattened."""
        match shape.kind:
            case "structure":
                return self._structure_element(shape, name)
            case "list":
                return self._list(shape, name)
            case "map":
                return self._map(shape, name)
            case "boolean":
                true, false = (f"{_start(shape, name)}{word}</{name}>" for word in ("true", "false"))
                return lambda value: true if value else false
            case _:
                return _scalar(shape, name)

    def content(self, shape: Shape) -> WriteText:
        """Return the writer of what stands inside the element of a structure."""
        known = self._contents.get(shape.name)
        if known is None:
            # A recursive shape meets itself while it is being built, and finds the finished writer later.
            self._contents[shape.name] = lambda value: self._contents[shape.name](value)
            self._contents[shape.name] = known = self._structure(shape)
        return known

    def _structure(self, shape: Shape) -> WriteText:
        members = {name: member for name, member in shape.members.items() if member.is_in_response_body}
        # Members with another location (headers, attributes) may be in the value, and are written elsewhere.
        elsewhere = frozenset(shape.members) - frozenset(members)
        elsewhere |= {name for name, member in members.items() if member.is_xml_attribute}
        writers = [
            (name, self._member(member, name)) for name, member in members.items() if name not in elsewhere
        ]
        shape_name = shape.name

        def write(value: Mapping[str, Any]) -> str:
            parts: list[str] = []
            for name, write_member in writers:
                item = value.get(name)
                if item is not None:
                    parts.append(write_member(item))
            if __debug__ and len(parts) != len(value):
                check_members(value, shape_name, writers, elsewhere)
            return "".join(parts)

        return write

    def _member(self, member: Shape, name: str) -> WriteText:
        return self.element(member, member.wire_names(name)[0])

    def _structure_element(self, shape: Shape, name: str) -> WriteText:
        content = self.content(shape)
        end = f"</{name}>"
        attributes = [
            (member_name, member.wire_name or member_name)
            for member_name, member in shape.members.items()
            if member.is_xml_attribute
        ]
        start = _start(shape, name)
        if not attributes:
            return lambda value: f"{start}{content(value)}{end}"

        def write(value: Mapping[str, Any]) -> str:
            written = "".join(
                f' {wire}="{escape_attribute(value[member])}"'
                for member, wire in attributes
                if value.get(member) is not None
            )
            return f"{start[:-1]}{written}>{content(value)}{end}"

        return write

    def _list(self, shape: Shape, name: str) -> WriteText:
        if shape.is_flattened:
            write_item = self.element(shape.element, name)
            return lambda value: "".join([write_item(item) for item in value])
        start, end = _start(shape, name), f"</{name}>"
        write_item = self.element(shape.element, shape.element.wire_name or "member")
        return lambda value: f"{start}{''.join([write_item(item) for item in value])}{end}"

    def _map(self, shape: Shape, name: str) -> WriteText:
        write_key = self.element(shape.key, shape.key.wire_name or "key")
        write_value = self.element(shape.value, shape.value.wire_name or "value")
        entry = name if shape.is_flattened else "entry"
        first, last = ("", "") if shape.is_flattened else (_start(shape, name), f"</{name}>")
        opened = _start(shape, entry) if shape.is_flattened else f"<{entry}>"

        def write(value: Mapping[str, Any]) -> str:
            entries = [
                f"{opened}{write_key(key)}{write_value(item)}</{entry}>" for key, item in value.items()
            ]
            return f"{first}{''.join(entries)}{last}"

        return write


def check_members(
    value: Mapping[str, Any],
    shape: str,
    known: list[tuple[str, Any]],
    elsewhere: frozenset[str] = frozenset(),
) -> None:
    """Raise `UnknownMembers` if `value` has a member that `shape` lacks; callers ask only when counts differ."""
    unknown = value.keys() - {name for name, _ in known} - elsewhere
    if unknown:
        raise UnknownMembers(f"{shape} has no member {', '.join(sorted(unknown))}")


def _scalar(shape: Shape, name: str) -> WriteText:
    start, end = _start(shape, name), f"</{name}>"
    write_text = text_writer(shape, "iso8601")
    if write_text is not None:
        # Numbers, times and base64 hold nothing to escape.
        return lambda value: f"{start}{write_text(value)}{end}"
    unsafe, replace = _UNSAFE.search, _UNSAFE.sub

    def write(value: str) -> str:
        if unsafe(value):
            value = replace(_reference, value)
        return f"{start}{value}{end}"

    return write


def _start(shape: Shape, name: str) -> str:
    namespace = shape.xml_namespace
    if namespace is None:
        return f"<{name}>"
    prefix = f":{namespace.prefix}" if namespace.prefix else ""
    return f'<{name} xmlns{prefix}="{escape_attribute(namespace.uri)}">'
