"""The two times: a movable one that judges expiry, and the real one that judges signature skew.

Follows DESIGN rule 9: credentials, sessions and windows live by the movable clock; `X-Amz-Date` is judged by
real time, so moving the clock never makes an honest client's signature stale.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from keystead.kernel.errors import StepRefused

_FIRST, _LAST = 0.0, datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""Beyond these no time can be written down, and an authority that stood there could not even be asked."""


class Clock(Protocol):
    """What a component may ask about time. Epoch values are seconds since 1970-01-01 UTC, as float."""

    def epoch(self) -> float:
        """Return the movable time; expiry is judged by it."""
        ...

    def real_epoch(self) -> float:
        """Return the machine's time; signature skew is judged by it."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; for durations within this process."""
        ...


def now(clock: Clock) -> datetime:
    """Return the movable time as an aware UTC datetime."""
    return datetime.fromtimestamp(clock.epoch(), UTC)


def real_now(clock: Clock) -> datetime:
    """Return the machine's time as an aware UTC datetime."""
    return datetime.fromtimestamp(clock.real_epoch(), UTC)


def now_ms(clock: Clock) -> int:
    """Return the movable time in whole milliseconds since the epoch, the form in which rows keep times."""
    return int(clock.epoch() * 1000)


class SystemClock:
    """The machine's clock; both times are the same and neither can be moved."""

    epoch = staticmethod(time.time)
    real_epoch = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class MovableClock:
    """A clock that an operator of a test directory can shift or stop.

    `offset` is what was added to real time; `frozen_at` stops the movable time at that epoch value.
    Only `real_epoch` and `monotonic` stay the machine's.
    """

    real_epoch = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def __init__(self, offset: float = 0.0, frozen_at: float | None = None) -> None:
        self.offset = offset
        self.frozen_at = frozen_at

    def epoch(self) -> float:
        """Return the movable time."""
        if self.frozen_at is not None:
            return self.frozen_at
        return time.time() + self.offset

    def freeze(self, at: datetime | None = None) -> None:
        """Stop the movable time, at `at` or where it stands. Raises StepRefused."""
        self.frozen_at = self.epoch() if at is None else _showable(at.timestamp())

    def advance(self, by: timedelta) -> None:
        """Move the time by `by`, which may be negative; a frozen clock stays frozen. Raises StepRefused."""
        _showable(self.epoch() + by.total_seconds())
        if self.frozen_at is not None:
            self.frozen_at += by.total_seconds()
        else:
            self.offset += by.total_seconds()

    def reset(self) -> None:
        """Let the movable time be the machine's again."""
        self.offset, self.frozen_at = 0.0, None


def _showable(epoch: float) -> float:
    if not _FIRST <= epoch < _LAST:
        raise StepRefused("the clock stays between the years 1970 and 9999")
    return epoch
