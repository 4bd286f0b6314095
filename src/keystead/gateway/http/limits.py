"""The sizes and times an HTTP client has to keep within; past them it is refused and disconnected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HTTPLimits:
    """What one listener grants each client. Bodies are limited per operation, by the application."""

    max_target_bytes: int = 16 * 1024
    """Length of the request target; past it 414. A presigned URL with a session token needs about 3 KiB."""
    max_headers: int = 100
    """Header fields in one request; past it 431."""
    max_header_bytes: int = 32 * 1024
    """All header fields of one request together, and the fields that trail a chunked body; past it 431."""
    max_content_length_bytes: int = 5 * 1024**3 + 64 * 1024**2
    """The largest Content-Length that any operation could take (S3's single PUT, in signed chunks); past it 413."""
    max_connections: int = 4096
    """Open connections on one listener; past it 503."""
    max_pipelined: int = 32
    """Requests that wait on one connection behind the one being answered; past it 400."""

    head_seconds: float = 10.0
    """From the first byte of a request to the end of its headers; past it 408. Also the TLS handshake."""
    keep_alive_seconds: float = 75.0
    """How long a connection may stand idle before the first request and between two; then it is closed."""
    body_grace_seconds: float = 10.0
    """How long a body may take to start; judged only while the application is ready to read it."""
    body_window_seconds: float = 5.0
    """The window over which the rate of a body is measured after the grace."""
    min_body_bytes_per_second: int = 100
    """The slowest body; one that brings less over a window gets 408."""
    write_stall_seconds: float = 60.0
    """How long a client may leave its response unread before the connection is cut."""
    linger_seconds: float = 2.0
    """How long what a refused client still sends is read and dropped, so that it gets to see the answer."""

    @property
    def sweep_seconds(self) -> float:
        """How often the deadlines are looked at: a quarter of the shortest, between 20 ms and 1 s."""
        shortest = min(
            self.head_seconds,
            self.keep_alive_seconds,
            self.body_grace_seconds,
            self.body_window_seconds,
            self.write_stall_seconds,
            self.linger_seconds,
        )
        return min(1.0, max(0.02, shortest / 4))
