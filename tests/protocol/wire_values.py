"""Turning values written for one side of the wire into those of the other, by the model: for tests only."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from keystead.protocol import WireRequest, WireResponse
from keystead.protocol.shapes import Shape


def as_params(value: Any, shape: Shape) -> Any:
    """Return a value from a JSON case file as our parsers give it: datetimes, bytes, floats; no nulls."""
    match shape.kind:
        case "structure" if not shape.is_document:
            members = shape.members
            return {name: as_params(item, members[name]) for name, item in value.items() if item is not None}
        case "list":
            return [None if item is None else as_params(item, shape.element) for item in value]
        case "map":
            return {
                key: None if item is None else as_params(item, shape.value) for key, item in value.items()
            }
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
        case "blob":
            return value.encode() if isinstance(value, str) else value
        case "float" | "double":
            return float(value)
        case _:
            return value


def comparable(value: Any) -> Any:
    """Return `value` so that equal things compare equal: NaN, bytes and text, zones of the same instant."""
    match value:
        case dict():
            return {key: comparable(item) for key, item in value.items()}
        case list():
            return [comparable(item) for item in value]
        case bytes():
            return value.decode("latin-1")
        case float() if not math.isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        case datetime():
            return value.astimezone(UTC)
        case _:
            return value


def wire_request(method: str, uri: str, headers: Mapping[str, str], body: bytes) -> WireRequest:
    """Return the request as the gateway would hand it over."""
    parts = urlsplit(uri)
    lowered = {name.lower(): value for name, value in headers.items()}
    return WireRequest(method, parts.path.encode(), parts.query.encode(), lowered, body)


def botocore_response(response: WireResponse) -> dict[str, Any]:
    """Return the response as botocore's parsers take it."""
    from botocore.awsrequest import HeadersDict

    headers = HeadersDict({name.decode(): value.decode("latin-1") for name, value in response.headers})
    return {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
