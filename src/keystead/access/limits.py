"""Request limits: how many requests of a service an account may make, by a token bucket for each pair.

Only verified requests count, so that nobody can use up another account's. Judged by the monotonic clock, which a
test cannot move: a limit is about the load of this machine, not about the time of the authority's world.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from keystead.config.values import RateLimit
from keystead.kernel.clock import Clock


class Throttled(Exception):
    """The account is over its limit; `retry_seconds` is when it may try again, rounded up, at least 1."""

    def __init__(self, retry_seconds: int) -> None:
        super().__init__("throttled")
        self.retry_seconds = retry_seconds


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RequestLimits:
    """The buckets of all accounts: one of some 100 bytes for each account and service that is limited."""

    def __init__(self, limits: Mapping[str, RateLimit], clock: Clock) -> None:
        self._limits = dict(limits)
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    @property
    def services(self) -> frozenset[str]:
        """The services that are limited; none by default, and then nobody need ask."""
        return frozenset(self._limits)

    def count(self, service: str, account: str) -> None:
        """Count one request of a verified caller. Raises Throttled, and then it does not count."""
        limit = self._limits.get(service)
        if limit is None:
            return
        now = self._clock.monotonic()
        bucket = self._buckets.get((service, account))
        if bucket is None:
            bucket = self._buckets[service, account] = _Bucket(limit.burst, now)
        bucket.tokens = min(limit.burst, bucket.tokens + (now - bucket.filled_at) * limit.per_second)
        bucket.filled_at = now
        if bucket.tokens < 1:
            raise Throttled(max(1, math.ceil((1 - bucket.tokens) / limit.per_second)))
        bucket.tokens -= 1
