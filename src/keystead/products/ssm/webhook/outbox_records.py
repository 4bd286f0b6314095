"""The rows of what is still to be posted: their only SQL. A row is written with the change that it tells of."""

from dataclasses import dataclass
from typing import Final

from keystead.products.ssm.request_records import Event
from keystead.store.interface import Reader, Transaction

WAITING, DEAD = "waiting", "dead"
_DUE: Final = 16
"""Requests whose events are posted side by side."""
_POST = (
    "w.row, w.state, w.attempts, w.next_at, w.answer,"
    " e.id, e.account, e.region, e.request, e.detail_type, e.detail, e.at"
)


@dataclass(frozen=True, slots=True)
class Post:
    """An event that is to be posted. `answer` is what came of the last try; `next_at` is epoch milliseconds."""

    row: int
    state: str
    attempts: int
    next_at: int
    answer: str
    event: Event


def add(tx: Transaction, event: str, request: str) -> None:
    """Have an event posted; one that is to be posted already begins anew."""
    tx.run(
        "INSERT INTO ssm_webhook (event, request, state, attempts, next_at, answer)"
        " VALUES (?, ?, 'waiting', 0, 0, '') ON CONFLICT (event) DO UPDATE SET state = 'waiting', attempts = 0,"
        " next_at = 0",
        (event, request),
    )


def due(reader: Reader, now: int) -> list[Post]:
    """Return what may be posted now: the first that waits of each request, so that order is kept."""
    rows = reader.all(
        f"SELECT {_POST} FROM ssm_webhook w JOIN ssm_access_event e ON e.id = w.event"
        " WHERE w.state = 'waiting' AND w.next_at <= ? AND NOT EXISTS (SELECT 1 FROM ssm_webhook earlier"
        " WHERE earlier.request = w.request AND earlier.state = 'waiting' AND earlier.row < w.row)"
        " ORDER BY w.row LIMIT ?",
        (now, _DUE),
    )
    return [_read(row) for row in rows]


def take(tx: Transaction, post: Post, until: int) -> bool:
    """Begin a try that may last until then, and tell whether nobody else has begun it."""
    changed = tx.run(
        "UPDATE ssm_webhook SET attempts = attempts + 1, next_at = ?"
        " WHERE row = ? AND state = 'waiting' AND attempts = ? AND next_at = ?",
        (until, post.row, post.attempts, post.next_at),
    )
    return changed == 1


def drop(tx: Transaction, row: int) -> None:
    """Forget what was taken by the receiver."""
    tx.run("DELETE FROM ssm_webhook WHERE row = ?", (row,))


def put_off(tx: Transaction, row: int, state: str, next_at: int, answer: str) -> None:
    """Note that a try failed, and when there is another, if `state` has one."""
    tx.run(
        "UPDATE ssm_webhook SET state = ?, next_at = ?, answer = ? WHERE row = ?",
        (state, next_at, answer, row),
    )


def pending(reader: Reader, after: int, limit: int) -> list[Post]:
    """Return everything that is not posted yet, in order."""
    rows = reader.all(
        f"SELECT {_POST} FROM ssm_webhook w JOIN ssm_access_event e ON e.id = w.event"
        " WHERE w.row > ? ORDER BY w.row LIMIT ?",
        (after, limit),
    )
    return [_read(row) for row in rows]


def resend(tx: Transaction, event: str) -> bool:
    """Have an event posted again, whether it was taken or given up. False when there is none of that id."""
    found = tx.one("SELECT request FROM ssm_access_event WHERE id = ?", (event,))
    if found is not None:
        add(tx, event, found[0])
    return found is not None


def resend_dead(tx: Transaction) -> int:
    """Have everything posted again that was given up, and return how many."""
    return tx.run("UPDATE ssm_webhook SET state = 'waiting', attempts = 0, next_at = 0 WHERE state = 'dead'")


def _read(row: tuple[int, str, int, int, str, str, str, str, str, str, str, int]) -> Post:
    return Post(*row[:5], Event(*row[5:]))
