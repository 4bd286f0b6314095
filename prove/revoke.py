"""Proof: nothing that a caller asked for before it was revoked is done after the revoke was acknowledged.

    python -m prove.revoke --rounds 1000 --seed 1

Each round gives the root a second key, has 32 connections mint with it as fast as they can, and revokes it at a
random moment: deleted, switched off, expired or revoked, through the API and through the administration socket in
turn. At the acknowledgement the rows are noted. When every request in flight has its answer, the rows must still
be the same, every mint that was answered must be among them, and the journal, which is in the order of commits,
must hold no change by the key behind the one that revoked it. What all this is about are requests authenticated
before the revoke and refused inside their transaction: they are counted, and a proof that saw none proves nothing.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

import uvloop
from bench.requests import Key
from bench.servers import read_credentials

from keystead.app.authority import Authority
from keystead.audit import records
from prove import child
from prove.client import Caller, Connection, made_key
from prove.within import serving

MINTERS = 32
WAYS = (
    "DeleteAccessKey",
    "creds-deactivate",
    "UpdateAccessKey",
    "creds-revoke",
    "creds-expire",
)
_LONG_AGO = "2001-01-01T00:00:00Z"
_REVOKING = {
    "DeleteAccessKey",
    "UpdateAccessKey",
    "DeactivateCredential",
    "RevokeCredential",
    "ExpireCredential",
}


@dataclass
class Report:
    """What was done and what was wrong. `caught` counts the requests that only the second look refused."""

    rounds: int = 0
    minted: int = 0
    caught: int = 0
    broken: list[str] = field(default_factory=list)


class Minter:
    """One connection that mints with the key of each round until it is refused."""

    def __init__(self, connection: Connection, names: Iterator[int]) -> None:
        self._connection = connection
        self._names = names
        self.made: list[str] = []

    async def run(self, caller: Caller) -> str | None:
        """Mint until refused, and return what is wrong with the refusal. `made` holds what was acknowledged."""
        self.made = []
        name = ""
        turns = cycle(("CreateUser", "CreateAccessKey", "CreateAccessKey"))
        while True:
            action = next(turns)
            if action == "CreateUser":
                name = f"minted-{next(self._names)}"
            answer = await caller.iam(self._connection, action, UserName=name)
            if answer.status != 200:
                break
            self.made.append(answer.element("AccessKeyId") or name)
        said = (answer.status, answer.code)
        return None if said == (403, "InvalidClientTokenId") else f"refused with {said}"


class Proof:
    """Rounds on one running authority."""

    def __init__(self, authority: Authority, root: Caller, control: Connection, rng: random.Random) -> None:
        self._authority = authority
        self._reader = authority.store.reader
        self._root = root
        self._control = control
        self._rng = rng
        self._blocks = 0
        self.report = Report()

    async def round(self, way: str, minters: list[Minter]) -> None:
        """Mint with a second root key, revoke it at a random moment and compare."""
        key = made_key(await self._root.iam(self._control, "CreateAccessKey"))
        start = self._rows()
        caller = Caller(key, self._root.host)
        minting = [asyncio.create_task(minter.run(caller)) for minter in minters]
        await asyncio.sleep(self._rng.uniform(0.005, 0.04))
        await self._revoke(way, key)
        at_acknowledgement = self._rows()
        refusals = await asyncio.gather(*minting)
        in_the_end = self._rows()
        broken = [refusal for refusal in refusals if refusal is not None]
        broken += [f"{name} came after the revoke" for name in in_the_end - at_acknowledgement]
        acknowledged = {name for minter in minters for name in minter.made}
        broken += [f"{name} was acknowledged and was not there" for name in acknowledged - at_acknowledgement]
        broken += await self._order(key)
        self.report.rounds += 1
        self.report.minted += len(at_acknowledgement - start)
        self.report.broken += [f"round {self.report.rounds}, {way}: {text}" for text in broken]
        if way in ("UpdateAccessKey", "creds-deactivate", "creds-expire"):
            await self._root.iam(self._control, "DeleteAccessKey", AccessKeyId=key.key_id)

    async def _revoke(self, way: str, key: Key) -> None:
        """Take the key's access away; returns with the acknowledgement."""
        if way.startswith("creds-"):
            more = {"at": _LONG_AGO} if way == "creds-expire" else {}
            await child.command(self._authority.settings.data, way, id=key.key_id, **more)
            return
        more = {"Status": "Inactive"} if way == "UpdateAccessKey" else {}
        answer = await self._root.iam(self._control, way, AccessKeyId=key.key_id, **more)
        if answer.status != 200:
            raise RuntimeError(f"{way} got {answer.status} {answer.code}")

    def _rows(self) -> set[str]:
        """Return every user name and credential id that is committed now."""
        users = self._reader.all("SELECT name FROM iam_user")
        return {row[0] for row in users + self._reader.all("SELECT id FROM credential")}

    async def _order(self, key: Key) -> list[str]:
        """Return the changes by a key that stand in the journal behind its revoke, and count what was caught."""
        await self._authority.journal.flush(self._authority.store)
        broken: list[str] = []
        is_revoked = False
        for event in self._new_events():
            who = event["userIdentity"]
            if who.get("accessKeyId") == key.key_id:
                if event.get("errorCode"):
                    self.report.caught += who["type"] == "Root"
                elif is_revoked:
                    broken.append(f"{event['eventName']} stands behind the revoke")
            elif event["eventName"] in _REVOKING and key.key_id in _named(event):
                is_revoked = True
        return broken if is_revoked else [*broken, "the revoke is not in the journal"]

    def _new_events(self) -> Iterator[dict[str, Any]]:
        for block in records.blocks(self._reader, self._blocks + 1):
            self._blocks = block.number
            yield from (json.loads(line) for line in block.body.split(b"\n"))


def _named(event: dict[str, Any]) -> set[str]:
    asked = event.get("requestParameters") or {}
    return {str(asked.get("AccessKeyId")), str(asked.get("id"))}


async def prove(folder: Path, *, rounds: int, seed: int, say: bool = False) -> Report:
    """Revoke so many times and return what was found."""
    rng = random.Random(seed)
    async with serving(folder / "data") as (authority, host, port):
        root = Caller(read_credentials(folder / "data" / "root-credentials"), f"{host}:{port}")
        control, *connections = [await Connection.open(host, port) for _ in range(MINTERS + 1)]
        names = count()
        minters = [Minter(connection, names) for connection in connections]
        proof = Proof(authority, root, control, rng)
        for number in range(rounds):
            await proof.round(WAYS[number % len(WAYS)], minters)
            if say and (number + 1) % 100 == 0:
                print(f"{number + 1} revokes, {len(proof.report.broken)} broken promises", flush=True)
        for connection in (control, *connections):
            await connection.close()
        return proof.report


def main() -> None:
    """Run the proof and show what it found."""
    parser = argparse.ArgumentParser(prog="prove.revoke", description="Revoke a key under 32 parallel mints.")
    parser.add_argument("--rounds", type=int, default=1000, help="revokes (1000)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="for the same again")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keystead-revoke-") as folder:
        report = uvloop.run(prove(Path(folder), rounds=asked.rounds, seed=asked.seed, say=True))
    print(f"revokes           {report.rounds} under {MINTERS} parallel mints")
    print(f"minted before     {report.minted} users and keys")
    print(
        f"caught            {report.caught} requests, authenticated before and refused in their transaction"
    )
    print(f"time              {time.monotonic() - started:.0f} s")
    print(f"broken promises   {len(report.broken)}")
    for text in report.broken[:20]:
        print(f"  {text}")
    sys.exit(1 if report.broken or not report.caught else 0)


if __name__ == "__main__":
    main()
