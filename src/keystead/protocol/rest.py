"""What the two REST protocols share: members that live in the URI, the query string, headers or the status.

Follows Smithy's HTTP binding traits. The rest of a message, its body, is read and written by `restjson`
and `restxml`, which hand their part in here as functions.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from keystead.protocol.description import Operation
from keystead.protocol.forms import parse_query
from keystead.protocol.headers import header_reader, header_writer
from keystead.protocol.route import Template
from keystead.protocol.scalars import TextReader, text_reader
from keystead.protocol.shapes import Shape
from keystead.protocol.wire import Headers, Params, WireRequest

ReadBody: TypeAlias = Callable[[Any, Params], None]
ReadHead: TypeAlias = Callable[[WireRequest, Params], None]
WriteHead: TypeAlias = Callable[[Mapping[str, Any], Headers], None]


def head_reader(operation: Operation, members: Mapping[str, Shape]) -> ReadHead:
    """Return what reads all members that are not in the body. It raises `ValueError` and `Unreadable`."""
    readers = [
        read
        for read in (
            _label_reader(operation, members),
            _query_reader(members),
            _headers_reader(members),
        )
        if read is not None
    ]

    def read_head(request: WireRequest, params: Params) -> None:
        for read in readers:
            read(request, params)

    return read_head


def head_writer(members: Mapping[str, Shape]) -> WriteHead:
    """Return what writes all header members of a result."""
    single = [
        (name, (member.wire_name or name).lower().encode(), header_writer(member))
        for name, member in members.items()
        if member.location == "header"
    ]
    prefixed = [
        (name, (member.wire_name or "").lower())
        for name, member in members.items()
        if member.location == "headers"
    ]

    def write_head(result: Mapping[str, Any], headers: Headers) -> None:
        for name, wire, write in single:
            value = result.get(name)
            if value is not None:
                headers.append((wire, encode_header(write(value))))
        for name, prefix in prefixed:
            entries: Mapping[str, str] = result.get(name) or {}
            for key, value in entries.items():
                headers.append((encode_header(prefix + key.lower()), encode_header(value)))

    return write_head


def encode_header(text: str) -> bytes:
    """Return `text` as a header's bytes; line breaks become spaces, or they would start another header.

    What the gateway decoded as Latin-1 goes back byte for byte; text beyond Latin-1 is sent as UTF-8.
    """
    if "\r" in text or "\n" in text or "\0" in text:
        text = text.replace("\r", " ").replace("\n", " ").replace("\0", " ")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Payload:
    """The one member that is the whole body."""

    name: str
    shape: Shape

    @property
    def is_raw(self) -> bool:
        """Tell whether the body is the value itself, without JSON or XML around it."""
        return self.shape.kind in ("blob", "string", "character")


def payload(shape: Shape) -> Payload | None:
    """Return the payload member of `shape`, if it has one."""
    name = shape.payload
    return Payload(name, shape.members[name]) if name else None


def raw_body_reader(part: Payload) -> ReadBody:
    """Return what takes a body as it is; a stream is handed on unread, an empty body is an absent member."""
    name, is_text, streams = part.name, part.shape.kind != "blob", part.shape.is_streaming

    def read(body: Any, params: Params) -> None:
        if streams:
            params[name] = body
        elif body:
            params[name] = body.decode("utf-8") if is_text else body

    return read


def status_member(members: Mapping[str, Shape]) -> str | None:
    """Return the member that says the status of a response, if there is one."""
    return next((name for name, member in members.items() if member.location == "statusCode"), None)


def _label_reader(operation: Operation, members: Mapping[str, Shape]) -> ReadHead | None:
    plan = [
        (name, member.wire_name or name, text_reader(member, "iso8601"))
        for name, member in members.items()
        if member.location == "uri"
    ]
    if not plan:
        return None
    template = Template(operation.http.request_uri)

    def read_labels(request: WireRequest, params: Params) -> None:
        labels = request.labels if request.labels is not None else template.match(request.path)
        for name, wire, read in plan:
            text = labels[wire]
            params[name] = text if read is None else _named(wire, read, text)

    return read_labels


def _query_reader(members: Mapping[str, Shape]) -> ReadHead | None:
    bound = {name: member for name, member in members.items() if member.location == "querystring"}
    if not bound:
        return None
    scalars = [
        (name, member.wire_name or name, text_reader(member, "iso8601"))
        for name, member in bound.items()
        if member.kind not in ("list", "map")
    ]
    lists = [
        (name, member.wire_name or name, text_reader(member.element, "iso8601"))
        for name, member in bound.items()
        if member.kind == "list"
    ]
    maps = [(name, member.value.kind == "list") for name, member in bound.items() if member.kind == "map"]

    def read_query(request: WireRequest, params: Params) -> None:
        if not request.query:
            return
        query = parse_query(request.query)
        for name, wire, read in scalars:
            texts = query.get(wire)
            if texts is not None:
                params[name] = texts[0] if read is None else _named(wire, read, texts[0])
        for name, wire, read in lists:
            texts = query.get(wire)
            if texts is not None:
                params[name] = texts if read is None else [_named(wire, read, text) for text in texts]
        for name, holds_lists in maps:
            # A server's map holds every key, the bound ones too (Smithy, `httpQueryParams`).
            everything = query if holds_lists else {key: texts[0] for key, texts in query.items()}
            if everything:
                params[name] = everything

    return read_query


def _headers_reader(members: Mapping[str, Shape]) -> ReadHead | None:
    single = [
        (name, (member.wire_name or name).lower(), _header_value_reader(member))
        for name, member in members.items()
        if member.location == "header"
    ]
    prefixed = [
        (name, (member.wire_name or "").lower())
        for name, member in members.items()
        if member.location == "headers"
    ]
    if not single and not prefixed:
        return None

    def read_headers(request: WireRequest, params: Params) -> None:
        headers = request.headers
        for name, wire, read in single:
            text = headers.get(wire)
            if text is not None:
                params[name] = text if read is None else _named(wire, read, text)
        for name, prefix in prefixed:
            found = {key[len(prefix) :]: text for key, text in headers.items() if key.startswith(prefix)}
            if found:
                params[name] = found

    return read_headers


def _header_value_reader(member: Shape) -> Callable[[str], Any] | None:
    if member.is_jsonvalue:
        return lambda text: msgspec.json.decode(base64.b64decode(text, validate=True))
    return header_reader(member)


def _named(wire: str, read: TextReader, text: str) -> Any:
    try:
        return read(text)
    except ValueError as fault:
        raise ValueError(f"The value of {wire} {fault}") from fault
