"""Times as rows keep them, and as answers show them."""

from datetime import UTC, datetime


def as_datetime(epoch_ms: int) -> datetime:
    """Return epoch milliseconds as an aware UTC datetime."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
