"""Whatever is done to the journal's blocks from outside is found; reading back is whole and in order."""

import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import opened

from keystead.audit import inspect, records
from keystead.audit.journal import GENESIS, link

BLOCKS = 6


def _journal(folder, blocks=BLOCKS):
    store, _ = opened(folder)
    for number in range(1, blocks + 1):
        store.write_now(lambda tx, number=number: [tx.note(b"%d.%d" % (number, line)) for line in range(3)])
    return store


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A journal of some blocks, closed."""
    folder = tmp_path_factory.mktemp("pristine")
    _journal(folder).close()
    return folder / "keystead.db"


def _after(pristine, *changes):
    """Return the verdict on a copy of the journal to which somebody did `changes`."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "keystead.db"
        path.write_bytes(pristine.read_bytes())
        outsider = sqlite3.connect(path)
        with outsider:
            for sql, parameters in changes:
                outsider.execute(sql, parameters)
        outsider.close()
        store, _ = opened(Path(name))
        try:
            return inspect.verify(store.reader)
        finally:
            store.close()


def test_an_untouched_chain_holds(pristine):
    verdict = _after(pristine)

    assert (verdict.holds, verdict.broken_at, verdict.blocks, verdict.events) == (
        True,
        None,
        BLOCKS,
        BLOCKS * 3,
    )


def test_an_empty_journal_holds(tmp_path):
    store, _ = opened(tmp_path)
    try:
        assert inspect.verify(store.reader) == inspect.Verdict(0, 0, GENESIS, None)
    finally:
        store.close()


number = st.integers(1, BLOCKS)


@settings(deadline=None, max_examples=40)
@given(number, st.binary(max_size=20))
def test_a_changed_body_is_found(pristine, block, body):
    verdict = _after(pristine, ("UPDATE audit_block SET body = ? WHERE number = ?", (body, block)))

    assert verdict.broken_at == block


@settings(deadline=None, max_examples=20)
@given(number, st.sampled_from(["chain", "events"]), st.integers(0, 255))
def test_a_changed_column_is_found(pristine, block, column, value):
    changed = bytes([value]) * 32 if column == "chain" else value if value != 3 else 4

    assert _after(
        pristine, (f"UPDATE audit_block SET {column} = ? WHERE number = ?", (changed, block))
    ).broken_at


@pytest.mark.parametrize("value", ["text", 5, 1.5, ""])
@pytest.mark.parametrize("column", ["chain", "body"])
def test_a_column_of_another_type_is_found(pristine, column, value):
    verdict = _after(pristine, (f"UPDATE audit_block SET {column} = ? WHERE number = 2", (value,)))

    assert verdict.broken_at == 2


@settings(deadline=None, max_examples=10)
@given(st.integers(1, BLOCKS - 1))
def test_a_removed_block_is_found(pristine, block):
    verdict = _after(pristine, ("DELETE FROM audit_block WHERE number = ?", (block,)))

    assert verdict.broken_at == block + 1


@settings(deadline=None, max_examples=10)
@given(st.integers(2, BLOCKS))
def test_a_removed_beginning_is_found_even_when_renumbered(pristine, keep_from):
    removed = ("DELETE FROM audit_block WHERE number < ?", (keep_from,))
    renumbered = ("UPDATE audit_block SET number = number - ?", (keep_from - 1,))

    assert _after(pristine, removed, renumbered).broken_at == 1


@settings(deadline=None, max_examples=20)
@given(number, number)
def test_reordered_blocks_are_found(pristine, one, other):
    swap = [
        ("UPDATE audit_block SET number = 1000 WHERE number = ?", (one,)),
        ("UPDATE audit_block SET number = ? WHERE number = ?", (one, other)),
        ("UPDATE audit_block SET number = ? WHERE number = 1000", (other,)),
    ]

    verdict = _after(pristine, *swap)

    assert verdict.holds == (one == other)


@settings(deadline=None, max_examples=20)
@given(st.integers(-5, BLOCKS + 5).filter(lambda at: at == 0 or at < 0 or at > BLOCKS + 1), st.booleans())
def test_a_block_put_in_anywhere_is_found(pristine, at, chained):
    body = b'{"eventName":"forged"}'
    chain = link(GENESIS, 0, body) if chained else b"c" * 32
    row = (
        "INSERT INTO audit_block (number, at, events, chain, body) VALUES (?, 0, 1, ?, ?)",
        (at, chain, body),
    )

    assert not _after(pristine, row).holds


def test_a_journal_cut_off_at_its_end_shows_by_its_head(pristine):
    whole = _after(pristine)
    cut = _after(pristine, ("DELETE FROM audit_block WHERE number = ?", (BLOCKS,)))

    assert cut.holds
    assert cut.head != whole.head


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 17, 18, 1000])
def test_the_tail_is_the_last_lines_oldest_first(tmp_path, count):
    store = _journal(tmp_path)
    try:
        every = [line for block in range(1, BLOCKS + 1) for line in (b"%d.%d" % (block, n) for n in range(3))]

        assert inspect.tail(store.reader, count) == (every[-count:] if count else [])
    finally:
        store.close()


def test_the_tail_can_be_of_some_lines_only(tmp_path):
    store = _journal(tmp_path)
    try:
        second = [b"%d.1" % block for block in range(1, BLOCKS + 1)]

        assert inspect.tail(store.reader, 3, lambda line: line.endswith(b".1")) == second[-3:]
        assert inspect.tail(store.reader, 10_000, lambda line: line.endswith(b".1")) == second
    finally:
        store.close()


def test_what_was_added_since_is_told_with_where_to_go_on(tmp_path):
    store = _journal(tmp_path)
    try:
        added = inspect.since(store.reader, BLOCKS - 1)

        assert added.lines == [b"%d.%d" % (BLOCKS, n) for n in range(3)]
        assert added.end == inspect.end(store.reader) == BLOCKS
        assert inspect.since(store.reader, BLOCKS) == inspect.Added([], BLOCKS)
    finally:
        store.close()


def test_export_in_portions_is_every_line_once(tmp_path):
    blocks = 1500
    store, _ = opened(tmp_path)
    try:
        for _ in range(blocks // 500):
            store.write_now(lambda tx: [tx.note(b"x") for _ in range(1)])

        def grow(tx):
            chain = inspect.verify(tx).head
            for at in range(blocks):
                body = b"%d\n%d" % (at, at)
                chain = link(chain, at, body)
                records.append(tx, at, 2, chain, body)

        store.write_now(grow)
        position, lines, portions = 0, [], 0
        while position is not None:
            portion = inspect.portion(store.reader, position)
            lines += portion.lines
            position, portions = portion.next, portions + 1

        assert len(lines) == blocks * 2 + 3
        assert lines[3:] == [b"%d" % (at // 2) for at in range(blocks * 2)]
        assert portions > 2
        assert inspect.verify(store.reader).holds
    finally:
        store.close()
