"""Writes down that a level's time has passed, so that those who wait hear of it; nothing depends on it.

Whether a request has timed out is judged by the clock whenever it is read, also before this comes round.
"""

from typing import Final

from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import request_records as records
from keystead.products.ssm.deciding import Deciding, TooLate
from keystead.products.ssm.request_records import AccessRequest
from keystead.store.interface import Store, Transaction

LOOK_SECONDS: Final = 2.0


class Timeouts:
    """Looks for requests whose level has timed out."""

    def __init__(self, store: Store, deciding: Deciding, clock: Clock) -> None:
        self._store = store
        self._deciding = deciding
        self._clock = clock

    async def look(self) -> None:
        """Take what is overdue to its end, each in a transaction of its own."""
        now = now_ms(self._clock)
        for each in await self._store.read(lambda reader: records.overdue(reader, now)):
            await self._store.write(lambda tx, late=each: self._end(tx, late))

    def _end(self, tx: Transaction, seen: AccessRequest) -> None:
        found = records.find(tx, seen.account, seen.region, seen.id)
        if found is None or found.state_at(now_ms(self._clock)) != records.TIMED_OUT:
            return
        if found.state != records.WAITING:
            return
        try:
            self._deciding.time_out(tx, found)
        except TooLate:
            return
