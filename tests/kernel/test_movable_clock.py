"""The movable clock moves what expiry is judged by, and nothing else."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from keystead.kernel.clock import MovableClock, SystemClock, now, now_ms, real_now
from keystead.kernel.errors import StepRefused

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)
CLOSE = 5.0
"""Seconds that a slow machine may take between two looks at the real clock."""


def test_a_frozen_clock_stands_at_the_given_time():
    clock = MovableClock()

    clock.freeze(NOON)

    assert now(clock) == NOON
    assert now_ms(clock) == int(NOON.timestamp() * 1000)
    assert clock.epoch() == clock.epoch()


def test_freezing_without_a_time_stops_it_where_it_stands():
    clock = MovableClock(offset=3600.0)

    clock.freeze()

    assert clock.epoch() == pytest.approx(time.time() + 3600, abs=CLOSE)
    assert clock.epoch() == clock.frozen_at


def test_a_frozen_clock_advances_by_exactly_what_it_is_told():
    clock = MovableClock()
    clock.freeze(NOON)

    clock.advance(timedelta(days=90, microseconds=1))
    clock.advance(timedelta(seconds=-1))

    assert now(clock) == NOON + timedelta(days=90, microseconds=1) - timedelta(seconds=1)


def test_a_running_clock_goes_on_running_after_an_advance():
    clock = MovableClock()

    clock.advance(timedelta(days=1))

    assert clock.frozen_at is None
    assert clock.epoch() == pytest.approx(time.time() + 86400, abs=CLOSE)


def test_reset_gives_the_machine_time_back():
    clock = MovableClock(offset=1e6, frozen_at=5.0)

    clock.reset()

    assert clock.epoch() == pytest.approx(time.time(), abs=CLOSE)


@pytest.mark.parametrize(
    "move",
    [
        lambda clock: clock.freeze(NOON),
        lambda clock: clock.advance(timedelta(days=-10_000)),
        lambda clock: clock.advance(timedelta(days=10_000)),
        lambda clock: clock.reset(),
    ],
)
def test_real_time_and_durations_are_never_moved(move):
    clock = MovableClock()
    before = clock.monotonic()

    move(clock)

    assert clock.real_epoch() == pytest.approx(time.time(), abs=CLOSE)
    assert abs((real_now(clock) - datetime.now(UTC)).total_seconds()) < CLOSE
    assert 0 <= clock.monotonic() - before < CLOSE


@pytest.mark.parametrize(
    "move",
    [
        lambda clock: clock.advance(timedelta(days=-100_000)),
        lambda clock: clock.advance(timedelta(days=2_950_000)),
        lambda clock: clock.freeze(datetime(1969, 12, 31, tzinfo=UTC)),
        lambda clock: clock.freeze(datetime.max.replace(tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("frozen_at", [None, NOON.timestamp()])
def test_a_time_that_cannot_be_written_down_is_refused_and_changes_nothing(move, frozen_at):
    clock = MovableClock(offset=5.0, frozen_at=frozen_at)

    with pytest.raises(StepRefused):
        move(clock)

    assert (clock.offset, clock.frozen_at) == (5.0, frozen_at)


def test_the_system_clock_cannot_be_moved():
    clock = SystemClock()

    assert not hasattr(clock, "freeze")
    assert not hasattr(clock, "advance")
    assert clock.epoch() == pytest.approx(clock.real_epoch(), abs=CLOSE)
