"""The embedded engine: one SQLite file in WAL mode, one writer thread, many jobs to one synced commit.

Follows DESIGN §4 and §6 and the SQLite documentation, "Write-Ahead Logging" and "PRAGMA synchronous". Jobs
that arrive while a commit is being synced form the next batch; each runs in its own savepoint and is
acknowledged only after the sync.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keystead.kernel.errors import StoreUnavailable
from keystead.store.interface import CommitLog, Job, Parameters, Reader, Result, Row, Transaction

_LOG = logging.getLogger("keystead.store")

DATABASE = "keystead.db"
_LOCK = "keystead.lock"
_CACHED_STATEMENTS = 512
_MAX_BATCH = 256


class DirectoryInUse(Exception):
    """Another process serves this data directory."""


class DirectoryLock:
    """An exclusive lock on a data directory, held until `release` or the end of the process."""

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise DirectoryInUse(f"{directory} is in use by another keystead") from error

    def release(self) -> None:
        """Let another process have the directory; releasing twice is no error."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Return a connection set up as this engine needs it; every acknowledged commit is synced."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=_CACHED_STATEMENTS
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 5000")
    # Freed pages are overwritten: once the WAL is checkpointed, a deleted credential leaves nothing behind.
    connection.execute("PRAGMA secure_delete = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


class SQLiteReader:
    """Reads over one connection. Not shared between threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

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


class SQLiteTransaction(SQLiteReader):
    """The writer's view inside a commit, with what the present job wants done after it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._connection = connection
        self.actions: list[Callable[[], None]] = []
        self.notes: list[bytes] = []

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement and return how many rows it changed."""
        return self._execute(sql, parameters).rowcount

    def run_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement once per row of parameters."""
        self._connection.executemany(sql, parameters)

    def after_commit(self, action: Callable[[], None]) -> None:
        """See Transaction.after_commit."""
        self.actions.append(action)

    def note(self, entry: bytes) -> None:
        """See Transaction.note."""
        self.notes.append(entry)


@dataclass(slots=True, eq=False)
class _Waiter:
    """A job and whoever waits for it; the outcome is set by the writer, delivered by the loop."""

    job: Job[Any]
    future: asyncio.Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class Counts:
    """What the writer did since it started; the bench reads it."""

    commits: int = 0
    jobs: int = 0
    failed_commits: int = 0


@dataclass(slots=True)
class _Batch:
    waiters: list[_Waiter]
    actions: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])


class NoLog:
    """A commit log that keeps nothing: for migrations and tests of the store itself."""

    def write(self, tx: Transaction, entries: Sequence[bytes]) -> None:
        """Drop the entries."""

    def settled(self, committed: bool) -> None:
        """Learn nothing."""


class SQLiteStore:
    """The store of one data directory. One per process; a second process is refused by the lock."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / DATABASE
        self._lock = DirectoryLock(directory)
        try:
            self._writer = connect(self._path, read_only=False)
            self._path.chmod(0o600)
            self._reading = connect(self._path, read_only=True)
        except BaseException:
            self._lock.release()
            raise
        self.reader: Reader = SQLiteReader(self._reading)
        self.counts = Counts()
        self._log: CommitLog = NoLog()
        self._in_doubt: Callable[[], None] = _do_nothing
        self._pending: list[_Waiter] = []
        self._busy = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = threading.Condition()
        self._handed: _Batch | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def log_to(self, log: CommitLog) -> None:
        """Have the notes of every later commit written by `log`."""
        self._log = log

    def when_in_doubt(self, action: Callable[[], None]) -> None:
        """Have `action` drop all that is held in memory, should something that follows a commit ever fail."""
        self._in_doubt = action

    def start(self) -> None:
        """Start the writer thread; called on the event loop that will await `write`."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._work, args=(self._loop,), name="keystead-writer", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Finish what was handed over, then close the database and free the directory."""
        while self._pending or self._busy:
            await asyncio.sleep(0.001)
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self.close()

    def close(self) -> None:
        """Close the database and free the directory; for use without a running writer."""
        self._reading.close()
        self._writer.close()
        self._lock.release()

    async def write(self, job: Job[Result]) -> Result:
        """See Store.write."""
        if self._loop is None or self._stopping:
            raise StoreUnavailable("the store is not running")
        future: asyncio.Future[Result] = self._loop.create_future()
        self._pending.append(_Waiter(job, future))
        if not self._busy:
            # Not at once: all requests that this turn of the loop reads share the commit.
            self._busy = True
            self._loop.call_soon(self._hand_over)
        return await future

    async def read(self, job: Callable[[Reader], Result]) -> Result:
        """See Store.read."""
        return await asyncio.to_thread(self._read_apart, job)

    def write_now(self, job: Job[Result]) -> Result:
        """Run one job in its own commit on the calling thread, while no writer thread runs."""
        if self._thread is not None:
            raise RuntimeError("the writer thread owns the connection")
        waiter = _Waiter(job)
        batch = _Batch([waiter])
        self._run(batch)
        self._settle(batch)
        if waiter.error is not None:
            raise waiter.error
        return waiter.result

    def _read_apart(self, job: Callable[[Reader], Result]) -> Result:
        connection = connect(self._path, read_only=True)
        try:
            connection.execute("BEGIN")
            return job(SQLiteReader(connection))
        finally:
            connection.close()

    def _hand_over(self) -> None:
        batch = _Batch(self._pending[:_MAX_BATCH])
        del self._pending[:_MAX_BATCH]
        with self._wake:
            self._handed = batch
            self._wake.notify()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run batches until told to stop: the body of the writer thread."""
        while True:
            with self._wake:
                while self._handed is None and not self._stopping:
                    self._wake.wait()
                batch, self._handed = self._handed, None
            if batch is None:
                return
            self._run(batch)
            loop.call_soon_threadsafe(self._deliver, batch)

    def _run(self, batch: _Batch) -> None:
        """Run every job of a batch and commit; a failed commit becomes every waiter's error."""
        noted = False
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            notes: list[bytes] = []
            for waiter in batch.waiters:
                self._run_job(waiter, batch, notes)
            if notes:
                noted = True
                self._log.write(SQLiteTransaction(self._writer), notes)
            self._writer.execute("COMMIT")
        except BaseException as error:  # Whatever broke the commit, nobody may be told that it holds.
            self._fail(batch, error)
            if noted:
                self._log.settled(False)
        else:
            self.counts.commits += 1
            self.counts.jobs += len(batch.waiters)
            if noted:
                self._log.settled(True)

    def _run_job(self, waiter: _Waiter, batch: _Batch, notes: list[bytes]) -> None:
        tx = SQLiteTransaction(self._writer)
        self._writer.execute("SAVEPOINT job")
        try:
            waiter.result = waiter.job(tx)
        except (
            BaseException
        ) as error:  # A job's failure is its caller's to judge; the batch goes on without it.
            if not self._writer.in_transaction:
                # The driver has given the whole transaction up, and every job of it with this one.
                raise
            self._writer.execute("ROLLBACK TO job")
            waiter.error = _for_waiter(error)
        else:
            batch.actions.extend(tx.actions)
            notes.extend(tx.notes)
        self._writer.execute("RELEASE job")

    def _fail(self, batch: _Batch, error: BaseException) -> None:
        self.counts.failed_commits += 1
        if self._writer.in_transaction:
            # Should even this fail, the next BEGIN fails too, and its waiters hear of it.
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
        batch.actions.clear()
        for waiter in batch.waiters:
            waiter.result = None
            waiter.error = StoreUnavailable("the commit failed")
            waiter.error.__cause__ = error

    def _settle(self, batch: _Batch) -> None:
        for action in batch.actions:
            try:
                action()
            except Exception:  # The commit holds; the other actions and every waiter must still hear of it.
                _LOG.critical("what follows a commit failed", exc_info=True)
                self._in_doubt()

    def _deliver(self, batch: _Batch) -> None:
        """On the loop: first what caches must know, then the waiters, then the next batch."""
        self._settle(batch)
        for waiter in batch.waiters:
            if waiter.future is None or waiter.future.cancelled():
                continue
            if waiter.error is not None:
                waiter.future.set_exception(waiter.error)
            else:
                waiter.future.set_result(waiter.result)
        if self._pending:
            self._hand_over()
        else:
            self._busy = False


def _do_nothing() -> None:
    """Hold nothing in memory that could be in doubt."""


def _for_waiter(error: BaseException) -> Exception:
    """Return what a job's caller is told of its failure.

    The driver's own failures are StoreUnavailable. What a future does not take as an exception, or would take for
    its own cancellation, is wrapped: whatever a job raises, its caller must hear of it.
    """
    if isinstance(error, sqlite3.OperationalError):
        unavailable = StoreUnavailable("the database cannot answer")
        unavailable.__cause__ = error
        return unavailable
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"a job ended with {type(error).__name__}")
    wrapped.__cause__ = error
    return wrapped
