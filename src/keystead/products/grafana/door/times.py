"""Times as the Grafana API writes them."""

from datetime import UTC, datetime


def shown_time(epoch_ms: int) -> str:
    """Return epoch milliseconds in RFC 3339, UTC with `Z`, to the second."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
