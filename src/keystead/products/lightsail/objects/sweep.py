"""Tidies: blobs that no row names, what deleted buckets held, and answers of uploads that nobody asks for again.

Nothing depends on it. A blob is an orphan after a crash between its rename and its commit, or between a commit
and its removal. What is looked at: first the folder, then what is not settled, then the rows; so a blob whose row
is committed meanwhile is never taken for an orphan.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice

from keystead.kernel.clock import Clock, now_ms
from keystead.products.lightsail.objects import object_records, upload_records
from keystead.products.lightsail.objects.blobs import Blobs
from keystead.products.lightsail.objects.versions import Versions
from keystead.store.interface import Store, Transaction

SWEEP_SECONDS = 600.0
FINISHED_KEPT_SECONDS = 6 * 3600
"""How long a completed upload can be completed again with the same answer."""
_AT_ONCE = 500


class ObjectSweep:
    """Does one round at a time."""

    def __init__(self, store: Store, blobs: Blobs, versions: Versions, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._versions = versions
        self._clock = clock

    async def sweep(self) -> int:
        """Do one round; return how many orphans were removed."""
        before = now_ms(self._clock) - FINISHED_KEPT_SECONDS * 1000
        await self._store.write(lambda tx: upload_records.forget_finished(tx, before))
        while await self._store.write(self._purge_gone_buckets):
            pass
        stored = await asyncio.to_thread(lambda: list(self._blobs.stored()))
        removed = 0
        for batch in _batches(iter(stored)):
            removed += await self._remove_orphans(batch)
        return removed

    def _purge_gone_buckets(self, tx: Transaction) -> int:
        """Remove some of what deleted buckets held; return how much."""
        uploads = upload_records.some_of_gone_buckets(tx, _AT_ONCE)
        for upload in uploads:
            self._versions.abort(tx, upload)
        gone = object_records.some_of_gone_buckets(tx, _AT_ONCE)
        self._versions.purge(tx, gone)
        return len(uploads) + len(gone)

    async def _remove_orphans(self, batch: list[str]) -> int:
        unsettled = self._blobs.unsettled()
        named = await self._store.read(lambda reader: object_records.named_blobs(reader, batch))
        orphans = [blob for blob in batch if blob not in unsettled and blob not in named]
        if orphans:
            await asyncio.to_thread(self._blobs.remove, orphans)
        return len(orphans)


def _batches(blobs: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(blobs, _AT_ONCE)):
        yield batch
