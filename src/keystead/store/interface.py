"""What the rest of the house may do with the database: read, and run a job inside a shared commit.

Times are INTEGER milliseconds since the epoch, secrets BLOB, flags INTEGER 0/1. SQL names its columns and
uses `?` for parameters; an engine translates where its driver differs (`postgres/dialect.py` says what is the same
on every engine). A job may be run more than once before its commit holds: it has no effect but through its
transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

Row = tuple[Any, ...]
"""A row as the driver gives it: the only untyped thing here. `records.py` files turn it into a dataclass."""

Parameters = Sequence[object]
Result = TypeVar("Result")


class Reader(Protocol):
    """Looks at committed rows. Each statement sees one consistent state."""

    def one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, or None."""
        ...

    def all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row."""
        ...

    def state(self) -> int | None:
        """Return a number that is another one once anybody committed anything; None where that cannot be told.

        See `store/recent.py`. A transaction, which sees its own changes too, cannot tell.
        """
        ...


class Transaction(Reader, Protocol):
    """Changes rows. Sees its own changes; nothing of it is seen elsewhere before the commit."""

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement and return how many rows it changed."""
        ...

    def run_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement once per row of parameters."""
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` run once the commit is on disk and before anybody is told of it.

        It runs on the event loop, so it may touch caches; it is dropped when the job or the commit fails.
        """
        ...

    def note(self, entry: bytes) -> None:
        """Add an entry to the commit's log (the audit journal), kept only if this job is."""
        ...

    def revokes(self) -> None:
        """Say that this job takes access away: its commit moves the epoch on, once for all its jobs."""
        ...


Job = Callable[[Transaction], Result]


class DatabaseUnusable(Exception):
    """The database cannot be opened; the message says why, and holds no secret."""


class UnstorableText(ValueError):
    """A text that a database cannot keep: one with a NUL character. Validation should have refused it."""


class CommitLog(Protocol):
    """Whoever writes the notes of a commit's jobs down, as the last thing inside that commit."""

    def write(self, tx: Transaction, entries: Sequence[bytes]) -> None:
        """Store `entries`, which is never empty, in the order in which the jobs ran."""
        ...

    def settled(self, committed: bool) -> None:
        """Learn whether the commit that the last `write` belonged to is on disk."""
        ...


class Store(Protocol):
    """One database, whichever engine."""

    @property
    def reader(self) -> Reader:
        """The event loop's own reader; for look-ups that take at most a millisecond."""
        ...

    async def write(self, job: Job[Result]) -> Result:
        """Run `job` on the writer and return its result once the commit it shares is on disk.

        An exception of the job undoes that job alone and is raised here. Raises StoreUnavailable when the
        commit fails; then no job of the batch left a trace.
        """
        ...

    async def read(self, job: Callable[[Reader], Result]) -> Result:
        """Run a long look-up on a thread of its own, in one consistent state."""
        ...
