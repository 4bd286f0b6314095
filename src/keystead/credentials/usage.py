"""Last use of credentials: coalesced in memory, written apart from requests.

On a crash at most `FLUSH_SECONDS` of last uses are lost; on a graceful stop none. Readers see what waits.
"""

from keystead.credentials import shelf
from keystead.credentials.shelf import LastUse
from keystead.kernel.clock import Clock
from keystead.store.interface import Reader, Store

FLUSH_SECONDS = 60.0

_Use = tuple[float, str, str, str]
"""When (epoch seconds), service, region, source."""


class Usage:
    """What this process saw used since the last flush, over what the database says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # As `touch` has it: requests are many, and a last use is written or shown once a minute at most.
        self._recent: dict[str, _Use] = {}

    def touch(self, credential_id: str, service: str, region: str, source: str) -> None:
        """Note that a credential was accepted now."""
        self._recent[credential_id] = (self._clock.epoch(), service, region, source)

    def last(self, reader: Reader, credential_id: str) -> LastUse | None:
        """Return the last use of a credential, or None if it was never used."""
        recent = self._recent.get(credential_id)
        if recent is not None:
            return _last_use(recent)
        return shelf.last_use(reader, credential_id)

    async def flush(self, store: Store) -> None:
        """Write down what waits. It stays readable until it is on disk, and goes on waiting on a failure."""
        waiting = dict(self._recent)
        if not waiting:
            return
        uses = {credential_id: _last_use(use) for credential_id, use in waiting.items()}
        await store.write(lambda tx: shelf.keep_uses(tx, uses))
        for credential_id, use in waiting.items():
            if self._recent.get(credential_id) is use:
                del self._recent[credential_id]


def _last_use(use: _Use) -> LastUse:
    used_at, service, region, source = use
    return LastUse(int(used_at * 1000), service, region, source)
