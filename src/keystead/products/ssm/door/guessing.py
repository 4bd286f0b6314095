"""`Guesses`: how many wrong activation codes one address may show before it has to wait.

Only wrong ones count, so that a thousand machines behind one address can register at once. Judged by the monotonic
clock; what is remembered is bounded, and forgotten with the process.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from keystead.kernel.clock import Clock

AT_ONCE: Final = 20
SECONDS_EACH: Final = 6.0
"""After `AT_ONCE` wrong codes, one more may be shown every so many seconds."""
REMEMBERED: Final = 10_000
"""Addresses; the ones whose guesses are longest ago are forgotten first."""


@dataclass(slots=True)
class _Guesser:
    wrong: float
    at: float


class Guesses:
    """Counts by address; of IPv6 by the /64, which is one customer's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guessers: OrderedDict[str, _Guesser] = OrderedDict()

    def may_try(self, address: str) -> bool:
        """Return whether an address may show another code."""
        found = self._guessers.get(_customer(address))
        return found is None or self._left(found) + 1 <= AT_ONCE

    def was_wrong(self, address: str) -> None:
        """Count a wrong code."""
        customer = _customer(address)
        found = self._guessers.setdefault(customer, _Guesser(0.0, 0.0))
        found.wrong, found.at = self._left(found) + 1, self._clock.monotonic()
        self._guessers.move_to_end(customer)
        if len(self._guessers) > REMEMBERED:
            self._guessers.popitem(last=False)

    def _left(self, guesser: _Guesser) -> float:
        """Return how many wrong codes still count."""
        return max(0.0, guesser.wrong - (self._clock.monotonic() - guesser.at) / SECONDS_EACH)


def _customer(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))
