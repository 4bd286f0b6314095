"""The head of a response that is known as a whole, and the part of it that all responses of a listener share."""

from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState


class ListenerState(ServerState):
    """What the connections of one listener share. `date_line` is the Date field of answers, as a line."""

    date_line = b""

    def set_date(self, date: str) -> None:
        """Say what time the answers from now on bear, as RFC 9110 section 5.6.7 spells it."""
        self.default_headers = [(b"date", date.encode())]
        self.date_line = b"date: %b\r\n" % date.encode()


def response_head(
    status: int, date_line: bytes, headers: Sequence[tuple[bytes, bytes]], length: int, *, keeps_alive: bool
) -> bytes:
    """Return the lines before a body of `length` bytes. Raises RuntimeError for a header that breaks lines."""
    fields = [b"%b: %b\r\n" % field for field in headers]
    if not keeps_alive:
        fields.append(b"connection: close\r\n")
    lines = b"".join(fields)
    # Each field is one line; a value that holds a line end would begin a header, or a body, of its own.
    if lines.count(b"\n") != len(fields) or lines.count(b"\r") != len(fields) or b"\0" in lines:
        raise RuntimeError("a header holds a line end")
    return b"%b%b%bcontent-length: %d\r\n\r\n" % (STATUS_LINE[status], date_line, lines, length)
