"""`Exchange`: one request on its way through the pipeline, and what each stage found out about it."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keystead.access.authenticate import Authenticated
from keystead.access.doors import HTTPRequest
from keystead.access.sigv4 import Presented, SignedRequest
from keystead.gateway.call import Call
from keystead.gateway.operations import Entry, Service
from keystead.protocol import is_usual


@dataclass(slots=True)
class Exchange:
    """What is known so far. A stage reads what the stages before it set, and sets its own."""

    request: HTTPRequest
    request_id: str
    signed: SignedRequest
    form: Mapping[str, str] | None = None
    presented: Presented | None = None
    service: Service | None = None
    operation_name: str = ""
    entry: Entry | None = None
    labels: Mapping[str, str] | None = None
    caller: Authenticated | None = None
    # Members as the model names them: shaped by data read at run time, which no static type can say.
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    call: Call | None = None

    def header(self, name: bytes) -> str:
        """Return a header's value, or an empty text; `name` is in lower case."""
        return self.request.head.get(name, b"").decode("latin-1")

    def headers(self) -> dict[str, str]:
        """Return all headers as text, for the protocols that bind members to them."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.request.head.items()}

    def end(self) -> None:
        """Let go of what refers back to this exchange, once it is answered.

        The condition keys of the call do. Left so, each request would be garbage that only the collector can free,
        and under load a fifth of the processor's time went there.
        """
        if self.call is not None:
            self.call.late = None


def begin(request: HTTPRequest, request_id: str) -> Exchange:
    """Return the exchange of a request of which nothing is known yet."""
    signed = SignedRequest(
        request.method,
        request.raw_path,
        request.raw_query,
        request.headers,
        lambda: _usual_digest(request.body) if is_usual(request.body) else _digest(request.body),
        request.head,
    )
    return Exchange(request, request_id, signed)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


_usual_digest = functools.lru_cache(maxsize=1024)(_digest)
