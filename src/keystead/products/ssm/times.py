"""Times as the API shows them."""

from datetime import UTC, datetime


def as_datetime(epoch_ms: int) -> datetime:
    """Return a row's time as an aware UTC datetime, to the millisecond."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
