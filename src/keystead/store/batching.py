"""What the engines share: jobs that arrive while a commit is on its way are the next commit, together.

Follows DESIGN §4 and §6. Each job runs in its own savepoint; everybody is told only after the commit is on disk,
caches first. An engine brings a `Writer`, which knows its driver, and a reader.
"""

import asyncio
import contextlib
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from keystead.kernel.errors import StoreUnavailable
from keystead.store.interface import CommitLog, Job, Reader, Result, Transaction
from keystead.store.lock import DirectoryLock

_LOG = logging.getLogger("keystead.store")
_MAX_BATCH = 256
_ATTEMPTS = 6
"""How often a batch is run that the database asks to run again."""
_PAUSE_SECONDS = 0.01


class CommitInDoubt(Exception):
    """The connection was lost while a commit was on its way. `holds` tells, once there is a new one."""

    def __init__(self, holds: Callable[[], bool]) -> None:
        super().__init__("the connection was lost during a commit")
        self.holds = holds


class Wishes:
    """The half of a transaction that needs no driver: what a job wants done with its commit."""

    def __init__(self) -> None:
        self.actions: list[Callable[[], None]] = []
        self.notes: list[bytes] = []
        self.is_revoking = False

    def after_commit(self, action: Callable[[], None]) -> None:
        """See Transaction.after_commit."""
        self.actions.append(action)

    def note(self, entry: bytes) -> None:
        """See Transaction.note."""
        self.notes.append(entry)

    def revokes(self) -> None:
        """See Transaction.revokes."""
        self.is_revoking = True


class JobTransaction(Transaction, Protocol):
    """A transaction as an engine makes it for one job."""

    actions: list[Callable[[], None]]
    notes: list[bytes]
    is_revoking: bool


class Writer(Protocol):
    """An engine's one writing connection. Used by one thread at a time."""

    def begin(self, *, is_starting: bool) -> None:
        """Begin a commit, connected anew if need be. `is_starting`: alone among all that start up."""
        ...

    def enter_job(self) -> JobTransaction:
        """Return the transaction of a next job, which can be undone apart from those before it."""
        ...

    def keep_job(self) -> None:
        """Keep the job. Raises when its statements do not stand; then it is to be undone."""
        ...

    def undo_job(self) -> None:
        """Undo the job alone. Raises when the whole commit is lost."""
        ...

    def commit(self) -> None:
        """Bring everything to disk. Raises CommitInDoubt when nobody can say whether it is."""
        ...

    def abandon(self) -> None:
        """Undo everything since `begin`."""
        ...

    def may_run_again(self, error: BaseException) -> bool:
        """Return whether the database asks for the same batch once more."""
        ...

    def is_unavailable(self, error: BaseException) -> bool:
        """Return whether the driver says that the database cannot answer, whatever was asked."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


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
    repeated: int = 0


@dataclass(slots=True)
class _Batch:
    """Jobs that share a commit, and what those that were kept wish."""

    waiters: list[_Waiter]
    actions: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    notes: list[bytes] = field(default_factory=list[bytes])
    is_revoking: bool = False

    def forget_outcome(self) -> None:
        """Be as before the first attempt."""
        self.actions, self.notes, self.is_revoking = [], [], False
        for waiter in self.waiters:
            waiter.result = waiter.error = None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A commit of which nobody knows yet whether it holds."""

    holds: Callable[[], bool]
    actions: list[Callable[[], None]]
    has_notes: bool


class NoLog:
    """A commit log that keeps nothing: for migrations and tests of the store itself."""

    def write(self, tx: Transaction, entries: Sequence[bytes]) -> None:
        """Drop the entries."""

    def settled(self, committed: bool) -> None:
        """Learn nothing."""


def _do_nothing() -> None:
    """Hold nothing in memory that could be in doubt."""


class BatchingStore(ABC):
    """The store of one data directory, whichever engine; a second process is refused by the lock."""

    def __init__(self, lock: DirectoryLock, writer: Writer, reader: Reader) -> None:
        self._lock = lock
        self._writer = writer
        self.reader: Reader = reader
        self.counts = Counts()
        self._log: CommitLog = NoLog()
        self._in_doubt: Callable[[], None] = _do_nothing
        self._pending: list[_Waiter] = []
        self._busy = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = threading.Condition()
        self._handed: _Batch | None = None
        self._doubt: _Doubt | None = None
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
        try:
            return await future
        finally:
            # It holds the job's failure, whose traceback holds this frame: garbage for the collector alone.
            del future

    async def read(self, job: Callable[[Reader], Result]) -> Result:
        """See Store.read."""
        return await asyncio.to_thread(self._read_apart, job)

    def write_now(self, job: Job[Result]) -> Result:
        """Run one job in its own commit on the calling thread, while no writer thread runs."""
        if self._thread is not None:
            raise RuntimeError("the writer thread owns the connection")
        waiter = _Waiter(job)
        batch = _Batch([waiter])
        self._run(batch, is_starting=True)
        for action in batch.actions:
            action()
        if waiter.error is not None:
            raise waiter.error
        return waiter.result

    @abstractmethod
    def _read_apart(self, job: Callable[[Reader], Result]) -> Result:
        """Run a look-up on the calling thread, in one consistent state."""

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

    def _run(self, batch: _Batch, *, is_starting: bool = False) -> None:
        """Run every job of a batch and commit; a failed commit becomes every waiter's error."""
        attempts = 1
        while error := self._attempt(batch, is_starting):
            if attempts == _ATTEMPTS or not self._writer.may_run_again(error):
                self._fail(batch, error)
                return
            self.counts.repeated += 1
            time.sleep(_PAUSE_SECONDS * attempts)
            attempts += 1
            batch.forget_outcome()

    def _attempt(self, batch: _Batch, is_starting: bool) -> Exception | None:
        """Return what broke the commit, or None when it is on disk."""
        has_written = False
        try:
            self._writer.begin(is_starting=is_starting)
            self._settle_doubt()
            for waiter in batch.waiters:
                self._run_job(waiter, batch)
            has_written = bool(batch.notes)
            self._conclude(batch)
            self._writer.commit()
        except CommitInDoubt as error:
            self._doubt = _Doubt(error.holds, batch.actions, has_written)
            return error
        except Exception as error:  # Whatever broke the commit, nobody may be told that it holds.
            # Should even this fail, the next commit fails too, and its waiters hear of it.
            with contextlib.suppress(Exception):
                self._writer.abandon()
            if has_written:
                self._log.settled(False)
            return error
        self.counts.commits += 1
        self.counts.jobs += len(batch.waiters)
        if has_written:
            self._log.settled(True)
        return None

    def _run_job(self, waiter: _Waiter, batch: _Batch) -> None:
        tx = self._writer.enter_job()
        try:
            waiter.result = waiter.job(tx)
            self._writer.keep_job()
        except (
            BaseException
        ) as error:  # A job's failure is its caller's to judge; the batch goes on without it.
            if self._writer.may_run_again(error):
                raise
            self._writer.undo_job()
            waiter.result, waiter.error = None, self._as_told(error)
            return
        batch.actions.extend(tx.actions)
        batch.notes.extend(tx.notes)
        batch.is_revoking = batch.is_revoking or tx.is_revoking

    def _conclude(self, batch: _Batch) -> None:
        """Write what the commit itself owes to its jobs."""
        if not batch.is_revoking and not batch.notes:
            return
        tx = self._writer.enter_job()
        if batch.is_revoking:
            tx.run("UPDATE epoch SET value = value + 1")
        if batch.notes:
            self._log.write(tx, batch.notes)
        self._writer.keep_job()

    def _settle_doubt(self) -> None:
        """Find out about a commit in doubt. Its waiters were told that it failed; log and caches must know."""
        if self._doubt is None:
            return
        holds = self._doubt.holds()
        doubt, self._doubt = self._doubt, None
        if doubt.has_notes:
            self._log.settled(holds)
        if holds and self._loop is not None:
            self._loop.call_soon_threadsafe(self._act, doubt.actions)

    def _fail(self, batch: _Batch, error: Exception) -> None:
        self.counts.failed_commits += 1
        batch.actions = []
        for waiter in batch.waiters:
            waiter.result = None
            waiter.error = StoreUnavailable("the commit failed")
            waiter.error.__cause__ = error

    def _deliver(self, batch: _Batch) -> None:
        """On the loop: first what caches must know, then the waiters, then the next batch."""
        self._act(batch.actions)
        for waiter in batch.waiters:
            # A failure's traceback refers to the waiter. Kept, the two would be garbage for the collector alone.
            future, waiter.future = waiter.future, None
            error, waiter.error = waiter.error, None
            if future is None or future.cancelled():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(waiter.result)
        if self._pending:
            self._hand_over()
        else:
            self._busy = False

    def _act(self, actions: Sequence[Callable[[], None]]) -> None:
        for action in actions:
            try:
                action()
            except Exception:  # The commit holds; the other actions and every waiter must still hear of it.
                _LOG.critical("what follows a commit failed", exc_info=True)
                self._in_doubt()

    def _as_told(self, error: BaseException) -> Exception:
        """Return a job's failure as its caller gets it."""
        told: Exception
        if self._writer.is_unavailable(error):
            told = StoreUnavailable("the database cannot answer")
        elif isinstance(error, StopIteration) or not isinstance(error, Exception):
            # These mean something else to whoever awaits, or cannot be awaited at all.
            told = RuntimeError("the job broke off")
        else:
            return error
        told.__cause__ = error
        return told
