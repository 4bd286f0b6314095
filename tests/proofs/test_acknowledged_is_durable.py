"""A change is acknowledged after its commit or not at all, and a commit that fails leaves nothing behind.

Follows DESIGN rule 2. The commits fail for real: a deferred foreign key is looked at by COMMIT alone, a database
that may not grow is a full disk. That a kill takes nothing back is shown by `test_kill`.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.audit import inspect, records
from keystead.audit.journal import GENESIS, Journal
from keystead.kernel.errors import StoreUnavailable
from keystead.store.interface import Job, Transaction
from keystead.store.migrations import Migrations, migrate
from keystead.store.sqlite import SQLiteStore, connect
from support.fakes import TestClock

AUDIT = Path(inspect.__file__).parent / "migrations"
BLOB_BYTES = 20_000
Way = Literal["good", "raises", "breaks the commit"]


class Objection(Exception):
    """What a job raises that has a reason of its own to fail."""


@dataclass
class Bench:
    """A store with a journal, a table to write to, and what ran after its commits."""

    store: SQLiteStore
    journal: Journal
    ran: list[int] = field(default_factory=list)

    def job(self, number: int, way: Way, size: int = 1) -> Job[int]:
        """Return a job that writes a row, notes it, and ends as told."""

        def run(tx: Transaction) -> int:
            tx.run("INSERT INTO entry (number, content) VALUES (?, zeroblob(?))", (number, size))
            tx.after_commit(lambda: self.ran.append(number))
            tx.note(msgspec.json.encode({"number": number}))
            if way == "raises":
                raise Objection
            if way == "breaks the commit":
                tx.run("INSERT INTO child (parent) VALUES (-1)")
            return number

        return run

    async def together(self, jobs: Sequence[Job[int]]) -> list[int | BaseException]:
        """Hand all jobs over in one turn of the loop, so that they share a commit."""
        return await asyncio.gather(*(self.store.write(job) for job in jobs), return_exceptions=True)

    def rows(self) -> list[int]:
        return [row[0] for row in self.store.reader.all("SELECT number FROM entry ORDER BY row")]

    def journalled(self) -> list[int]:
        bodies = [block.body.split(b"\n") for block in records.blocks(self.store.reader)]
        return [msgspec.json.decode(line)["number"] for lines in bodies for line in lines]

    def head(self) -> bytes:
        return records.head(self.store.reader) or GENESIS

    def chain_holds(self) -> bool:
        return inspect.verify(self.store.reader).holds


def on_a_new_bench(work: Callable[[Bench], object]) -> None:
    """Run `work`, a coroutine function, with a store of its own."""

    async def run(directory: Path) -> None:
        store = SQLiteStore(directory)
        store.write_now(lambda tx: migrate(tx, [Migrations("audit", AUDIT)], 0))
        store.write_now(_make_tables)
        journal = Journal(TestClock(), store.reader)
        store.log_to(journal)
        store.start()
        try:
            await work(Bench(store, journal))
        finally:
            await store.stop()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


def _make_tables(tx: Transaction) -> None:
    tx.run("CREATE TABLE entry (row INTEGER PRIMARY KEY, number INTEGER NOT NULL, content BLOB NOT NULL)")
    # Deferred: a row without its parent is found out by COMMIT, not by the statement.
    tx.run("CREATE TABLE child (parent INTEGER REFERENCES entry (row) DEFERRABLE INITIALLY DEFERRED)")


@settings(max_examples=40, deadline=None)
@given(ways=st.lists(st.sampled_from(["good", "raises", "breaks the commit"]), min_size=1, max_size=12))
def test_a_batch_is_kept_whole_or_every_waiter_is_told_that_it_is_not(ways: list[Way]) -> None:
    async def check(bench: Bench) -> None:
        outcomes = await bench.together([bench.job(number, way) for number, way in enumerate(ways)])

        fails = "breaks the commit" in ways
        kept = [] if fails else [number for number, way in enumerate(ways) if way == "good"]
        assert [outcome for outcome in outcomes if isinstance(outcome, int)] == kept
        told = {type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)}
        assert told <= ({StoreUnavailable} if fails else {Objection})
        assert bench.rows() == kept
        assert bench.ran == kept
        assert bench.journalled() == kept

    on_a_new_bench(check)


@settings(max_examples=15, deadline=None)
@given(ways=st.lists(st.sampled_from(["good", "raises", "breaks the commit"]), min_size=1, max_size=6))
def test_the_journal_goes_on_from_the_last_commit_that_held(ways: list[Way]) -> None:
    async def check(bench: Bench) -> None:
        for number, way in enumerate(ways):
            head = bench.head()
            await bench.together([bench.job(number, way)])
            assert (bench.head() != head) == (way == "good")
        await bench.together([bench.job(99, "good")])

        assert bench.journalled() == [*(n for n, way in enumerate(ways) if way == "good"), 99]
        assert bench.chain_holds()

    on_a_new_bench(check)


@settings(max_examples=15, deadline=None)
@given(spare_pages=st.integers(0, 40), count=st.integers(1, 12))
def test_on_a_full_disk_what_was_acknowledged_is_there_and_the_rest_is_not(
    spare_pages: int, count: int
) -> None:
    async def check(bench: Bench) -> None:
        await bench.together([_limit(spare_pages)])
        outcomes = await bench.together([bench.job(number, "good", BLOB_BYTES) for number in range(count)])

        acknowledged = [outcome for outcome in outcomes if isinstance(outcome, int)]
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert {type(outcome) for outcome in refused} <= {StoreUnavailable}
        assert bench.rows() == acknowledged
        assert bench.ran == acknowledged
        assert bench.journalled() == acknowledged
        await bench.together([_limit(10_000)])
        assert await bench.together([bench.job(99, "good", BLOB_BYTES)]) == [99]
        assert bench.chain_holds()

    on_a_new_bench(check)


def _limit(spare_pages: int) -> Job[int]:
    """Return a job that lets the database grow by so many pages and no more."""

    def run(tx: Transaction) -> int:
        pages = tx.one("PRAGMA page_count")
        assert pages is not None
        tx.one(f"PRAGMA max_page_count = {pages[0] + spare_pages}")
        return 0

    return run


def test_a_full_disk_is_met_by_the_sizes_above() -> None:
    async def check(bench: Bench) -> None:
        await bench.together([_limit(0)])

        assert [type(outcome) for outcome in await bench.together([bench.job(1, "good", BLOB_BYTES)])] == [
            StoreUnavailable
        ]

    on_a_new_bench(check)


@pytest.mark.parametrize("read_only", [False, True])
def test_every_connection_syncs_each_commit(tmp_path: Path, read_only: bool) -> None:
    connect(tmp_path / "a.db", read_only=False).close()
    connection = connect(tmp_path / "a.db", read_only=read_only)

    # 2 is FULL: in WAL mode each commit is synced before COMMIT returns (SQLite, "PRAGMA synchronous").
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_an_acknowledged_change_is_seen_by_others_at_once(tmp_path: Path) -> None:
    async def check(bench: Bench) -> None:
        database = bench.store.reader.all("PRAGMA database_list")[0][2]
        other = connect(Path(database), read_only=True)
        for number in range(20):
            await bench.together([bench.job(number, "good")])
            assert other.execute("SELECT max(number) FROM entry").fetchone() == (number,)
        other.close()

    on_a_new_bench(check)
