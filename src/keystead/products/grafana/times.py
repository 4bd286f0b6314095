"""Times as rows keep them, and as answers show them."""

from datetime import UTC, datetime

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""What a required expiry shows of a token that has none (UNCONFIRMED: AWS makes no such tokens)."""


def as_datetime(epoch_ms: int) -> datetime:
    """Return epoch milliseconds as an aware UTC datetime."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def ending_at(epoch_ms: int | None) -> datetime:
    """Return when a credential ends, as a member that must be there."""
    return FOR_EVER if epoch_ms is None else as_datetime(epoch_ms)
