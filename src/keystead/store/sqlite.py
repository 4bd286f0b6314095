"""The embedded engine: one SQLite file in WAL mode, written by one thread.

Follows DESIGN §6 and the SQLite documentation, "Write-Ahead Logging" and "PRAGMA synchronous". How jobs share
a commit is in `batching.py`.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from keystead.kernel.errors import StoreUnavailable
from keystead.store.batching import BatchingStore, Wishes
from keystead.store.interface import Parameters, Reader, Result, Row
from keystead.store.lock import DirectoryLock

DATABASE = "keystead.db"
_CACHED_STATEMENTS = 512
_CACHE_KIB = 16 * 1024
"""Memory in which a connection may keep pages that it has seen: with SQLite's own 2 MiB, commits read the file."""


def _untold() -> int | None:
    return None


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Return a connection set up as this engine needs it; every acknowledged commit is synced."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=_CACHED_STATEMENTS
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    # Freed pages are overwritten: once the WAL is checkpointed, a deleted credential leaves nothing behind.
    connection.execute("PRAGMA secure_delete = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


class SQLiteReader:
    """Reads over one connection. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection, state: Callable[[], int | None] = _untold) -> None:
        """`state` tells the number of Reader's; the reader of a transaction or a snapshot has none."""
        self._execute = connection.execute
        self.state = state

    def one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, or None."""
        try:
            cursor = self._execute(sql, parameters)
            row: Row | None = cursor.fetchone()
        except sqlite3.OperationalError as error:
            raise StoreUnavailable("the database cannot answer") from error
        # An unfinished statement would pin this reader's snapshot and keep the WAL from being checkpointed.
        cursor.close()
        return row

    def all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row."""
        try:
            return self._execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            raise StoreUnavailable("the database cannot answer") from error


class SQLiteTransaction(SQLiteReader, Wishes):
    """The writer's view inside a commit, with what the present job wants done after it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        SQLiteReader.__init__(self, connection)
        Wishes.__init__(self)
        self._connection = connection

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement and return how many rows it changed."""
        return self._execute(sql, parameters).rowcount

    def run_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement once per row of parameters."""
        self._connection.executemany(sql, parameters)


class SQLiteWriter:
    """The one connection that writes the file; see batching.Writer. `commits` counts what may have changed it.

    No other process writes it, by the directory's lock, so that nobody has to ask SQLite, whose
    "PRAGMA data_version" locks and unlocks the file.
    """

    def __init__(self, path: Path) -> None:
        self.commits = 0
        self._connection = connect(path, read_only=False)
        self._execute = self._connection.execute

    def begin(self, *, is_starting: bool) -> None:
        """Take the file's write lock. Start-up needs no other: the directory's lock is held."""
        del is_starting
        self._execute("BEGIN IMMEDIATE")

    def enter_job(self) -> SQLiteTransaction:
        """See Writer.enter_job."""
        self._execute("SAVEPOINT job")
        return SQLiteTransaction(self._connection)

    def keep_job(self) -> None:
        """See Writer.keep_job."""
        self._execute("RELEASE job")

    def undo_job(self) -> None:
        """See Writer.undo_job."""
        # SQLite rolls a whole transaction back when the disk is full; the savepoint is gone then, and this raises.
        self._execute("ROLLBACK TO job")
        self._execute("RELEASE job")

    def commit(self) -> None:
        """See Writer.commit."""
        try:
            self._execute("COMMIT")
        finally:
            # Not before it, when readers still see what was; and if it failed, nobody knows what they see.
            self.commits += 1

    def abandon(self) -> None:
        """See Writer.abandon."""
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    def may_run_again(self, error: BaseException) -> bool:
        """There is one writer, which waits for nobody and conflicts with nobody."""
        del error
        return False

    def is_unavailable(self, error: BaseException) -> bool:
        """See Writer.is_unavailable."""
        return isinstance(error, sqlite3.OperationalError)

    def close(self) -> None:
        """See Writer.close."""
        self._connection.close()


class SQLiteStore(BatchingStore):
    """The store in a data directory's own file."""

    def __init__(self, directory: Path) -> None:
        lock = DirectoryLock(directory)
        self._path = directory / DATABASE
        try:
            writer = SQLiteWriter(self._path)
            self._path.chmod(0o600)
            self._reading = connect(self._path, read_only=True)
        except BaseException:
            lock.release()
            raise
        super().__init__(lock, writer, SQLiteReader(self._reading, lambda: writer.commits))

    def close(self) -> None:
        """See BatchingStore.close."""
        self._reading.close()
        super().close()

    def _read_apart(self, job: Callable[[Reader], Result]) -> Result:
        connection = connect(self._path, read_only=True)
        try:
            connection.execute("BEGIN")
            return job(SQLiteReader(connection))
        finally:
            connection.close()
