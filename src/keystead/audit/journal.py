"""Writes the journal: durable entries inside the commit they belong to, the rest within a second.

Follows DESIGN §11. Changes are noted in their own transaction and are lost or kept with it. Refusals and
reads wait in memory for at most `FLUSH_SECONDS`; on a crash that much of them is lost, beyond `MAX_WAITING`
the newest are dropped, and every drop is counted and chained as a gap.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence

from keystead.audit import records
from keystead.audit.event import Event, Gap, encode, event_time
from keystead.kernel.clock import Clock
from keystead.store.interface import Reader, Store, Transaction

FLUSH_SECONDS = 1.0
MAX_WAITING = 2_000
"""A flood of refusals, which anybody can cause, must not fill the disk: at most this many events of some 500 bytes
are kept in a flush."""
MAX_READS_WAITING = 1_000
"""Reads leave the other half to refusals, so that nobody's reading can hide them."""
GENESIS = hashlib.sha256(b"keystead audit journal").digest()


def link(previous: bytes, at: int, body: bytes) -> bytes:
    """Return the chain value of a block: SHA-256 over the previous block's value, the time and the body."""
    return hashlib.sha256(previous + at.to_bytes(8, "big", signed=True) + body).digest()


class Journal:
    """The one writer of the journal in this process: the store's commit log, and the buffer beside it."""

    def __init__(self, clock: Clock, reader: Reader) -> None:
        self._clock = clock
        self._head = records.head(reader) or GENESIS
        self._proposed = self._head
        self._waiting: list[Event] = []
        self._dropped = 0
        self._flushing: asyncio.Future[None] | None = None

    def write(self, tx: Transaction, entries: Sequence[bytes]) -> None:
        """Append one block with `entries`. Runs on the writer, as the last thing in a commit."""
        body = b"\n".join(entries)
        at = int(self._clock.real_epoch() * 1000)
        self._proposed = link(self._head, at, body)
        records.append(tx, at, body.count(b"\n") + 1, self._proposed, body)

    def settled(self, committed: bool) -> None:
        """Move the head on only with a commit that is on disk."""
        if committed:
            self._head = self._proposed

    def observe(self, event: Event) -> None:
        """Keep an event that needs no transaction of its own: a refusal, or a look of the operator."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(event)
        else:
            self._dropped += 1

    def observe_read(self, make: Callable[[], Event]) -> None:
        """Keep the event of a read if there is room, and make it only then."""
        if len(self._waiting) < MAX_READS_WAITING:
            self._waiting.append(make())
        else:
            self._dropped += 1

    async def flush(self, store: Store) -> None:
        """Bring what waits into the journal; on failure it goes on waiting.

        A caller that is cancelled leaves the commit to end on its own: it may hold already, and events that
        went on waiting as well would be written twice. One flush follows another for the same reason.
        """
        while self._flushing is not None and not self._flushing.done():
            await asyncio.wait([self._flushing])
        self._flushing = asyncio.ensure_future(self._flush(store))
        await asyncio.shield(self._flushing)

    async def _flush(self, store: Store) -> None:
        if not self._waiting and not self._dropped:
            return
        waiting, self._waiting = self._waiting, []
        dropped, self._dropped = self._dropped, 0
        entries = [entry for event in waiting if (entry := _entry(event)) is not None]
        lost = dropped + len(waiting) - len(entries)
        if lost:
            entries.append(encode(Gap(event_time(self._clock.real_epoch()), lost)))

        def note(tx: Transaction) -> None:
            for entry in entries:
                tx.note(entry)

        try:
            await store.write(note)
        except BaseException:
            # Nothing of it is on disk. Newer events may be lost in its stead, and are counted.
            room = MAX_WAITING - len(self._waiting)
            self._waiting = waiting[:room] + self._waiting
            self._dropped += dropped + max(0, len(waiting) - room)
            raise


def _entry(event: Event) -> bytes | None:
    """Return an event as it is written, or None if it holds what is no text: it is then counted as dropped.

    One that nobody can write down must not keep all that come after it from the journal.
    """
    try:
        return encode(event)
    except ValueError:
        return None
