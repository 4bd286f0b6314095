"""Statements over one connection: what readers and transactions of this engine have in common.

They go straight to libpq, prepared at their second use: half the time of psycopg's cursors, and one release of the
interpreter's lock instead of several while the event loop wants it.
"""

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

from keystead.store.batching import Wishes
from keystead.store.interface import Parameters, Row, UnstorableText
from keystead.store.postgres.dialect import Dialect, defines_schema
from keystead.store.postgres.link import Connection, checked, say

_MAX_PREPARED: Final = 2000
"""Statements are constants, but each pattern of NULLs among the parameters is prepared apart."""


class Session:
    """One connection with its prepared statements. Not shared between threads."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self.connection = connection
        self._translate = dialect.translate
        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        # Name of the prepared statement by text and types of parameters; empty at the first use.
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._prepared = 0

    def perform(self, sql: str, parameters: Parameters) -> pq.abc.PGresult:
        """Return the result of one statement. Raises what psycopg raises."""
        if defines_schema(sql):
            self._forget()
            return say(self.connection, self._translate(sql))
        transformer = self._transformer
        # NULLs are None; the type of one of the two functions below forgets that.
        values: Any = transformer.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        types, formats = transformer.types or (), transformer.formats
        name = self._names.get((sql, types))
        if name is None:
            self._names[sql, types] = b""
            return checked(self._pgconn.exec_params(self._translate(sql), values, types, formats))
        if not name:
            name = self._prepare(sql, types)
        return checked(self._pgconn.exec_prepared(name, values, formats))

    def rows(self, result: pq.abc.PGresult) -> list[Row]:
        """Return the rows of a result."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def perform_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run a statement once per row, without waiting for each."""
        self.connection.cursor().executemany(self._translate(sql), rows)

    def _prepare(self, sql: str, types: tuple[int, ...]) -> bytes:
        if len(self._names) > _MAX_PREPARED:
            self._forget()
        self._prepared += 1
        name = b"keystead_%d" % self._prepared
        checked(self._pgconn.prepare(name, self._translate(sql), types))
        self._names[sql, types] = name
        return name

    def _forget(self) -> None:
        """Prepare everything anew: plans that were made before the schema changed may not fit any more."""
        if self._names:
            say(self.connection, b"DEALLOCATE ALL")
            self._names.clear()


class Rows:
    """Reads over one connection.

    A text with a NUL is in no row of a PostgreSQL database, and looking for one finds nothing.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row, or None."""
        rows = self.all(sql, parameters)
        return rows[0] if rows else None

    def all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Return every row."""
        try:
            result = self._session.perform(sql, parameters)
        except psycopg.DataError as error:
            _refuse_nul([parameters], error, is_look=sql.lstrip().startswith("SELECT"))
            return []
        return self._session.rows(result)

    def state(self) -> int | None:
        """Return None: see LoopReader."""
        return None


class PostgresTransaction(Rows, Wishes):
    """The writer's view inside a commit, with what the present job wants done after it."""

    def __init__(self, session: Session) -> None:
        Rows.__init__(self, session)
        Wishes.__init__(self)

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement and return how many rows it changed."""
        try:
            return self._session.perform(sql, parameters).command_tuples or 0
        except psycopg.DataError as error:
            _refuse_nul([parameters], error)
            raise

    def run_many(self, sql: str, parameters: Iterable[Parameters]) -> None:
        """Run one statement once per row of parameters."""
        rows = list(parameters)
        try:
            self._session.perform_many(sql, rows)
        except psycopg.DataError as error:
            _refuse_nul(rows, error)
            raise


def _refuse_nul(rows: Iterable[Parameters], error: psycopg.DataError, *, is_look: bool = False) -> None:
    """Raise what is the matter; return if it is a NUL in a mere look-up."""
    if not any(isinstance(value, str) and "\0" in value for row in rows for value in row):
        raise error
    if not is_look:
        raise UnstorableText("a text with a NUL character cannot be stored") from error
