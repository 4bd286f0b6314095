"""What reaches the journal: notes with their commit, observations within a flush, losses as counted gaps."""

import asyncio

import msgspec
import pytest
from journals import event, opened, with_journal

from keystead.audit import inspect
from keystead.audit.journal import MAX_WAITING
from keystead.kernel.errors import StoreUnavailable

BREAK = "INSERT INTO child (parent) VALUES (-1)"


class _Unwritable:
    """A commit log that fails every commit with notes."""

    def write(self, tx, entries):
        raise OSError("the disk is full")

    def settled(self, committed): ...


def _prepare(tx):
    tx.run("CREATE TABLE parent (number INTEGER PRIMARY KEY)")
    tx.run("CREATE TABLE child (parent INTEGER REFERENCES parent (number) DEFERRABLE INITIALLY DEFERRED)")


def _names(reader):
    events = [msgspec.json.decode(line) for line in inspect.portion(reader, 0).lines]
    return [each.get("eventName", each.get("eventType")) for each in events]


def test_a_note_is_in_the_journal_when_its_change_is_acknowledged(tmp_path):
    async def test(store, journal):
        await store.write(lambda tx: tx.note(b'{"eventName":"A"}'))
        return _names(store.reader), inspect.verify(store.reader).holds

    assert with_journal(tmp_path, test) == (["A"], True)


def test_an_event_that_is_no_text_is_counted_and_holds_nobody_up(tmp_path):
    async def test(store, journal):
        for name in ("Before", "\ud800", "After"):
            journal.observe(event(name))
        await journal.flush(store)
        return _names(store.reader), inspect.verify(store.reader).holds

    assert with_journal(tmp_path, test) == (["Before", "After", "KeysteadAuditGap"], True)


def test_a_change_that_is_undone_leaves_no_event(tmp_path):
    def failing(tx):
        tx.note(b'{"eventName":"Never"}')
        raise ValueError("no")

    async def test(store, journal):
        good = store.write(lambda tx: tx.note(b'{"eventName":"Good"}'))
        await asyncio.gather(store.write(failing), good, return_exceptions=True)
        return _names(store.reader)

    assert with_journal(tmp_path, test) == ["Good"]


def test_a_failed_commit_leaves_no_event_and_the_chain_goes_on_from_before(tmp_path):
    async def test(store, journal):
        await store.write(_prepare)
        await store.write(lambda tx: tx.note(b'{"eventName":"Before"}'))
        with pytest.raises(StoreUnavailable):
            await store.write(lambda tx: (tx.note(b'{"eventName":"Never"}'), tx.run(BREAK)))
        await store.write(lambda tx: tx.note(b'{"eventName":"After"}'))
        return _names(store.reader), inspect.verify(store.reader)

    names, verdict = with_journal(tmp_path, test)

    assert names == ["Before", "After"]
    assert verdict.holds


def test_a_restart_continues_the_chain(tmp_path):
    for name in (b"1", b"2", b"3"):
        store, _ = opened(tmp_path)
        store.write_now(lambda tx, name=name: tx.note(b'{"eventName":"%s"}' % name))
        verdict = inspect.verify(store.reader)
        store.close()

    assert verdict.holds
    assert (verdict.blocks, verdict.events) == (3, 3)


def test_observed_events_are_on_disk_after_a_flush_in_order(tmp_path):
    async def test(store, journal):
        for number in range(5):
            journal.observe(event(str(number)))
        before = _names(store.reader)
        await journal.flush(store)
        commits = store.counts.commits
        await journal.flush(store)
        return before, _names(store.reader), store.counts.commits - commits

    assert with_journal(tmp_path, test) == ([], ["0", "1", "2", "3", "4"], 0)


def test_what_does_not_fit_is_counted_and_chained_as_a_gap(tmp_path):
    async def test(store, journal):
        for number in range(MAX_WAITING + 3):
            journal.observe(event(str(number)))
        await journal.flush(store)
        journal.observe(event("later"))
        await journal.flush(store)
        return await store.read(lambda reader: (inspect.tail(reader, 3), inspect.verify(reader)))

    lines, verdict = with_journal(tmp_path, test)

    last, gap, later = [msgspec.json.decode(line) for line in lines]
    assert last["eventName"] == str(MAX_WAITING - 1)
    assert (gap["eventType"], gap["dropped"]) == ("KeysteadAuditGap", 3)
    assert later["eventName"] == "later"
    assert (verdict.holds, verdict.events) == (True, MAX_WAITING + 2)


def test_a_failed_flush_keeps_its_events_before_newer_ones(tmp_path):
    async def test(store, journal):
        journal.observe(event("old"))
        store.log_to(_Unwritable())
        with pytest.raises(StoreUnavailable):
            await journal.flush(store)
        journal.observe(event("new"))
        store.log_to(journal)
        await journal.flush(store)
        return _names(store.reader)

    assert with_journal(tmp_path, test) == ["old", "new"]


def test_a_flush_that_is_cancelled_neither_loses_nor_repeats_an_event(tmp_path):
    """A stopping authority cancels its flusher, maybe mid-commit, and flushes once more."""

    async def test(store, journal):
        journal.observe(event("once"))
        flushing = asyncio.create_task(journal.flush(store))
        await asyncio.sleep(0)
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
        journal.observe(event("later"))
        await journal.flush(store)
        return _names(store.reader)

    assert with_journal(tmp_path, test) == ["once", "later"]


def test_two_flushes_at_once_write_every_event_once(tmp_path):
    async def test(store, journal):
        journal.observe(event("once"))
        await asyncio.gather(journal.flush(store), journal.flush(store))
        return _names(store.reader)

    assert with_journal(tmp_path, test) == ["once"]


def test_events_that_were_observed_and_noted_share_one_chain(tmp_path):
    async def test(store, journal):
        for number in range(50):
            journal.observe(event(f"seen-{number}"))
            noting = store.write(lambda tx, number=number: tx.note(b'{"eventName":"noted-%d"}' % number))
            await asyncio.gather(noting, journal.flush(store))
        return inspect.verify(store.reader), _names(store.reader)

    verdict, names = with_journal(tmp_path, test)

    assert (verdict.holds, verdict.events) == (True, 100)
    assert sorted(names) == sorted([f"seen-{n}" for n in range(50)] + [f"noted-{n}" for n in range(50)])


def test_no_line_break_of_a_caller_can_forge_a_line(tmp_path):
    async def test(store, journal):
        journal.observe(event("one", errorMessage='x"}\n{"eventName":"forged"}\r\n\u2028'))
        await journal.flush(store)
        return inspect.portion(store.reader, 0).lines, inspect.verify(store.reader)

    lines, verdict = with_journal(tmp_path, test)

    assert len(lines) == 1
    assert msgspec.json.decode(lines[0])["eventName"] == "one"
    assert verdict.events == 1
