"""Reading XML from strangers: a small bounded tree without DTDs, and closures from tree to values.

DOCTYPE is refused outright, which takes away every entity attack; depth and number of elements are
bounded. The text is UTF-8 whatever its declaration says, so that no second reader can see another document.
Readers raise `ValueError`; the protocol turns it into its own error.
"""

from collections.abc import Callable
from typing import Any, TypeAlias
from xml.parsers import expat

from keystead.protocol.scalars import text_reader
from keystead.protocol.shapes import Shape, by_wire_name

MAX_DEPTH = 64
# 10,000 parts of a multipart upload with all their checksums fit; a million elements do not.
MAX_ELEMENTS = 100_000


class Element:
    """An element: local name, attributes by local name, children and character data."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str] | None = None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""


ReadElement: TypeAlias = Callable[[Element], Any]
Collect: TypeAlias = Callable[[Any, Element], Any]


def parse_xml(content: bytes) -> Element:
    """Return the root of the document in `content`. Raises `ValueError` if it is malformed or out of bounds."""
    if b"\0" in content:
        # Expat takes UTF-16 with a byte order mark even when told UTF-8; no UTF-8 document has a zero byte.
        raise ValueError("the document is not UTF-8")
    builder = _Builder()
    parser = expat.ParserCreate(encoding="UTF-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as fault:
        raise ValueError("the document is not well-formed") from fault
    return builder.root.children[0]


def _refuse_doctype(*_: Any) -> None:
    raise ValueError("the document has a DOCTYPE")


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise ValueError("the document is too deep or too large")
        named = {_local(key): value for key, value in attributes.items()} if attributes else None
        element = Element(_local(name), named)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].text += text


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class XmlReader:
    """Compiles readers for the shapes of one service."""

    def __init__(self) -> None:
        self._structures: dict[str, ReadElement] = {}

    def element(self, shape: Shape) -> ReadElement:
        """Return the reader of one element that holds a value of `shape`."""
        match shape.kind:
            case "structure":
                return self.structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case _:
                return _scalar(shape)

    def structure(self, shape: Shape) -> ReadElement:
        """Return the reader of the element of a structure; unknown children and attributes are passed over."""
        known = self._structures.get(shape.name)
        if known is None:
            # A recursive shape meets itself while it is being built, and finds the finished reader later.
            self._structures[shape.name] = lambda node: self._structures[shape.name](node)
            self._structures[shape.name] = known = self._structure(shape)
        return known

    def _structure(self, shape: Shape) -> ReadElement:
        members = {name: member for name, member in shape.members.items() if member.is_in_request_body}
        attributes = {
            _local(member.wire_name or name): name
            for name, member in members.items()
            if member.is_xml_attribute
        }
        single: dict[str, tuple[str, ReadElement]] = {}
        repeated: dict[str, tuple[str, Collect]] = {}
        elements = {name: member for name, member in members.items() if not member.is_xml_attribute}
        for wire, name in by_wire_name(elements).items():
            member = elements[name]
            if member.is_flattened and member.kind in ("list", "map"):
                repeated[_local(wire)] = (name, self._collector(member))
            else:
                single[_local(wire)] = (name, self.element(member))

        def read(node: Element) -> dict[str, Any]:
            params: dict[str, Any] = {}
            for child in node.children:
                found = single.get(child.tag)
                if found is not None:
                    if found[0] in params:
                        raise ValueError(f"the element {child.tag} appears twice")
                    params[found[0]] = found[1](child)
                    continue
                collected = repeated.get(child.tag)
                if collected is not None:
                    params[collected[0]] = collected[1](params.get(collected[0]), child)
            if node.attributes and attributes:
                for key, text in node.attributes.items():
                    if key in attributes:
                        params[attributes[key]] = text
            return params

        return read

    def _collector(self, shape: Shape) -> Collect:
        """Return what adds one element of a flattened list or map to the value read so far."""
        if shape.kind == "list":
            read_item = self.element(shape.element)

            def add_item(so_far: list[Any] | None, node: Element) -> list[Any]:
                items = [] if so_far is None else so_far
                items.append(read_item(node))
                return items

            return add_item
        read_entry = self._entry(shape)

        def add_entry(so_far: dict[str, Any] | None, node: Element) -> dict[str, Any]:
            entries = {} if so_far is None else so_far
            key, value = read_entry(node)
            entries[key] = value
            return entries

        return add_entry

    def _list(self, shape: Shape) -> ReadElement:
        read_item = self.element(shape.element)
        item_name = _local(shape.element.wire_name or "member")

        def read(node: Element) -> list[Any]:
            for child in node.children:
                if child.tag != item_name:
                    raise ValueError(f"{node.tag} holds {child.tag} where {item_name} is due")
            return [read_item(child) for child in node.children]

        return read

    def _map(self, shape: Shape) -> ReadElement:
        read_entry = self._entry(shape)
        return lambda node: dict(read_entry(child) for child in node.children)

    def _entry(self, shape: Shape) -> Callable[[Element], tuple[str, Any]]:
        key_name = _local(shape.key.wire_name or "key")
        value_name = _local(shape.value.wire_name or "value")
        read_key, read_value = self.element(shape.key), self.element(shape.value)

        def read(node: Element) -> tuple[str, Any]:
            parts = {child.tag: child for child in node.children}
            if key_name not in parts or value_name not in parts:
                raise ValueError(f"an entry of {node.tag} lacks its key or value")
            return read_key(parts[key_name]), read_value(parts[value_name])

        return read


def _scalar(shape: Shape) -> ReadElement:
    read_text = text_reader(shape, "iso8601")

    def read(node: Element) -> Any:
        if node.children:
            raise ValueError(f"{node.tag} holds elements where text is due")
        return node.text if read_text is None else read_text(node.text.strip())

    return read
