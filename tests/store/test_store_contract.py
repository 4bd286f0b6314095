"""What every engine promises: one commit for many, each job alone undone, nothing told before it is on disk."""

import asyncio
import threading

import pytest
from engines import BREAK_THE_COMMIT, add, things, with_store

from keystead.kernel.errors import NotFound, StoreUnavailable


class RowLog:
    """A commit log that keeps entries as rows and remembers how commits settled."""

    def __init__(self):
        self.settlements = []
        self.fails = False

    def write(self, tx, entries):
        for entry in entries:
            tx.run("INSERT INTO noted (entry) VALUES (?)", (entry,))
        if self.fails:
            raise OSError("the log cannot be written")

    def settled(self, committed):
        self.settlements.append(committed)


@pytest.fixture
def log():
    return RowLog()


@pytest.fixture
def over(engine, tmp_path, log):
    """Run a test body over a running store of the engine."""
    return lambda test: with_store(engine, tmp_path, test, log)


def _noted(store):
    return [row[0] for row in store.reader.all("SELECT entry FROM noted ORDER BY number")]


def _fail(tx):
    tx.run("INSERT INTO thing (number, name) VALUES (999, 'never')")
    tx.note(b"never")
    raise NotFound("thing", "999")


def test_many_concurrent_writes_share_few_commits(over):
    async def test(store):
        before = store.counts.commits
        await asyncio.gather(*(store.write(add(number)) for number in range(400)))
        return store.counts.commits - before, things(store)

    commits, seen = over(test)

    assert seen == list(range(400))
    assert commits <= 40


def test_a_write_gives_its_job_result_back(over):
    async def test(store):
        return await store.write(lambda tx: ("any", tx.run("DELETE FROM thing")))

    assert over(test) == ("any", 0)


def test_what_was_acknowledged_is_read(over):
    async def test(store):
        for number in range(20):
            await store.write(add(number))
            assert store.reader.one("SELECT name FROM thing WHERE number = ?", (number,)) == ("x",)
            assert await store.read(lambda reader: len(reader.all("SELECT number FROM thing"))) == number + 1

    over(test)


def test_jobs_of_a_batch_run_in_order_and_see_each_other(over):
    async def test(store):
        counted = (store.write(lambda tx: tx.one("SELECT count(*) FROM thing")[0]) for _ in range(1))
        _, seen, _ = await asyncio.gather(store.write(add(1)), *counted, store.write(add(2)))
        return seen

    assert over(test) == 1


def test_a_failing_job_undoes_itself_alone(over):
    async def test(store):
        outcomes = await asyncio.gather(
            store.write(add(1)), store.write(_fail), store.write(add(2)), return_exceptions=True
        )
        return outcomes, things(store), _noted(store)

    outcomes, seen, noted = over(test)

    assert isinstance(outcomes[1], NotFound)
    assert seen == [1, 2]
    assert noted == []


def test_a_statement_that_breaks_a_constraint_fails_its_job_alone(over):
    async def test(store):
        await store.write(add(1))
        outcomes = await asyncio.gather(
            *(store.write(add(number)) for number in (2, 1, 3)), return_exceptions=True
        )
        return outcomes, things(store)

    outcomes, seen = over(test)

    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, True, False]
    assert seen == [1, 2, 3]


def test_a_failed_commit_fails_everybody_and_changes_nothing(over, log):
    async def test(store):
        outcomes = await asyncio.gather(
            store.write(add(1)),
            store.write(lambda tx: tx.note(b"a note")),
            store.write(lambda tx: tx.run(BREAK_THE_COMMIT)),
            store.write(_fail),
            return_exceptions=True,
        )
        seen = things(store), _noted(store)
        await store.write(add(7))
        return outcomes, seen, things(store)

    outcomes, (seen, noted), after = over(test)

    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert (seen, noted) == ([], [])
    assert log.settlements == [False]
    assert after == [7]


def test_a_log_that_cannot_be_written_fails_the_commit(over, log):
    async def test(store):
        log.fails = True
        with pytest.raises(StoreUnavailable):
            await store.write(lambda tx: (add(1)(tx), tx.note(b"lost")))
        log.fails = False
        return things(store), _noted(store)

    assert over(test) == ([], [])
    assert log.settlements == [False]


def test_actions_run_on_the_loop_after_the_commit_and_before_the_waiter_wakes(over):
    order = []

    async def test(store):
        def change(tx):
            add(1)(tx)
            tx.after_commit(lambda: order.append((threading.get_ident(), things(store))))

        await store.write(change)
        order.append("woken")
        return threading.get_ident()

    loop_thread = over(test)

    assert order == [(loop_thread, [1]), "woken"]


def test_nobody_of_a_batch_wakes_before_all_its_actions_have_run(over):
    order = []

    async def test(store):
        async def one(number):
            await store.write(lambda tx: tx.after_commit(lambda: order.append(("action", number))))
            order.append(("woken", number))

        await asyncio.gather(*(one(number) for number in range(5)))

    over(test)

    assert order == [("action", number) for number in range(5)] + [("woken", number) for number in range(5)]


def test_actions_of_failed_jobs_and_failed_commits_never_run(over):
    ran = []

    def failing(tx):
        tx.after_commit(lambda: ran.append("failed job"))
        raise NotFound("thing", "1")

    async def test(store):
        await asyncio.gather(
            store.write(failing),
            store.write(lambda tx: tx.after_commit(lambda: ran.append("good"))),
            return_exceptions=True,
        )
        await asyncio.gather(
            store.write(lambda tx: tx.after_commit(lambda: ran.append("failed commit"))),
            store.write(lambda tx: tx.run(BREAK_THE_COMMIT)),
            return_exceptions=True,
        )

    over(test)

    assert ran == ["good"]


def test_notes_of_successful_jobs_are_kept_in_the_order_of_the_jobs(over, log):
    async def test(store):
        jobs = [
            _fail if number % 3 == 0 else lambda tx, number=number: tx.note(b"%d" % number)
            for number in range(30)
        ]
        await asyncio.gather(*(store.write(job) for job in jobs), return_exceptions=True)
        return _noted(store)

    assert over(test) == [b"%d" % number for number in range(30) if number % 3]
    assert log.settlements
    assert all(log.settlements)


def test_nothing_uncommitted_is_seen_by_any_reader(over):
    async def test(store):
        inside, go_on = threading.Event(), threading.Event()

        def slow(tx):
            add(1)(tx)
            inside.set()
            assert go_on.wait(10)
            return tx.one("SELECT count(*) FROM thing")[0]

        writing = asyncio.create_task(store.write(slow))
        await asyncio.to_thread(inside.wait, 10)
        seen = things(store), await store.read(lambda reader: reader.all("SELECT number FROM thing"))
        go_on.set()
        return seen, await writing, things(store)

    assert over(test) == (([], []), 1, [1])


def test_a_long_read_sees_one_state_while_others_write(over):
    async def test(store):
        looked, go_on = threading.Event(), threading.Event()

        def look(reader):
            first = reader.one("SELECT count(*) FROM thing")
            looked.set()
            assert go_on.wait(10)
            return first, reader.one("SELECT count(*) FROM thing")

        reading = asyncio.create_task(store.read(look))
        await asyncio.to_thread(looked.wait, 10)
        await store.write(add(1))
        go_on.set()
        return await reading

    assert over(test) == ((0,), (0,))


@pytest.mark.parametrize("change", ["INSERT INTO thing (number, name) VALUES (5, 'x')", "DELETE FROM thing"])
def test_readers_cannot_change_anything(over, change):
    async def test(store):
        await store.write(add(1))
        with pytest.raises(Exception, match=r"readonly|read-only|query_only|cannot answer"):
            store.reader.all(change)
        with pytest.raises(Exception, match=r"readonly|read-only|query_only|cannot answer"):
            await store.read(lambda reader: reader.all(change))
        return things(store)

    assert over(test) == [1]


def test_a_waiter_that_goes_away_disturbs_nobody(over):
    async def test(store):
        tasks = [asyncio.create_task(store.write(add(number))) for number in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await store.write(add(9))
        return outcomes, things(store)

    outcomes, seen = over(test)

    assert isinstance(outcomes[2], asyncio.CancelledError)
    assert [outcome for outcome in outcomes if outcome == 1] == [1, 1, 1, 1]
    assert seen == [0, 1, 2, 3, 4, 9]


def test_stopping_finishes_what_was_handed_over(over):
    async def test(store):
        tasks = [asyncio.create_task(store.write(add(number))) for number in range(600)]
        await asyncio.sleep(0)
        await store.stop()
        with pytest.raises(StoreUnavailable):
            await store.write(add(1000))
        return await asyncio.gather(*tasks)

    assert over(test) == [1] * 600


def test_many_rows_go_through_one_call(over):
    async def test(store):
        rows = ((number, "many") for number in range(100))
        await store.write(lambda tx: tx.run_many("INSERT INTO thing (number, name) VALUES (?, ?)", rows))
        return len(things(store))

    assert over(test) == 100


def test_bad_news_of_one_job_is_never_news_of_another(over):
    """A hundred jobs, every other one failing with its own number, all mixed into shared commits."""

    def numbered(number):
        def job(tx):
            add(number)(tx)
            if number % 2:
                raise NotFound("thing", str(number))
            return number

        return job

    async def test(store):
        outcomes = await asyncio.gather(
            *(store.write(numbered(n)) for n in range(100)), return_exceptions=True
        )
        return outcomes, things(store)

    outcomes, seen = over(test)

    for number, outcome in enumerate(outcomes):
        assert outcome == number if number % 2 == 0 else outcome.name == str(number)
    assert seen == list(range(0, 100, 2))


def test_the_epoch_moves_once_with_a_commit_that_revokes_and_with_no_other(over):
    def epoch(reader):
        return reader.one("SELECT value FROM epoch")[0]

    def revoking_in_vain(tx):
        tx.revokes()
        raise NotFound("thing", "1")

    async def test(store):
        commits = store.counts.commits
        await asyncio.gather(*(store.write(lambda tx: tx.revokes()) for _ in range(20)))
        moved, commits = epoch(store.reader) - 1, store.counts.commits - commits
        await store.write(add(1))
        with pytest.raises(NotFound):
            await store.write(revoking_in_vain)
        return moved == commits, epoch(store.reader) - 1 == moved

    assert over(test) == (True, True)


def test_numbers_and_flags_are_whole_numbers_again(over):
    async def test(store):
        await store.write(add(2**62))
        await store.write(add(True))
        row = store.reader.one(
            "SELECT max(number), sum(number - 1), count(*) FROM thing WHERE number > ?", (0,)
        )
        return row, [type(value) for value in row]

    assert over(test) == ((2**62, 2**62 - 1, 2), [int, int, int])


def test_bytes_and_nothing_are_kept_as_they_are(over):
    everything = bytes(range(256))

    async def test(store):
        await store.write(lambda tx: tx.run("INSERT INTO noted (entry) VALUES (?)", (everything,)))
        return store.reader.one("SELECT entry, NULL FROM noted WHERE entry = ?", (everything,))

    assert over(test) == (everything, None)


def test_an_insert_gives_back_the_row_number_that_it_drew(over):
    async def test(store):
        sql = "INSERT INTO noted (entry) VALUES (?) RETURNING number"
        return [await store.write(lambda tx: tx.one(sql, (b"x",))[0]) for _ in range(3)]

    assert over(test) == [1, 2, 3]
