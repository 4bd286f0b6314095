"""Botocore's service description (`service-2.json`) as typed structs: what a server needs, and no documentation.

Decoding straight into these structs skips the documentation strings, which are most of the file.
Follows the format of botocore's loader; the traits are Smithy's under their older names.
"""

from typing import Any

import msgspec


class Namespace(msgspec.Struct, frozen=True):
    """An `xmlNamespace` trait in its long form."""

    uri: str
    prefix: str | None = None


class Reference(msgspec.Struct, frozen=True, rename="camel"):
    """A place that points to a shape, with the traits of the place; they win over those of the shape."""

    shape: str
    location: str | None = None
    location_name: str | None = None
    flattened: bool | None = None
    streaming: bool | None = None
    xml_namespace: str | Namespace | None = None
    xml_attribute: bool = False
    timestamp_format: str | None = None
    jsonvalue: bool | None = None
    idempotency_token: bool = False
    host_label: bool = False
    result_wrapper: str | None = None


class ErrorTrait(msgspec.Struct, frozen=True, rename="camel"):
    """How an error shape looks on the wire."""

    code: str | None = None
    http_status_code: int | None = None
    sender_fault: bool | None = None
    fault: bool = False


class Definition(msgspec.Struct, frozen=True, rename="camel"):
    """A shape as the model defines it."""

    type: str
    members: dict[str, Reference] = {}
    required: list[str] = []
    member: Reference | None = None
    key: Reference | None = None
    value: Reference | None = None
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    enum: list[str] | None = None
    sensitive: bool = False
    flattened: bool | None = None
    location_name: str | None = None
    xml_namespace: str | Namespace | None = None
    timestamp_format: str | None = None
    streaming: bool | None = None
    jsonvalue: bool | None = None
    payload: str | None = None
    error: ErrorTrait | None = None
    exception: bool = False
    fault: bool = False
    union: bool = False
    document: bool = False
    eventstream: bool = False


class HTTPTrait(msgspec.Struct, frozen=True, rename="camel"):
    """Method, URI template and success status of an operation."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class EndpointTrait(msgspec.Struct, frozen=True, rename="camel"):
    """The `hostPrefix` of operations that live on a host name of their own."""

    host_prefix: str | None = None


class Operation(msgspec.Struct, frozen=True):
    """An operation as the model defines it."""

    name: str
    http: HTTPTrait = HTTPTrait()
    input: Reference | None = None
    output: Reference | None = None
    errors: list[Reference] = []
    endpoint: EndpointTrait = EndpointTrait()
    auth: list[str] = []
    authtype: str | None = None
    deprecated: bool = False


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """The head of a service description."""

    api_version: str
    protocol: str
    protocols: list[str] = []
    endpoint_prefix: str = ""
    signing_name: str | None = None
    target_prefix: str | None = None
    json_version: str = "1.0"
    xml_namespace: str | Namespace | None = None
    service_id: str = ""
    service_full_name: str = ""
    # What stands in it (usually nothing) has no meaning; that it is there has.
    aws_query_compatible: dict[str, Any] | None = None


class Description(msgspec.Struct, frozen=True):
    """A whole service description."""

    metadata: Metadata
    operations: dict[str, Operation] = {}
    shapes: dict[str, Definition] = {}


def read_description(content: bytes) -> Description:
    """Return the description in `content`, the bytes of a `service-2.json`. Raises `ValueError` if it is none."""
    return msgspec.json.decode(content, type=Description)


def convert_description(content: dict[str, Any]) -> Description:
    """Return the description that `content`, an already decoded `service-2.json`, holds."""
    return msgspec.convert(content, type=Description)
