"""Last use of credentials: coalesced in memory, written apart from requests.

On a crash at most `FLUSH_SECONDS` of last uses are lost; on a graceful stop none. Readers see what waits.
"""

from keystead.credentials import shelf
from keystead.credentials.shelf import LastUse
from keystead.kernel.clock import Clock, now_ms
from keystead.store.interface import Reader, Store

FLUSH_SECONDS = 60.0


class Usage:
    """What this process saw used since the last flush, over what the database says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: dict[str, LastUse] = {}

    def touch(self, credential_id: str, service: str, region: str, source: str) -> None:
        """Note that a credential was accepted now."""
        self._recent[credential_id] = LastUse(now_ms(self._clock), service, region, source)

    def last(self, reader: Reader, credential_id: str) -> LastUse | None:
        """Return the last use of a credential, or None if it was never used."""
        recent = self._recent.get(credential_id)
        if recent is not None:
            return recent
        return shelf.last_use(reader, credential_id)

    async def flush(self, store: Store) -> None:
        """Write down what waits. It stays readable until it is on disk, and goes on waiting on a failure."""
        waiting = dict(self._recent)
        if not waiting:
            return
        await store.write(lambda tx: shelf.keep_uses(tx, waiting))
        for credential_id, use in waiting.items():
            if self._recent.get(credential_id) is use:
                del self._recent[credential_id]
