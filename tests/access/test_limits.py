"""Request limits: never more than the burst at once, nor than the rate over time, each account for itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.access.limits import RequestLimits, Throttled
from keystead.access.refusals import THROTTLED, throttled
from keystead.config.values import RateLimit
from support.fakes import TestClock

ACCOUNT, OTHER = "111122223333", "444455556666"


def admitted(limits: RequestLimits, count: int, account: str = ACCOUNT, service: str = "iam") -> int:
    """Return how many of so many requests at once are let through."""
    passed = 0
    for _ in range(count):
        try:
            limits.count(service, account)
            passed += 1
        except Throttled:
            pass
    return passed


def test_burst_passes_at_once_and_the_rate_after_it():
    clock = TestClock()
    limits = RequestLimits({"iam": RateLimit(2, 5)}, clock)

    at_once = admitted(limits, 50)
    clock.advance(1)
    after_a_second = admitted(limits, 50)
    clock.advance(1000)
    after_a_pause = admitted(limits, 50)

    assert (at_once, after_a_second, after_a_pause) == (5, 2, 5)


def test_accounts_and_services_do_not_share():
    limits = RequestLimits({"iam": RateLimit(1, 1), "sts": RateLimit(1, 2)}, TestClock())

    assert admitted(limits, 9) == 1
    assert admitted(limits, 9, OTHER) == 1
    assert admitted(limits, 9, service="sts") == 2
    assert admitted(limits, 9, service="grafana") == 9


def test_says_when_to_try_again_and_means_it():
    clock = TestClock()
    limits = RequestLimits({"iam": RateLimit(0.1, 1)}, clock)
    limits.count("iam", ACCOUNT)

    with pytest.raises(Throttled) as refused:
        limits.count("iam", ACCOUNT)
    clock.advance(refused.value.retry_seconds)

    assert refused.value.retry_seconds == 10
    assert admitted(limits, 1) == 1


def test_movable_clock_gives_nothing_away():
    clock = TestClock()
    limits = RequestLimits({"iam": RateLimit(1, 1)}, clock)
    admitted(limits, 1)

    clock.movable += 1e6

    assert admitted(limits, 1) == 0


@given(
    st.floats(0.1, 50),
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 30)), max_size=40),
)
def test_never_more_than_burst_and_rate_together(rate, burst, arrivals):
    clock = TestClock()
    limits = RequestLimits({"iam": RateLimit(rate, burst)}, clock)

    passed = 0
    for pause, count in arrivals:
        clock.advance(pause)
        passed += admitted(limits, count)

    assert passed <= burst + rate * clock.elapsed + 1e-6


@pytest.mark.parametrize("family", THROTTLED)
def test_every_family_has_its_code(family):
    told = throttled(family)

    assert (told.code, told.status) == {
        "query": ("Throttling", 400),
        "json": ("ThrottlingException", 400),
        "rest-json": ("ThrottlingException", 429),
        "s3": ("SlowDown", 503),
    }[family]
