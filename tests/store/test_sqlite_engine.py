"""What only the embedded engine promises: its settings, its lock, its files, and a disk that fills up."""

import asyncio
import stat

import pytest
from engines import SQLite, add, things, with_store

from keystead.kernel.errors import StoreUnavailable
from keystead.store.lock import DirectoryInUse
from keystead.store.sqlite import SQLiteStore

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def _pragmas(reader):
    return {name: reader.one(f"PRAGMA {name}")[0] for name in PRAGMAS}


def test_every_commit_is_synced_and_every_deleted_row_overwritten(tmp_path):
    async def test(store):
        return await store.write(_pragmas), _pragmas(store.reader), await store.read(_pragmas)

    assert with_store(SQLite(), tmp_path, test) == (PRAGMAS, PRAGMAS, PRAGMAS)


def test_a_second_store_on_a_directory_is_refused(tmp_path):
    store = SQLiteStore(tmp_path)
    try:
        with pytest.raises(DirectoryInUse, match=str(tmp_path)):
            SQLiteStore(tmp_path)
    finally:
        store.close()

    SQLiteStore(tmp_path).close()


def test_the_database_and_its_side_files_are_their_owners_alone(tmp_path):
    store = SQLiteStore(tmp_path)
    try:
        store.write_now(lambda tx: tx.run("CREATE TABLE t (x)"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        store.close()

    assert set(modes) == {"keystead.db", "keystead.db-wal", "keystead.db-shm", "keystead.lock"}
    assert set(modes.values()) == {0o600}


def test_a_deleted_value_is_in_no_file_after_the_store_closed(tmp_path):
    store = SQLiteStore(tmp_path)
    store.write_now(lambda tx: tx.run("CREATE TABLE t (x BLOB)"))
    store.write_now(lambda tx: tx.run("INSERT INTO t (x) VALUES (?)", (b"canary-91ab" * 50,)))
    store.write_now(lambda tx: tx.run("DELETE FROM t"))
    store.close()

    assert not [path.name for path in tmp_path.iterdir() if b"canary-91ab" in path.read_bytes()]


def test_write_now_raises_what_its_job_raises_and_undoes_it(tmp_path):
    store = SQLiteStore(tmp_path)
    try:
        store.write_now(lambda tx: tx.run("CREATE TABLE thing (number INTEGER PRIMARY KEY, name TEXT)"))
        with pytest.raises(ZeroDivisionError):
            store.write_now(lambda tx: (add(1)(tx), 1 / 0))

        assert things(store) == []
    finally:
        store.close()


def test_write_now_is_refused_while_the_writer_runs(tmp_path):
    async def test(store):
        with pytest.raises(RuntimeError, match="writer thread"):
            store.write_now(add(1))

    with_store(SQLite(), tmp_path, test)


def test_a_write_before_the_start_is_refused(tmp_path):
    store = SQLiteStore(tmp_path)
    try:
        with pytest.raises(StoreUnavailable):
            asyncio.run(store.write(add(1)))
    finally:
        store.close()


def test_a_full_disk_refuses_changes_and_a_freed_one_takes_them_again(tmp_path):
    async def test(store):
        await store.write(add(1))
        pages = await store.write(lambda tx: tx.one("PRAGMA page_count")[0])
        await store.write(lambda tx: tx.one(f"PRAGMA max_page_count = {pages}"))
        outcomes = await asyncio.gather(
            *(store.write(add(number, "y" * 50_000)) for number in range(10, 20)), return_exceptions=True
        )
        seen = things(store)
        await store.write(lambda tx: tx.one(f"PRAGMA max_page_count = {pages + 1000}"))
        await store.write(add(2, "y" * 50_000))
        return outcomes, seen, things(store)

    outcomes, seen, after = with_store(SQLite(), tmp_path, test)

    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert seen == [1]
    assert after == [1, 2]


def test_a_job_that_swallows_the_loss_of_its_transaction_cannot_be_acknowledged(tmp_path):
    def deceived(tx):
        add(1)(tx)
        tx.run("ROLLBACK")
        return "looks fine"

    async def test(store):
        outcomes = await asyncio.gather(store.write(add(5)), store.write(deceived), return_exceptions=True)
        await store.write(add(6))
        return outcomes, things(store)

    outcomes, seen = with_store(SQLite(), tmp_path, test)

    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert seen == [6]


def test_a_reader_that_stopped_early_does_not_pin_an_old_state(tmp_path):
    async def test(store):
        for number in range(3):
            await store.write(add(number))
        assert store.reader.one("SELECT number FROM thing") is not None
        await store.write(add(3))
        return things(store)

    assert with_store(SQLite(), tmp_path, test) == [0, 1, 2, 3]
