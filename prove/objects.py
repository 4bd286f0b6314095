"""Proof: an object that was acknowledged survives `kill -9` whole, and nothing half-written is seen or left.

    python -m prove.objects --rounds 100 --seed 1

Each round loads the S3 door with 16 connections that put, upload in parts, copy and delete, kills `keystead serve`
at a random moment and starts it again. Then every key is read and its digest compared with what was acknowledged,
the listing with what was read, every row's blob with its file, and every upload whose parts were acknowledged is
completed. Some rounds sweep before the restart; after a sweep there is no blob that no row names.
"""

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import uvloop
from bench.requests import REGION, Key
from bench.s3requests import S3Signer
from bench.servers import read_credentials

from keystead.app.authority import open_authority
from keystead.config.settings import Settings
from keystead.products.lightsail.assembly import OBJECTS
from keystead.store.sqlite import DATABASE, SQLiteReader, connect
from prove import child
from prove.child import Child
from prove.client import Connection
from prove.load import Unexpected
from prove.objectledger import ABSENT, HeldObject, ObjectLedger
from prove.objectload import KEYS_PER_WORKER, ObjectCaller, ObjectWorker, digest_of

WORKERS = 16
LONGEST_LOAD_SECONDS = 0.8
PLAIN, VERSIONED = "plain-objects", "versioned-objects"
_AT_ONCE = 8
_KEY = re.compile(rb"<Key>([^<]+)</Key>")
_UPLOADS = re.compile(rb"<Upload><Key>([^<]+)</Key><UploadId>([^<]+)</UploadId>")


@dataclass
class Report:
    """What was done and what was wrong."""

    kills: int = 0
    sweeps: int = 0
    orphans: int = 0
    half_written: int = 0
    completed: int = 0
    objects_read: int = 0
    broken: list[str] = field(default_factory=list)


class Proof:
    """One data directory through all its deaths."""

    def __init__(self, data: Path, seed: int) -> None:
        self._data = data
        self._rng = random.Random(seed)
        self.ledger = ObjectLedger()
        self.report = Report()
        self._server = child.start(data)
        self._keys = {name: self._make_bucket(name) for name in (PLAIN, VERSIONED)}

    def round(self) -> None:
        """Load the server, kill it at a random moment, start another and check every key."""
        server = self._server
        uvloop.run(self._load_and_kill(server))
        self.report.kills += 1
        if any(word in server.written() for word in ("Traceback", " ERROR ")):
            self._broken("the log tells of a failure: " + server.written())
        self.report.half_written += len(list((self._data / OBJECTS / "aside").iterdir()))
        if self._rng.random() < 0.25:
            uvloop.run(self._sweep())
        self._server = child.start(self._data)
        uvloop.run(self._check())

    def finish(self) -> None:
        """Give up what is open, stop, sweep, and have the journal verified; then read everything once more."""
        uvloop.run(self._give_up())
        if self._server.stop() != 0:
            self._broken("the server did not stop cleanly: " + self._server.written())
        uvloop.run(self._sweep())
        verified = child.cli(self._data, "audit", "verify")
        if verified.returncode != 0:
            self._broken(f"keystead audit verify: {verified.stdout}{verified.stderr}")
        self._server = child.start(self._data)
        uvloop.run(self._check())

    def end(self) -> None:
        """Kill the last server too."""
        self._server.kill()

    def _make_bucket(self, name: str) -> Key:
        root = read_credentials(self._data / "root-credentials")
        lightsail: Any = boto3.Session().client(
            "lightsail",
            endpoint_url=f"http://{self._server.authority}",
            region_name=REGION,
            aws_access_key_id=root.key_id,
            aws_secret_access_key=root.secret,
        )
        lightsail.create_bucket(
            bucketName=name, bundleId="small_1_0", enableObjectVersioning=name == VERSIONED
        )
        made = lightsail.create_bucket_access_key(bucketName=name)["accessKey"]
        return Key(made["accessKeyId"], made["secretAccessKey"])

    async def _load_and_kill(self, server: Child) -> None:
        tasks = [
            asyncio.create_task(self._worker(server, number).run(server.host, server.port))
            for number in range(WORKERS)
        ]
        await asyncio.sleep(self._rng.uniform(0.02, LONGEST_LOAD_SECONDS))
        if server.process.poll() is not None:
            self._broken("the server ended by itself: " + server.written())
        server.kill()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Unexpected):
                self._broken(str(outcome))
            elif isinstance(outcome, BaseException):
                raise outcome

    def _worker(self, server: Child, number: int) -> ObjectWorker:
        bucket = VERSIONED if number % 4 == 0 else PLAIN
        keys = [self.ledger.held(bucket, f"w{number}/k{each}") for each in range(KEYS_PER_WORKER)]
        signer = S3Signer(self._keys[bucket], server.authority)
        return ObjectWorker(self.ledger, signer, keys, random.Random(self._rng.getrandbits(64)))

    async def _check(self) -> None:
        """Compare what the server has, and what is on disk, with the ledger."""
        for text in (await self._read_all()) + (await self._listings()) + self._files():
            self._broken(text)

    async def _read_all(self) -> list[str]:
        waiting = iter(list(self.ledger.objects.values()))

        async def work() -> list[str | None]:
            connection = await Connection.open(self._server.host, self._server.port)
            said = [await self._read(connection, held) for held in waiting]
            await connection.close()
            return said

        results = await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        return [text for each in results for text in each if text is not None]

    async def _read(self, connection: Connection, held: HeldObject) -> str | None:
        """Read a key and settle its doubt; an upload that is whole must then become the object."""
        caller = ObjectCaller(connection, S3Signer(self._keys[held.bucket], self._server.authority))
        wrong = await self._look(caller, held)
        if wrong is None and held.upload is not None:
            upload, held.upload = held.upload, None
            status, content = await caller.complete(held, upload)
            if status != 200:
                return f"{held.path}: an upload of acknowledged parts got {status} {content[:200]!r}"
            self.report.completed += 1
            held.possible = {upload.digest}
            wrong = await self._look(caller, held)
        return wrong

    async def _look(self, caller: ObjectCaller, held: HeldObject) -> str | None:
        status, _, body = await caller.ask("GET", held.path)
        self.report.objects_read += 1
        if status not in (200, 404):
            return f"GET {held.path} got {status} {body[:200]!r}"
        return held.settle(digest_of(body) if status == 200 else ABSENT)

    async def _listings(self) -> list[str]:
        broken: list[str] = []
        connection = await Connection.open(self._server.host, self._server.port)
        for bucket, key in self._keys.items():
            caller = ObjectCaller(connection, S3Signer(key, self._server.authority))
            _, _, body = await caller.ask("GET", f"/{bucket}", {"list-type": "2"})
            listed = {name.decode() for name in _KEY.findall(body)}
            ours = [held for held in self.ledger.objects.values() if held.bucket == bucket]
            should = {held.key for held in ours if held.possible != {ABSENT}}
            broken += [f"{bucket} lists {name}, or hides it" for name in listed ^ should]
        await connection.close()
        return broken

    def _files(self) -> list[str]:
        """Return the rows whose blob is not on disk, or is not as long as it should be."""
        named, stored = self._named(), self._stored()
        return [
            f"blob {blob} has {stored.get(blob)} bytes, not {size}"
            for blob, size in named.items()
            if stored.get(blob) != size
        ]

    async def _sweep(self) -> None:
        """Have a sweep made on the directory, which no server has now; it leaves what rows name and no more."""
        authority = open_authority(Settings(data=self._data))
        work = authority.start()
        try:
            (sweep,) = [
                each.work for parts in authority.parts for each in parts.workers if each.name == "s3-sweep"
            ]
            before = self._stored()
            await sweep()
        finally:
            await authority.stop(work)
        self.report.sweeps += 1
        self.report.orphans += len(before.keys() - self._named().keys())
        left = self._stored().keys() - self._named().keys()
        for blob in left:
            self._broken(f"blob {blob} is an orphan after the sweep")
        if list((self._data / OBJECTS / "aside").iterdir()):
            self._broken("half-written blobs are left")

    async def _give_up(self) -> None:
        """Abort every upload that is open."""
        connection = await Connection.open(self._server.host, self._server.port)
        for bucket, key in self._keys.items():
            caller = ObjectCaller(connection, S3Signer(key, self._server.authority))
            while True:
                _, _, body = await caller.ask("GET", f"/{bucket}", {"uploads": ""})
                found = _UPLOADS.findall(body)
                if not found:
                    break
                for name, upload in found:
                    await caller.ask("DELETE", f"/{bucket}/{name.decode()}", {"uploadId": upload.decode()})
        await connection.close()

    def _named(self) -> dict[str, int]:
        connection = connect(self._data / DATABASE, read_only=True)
        try:
            rows = SQLiteReader(connection).all("SELECT blob, size FROM lightsail_piece")
        finally:
            connection.close()
        return dict(rows)

    def _stored(self) -> dict[str, int]:
        found = (self._data / OBJECTS).glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")
        return {path.name: path.stat().st_size for path in found}

    def _broken(self, text: str) -> None:
        self.report.broken.append(f"after kill {self.report.kills}: {text}")


def prove(folder: Path, *, rounds: int, seed: int, say: bool = False) -> Proof:
    """Kill so many times and return the proof, whose report says what was found."""
    proof = Proof(folder / "data", seed)
    try:
        for number in range(1, rounds + 1):
            proof.round()
            if say and number % 10 == 0:
                print(f"{number} kills, {len(proof.report.broken)} broken promises", flush=True)
        proof.finish()
    finally:
        proof.end()
    return proof


def _show(proof: Proof, seconds: float) -> None:
    report, ledger = proof.report, proof.ledger
    print(f"killed                 {report.kills} times, {report.half_written} bodies half written then")
    print(f"acknowledged           {dict(sorted(ledger.acknowledged.items()))}")
    print(f"answers not seen       {dict(sorted(ledger.unseen.items()))}")
    print(f"objects read           {report.objects_read} times, {len(ledger.objects)} keys")
    print(f"uploads completed      {report.completed} after a kill, of parts acknowledged before it")
    print(f"sweeps                 {report.sweeps}, {report.orphans} orphans removed")
    print(f"time                   {seconds:.0f} s")
    print(f"broken promises        {len(report.broken)}")
    for text in report.broken[:20]:
        print(f"  {text}")


def main() -> None:
    """Run the proof and show what it found."""
    parser = argparse.ArgumentParser(
        prog="prove.objects", description="Kill a server under a load of objects, again and again."
    )
    parser.add_argument("--rounds", type=int, default=100, help="kills under load (100)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="for the same again")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keystead-objects-") as folder:
        proof = prove(Path(folder), rounds=asked.rounds, seed=asked.seed, say=True)
    _show(proof, time.monotonic() - started)
    sys.exit(1 if proof.report.broken else 0)


if __name__ == "__main__":
    main()
