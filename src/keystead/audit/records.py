"""The journal's rows: its only SQL."""

from collections.abc import Iterator
from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction

_READ_AT_ONCE = 200
FIRST = -(2**63)
"""Where reading begins: below any number, so that a block put in before the first one is seen."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some events that were written together. `body` holds one JSON document per line; `at` is in ms."""

    number: int
    at: int
    events: int
    chain: bytes
    body: bytes


def head(reader: Reader) -> bytes | None:
    """Return the chain value of the last block, or None when there is none."""
    row = reader.one("SELECT chain FROM audit_block ORDER BY number DESC LIMIT 1")
    return None if row is None else row[0]


def append(tx: Transaction, at: int, events: int, chain: bytes, body: bytes) -> None:
    """Add a block at the end. Its number is the next one: a gap means that a block was taken out."""
    tx.run(
        "INSERT INTO audit_block (number, at, events, chain, body)"
        " SELECT COALESCE(max(number), 0) + 1, ?, ?, ?, ? FROM audit_block",
        (at, events, chain, body),
    )


def blocks(reader: Reader, start: int = FIRST) -> Iterator[Block]:
    """Return every block from number `start` on, oldest first, read in portions."""
    while True:
        rows = reader.all(
            "SELECT number, at, events, chain, body FROM audit_block WHERE number >= ?"
            " ORDER BY number LIMIT ?",
            (start, _READ_AT_ONCE),
        )
        for row in rows:
            yield Block(*row)
        if len(rows) < _READ_AT_ONCE:
            return
        start = rows[-1][0] + 1


def last_blocks(reader: Reader, before: int | None = None) -> Iterator[Block]:
    """Return every block below `before` (all when None), newest first, read in portions."""
    while True:
        rows = reader.all(
            "SELECT number, at, events, chain, body FROM audit_block WHERE number < ?"
            " ORDER BY number DESC LIMIT ?",
            (before if before is not None else 2**62, _READ_AT_ONCE),
        )
        for row in rows:
            yield Block(*row)
        if len(rows) < _READ_AT_ONCE:
            return
        before = rows[-1][0]
