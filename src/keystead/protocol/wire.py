"""The two ends of an operation on the wire: what a caller sent, and what goes back.

A body is `bytes`, except where the model marks it as streaming; then it is whatever object the gateway
uses for a stream, and this layer hands it through without looking inside.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

# Requests and responses are shaped by models read at run time, which no static type can say.
Params: TypeAlias = dict[str, Any]

Body: TypeAlias = Any  # bytes, or the gateway's stream object.
Headers: TypeAlias = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class WireRequest:
    """A request after routing: raw path and query, lower-case header names, the body read unless it streams.

    `form` is the decoded form of a query-protocol call, `labels` what the URI template caught; where they
    are None, the operation decodes them itself.
    """

    method: str = "POST"
    path: bytes = b"/"
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Body = b""
    form: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None


@dataclass(slots=True)
class WireResponse:
    """A response without `content-length`, which is the gateway's to add; header names are lower case."""

    status: int
    headers: Headers
    body: Body


Parse: TypeAlias = Callable[[WireRequest], Params]
Serialise: TypeAlias = Callable[[Mapping[str, Any], str], WireResponse]
