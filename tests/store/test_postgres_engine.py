"""What only the PostgreSQL engine promises: comes back, runs again, never guesses, refuses an unfit database."""

import asyncio
import threading
from contextlib import asynccontextmanager

import psycopg
import pytest
from engines import Postgres, add, things, with_store

from keystead.kernel.errors import StoreUnavailable
from keystead.store.interface import DatabaseUnusable, UnstorableText
from keystead.store.opening import open_store
from support.cutting import CuttingLine

SECRET = "canary-6f1d"


class SettledLog:
    """A commit log that only remembers how commits settled."""

    def __init__(self):
        self.settlements = []

    def write(self, tx, entries):
        pass

    def settled(self, committed):
        self.settlements.append(committed)


@pytest.fixture
def engine(cluster):
    return Postgres(cluster)


@pytest.fixture
def over(engine, tmp_path):
    return lambda test: with_store(engine, tmp_path, test)


@pytest.fixture
def url(cluster):
    url = cluster.lend()
    yield url
    cluster.take_back(url)


@asynccontextmanager
async def running(url, folder, password_file=None, log=None):
    store = open_store(url, folder, password_file)
    store.write_now(lambda tx: tx.run("CREATE TABLE thing (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"))
    if log is not None:
        store.log_to(log)
    store.start()
    try:
        yield store
    finally:
        await asyncio.wait_for(store.stop(), 10)


async def eventually(look, seconds=10):
    """Return what `look` returns as soon as the database answers again."""
    for _ in range(seconds * 50):
        try:
            outcome = look()
            return await outcome if asyncio.iscoroutine(outcome) else outcome
        except StoreUnavailable:
            await asyncio.sleep(0.02)
    raise AssertionError("the database stayed away")


def test_commits_are_synchronous_whatever_the_database_says(cluster, url, tmp_path):
    cluster.ask(f"ALTER DATABASE {url.partition('?')[0].rpartition('/')[2]} SET synchronous_commit = off")

    async def test():
        async with running(url, tmp_path) as store:
            return await store.write(
                lambda tx: tx.one(
                    "SELECT current_setting(?), current_setting(?)", ("synchronous_commit", "fsync")
                )
            )

    assert asyncio.run(test()) == ("on", "on")
    cluster.ask(f"ALTER DATABASE {url.partition('?')[0].rpartition('/')[2]} RESET synchronous_commit")


def test_a_server_that_does_not_sync_is_refused(cluster, url, tmp_path):
    cluster.ask("ALTER SYSTEM SET fsync = off")
    cluster.reload()
    try:
        with pytest.raises(DatabaseUnusable, match="fsync off"):
            open_store(url, tmp_path)
    finally:
        cluster.ask("ALTER SYSTEM RESET fsync")
        cluster.reload()

    open_store(url, tmp_path).close()


def test_a_database_of_another_encoding_is_refused(cluster, tmp_path):
    url = cluster.create(ENCODING="'LATIN1'", LOCALE="'C'")
    try:
        with pytest.raises(DatabaseUnusable, match="UTF8"):
            open_store(url, tmp_path)
    finally:
        cluster.drop(url)


def test_a_server_that_is_not_there_is_told_in_one_message(cluster, tmp_path):
    with pytest.raises(DatabaseUnusable, match="cannot be opened"):
        open_store(f"postgresql:///nowhere?host={tmp_path}&port=1", tmp_path)
    with pytest.raises(DatabaseUnusable, match="does not exist"):
        open_store(cluster.url("nosuch"), tmp_path)


def test_a_second_keystead_on_a_database_is_refused_until_the_first_one_stops(url, tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    first = open_store(url, folders[0])
    try:
        with pytest.raises(DatabaseUnusable, match="in use by another keystead"):
            open_store(url, folders[1])
    finally:
        first.close()

    open_store(url, folders[1]).close()


def test_a_connection_lost_between_commits_is_noticed_by_nobody(cluster, url, tmp_path):
    async def test():
        async with running(url, tmp_path) as store:
            await store.write(add(1))
            assert cluster.break_off(url, "keystead writer") == 1
            await store.write(add(2))
            return things(store)

    assert asyncio.run(test()) == [1, 2]


def test_a_connection_lost_within_a_commit_fails_the_whole_batch_and_comes_back(cluster, url, tmp_path):
    def lost(tx):
        add(2)(tx)
        cluster.break_off(url, "keystead writer")
        tx.one("SELECT 1")

    async def test():
        async with running(url, tmp_path) as store:
            outcomes = await asyncio.gather(
                store.write(add(1)), store.write(lost), store.write(add(3)), return_exceptions=True
            )
            await eventually(lambda: store.write(add(4)))
            return outcomes, things(store)

    outcomes, seen = asyncio.run(test())

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    assert seen == [4]


def test_a_lost_reader_refuses_and_comes_back(cluster, url, tmp_path):
    async def test():
        async with running(url, tmp_path) as store:
            await store.write(add(1))
            await store.read(lambda reader: reader.one("SELECT 1"))
            assert cluster.break_off(url) == 3
            with pytest.raises(StoreUnavailable):
                things(store)
            long = await store.read(lambda reader: reader.all("SELECT number FROM thing"))
            return long, await eventually(lambda: things(store))

    assert asyncio.run(test()) == ([(1,)], [1])


def test_a_server_that_stops_refuses_everything_and_a_started_one_takes_it_again(cluster, url, tmp_path):
    async def test():
        async with running(url, tmp_path) as store:
            await store.write(add(1))
            await asyncio.to_thread(cluster.stop)
            try:
                for _ in range(3):
                    with pytest.raises(StoreUnavailable):
                        await store.write(add(2))
                    with pytest.raises(StoreUnavailable):
                        things(store)
                    with pytest.raises(StoreUnavailable):
                        await store.read(lambda reader: reader.one("SELECT 1"))
            finally:
                await asyncio.to_thread(cluster.start)
            await eventually(lambda: store.write(add(3)))
            return await eventually(lambda: things(store))

    assert asyncio.run(test()) == [1, 3]


@pytest.fixture
def by_password(cluster, tmp_path):
    """A database over TCP, its port to be filled in, whose owner needs a password; and the file that holds it."""
    cluster.ask(f"CREATE ROLE clerk LOGIN PASSWORD '{SECRET}'")
    url = cluster.create(OWNER="clerk")
    password_file = tmp_path / "password"
    password_file.write_text(SECRET + "\n")
    name = url.partition("?")[0].rpartition("/")[2]
    yield (lambda port: f"postgresql://clerk@127.0.0.1:{port}/{name}"), password_file
    cluster.drop(url)
    cluster.ask("DROP ROLE clerk")


def test_a_commit_whose_answer_is_lost_is_an_error_and_log_and_caches_learn_that_it_holds(
    cluster, by_password, tmp_path
):
    url, password_file = by_password
    log, acted = SettledLog(), []

    def change(tx):
        add(1)(tx)
        tx.note(b"entry")
        tx.after_commit(lambda: acted.append("cache"))

    async def test(line):
        async with running(url(line.port), tmp_path, str(password_file), log) as store:
            line.is_armed = True
            with pytest.raises(StoreUnavailable):
                await store.write(change)
            before = list(log.settlements), list(acted)
            await eventually(lambda: store.write(add(2)))
            return before, things(store)

    with CuttingLine(cluster.port, b"COMMIT\0") as line:
        before, seen = asyncio.run(test(line))

    assert before == ([], [])
    assert (log.settlements, acted) == ([True], ["cache"])
    assert seen == [1, 2]


def test_a_wrong_password_is_told_without_it(cluster, by_password, tmp_path):
    url, password_file = by_password
    password_file.write_text("wrong-" + SECRET)

    with pytest.raises(DatabaseUnusable) as caught:
        open_store(url(cluster.port), tmp_path, str(password_file))

    assert "password authentication failed" in str(caught.value)
    assert SECRET not in repr(caught.value)


def test_a_missing_password_file_is_named(cluster, by_password, tmp_path):
    url, _ = by_password

    with pytest.raises(DatabaseUnusable, match="nosuch"):
        open_store(url(cluster.port), tmp_path, str(tmp_path / "nosuch"))


def test_a_batch_that_conflicts_with_another_writer_is_run_again(cluster, url, tmp_path):
    runs = []

    def conflicting(tx):
        runs.append(1)
        before = tx.one("SELECT name FROM thing WHERE number = 1")[0]
        if len(runs) == 1:
            cluster.ask_in(url, "UPDATE thing SET name = 'theirs' WHERE number = 1")
        tx.run("UPDATE thing SET name = ? WHERE number = 1", (before + "+ours",))
        return before

    async def test():
        async with running(url, tmp_path) as store:
            await store.write(add(1))
            seen, other = await asyncio.gather(store.write(conflicting), store.write(add(2)))
            return (
                seen,
                other,
                store.reader.all("SELECT number, name FROM thing ORDER BY number"),
                store.counts,
            )

    seen, other, rows, counts = asyncio.run(test())

    assert (seen, other) == ("theirs", 1)
    assert rows == [(1, "theirs+ours"), (2, "x")]
    assert (counts.repeated, counts.failed_commits) == (1, 0)


def test_a_batch_that_always_conflicts_fails_in_the_end(cluster, url, tmp_path):
    def conflicting(tx):
        tx.one("SELECT name FROM thing WHERE number = 1")
        cluster.ask_in(url, "UPDATE thing SET name = name || '.' WHERE number = 1")
        tx.run("UPDATE thing SET name = 'ours' WHERE number = 1")

    async def test():
        async with running(url, tmp_path) as store:
            await store.write(add(1))
            with pytest.raises(StoreUnavailable):
                await store.write(conflicting)
            await store.write(add(2))
            return things(store)

    assert asyncio.run(test()) == [1, 2]


def test_a_job_that_goes_on_after_a_failed_statement_is_undone_alone(over):
    def stubborn(tx):
        add(2)(tx)
        try:
            add(2)(tx)
        except psycopg.errors.UniqueViolation:
            return "looks fine"

    async def test(store):
        outcomes = await asyncio.gather(
            store.write(add(1)), store.write(stubborn), store.write(add(3)), return_exceptions=True
        )
        return outcomes, things(store)

    outcomes, seen = over(test)

    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, True, False]
    assert seen == [1, 3]


@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT"])
def test_a_job_that_ends_the_transaction_cannot_be_acknowledged(over, end):
    def deceived(tx):
        tx.run(end)
        return "looks fine"

    async def test(store):
        outcomes = await asyncio.gather(store.write(deceived), store.write(add(5)), return_exceptions=True)
        await store.write(add(6))
        return outcomes, things(store)

    outcomes, seen = over(test)

    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert seen == [6]


def test_who_was_superseded_neither_writes_nor_reads_again(cluster, url, tmp_path):
    """Its connections break, and another keystead serves the database before it can come back."""
    other_folder = tmp_path / "other"
    other_folder.mkdir()

    async def test():
        async with running(url, tmp_path) as store:
            await store.write(add(1))
            cluster.break_off(url)
            await asyncio.to_thread(lambda: open_store(url, other_folder).close())
            with pytest.raises(StoreUnavailable):
                await store.write(add(2))
            await asyncio.sleep(0.3)
            with pytest.raises(StoreUnavailable):
                await store.write(add(2))
            with pytest.raises(StoreUnavailable):
                things(store)

    asyncio.run(test())

    assert cluster.ask_in(url, "SELECT number FROM thing") == [(1,)]


def test_only_the_thread_that_opened_the_loops_reader_may_read(over):
    """Two threads on one connection would take each other's answers; a test that did so stood still for an hour."""

    async def test(store):
        with pytest.raises(RuntimeError, match="another thread"):
            await asyncio.to_thread(things, store)
        assert things(store) == []

    over(test)


def test_start_up_jobs_wait_for_each_other(cluster, url, tmp_path):
    """Migrations of two processes never mix, also once a database may be served by several."""
    inside, go_on = threading.Event(), threading.Event()
    store = open_store(url, tmp_path)

    def slow(tx):
        inside.set()
        assert go_on.wait(10)

    thread = threading.Thread(target=store.write_now, args=(slow,))
    thread.start()
    try:
        assert inside.wait(10)
        waiting = cluster.ask_in(
            url,
            "SELECT pg_try_advisory_lock(objid::bigint + (classid::bigint << 32))"
            " FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'",
        )
    finally:
        go_on.set()
        thread.join()
        store.close()

    assert waiting == [(False,), (False,)]


def test_a_nul_is_found_nowhere_and_stored_nowhere(over):
    async def test(store):
        for refused in (
            add(1, "a\0b"),
            lambda tx: tx.run_many("DELETE FROM thing WHERE name = ?", [("\0",)]),
        ):
            with pytest.raises(UnstorableText):
                await store.write(refused)
        looked = store.reader.one("SELECT number FROM thing WHERE name = ?", ("\0",))
        return looked, store.reader.all("SELECT number FROM thing WHERE name = ?", ("x\0",)), things(store)

    assert over(test) == (None, [], [])


def test_text_is_sorted_by_bytes_in_a_database_of_any_locale(cluster, tmp_path):
    url = cluster.create(LOCALE_PROVIDER="icu", ICU_LOCALE="'en-US'", ENCODING="'UTF8'")
    names = ["b", "A", "a", "B", "_", "é", "-"]

    async def test():
        async with running(url, tmp_path) as store:
            for number, name in enumerate(names):
                await store.write(add(number, name))
            rows = store.reader.all("SELECT name FROM thing WHERE name > ? ORDER BY name", ("-",))
            return [row[0] for row in rows]

    try:
        assert asyncio.run(test()) == sorted(set(names) - {"-"}, key=str.encode)
    finally:
        cluster.drop(url)


def test_the_driver_shows_no_password_of_a_connection(cluster, by_password, tmp_path):
    url, password_file = by_password
    store = open_store(url(cluster.port), tmp_path, str(password_file))
    try:
        assert SECRET not in repr(store._writer._connection) + repr(store._target)
    finally:
        store.close()
