"""The writing connection: begins, undoes and commits for the batches, and comes back when it was lost.

Follows the PostgreSQL documentation, "Transaction Isolation" and "SAVEPOINT". Commits are serialisable, so that
what a job checked still holds when it is committed, whoever else may write one day.
"""

import logging
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus

from keystead.kernel.clock import Clock
from keystead.kernel.errors import StoreUnavailable
from keystead.store.batching import CommitInDoubt
from keystead.store.interface import DatabaseUnusable
from keystead.store.postgres.dialect import Dialect
from keystead.store.postgres.link import Connection, Target, connect, say
from keystead.store.postgres.rows import PostgresTransaction, Session
from keystead.store.postgres.tenure import Tenure

_LOG = logging.getLogger("keystead.store")

_STARTING: Final = 7_310_012_845_002
"""Advisory lock of migrations and of what `init` writes: one at a time, however many processes start."""

_OPEN: Final = b"; SAVEPOINT job; SELECT pg_current_xact_id()"
_BEGIN: Final = b"BEGIN ISOLATION LEVEL SERIALIZABLE" + _OPEN
# Not serialisable: that would look at the database as it was before the wait for the lock.
_BEGIN_STARTING: Final = b"BEGIN; SELECT pg_advisory_xact_lock(%d)" % _STARTING + _OPEN

_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


class PostgresWriter:
    """See batching.Writer. A round trip costs more than a statement, so savepoints travel two to a message."""

    def __init__(self, target: Target, dialect: Dialect, tenure: Tenure, clock: Clock) -> None:
        self._target = target
        self._dialect = dialect
        self._tenure = tenure
        self._clock = clock
        self._pause = 0.0
        self._not_before = 0.0
        self._transaction = ""
        self._has_fresh_savepoint = False
        self._connection = self._open()
        self._session = Session(self._connection, dialect)

    def begin(self, *, is_starting: bool) -> None:
        """See Writer.begin. Raises StoreUnavailable at once while it is too soon to try again."""
        words = _BEGIN_STARTING if is_starting else _BEGIN
        if self._connection.closed:
            self._open_again()
        try:
            result = say(self._connection, words)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            # It was lost while nothing was under way, so nothing of the batch is lost with it.
            self._open_again()
            result = say(self._connection, words)
        self._transaction = (result.get_value(0, 0) or b"").decode()
        self._has_fresh_savepoint = True

    def enter_job(self) -> PostgresTransaction:
        """See Writer.enter_job."""
        if not self._has_fresh_savepoint:
            say(self._connection, b"RELEASE job; SAVEPOINT job")
        self._has_fresh_savepoint = False
        return PostgresTransaction(self._session)

    def keep_job(self) -> None:
        """See Writer.keep_job. The savepoint is released when the next one is set, or by the commit."""
        if self._status != TransactionStatus.INTRANS:
            raise psycopg.errors.InFailedSqlTransaction("a statement of the job failed, and the job went on")

    def undo_job(self) -> None:
        """See Writer.undo_job."""
        say(self._connection, b"ROLLBACK TO job")
        self._has_fresh_savepoint = True

    def commit(self) -> None:
        """See Writer.commit."""
        transaction = self._transaction
        try:
            result = say(self._connection, b"COMMIT")
        except psycopg.OperationalError as error:
            if self._connection.closed:
                raise CommitInDoubt(lambda: self._holds(transaction)) from error
            raise
        if result.command_status != b"COMMIT":
            raise psycopg.OperationalError("the transaction had failed and was rolled back")

    def abandon(self) -> None:
        """See Writer.abandon. A connection that cannot even roll back is given up, and its transaction with it."""
        if self._connection.closed or self._status == TransactionStatus.IDLE:
            return
        try:
            say(self._connection, b"ROLLBACK")
        except psycopg.Error:
            self._connection.close()

    def may_run_again(self, error: BaseException) -> bool:
        """See Writer.may_run_again."""
        return isinstance(error, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected)

    def is_unavailable(self, error: BaseException) -> bool:
        """See Writer.is_unavailable."""
        return isinstance(error, psycopg.OperationalError)

    def close(self) -> None:
        """See Writer.close."""
        self._connection.close()

    @property
    def _status(self) -> int:
        return self._connection.pgconn.transaction_status

    def _holds(self, transaction: str) -> bool:
        """Return whether a transaction of a lost connection was committed, as the server remembers."""
        row = self._connection.execute("SELECT pg_xact_status($1::xid8)", (transaction,)).fetchone()
        if row == ("in progress",):
            raise StoreUnavailable("the server has not finished with the lost connection yet")
        return row == ("committed",)

    def _open(self) -> Connection:
        connection = connect(self._target, name="keystead writer")
        try:
            self._tenure.take(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_again(self) -> None:
        """Take a new connection in place of the lost one. Raises StoreUnavailable; callers wait in between."""
        if self._clock.monotonic() < self._not_before:
            raise StoreUnavailable("the database did not answer a moment ago")
        try:
            self._connection = self._open()
        except (psycopg.Error, DatabaseUnusable) as error:
            _LOG.warning("the database cannot be reached: %s", error)
            self._pause = min(max(2 * self._pause, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            self._not_before = self._clock.monotonic() + self._pause
            raise StoreUnavailable("the database does not answer") from error
        _LOG.warning("the connection to the database was lost, and there is a new one")
        self._session = Session(self._connection, self._dialect)
        self._pause = 0.0
