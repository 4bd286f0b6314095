"""The JSON RPC protocols, awsJson 1.0 and 1.1: one JSON object in, one out, the operation in a header.

Follows Smithy's awsJson1_0 and awsJson1_1, and awsQueryCompatible for services that used to speak query.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from keystead.protocol.description import Operation
from keystead.protocol.errors import Unreadable
from keystead.protocol.faults import Fault
from keystead.protocol.jsonbody import JsonReader, JsonWriter, decode_json
from keystead.protocol.shapes import Shape
from keystead.protocol.wire import Headers, Parse, Serialise, WireRequest, WireResponse


class JsonRPCCodec:
    """Compiles the operations of one service that speaks JSON RPC."""

    def __init__(self, json_version: str, is_query_compatible: bool) -> None:
        self._content_type = (b"content-type", f"application/x-amz-json-{json_version}".encode())
        self._is_query_compatible = is_query_compatible
        self._reader = JsonReader()
        self._writer = JsonWriter()

    def parser(self, _operation: Operation, shape: Shape | None) -> Parse:
        """Return what reads the body of a request into params. It raises `Unreadable("SerializationException")`."""
        read = self._reader.structure(shape) if shape is not None else None

        def parse(request: WireRequest) -> dict[str, Any]:
            body = request.body
            if not body:
                return {}
            try:
                value = decode_json(body)
                if read is not None:
                    return read(value)
            except ValueError as fault:
                raise Unreadable("SerializationException", str(fault)) from fault
            if not isinstance(value, dict):
                raise Unreadable("SerializationException", "The body is not a JSON object")
            return {}

        return parse

    def serialiser(self, _operation: Operation, shape: Shape | None) -> Serialise:
        """Return what writes a result as a JSON object."""
        write = self._writer.structure(shape) if shape is not None else None
        content_type = self._content_type
        encode = msgspec.json.encode

        def serialise(result: Mapping[str, Any], request_id: str) -> WireResponse:
            body = encode(write(result)) if write is not None else b"{}"
            return WireResponse(200, [content_type, (b"x-amzn-requestid", request_id.encode())], body)

        return serialise

    def error(self, fault: Fault) -> WireResponse:
        """Return `{"__type": …, "message": …}`, the same name in `x-amzn-errortype`."""
        headers: Headers = [self._content_type]
        name = fault.code
        if self._is_query_compatible and fault.shape is not None:
            name = fault.shape.name
            who = "Sender" if fault.sender else "Receiver"
            headers.append((b"x-amzn-query-error", f"{fault.code};{who}".encode()))
        headers += error_headers(fault, name)
        return WireResponse(fault.status, headers, json_error_body(fault, name, self._writer))


def error_headers(fault: Fault, name: str) -> Headers:
    """Return the headers that both JSON protocols send with an error."""
    return [
        (b"x-amzn-errortype", name.encode()),
        (b"x-amzn-requestid", fault.request_id.encode()),
    ]


def json_error_body(fault: Fault, name: str, writer: JsonWriter) -> bytes:
    """Return the object that says what went wrong, the members of a modelled error among it."""
    content: dict[str, Any] = {"__type": name}
    if fault.shape is None or fault.shape.message_member is None:
        content["message"] = fault.message
    if fault.shape is None:
        content |= fault.members
    else:
        content |= writer.structure(fault.shape.shape)(fault.body_members())
    return msgspec.json.encode(content)
