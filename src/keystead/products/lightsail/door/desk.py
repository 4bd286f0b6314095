"""What the operations of the door share: bodies in, changes committed with their line in the journal.

The order is the durable one: the blob is on disk, then the row is committed, then the client is told.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keystead.access.sigv4 import Refused
from keystead.audit.event import encode
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.door.bodies import INLINE_BYTES, Expected, Received, receive
from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.scribe import Scribe
from keystead.products.lightsail.door.visit import Visit
from keystead.products.lightsail.objects.blobs import Blobs
from keystead.products.lightsail.objects.model import Attributes, Body, Checksum, Piece
from keystead.products.lightsail.objects.versions import Placed, Versions
from keystead.store.interface import Reader, Store, Transaction

Result = TypeVar("Result")
Require = Callable[[Transaction, Bucket], None]
"""Raises S3Error unless the conditions of a write hold, as its transaction has things."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The places that operations work with."""

    store: Store
    reader: Reader
    blobs: Blobs
    versions: Versions
    scribe: Scribe
    clock: Clock
    entropy: Entropy

    async def commit(self, visit: Visit, job: Callable[[Transaction, Bucket], Result]) -> Result:
        """Make a change for a visitor who still may, together with its line in the journal.

        Raises S3Error, and Refused for a credential that is good no longer; then nothing was changed.
        """

        def run(tx: Transaction) -> Result:
            result = job(tx, visit.again(tx))
            tx.note(encode(self.scribe.succeeded(visit)))
            return result

        return await self.store.write(run)

    def begin(self, visit: Visit, job: Callable[[Transaction, Bucket], Result]) -> "asyncio.Future[Result]":
        """Begin a `commit`."""
        return asyncio.ensure_future(self.commit(visit, job))

    async def receive(self, visit: Visit, expected: Expected, inline_bytes: int = INLINE_BYTES) -> Received:
        """Return the body of a request, proven right; beyond `inline_bytes` it is a blob. Raises S3Error."""
        return await receive(visit.request, expected, self.blobs, inline_bytes)

    async def settle(self, blob: str, change: Callable[[], "asyncio.Future[Result]"]) -> Result:
        """Await a change whose rows name a blob; if the answer is no, the blob goes.

        After any other failure nobody knows here whether the commit holds: the sweep will tell.
        """
        try:
            result = await change()
        except (S3Error, Refused):
            self.blobs.settle(blob)
            await asyncio.to_thread(self.blobs.remove, [blob])
            raise
        except Exception:
            self.blobs.settle(blob)
            raise
        self.blobs.settle(blob)
        return result

    async def place(
        self,
        visit: Visit,
        received: Received,
        attributes: Attributes,
        require: Require,
        checksum: Checksum | None = None,
    ) -> Placed:
        """Make a body that was received the latest version of the visit's key."""
        content = received.blob
        body = Body(received.size, received.etag, checksum or received.checksum, received.inline, content)

        def job(tx: Transaction, bucket: Bucket) -> Placed:
            require(tx, bucket)
            pieces: Sequence[Piece] = ()
            if content is not None:
                pieces = (Piece(1, content, received.size, received.etag, received.checksum.value, 0),)
            return self.versions.put(tx, bucket.id, bucket.versioning, visit.key, body, attributes, pieces)

        if content is None:
            return await self.commit(visit, job)
        return await self.settle(content, lambda: self.begin(visit, job))
