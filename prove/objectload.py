"""The load on the S3 door when the server dies: puts, uploads in parts, copies and deletes, each key in one hand.

Every answer goes into the ledger at once; a request that got none goes in as a doubt.
"""

import contextlib
import hashlib
import random
import re
from collections.abc import Awaitable, Mapping, Sequence

from bench.s3requests import S3Signer

from prove.client import Connection, Lost
from prove.load import Unexpected
from prove.objectledger import ABSENT, HeldObject, HeldUpload, ObjectLedger

PART_BYTES = 5 * 1024 * 1024
KEYS_PER_WORKER = 8
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_ETAG = re.compile(rb"\r\netag: *\"?([0-9a-f]+)", re.I)
_PIECE_BYTES = 256 * 1024
Asking = Awaitable[tuple[int, bytes, bytes]]
"""A request under way: status, head and body of its answer."""


class Bodies:
    """Makes bodies that are all different, out of one pool of random bytes."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._pool = rng.randbytes(2 * PART_BYTES)

    def make(self, size: int) -> bytes:
        """Return a new body."""
        start = self._rng.randrange(len(self._pool) - size)
        mark = self._rng.randbytes(min(16, size))
        return mark + self._pool[start : start + size - len(mark)]

    def some(self) -> bytes:
        """Return a new body: empty, small enough for a row, or a blob."""
        return self.make(self._rng.choice((0, self._rng.randrange(64 * 1024), self._rng.randrange(1 << 20))))


def digest_of(body: bytes) -> str:
    """Return the name of a body."""
    return hashlib.sha256(body).hexdigest()


class ObjectCaller:
    """Sends signed S3 requests over one connection, bodies in pieces."""

    def __init__(self, connection: Connection, signer: S3Signer) -> None:
        self._connection = connection
        self._signer = signer

    async def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, bytes]:
        """Return status, head and body of an answer. Raises Lost."""
        head = self._signer.head(method, path, query, headers, len(body))
        pieces = [body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES)]
        answered, content = await self._connection.exchange(head, *pieces)
        return int(answered[9:12]), answered, content

    async def complete(self, held: HeldObject, upload: HeldUpload) -> tuple[int, bytes]:
        """Ask for an upload to be completed."""
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(upload.parts, 1)
        )
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        status, _, content = await self.ask("POST", held.path, {"uploadId": upload.id}, document)
        return status, content


class ObjectWorker:
    """One connection's worth of changes, on keys of its own."""

    def __init__(
        self, ledger: ObjectLedger, signer: S3Signer, keys: Sequence[HeldObject], rng: random.Random
    ) -> None:
        self._ledger = ledger
        self._signer = signer
        self._keys = keys
        self._rng = rng
        self._bodies = Bodies(rng)

    async def run(self, host: str, port: int) -> None:
        """Change things until the server is gone. Raises Unexpected."""
        with contextlib.suppress(Lost):
            connection = await Connection.open(host, port)
            try:
                caller = ObjectCaller(connection, self._signer)
                while True:
                    await self._step(caller)
            finally:
                await connection.close()

    async def _step(self, caller: ObjectCaller) -> None:
        held, chance = self._rng.choice(self._keys), self._rng.random()
        if held.upload is not None or chance < 0.1:
            await self._multipart(caller, held)
        elif chance < 0.6:
            await self._put(caller, held)
        elif chance < 0.7:
            await self._copy(caller, held)
        else:
            await self._delete(caller, held)

    async def _put(self, caller: ObjectCaller, held: HeldObject) -> None:
        body = self._bodies.some()
        await self._change("PutObject", held, digest_of(body), caller.ask("PUT", held.path, body=body), 200)

    async def _delete(self, caller: ObjectCaller, held: HeldObject) -> None:
        await self._change("DeleteObject", held, ABSENT, caller.ask("DELETE", held.path), 204)

    async def _copy(self, caller: ObjectCaller, held: HeldObject) -> None:
        source = self._rng.choice(self._keys)
        if source is held or source.bucket != held.bucket or source.certain == ABSENT:
            return
        headers = {"x-amz-copy-source": source.path}
        asking = caller.ask("PUT", held.path, headers=headers)
        await self._change("CopyObject", held, source.certain, asking, 200)

    async def _multipart(self, caller: ObjectCaller, held: HeldObject) -> None:
        """Begin an upload, send its parts and complete it; one that is held from before is completed."""
        if held.upload is None:
            bodies = [self._bodies.make(PART_BYTES), self._bodies.make(self._rng.randrange(1, 1 << 18))]
            begun = await self._acknowledged(
                "CreateMultipartUpload", caller.ask("POST", held.path, {"uploads": ""})
            )
            found = _UPLOAD_ID.search(begun[2])
            upload = HeldUpload(found[1].decode() if found else "", digest_of(b"".join(bodies)), [])
            for number, body in enumerate(bodies, 1):
                query = {"partNumber": str(number), "uploadId": upload.id}
                sent = await self._acknowledged("UploadPart", caller.ask("PUT", held.path, query, body))
                etag = _ETAG.search(sent[1])
                upload.parts.append(etag[1].decode() if etag else "")
            held.upload = upload
        upload = held.upload
        upload.is_asked = True
        held.possible |= {upload.digest}
        self._ledger.unseen["CompleteMultipartUpload"] += 1
        status, content = await caller.complete(held, upload)
        if status != 200:
            raise Unexpected(f"CompleteMultipartUpload {held.path}: {status} {content[:200]!r}")
        self._ledger.unseen["CompleteMultipartUpload"] -= 1
        self._ledger.acknowledged["CompleteMultipartUpload"] += 1
        held.possible, held.upload = {upload.digest}, None

    async def _change(self, name: str, held: HeldObject, digest: str, asking: Asking, expected: int) -> None:
        held.possible |= {digest}
        await self._acknowledged(name, asking, expected)
        held.possible = {digest}

    async def _acknowledged(self, name: str, asking: Asking, expected: int = 200) -> tuple[int, bytes, bytes]:
        self._ledger.unseen[name] += 1
        answer = await asking
        if answer[0] != expected:
            raise Unexpected(f"{name}: {answer[0]} {answer[2][:300]!r}")
        self._ledger.unseen[name] -= 1
        self._ledger.acknowledged[name] += 1
        return answer
