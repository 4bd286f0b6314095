"""How fast a request body comes in, judged over windows so that a pause inside a brisk upload is forgiven."""

from keystead.gateway.http.limits import HTTPLimits


class BodyRate:
    """The rate of one body at a time: a grace to get going, then window after window."""

    def __init__(self, limits: HTTPLimits) -> None:
        self._limits = limits
        self._began_at = 0.0
        self._window_seconds = 0.0
        self._received_bytes = 0

    def begin(self, now: float) -> None:
        """Start over with the grace."""
        self._began_at = now
        self._window_seconds = self._limits.body_grace_seconds
        self._received_bytes = 0

    def add(self, received_bytes: int) -> None:
        """Count what came in, framing included: what is judged is the client's pace."""
        self._received_bytes += received_bytes

    def is_too_slow(self, now: float) -> bool:
        """Return whether a window has ended that brought less than the least rate; begin the next one if not."""
        elapsed = now - self._began_at
        if elapsed < self._window_seconds:
            return False
        if self._received_bytes < elapsed * self._limits.min_body_bytes_per_second:
            return True
        self._began_at = now
        self._window_seconds = self._limits.body_window_seconds
        self._received_bytes = 0
        return False
