"""The answer to a request that is refused before any application sees it: short, plain, and the last one.

Status codes follow RFC 9110 section 15 and RFC 9112.
"""

from collections.abc import Iterable
from http import HTTPStatus

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""The methods that an application is asked about. TRACE would echo credentials, CONNECT is for proxies."""

_ALLOW = b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


class Refusal(Exception):
    """A request this server will not read on. `reason` is a fixed text of ours, never a client's bytes."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason

    def render(self, headers: Iterable[tuple[bytes, bytes]], *, with_body: bool) -> bytes:
        """Return the whole response; without its body for HEAD, where a body would not be expected."""
        body = f"{self.reason}\n".encode()
        lines = [b"HTTP/1.1 %d %s" % (self.status, self.status.phrase.encode())]
        lines += [b"%s: %s" % field for field in headers]
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append(b"allow: " + _ALLOW)
        lines += [
            b"content-type: text/plain; charset=utf-8",
            b"content-length: %d" % len(body),
            b"connection: close",
            b"",
            body if with_body else b"",
        ]
        return b"\r\n".join(lines)
