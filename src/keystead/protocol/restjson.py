"""The rest-json protocol: a JSON body, everything else in URI, query string and headers.

Follows Smithy's awsRestJson1.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from keystead.protocol.description import Operation
from keystead.protocol.errors import Unreadable
from keystead.protocol.faults import Fault
from keystead.protocol.jsonbody import JsonReader, JsonWriter, decode_json
from keystead.protocol.jsonrpc import error_headers, json_error_body
from keystead.protocol.rest import (
    Payload,
    ReadBody,
    head_reader,
    head_writer,
    payload,
    raw_body_reader,
    status_member,
)
from keystead.protocol.shapes import Shape
from keystead.protocol.wire import Headers, Params, Parse, Serialise, WireRequest, WireResponse

_CONTENT_TYPE = (b"content-type", b"application/json")


class RestJsonCodec:
    """Compiles the operations of one service that speaks rest-json."""

    def __init__(self) -> None:
        self._reader = JsonReader()
        self._writer = JsonWriter()

    def parser(self, operation: Operation, shape: Shape | None) -> Parse:
        """Return what reads a request into params. It raises `Unreadable("SerializationException")`."""
        if shape is None:
            return lambda _: {}
        read_head = head_reader(operation, shape.members)
        read_body = self._body_reader(shape)

        def parse(request: WireRequest) -> dict[str, Any]:
            params: Params = {}
            try:
                if read_body is not None:
                    read_body(request.body, params)
                read_head(request, params)
            except ValueError as fault:
                raise Unreadable("SerializationException", str(fault)) from fault
            return params

        return parse

    def serialiser(self, operation: Operation, shape: Shape | None) -> Serialise:
        """Return what writes a result: status, headers, and the JSON body if the model has one."""
        status = operation.http.response_code
        members = {} if shape is None else shape.members
        write_head = head_writer(members)
        write_body = _no_body if shape is None else self._body_writer(shape)
        status_from = status_member(members)

        def serialise(result: Mapping[str, Any], request_id: str) -> WireResponse:
            headers: Headers = [(b"x-amzn-requestid", request_id.encode())]
            write_head(result, headers)
            body = write_body(result, headers)
            code = result.get(status_from) if status_from else None
            return WireResponse(code or status, headers, body)

        return serialise

    def error(self, fault: Fault) -> WireResponse:
        """Return the error's JSON object, its name in `x-amzn-errortype`, header members as headers."""
        headers: Headers = [_CONTENT_TYPE, *error_headers(fault, fault.code)]
        if fault.shape is not None:
            head_writer(fault.shape.shape.members)(fault.members, headers)
        return WireResponse(fault.status, headers, json_error_body(fault, fault.code, self._writer))

    def _body_reader(self, shape: Shape) -> ReadBody | None:
        part = payload(shape)
        if part is not None:
            return raw_body_reader(part) if part.is_raw else self._payload_reader(part)
        if not any(member.is_in_request_body for member in shape.members.values()):
            return None
        read = self._reader.structure(shape)

        def read_members(body: Any, params: Params) -> None:
            if body:
                params.update(read(decode_json(body)))

        return read_members

    def _payload_reader(self, part: Payload) -> ReadBody:
        read, name = self._reader.reader(part.shape), part.name

        def read_payload(body: Any, params: Params) -> None:
            value = decode_json(body) if body else None
            if value is not None:
                params[name] = value if read is None else read(value)

        return read_payload

    def _body_writer(self, shape: Shape) -> Callable[[Mapping[str, Any], Headers], Any]:
        part = payload(shape)
        if part is not None:
            return raw_body_writer(part) if part.is_raw else self._payload_writer(part)
        if not any(member.is_in_response_body for member in shape.members.values()):
            return _no_body
        write = self._writer.structure(shape)
        encode = msgspec.json.encode

        def write_members(result: Mapping[str, Any], headers: Headers) -> bytes:
            headers.append(_CONTENT_TYPE)
            return encode(write(result))

        return write_members

    def _payload_writer(self, part: Payload) -> Callable[[Mapping[str, Any], Headers], Any]:
        write, name = self._writer.writer(part.shape), part.name

        def write_payload(result: Mapping[str, Any], headers: Headers) -> bytes:
            headers.append(_CONTENT_TYPE)
            value = result.get(name)
            if value is None:
                return b"{}" if part.shape.kind == "structure" else b""
            return msgspec.json.encode(value if write is None else write(value))

        return write_payload


def raw_body_writer(part: Payload) -> Callable[[Mapping[str, Any], Headers], Any]:
    """Return what sends a blob, a string or a stream as the body itself, with a content type if none is there."""
    name = part.name
    content_type = b"application/octet-stream" if part.shape.kind == "blob" else b"text/plain"

    def write(result: Mapping[str, Any], headers: Headers) -> Any:
        value = result.get(name)
        if value is None:
            return b""
        if not any(header == b"content-type" for header, _ in headers):
            headers.append((b"content-type", content_type))
        return value.encode() if isinstance(value, str) else value

    return write


def _no_body(_result: Mapping[str, Any], _headers: Headers) -> bytes:
    return b""
