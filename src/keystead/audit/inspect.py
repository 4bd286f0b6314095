"""Reads the journal back: its last events, all of them, and whether the chain holds."""

from collections.abc import Callable
from dataclasses import dataclass

from keystead.audit import records
from keystead.audit.journal import GENESIS, link
from keystead.store.interface import Reader

_PORTION_LINES = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the chain found. `broken_at` is the first block that does not follow from its past."""

    blocks: int
    events: int
    head: bytes
    broken_at: int | None

    @property
    def holds(self) -> bool:
        """Whether no block was changed, removed or put in between."""
        return self.broken_at is None


@dataclass(frozen=True, slots=True)
class Portion:
    """Some lines of the journal, and the position behind them; None at the end."""

    lines: list[bytes]
    next: int | None


@dataclass(frozen=True, slots=True)
class Added:
    """Some lines of the journal, and the position of the last of them."""

    lines: list[bytes]
    end: int


def verify(reader: Reader) -> Verdict:
    """Recompute the chain from the start.

    A journal cut off at its end still verifies: compare `head` with one that was noted elsewhere.
    """
    chain, expected_number, events = GENESIS, 1, 0
    for block in records.blocks(reader):
        if type(block.body) is not bytes or type(block.at) is not int:
            # The database keeps values of any type; of another one they were not written by a journal.
            return Verdict(expected_number - 1, events, chain, block.number)
        chain = link(chain, block.at, block.body)
        lines = block.body.count(b"\n") + 1
        if chain != block.chain or block.number != expected_number or lines != block.events:
            return Verdict(expected_number - 1, events, chain, block.number)
        expected_number += 1
        events += lines
    return Verdict(expected_number - 1, events, chain, None)


def portion(reader: Reader, position: int) -> Portion:
    """Return the events behind a position, 0 being the start: about a thousand lines, oldest first."""
    lines: list[bytes] = []
    for block in records.blocks(reader, position + 1):
        lines += block.body.split(b"\n")
        if len(lines) >= _PORTION_LINES:
            return Portion(lines, block.number)
    return Portion(lines, None)


def since(reader: Reader, position: int) -> Added:
    """Return the events behind a position, oldest first: about a thousand lines at most."""
    lines: list[bytes] = []
    for block in records.blocks(reader, position + 1):
        lines += block.body.split(b"\n")
        position = block.number
        if len(lines) >= _PORTION_LINES:
            break
    return Added(lines, position)


def end(reader: Reader) -> int:
    """Return the position behind the last event, 0 in an empty journal."""
    last = next(iter(records.last_blocks(reader)), None)
    return 0 if last is None else last.number


def tail(reader: Reader, count: int, wanted: Callable[[bytes], bool] = lambda _: True) -> list[bytes]:
    """Return the last `count` events that are wanted, oldest first."""
    lines: list[bytes] = []
    for block in records.last_blocks(reader):
        lines[:0] = filter(wanted, block.body.split(b"\n"))
        if len(lines) >= count:
            break
    return lines[-count:] if count > 0 else []
