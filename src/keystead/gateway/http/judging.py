"""Whether the head of a request may be taken, and what it says of the reading of its body.

A request that another reader could understand differently is refused here, before anybody is asked about it.
"""

import asyncio
from http import HTTPStatus
from typing import Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from keystead.gateway.http.ending import EndingProtocol
from keystead.gateway.http.limits import HTTPLimits
from keystead.gateway.http.refusal import METHODS, Refusal
from keystead.gateway.http.request_head import (
    check_method,
    check_old_version,
    content_length_fault,
    is_host,
    is_plain_length,
    origin_form,
    transfer_coding_fault,
)

CHUNKED: Final = b"transfer-encoding: chunked"
_JUDGED_HEADERS: Final = (b"host", b"content-length", b"transfer-encoding", b"expect")


class JudgingProtocol(EndingProtocol):
    """uvicorn's protocol that judges each head: by the rules of `request_head.py`, and by the limits."""

    def __init__(
        self, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop, limits: HTTPLimits
    ) -> None:
        super().__init__(config, state, loop, limits)
        self._host: bytes | None = None
        self._checked_host: bytes | None = None
        self._framing: bytes | None = None  # The header field that says how long the body is.
        self._fault: Refusal | None = None  # Found in a header field, raised when the head is complete.
        self._piece_bytes = 0
        self._head_bytes = 0  # In the pieces before this one that held a part of this head.

    def _judge_headers(self) -> dict[bytes, bytes]:
        """Note what the header fields mean for the reading of their own message, and return them by name."""
        head = dict(self.headers)
        if len(head) != len(self.headers):  # What is repeated is judged each time.
            for name, value in self.headers:
                if name in _JUDGED_HEADERS:
                    self._judge(name, value)
            return head
        self._host = head.get(b"host")
        length = head.get(b"content-length")
        if length is not None:
            self._judge(b"content-length", length)
        if b"transfer-encoding" in head:
            self._judge(b"transfer-encoding", head[b"transfer-encoding"])
        if b"expect" in head:
            self._judge(b"expect", head[b"expect"])
        return head

    def _judge(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            if self._host is not None:
                self._fault = Refusal(HTTPStatus.BAD_REQUEST, "More than one Host.")
            self._host = value
        elif name == b"content-length":
            most = self._limits.max_content_length_bytes
            if not is_plain_length(value, most):
                self._fault = self._fault or content_length_fault(value, most)
            self._framing = b"content-length: " + value if value.strip(b" \t0") else None
        elif name == b"transfer-encoding":
            self._fault = self._fault or transfer_coding_fault(value)
            self._framing = CHUNKED
        elif value.lower() == b"100-continue":
            self.expect_100_continue = True
        else:
            self._fault = Refusal(HTTPStatus.EXPECTATION_FAILED, "This Expect is not met here.")

    def _check_head(self, method: bytes, version: str) -> None:
        """Raise Refusal unless the head is within the limits and means one thing."""
        if self._fault is not None:
            raise self._fault
        limits = self._limits
        if method not in METHODS:
            check_method(method)
        if version != "1.1":
            check_old_version(version, is_chunked=self._framing == CHUNKED)
            self.expect_100_continue = False
        elif self._host is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Host is missing.")
        if self._host != self._checked_host:
            if self._host is not None and not is_host(self._host):
                raise Refusal(HTTPStatus.BAD_REQUEST, "Host is malformed.")
            self._checked_host = self._host
        if len(self.url) > limits.max_target_bytes:
            raise Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "The request target is too long.")
        if self.url[0] != 0x2F or b"#" in self.url:  # 0x2F is the slash of the origin form.
            self.url = origin_form(self.url, self.scheme or "http", self._host)
        if len(self.headers) > limits.max_headers:
            raise too_large_head()
        if self._piece_bytes + self._head_bytes > limits.max_header_bytes and (
            sum(len(name) + len(value) + 4 for name, value in self.headers) > limits.max_header_bytes
        ):
            raise too_large_head()
        if len(self.pipeline) >= limits.max_pipelined:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Too many requests wait on this connection.")


def too_large_head() -> Refusal:
    """Return the refusal of a head beyond the limits."""
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are too many or too long.")
