"""The store in a PostgreSQL database: one writing connection, the event loop's reader, and some for long looks.

Every acknowledged commit is on the server's disk: `synchronous_commit` is on, and a server without fsync is
refused.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg

from keystead.kernel.clock import Clock
from keystead.kernel.errors import StoreUnavailable
from keystead.store.batching import BatchingStore
from keystead.store.interface import DatabaseUnusable, Parameters, Reader, Result, Row
from keystead.store.lock import DirectoryLock
from keystead.store.postgres.dialect import Dialect
from keystead.store.postgres.link import Connection, Target, connect, say
from keystead.store.postgres.rows import Rows, Session
from keystead.store.postgres.tenure import Tenure
from keystead.store.postgres.writer import PostgresWriter

_LOG = logging.getLogger("keystead.store")
_MAX_IDLE: Final = 4
_MEND_SECONDS: Final = (0.0, 0.05, 0.2, 1.0)
"""Pauses between attempts to connect anew; the last one again and again."""


class LoopReader:
    """The event loop's reader. A lost connection is replaced by another thread; until then nothing can be read.

    Only the thread that opened it may read. Two at once would each take the other's answer, or wait for ever.
    """

    def __init__(self, target: Target, dialect: Dialect, tenure: Tenure) -> None:
        self._target = target
        self._dialect = dialect
        self._tenure = tenure
        self._thread = threading.get_ident()
        self._closing = threading.Event()
        self._connection = self._connect()
        self._rows: Rows | None = Rows(Session(self._connection, dialect))

    def one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, or None. Raises StoreUnavailable."""
        try:
            return self._present().one(sql, parameters)
        except psycopg.OperationalError as error:
            raise self._unavailable() from error

    def all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row. Raises StoreUnavailable."""
        try:
            return self._present().all(sql, parameters)
        except psycopg.OperationalError as error:
            raise self._unavailable() from error

    def state(self) -> int | None:
        """Return None: other nodes commit, too, and asking would cost as much as looking."""
        return None

    def close(self) -> None:
        """Let go of the database."""
        self._closing.set()
        self._connection.close()

    def _present(self) -> Rows:
        if threading.get_ident() != self._thread:
            raise RuntimeError("the event loop's reader is read from another thread")
        if self._rows is None or self._tenure.is_over:
            raise StoreUnavailable("the database cannot be read")
        return self._rows

    def _unavailable(self) -> StoreUnavailable:
        if self._connection.closed and self._rows is not None:
            self._rows = None
            threading.Thread(target=self._mend, name="keystead-reconnect", daemon=True).start()
        return StoreUnavailable("the database cannot answer")

    def _mend(self) -> None:
        """Connect anew, however long it takes: the body of a thread of its own, as connecting may block."""
        attempt = 0
        while not self._closing.wait(_MEND_SECONDS[min(attempt, len(_MEND_SECONDS) - 1)]):
            attempt += 1
            try:
                connection = self._connect()
            except (psycopg.Error, DatabaseUnusable):
                continue
            self._connection, self._rows = connection, Rows(Session(connection, self._dialect))
            if self._closing.is_set():
                connection.close()
            return

    def _connect(self) -> Connection:
        connection = connect(self._target, name="keystead reader")
        # A look-up on the loop takes a millisecond; whatever takes this long holds up everybody.
        say(connection, b"SET default_transaction_read_only = on; SET statement_timeout = '2s'")
        return connection


class PostgresStore(BatchingStore):
    """The store of a data directory whose rows are in a PostgreSQL database.

    Raises DirectoryInUse, and DatabaseUnusable when another keystead serves the database or it cannot be reached.
    """

    def __init__(self, directory: Path, target: Target, clock: Clock) -> None:
        lock = DirectoryLock(directory)
        self._target = target
        self._dialect = Dialect()
        self._idle: list[Session] = []
        tenure = Tenure()
        try:
            writer = PostgresWriter(target, self._dialect, tenure, clock)
            try:
                self._loop_reader = LoopReader(target, self._dialect, tenure)
            except BaseException:
                writer.close()
                raise
        except BaseException as error:
            lock.release()
            if isinstance(error, psycopg.Error):
                raise DatabaseUnusable(f"the database cannot be opened: {error}") from error
            raise
        super().__init__(lock, writer, self._loop_reader)

    def close(self) -> None:
        """See BatchingStore.close."""
        self._loop_reader.close()
        while self._idle:
            self._idle.pop().connection.close()
        super().close()

    def _read_apart(self, job: Callable[[Reader], Result]) -> Result:
        try:
            session = self._begin_to_read()
            try:
                return job(Rows(session))
            finally:
                self._give_back(session)
        except (psycopg.OperationalError, DatabaseUnusable) as error:
            raise StoreUnavailable("the database cannot answer") from error

    def _begin_to_read(self) -> Session:
        """Return a session inside a transaction that sees one state."""
        words = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        while (session := self._idle_one()) is not None:
            try:
                say(session.connection, words)
            except psycopg.OperationalError:
                # Lost while it lay idle.
                session.connection.close()
            else:
                return session
        session = Session(connect(self._target, name="keystead long reader"), self._dialect)
        say(session.connection, words)
        return session

    def _idle_one(self) -> Session | None:
        # Several threads take and give; each of these calls is one step.
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _give_back(self, session: Session) -> None:
        connection = session.connection
        if connection.closed or len(self._idle) >= _MAX_IDLE:
            connection.close()
            return
        try:
            say(connection, b"ROLLBACK")
        except psycopg.OperationalError:
            connection.close()
        else:
            self._idle.append(session)
