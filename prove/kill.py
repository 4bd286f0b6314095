"""Proof: what was acknowledged survives `kill -9`, and nothing half-done is left.

    python -m prove.kill --rounds 100 --rekeys 10 --inits 10 --seed 1

Each round loads `keystead serve` with 24 connections that make users, mint, switch and delete keys, kills it at a
random moment, starts it again on the same directory and compares: the client's ledger of acknowledgements, the
rows, the journal replayed, and what the running server says to each key. Some rounds kill `keystead rekey` under
the same load; some kill the making of a data directory. A kill of the process proves the order of commit and
acknowledgement; that the commit is a synced one, the bench counts.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from bench.requests import Key
from bench.servers import read_credentials

from prove import child
from prove.checks import Checks
from prove.child import Child
from prove.client import Caller, Connection
from prove.evidence import Evidence
from prove.ledger import HeldKey, Ledger
from prove.load import Unexpected, workers

WORKERS = 24
LONGEST_LOAD_SECONDS = 0.6
LONGEST_REKEY_SECONDS = 0.15
_OLD_KEYS = 200
_STAGES = ("root.key.new", "root.key", "keystead.db", "keystead.db-wal", "root-credentials.new")
_STAGES += (
    "root-credentials",
    "credentials.new",
    "credentials",
    "tls",
    "tls/ca.key",
    "tls/ca.pem",
    "tls/server.key",
    "tls/server.pem",
)


@dataclass
class Report:
    """What was done and what was wrong."""

    kills: int = 0
    rekey_kills: int = 0
    init_kills: int = 0
    keys_checked: int = 0
    broken: list[str] = field(default_factory=list)


class Proof:
    """One data directory through all its deaths."""

    def __init__(self, data: Path, seed: int) -> None:
        self._data = data
        self._rng = random.Random(seed)
        self._ledger = Ledger()
        self._evidence = Evidence(data)
        self._recent: set[str] = set()
        self._server = child.start(data)
        self.report = Report()

    @property
    def ledger(self) -> Ledger:
        """What the client knows."""
        return self._ledger

    def round(self, *, during_rekey: bool = False) -> None:
        """Load the server, kill it at a random moment, start another and check all that was touched."""
        server = self._server
        uvloop.run(self._load_and_kill(server, during_rekey=during_rekey))
        self.report.kills += 1
        if any(word in server.written() for word in ("Traceback", " ERROR ")):
            self._broken("the log tells of a failure: " + server.written())
        self._server = child.start(self._data)
        uvloop.run(self._check(self._touched_keys()))

    def finish(self) -> None:
        """Check every key that ever was, rotate the root key for good, and check every key again."""
        everything = list(self._ledger.all_keys())
        uvloop.run(self._check(everything))
        uvloop.run(child.command(self._data, "rekey"))
        uvloop.run(self._check(everything))
        if self._server.stop() != 0:
            self._broken("the server did not stop cleanly: " + self._server.written())
        if len((self._data / "root.key").read_text().splitlines()) != 1:
            self._broken("an old root key is still in the file")
        verified = child.cli(self._data, "audit", "verify")
        if verified.returncode != 0:
            self._broken(f"keystead audit verify: {verified.stdout}{verified.stderr}")
        self._server = child.start(self._data)
        uvloop.run(self._check(everything))

    def end(self) -> None:
        """Kill the last server too."""
        self._server.kill()

    async def _load_and_kill(self, server: Child, *, during_rekey: bool) -> None:
        self._ledger.touched.clear()
        hired = workers(self._ledger, self._root(), server.authority, WORKERS, self._rng)
        tasks = [asyncio.create_task(worker.run(server.host, server.port)) for worker in hired]
        if during_rekey:
            await asyncio.sleep(0.05)
            tasks.append(asyncio.create_task(self._rekey()))
        longest = LONGEST_REKEY_SECONDS if during_rekey else LONGEST_LOAD_SECONDS
        await asyncio.sleep(self._rng.uniform(0.002, longest))
        if server.process.poll() is not None:
            self._broken("the server ended by itself: " + server.written())
        server.kill()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Unexpected):
                self._broken(str(outcome))
            elif isinstance(outcome, BaseException):
                raise outcome

    async def _rekey(self) -> None:
        try:
            await child.command(self._data, "rekey")
        except (OSError, RuntimeError):
            self.report.rekey_kills += 1

    def _touched_keys(self) -> list[HeldKey]:
        """Return the keys of the users of this round and the last, and some of old ones."""
        before, self._recent = self._recent, set(self._ledger.touched)
        names = [name for name in sorted(before | self._recent) if name in self._ledger.users]
        keys = [key for name in names for key in self._ledger.users[name].keys]
        old = list(self._ledger.all_keys())
        return keys + self._rng.sample(old, min(_OLD_KEYS, len(old)))

    async def _check(self, keys: Sequence[HeldKey]) -> None:
        found, broken = self._evidence.look()
        broken += self._ledger.settle(found)
        checks = Checks(self._root(), self._server.host, self._server.port)
        touched = [user for name in self._recent if (user := self._ledger.users.get(name)) is not None]
        broken += await checks.keys_open_what_they_should(keys)
        broken += await checks.listings_agree(touched)
        broken += await checks.third_keys_are_refused(touched[:100])
        self.report.keys_checked += len(keys)
        for text in broken:
            self._broken(text)

    def _root(self) -> Key:
        return read_credentials(self._data / "root-credentials")

    def _broken(self, text: str) -> None:
        self.report.broken.append(f"after kill {self.report.kills}: {text}")


def kill_init(data: Path, stages: Sequence[str]) -> list[str]:
    """Kill `serve` on one new directory as it reaches each stage in turn; then it must serve, root key and all.

    Returns what is wrong. A stage is a file that has just come to be there.
    """
    log = data.with_name(data.name + ".log")
    for stage in stages:
        server = child.spawn(data, log)
        while not (data / stage).exists() and not (data / "ready.json").exists():
            if server.process.poll() is not None:
                return [f"init did not go on before {stage}: {server.written()}"]
            time.sleep(0.0002)
        server.kill()
    (data / "ready.json").unlink(missing_ok=True)
    with child.serving(data) as server:
        return uvloop.run(_root_works(server))


async def _root_works(server: Child) -> list[str]:
    connection = await Connection.open(server.host, server.port)
    root = Caller(read_credentials(server.data / "root-credentials"), server.authority)
    answer = await root.whoami(connection)
    listed = await root.iam(connection, "ListAccessKeys")
    await connection.close()
    broken = [] if answer.element("Arn").endswith(":root") else [f"the root is told {answer.text}"]
    if listed.elements("AccessKeyId") != [root.key.key_id]:
        broken.append(f"the root holds {listed.elements('AccessKeyId')}")
    return broken + Evidence(server.data).look()[1]


def prove(folder: Path, *, rounds: int, rekeys: int, inits: int, seed: int, say: bool = False) -> Proof:
    """Kill so many times and return the proof, whose report says what was found."""
    rng = random.Random(seed)
    proof = Proof(folder / "data", seed)
    plan = [False] * rounds + [True] * rekeys
    rng.shuffle(plan)
    try:
        for number, during_rekey in enumerate(plan, 1):
            proof.round(during_rekey=during_rekey)
            if say and number % 10 == 0:
                print(f"{number} kills, {len(proof.report.broken)} broken promises", flush=True)
        proof.finish()
    finally:
        proof.end()
    for number in range(inits):
        stages = sorted(rng.sample(_STAGES, rng.randint(1, 4)), key=_STAGES.index)
        proof.report.broken += kill_init(folder / f"init-{number}", stages)
        proof.report.init_kills += len(stages)
    return proof


def _show(proof: Proof, seconds: float) -> None:
    report, ledger = proof.report, proof.ledger
    print(f"killed while serving   {report.kills} times, {report.rekey_kills} of them in the middle of rekey")
    print(f"killed while making    {report.init_kills} times")
    print(f"acknowledged           {dict(sorted(ledger.acknowledged.items()))}")
    print(f"answers not seen       {dict(sorted(ledger.unseen.items()))}")
    print(f"keys verified          {report.keys_checked} times, {sum(1 for _ in ledger.all_keys())} keys")
    print(f"time                   {seconds:.0f} s")
    print(f"broken promises        {len(report.broken)}")
    for text in report.broken[:20]:
        print(f"  {text}")


def main() -> None:
    """Run the proof and show what it found."""
    parser = argparse.ArgumentParser(
        prog="prove.kill", description="Kill a server under load, again and again."
    )
    parser.add_argument("--rounds", type=int, default=100, help="kills under load (100)")
    parser.add_argument("--rekeys", type=int, default=10, help="kills under load and during rekey (10)")
    parser.add_argument("--inits", type=int, default=10, help="new directories, each killed a few times (10)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="for the same again")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="keystead-kill-") as folder:
        proof = prove(
            Path(folder),
            rounds=asked.rounds,
            rekeys=asked.rekeys,
            inits=asked.inits,
            seed=asked.seed,
            say=True,
        )
    _show(proof, time.monotonic() - started)
    sys.exit(1 if proof.report.broken else 0)


if __name__ == "__main__":
    main()
