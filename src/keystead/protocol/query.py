"""The query protocol: a form comes in (`Tags.member.1.Key=…`), XML goes out.

Follows Smithy's awsQuery. Forms are flat, so that most operations read their members with one look-up each;
a tree is grown from the dots only for operations that have lists, maps or structures.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from keystead.protocol.description import Operation
from keystead.protocol.errors import Unreadable
from keystead.protocol.faults import Fault
from keystead.protocol.forms import parse_form
from keystead.protocol.scalars import text_reader
from keystead.protocol.shapes import Shape, by_wire_name
from keystead.protocol.wire import Parse, Serialise, WireRequest, WireResponse
from keystead.protocol.xmlwriter import XmlWriter, escape, escape_attribute, escape_message

MAX_DEPTH = 64

Tree: TypeAlias = dict[str, "str | Tree"]
ReadNode: TypeAlias = Callable[["str | Tree"], Any]

_CONTENT_TYPE = (b"content-type", b"text/xml")


class QueryCodec:
    """Compiles the operations of one service that speaks the query protocol."""

    def __init__(self, xml_namespace: str | None) -> None:
        self._xmlns = f' xmlns="{escape_attribute(xml_namespace)}"' if xml_namespace else ""
        self._writer = XmlWriter()
        self._structures: dict[str, ReadNode] = {}

    def parser(self, _operation: Operation, shape: Shape | None) -> Parse:
        """Return what reads the form of a request into params. It raises `Unreadable("MalformedInput")`."""
        members = {} if shape is None else shape.members
        flat = [
            (name, member.wire_name or name, text_reader(member, "iso8601"))
            for name, member in members.items()
            if member.kind not in ("structure", "list", "map")
        ]
        nested = self._nodes(
            {name: member for name, member in members.items() if member.kind in ("structure", "list", "map")}
        )

        def parse(request: WireRequest) -> dict[str, Any]:
            form = request.form
            if form is None:
                form = parse_form(request.body or request.query)
            params: dict[str, Any] = {}
            wire = ""
            try:
                for name, wire, read in flat:
                    text = form.get(wire)
                    if text is not None:
                        params[name] = text if read is None else read(text)
                if nested:
                    wire = "a list or structure"
                    for wire, node in _grow(form, nested).items():
                        name, read_node = nested[wire]
                        params[name] = read_node(node)
            except ValueError as fault:
                raise Unreadable("MalformedInput", f"The value of {wire} {fault}.") from fault
            return params

        return parse

    def serialiser(self, operation: Operation, shape: Shape | None) -> Serialise:
        """Return what writes a result inside `…Response` and `…Result`; no output means no result element."""
        name = operation.name
        head, tail = f"<{name}Response{self._xmlns}>", f"</RequestId></ResponseMetadata></{name}Response>"
        middle = "<ResponseMetadata><RequestId>"
        if shape is None:
            return _constant_body(head + middle, tail)
        wrapper = (operation.output.result_wrapper if operation.output else None) or f"{name}Result"
        head, middle = f"{head}<{wrapper}>", f"</{wrapper}>{middle}"
        content = self._writer.content(shape)

        def serialise(result: Mapping[str, Any], request_id: str) -> WireResponse:
            body = f"{head}{content(result)}{middle}{request_id}{tail}"
            return WireResponse(
                200, [_CONTENT_TYPE, (b"x-amzn-requestid", request_id.encode())], body.encode()
            )

        return serialise

    def error(self, fault: Fault) -> WireResponse:
        """Return `ErrorResponse` in the service's namespace."""
        return write_error_response(fault, self._xmlns, self._writer)

    def _nodes(self, members: Mapping[str, Shape]) -> dict[str, tuple[str, ReadNode]]:
        """Return the readers of `members` by the keys under which they may stand."""
        return {wire: (name, self._node(members[name])) for wire, name in by_wire_name(members).items()}

    def _node(self, shape: Shape) -> ReadNode:
        match shape.kind:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case _:
                return _leaf(shape)

    def _structure(self, shape: Shape) -> ReadNode:
        known = self._structures.get(shape.name)
        if known is None:
            # A recursive shape meets itself while it is being built, and finds the finished reader later.
            self._structures[shape.name] = lambda node: self._structures[shape.name](node)
            self._structures[shape.name] = known = self._build_structure(shape)
        return known

    def _build_structure(self, shape: Shape) -> ReadNode:
        members = self._nodes(shape.members)

        def read(node: "str | Tree") -> dict[str, Any]:
            params: dict[str, Any] = {}
            for wire, child in _branches(node).items():
                found = members.get(wire)
                if found is not None:
                    params[found[0]] = found[1](child)
            return params

        return read

    def _list(self, shape: Shape) -> ReadNode:
        read_item = self._node(shape.element)
        wrapper = None if shape.is_flattened else shape.element.wire_name or "member"

        def read(node: "str | Tree") -> list[Any]:
            inside = _branches(node) if wrapper is None else _branches(_branches(node).get(wrapper, ""))
            return [read_item(item) for item in _in_order(inside)]

        return read

    def _map(self, shape: Shape) -> ReadNode:
        key_name, value_name = shape.key.wire_name or "key", shape.value.wire_name or "value"
        read_key, read_value = self._node(shape.key), self._node(shape.value)
        is_flattened = shape.is_flattened

        def read(node: "str | Tree") -> dict[str, Any]:
            inside = _branches(node) if is_flattened else _branches(_branches(node).get("entry", ""))
            entries: dict[str, Any] = {}
            for entry in _in_order(inside):
                parts = _branches(entry)
                if key_name not in parts or value_name not in parts:
                    raise ValueError("has an entry without key or value")
                entries[read_key(parts[key_name])] = read_value(parts[value_name])
            return entries

        return read


def write_error_response(fault: Fault, xmlns: str, writer: XmlWriter, prolog: str = "") -> WireResponse:
    """Return `fault` as the `ErrorResponse` document that query services and Route 53 share."""
    kind = "Sender" if fault.sender else "Receiver"
    body = (
        f"{prolog}<ErrorResponse{xmlns}><Error><Type>{kind}</Type><Code>{escape(fault.code)}</Code>"
        f"<Message>{escape_message(fault.message)}</Message>{error_members(fault, writer)}</Error>"
        f"<RequestId>{escape(fault.request_id)}</RequestId></ErrorResponse>"
    )
    headers = [_CONTENT_TYPE, (b"x-amzn-requestid", fault.request_id.encode())]
    return WireResponse(fault.status, headers, body.encode())


def error_members(fault: Fault, writer: XmlWriter) -> str:
    """Return what an error says beside code and message; members that no model knows are written as text."""
    shape = fault.shape
    known = shape.shape.members if shape is not None else {}
    parts: list[str] = []
    for name, value in fault.members.items():
        if value is None or (shape is not None and name == shape.message_member):
            continue
        member = known.get(name)
        if member is not None and member.location is not None:
            continue
        if member is None:
            parts.append(f"<{name}>{escape(str(value))}</{name}>")
        else:
            parts.append(writer.element(member, member.wire_name or name)(value))
    return "".join(parts)


def _constant_body(head: str, tail: str) -> Serialise:
    def serialise(_result: Mapping[str, Any], request_id: str) -> WireResponse:
        headers = [_CONTENT_TYPE, (b"x-amzn-requestid", request_id.encode())]
        return WireResponse(200, headers, f"{head}{request_id}{tail}".encode())

    return serialise


def _grow(form: Mapping[str, str], wanted: Mapping[str, Any]) -> Tree:
    """Return the part of `form` under the names in `wanted` as a tree. Raises `ValueError` for absurd keys."""
    root: Tree = {}
    for key, value in form.items():
        first, dot, _ = key.partition(".")
        if first not in wanted:
            continue
        if not dot:
            # `Tags=` says that the list is empty; elements beside it win.
            root.setdefault(first, value)
            continue
        path = key.split(".", MAX_DEPTH)
        if len(path) > MAX_DEPTH:
            raise ValueError("is nested too deeply")
        _plant(root, path, value)
    return root


def _plant(root: Tree, path: list[str], value: str) -> None:
    branch = root
    for part in path[:-1]:
        child = branch.get(part)
        if not isinstance(child, dict):
            if child:
                raise ValueError("is both a value and a structure")
            child = branch[part] = {}
        branch = child
    branch.setdefault(path[-1], value)


def _branches(node: "str | Tree") -> Tree:
    if isinstance(node, dict):
        return node
    if node:
        raise ValueError("is a value where a structure or list is due")
    return {}


def _in_order(branches: Tree) -> list["str | Tree"]:
    """Return the elements of a list by their index, whatever the order in which they were sent."""
    if not branches:
        return []
    numbered: list[tuple[int, str | Tree]] = []
    for index, node in branches.items():
        if not (index.isascii() and index.isdigit() and len(index) <= 9):
            raise ValueError("has an element without a number")
        numbered.append((int(index), node))
    numbered.sort(key=lambda pair: pair[0])
    return [node for _, node in numbered]


def _leaf(shape: Shape) -> ReadNode:
    read_text = text_reader(shape, "iso8601")

    def read(node: "str | Tree") -> Any:
        if not isinstance(node, str):
            raise ValueError("is a structure or list where a value is due")
        return node if read_text is None else read_text(node)

    return read
