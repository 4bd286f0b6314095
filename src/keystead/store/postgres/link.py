"""Connects to PostgreSQL, and refuses a database that cannot keep our promises.

Follows the PostgreSQL documentation, "Database Connection Control Functions" and "Write Ahead Log". The password
comes from a file that is read at every connection, so that it can be changed while serving; it is never part of
the URL, and nothing here shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8BinaryDumper

from keystead.store.interface import DatabaseUnusable

# Rows are tuples of whatever a statement selects.
Connection = psycopg.Connection[Any]

_OLDEST: Final = 130000
"""PostgreSQL 13 is the first with pg_current_xact_id."""
_DEFAULTS: Final = {
    "connect_timeout": "5",
    # A server that has gone without a word is noticed within ten seconds, also in the middle of a statement.
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "10000",
}
"""Parameters of libpq that hold where the URL does not say otherwise."""
_SETTINGS: Final = (
    b"SET synchronous_commit = on; SET lock_timeout = '10s';"
    # The server, too, lets go of a client that is gone, and with it of the lock that our next session needs.
    b" SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 2"
)
_FITNESS: Final = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
    " current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()"
)
_FIT: Final = (
    ("UTF8", "its encoding is not UTF8"),
    ("on", "its server runs with fsync off: an acknowledged change could be lost"),
    ("on", "it does not commit synchronously"),
    (False, "it is a standby, which takes no changes"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Which database: a URL without a password, and the file that holds one, if one is needed."""

    url: str
    password_file: Path | None = None


class _FlagDumper(Dumper):
    """Flags are INTEGER 0/1 on every engine."""

    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: bool) -> bytes:
        """Return the number as text."""
        return b"1" if obj else b"0"


class _WholeLoader(Loader):
    """A sum of INTEGER is `numeric` here; it is a whole number all the same."""

    def load(self, data: bytes | bytearray | memoryview) -> int:
        """Return the number. Raises ValueError for a broken one, which no portable statement makes."""
        return int(bytes(data))


def connect(target: Target, *, name: str) -> Connection:
    """Return a connection, each statement of which is its own transaction until `say` begins another.

    `name` is shown in pg_stat_activity. Raises psycopg.OperationalError when nobody answers, DatabaseUnusable when
    the answer is not a database for us.
    """
    given = {key: value for key, value in conninfo_to_dict(target.url).items() if value is not None}
    parameters: dict[str, Any] = {**_DEFAULTS, **given, "application_name": name, "client_encoding": "utf8"}
    if target.password_file is not None:
        parameters["password"] = _password(target.password_file)
    connection: Connection = psycopg.Connection.connect(
        **parameters, autocommit=True, cursor_factory=psycopg.RawCursor
    )
    try:
        _adapt(connection.adapters)
        say(connection, _SETTINGS)
        _check(connection.execute(_FITNESS).fetchone() or (0,))
    except BaseException:
        connection.close()
        raise
    return connection


def say(connection: Connection, words: bytes) -> pq.abc.PGresult:
    """Run statements that have no parameters, all in one message, and return the last one's result.

    Raises what psycopg raises.
    """
    return checked(connection.pgconn.exec_(words))


def checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    """Return a result that is none of a failure. Raises what psycopg raises."""
    if result.status in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        return result
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    kind = psycopg.OperationalError if state is None else psycopg.errors.lookup(state.decode())
    raise kind((result.error_message or b"").decode(errors="replace").strip())


def _password(path: Path) -> str:
    try:
        return path.read_text().removesuffix("\n")
    except (OSError, ValueError) as error:
        raise DatabaseUnusable(f"the file {path} cannot be read") from error


def _adapt(adapters: AdaptersMap) -> None:
    """Have every whole number travel as one type, so that a statement is prepared once, whatever its numbers."""
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(bool, _FlagDumper)
    adapters.register_loader("numeric", _WholeLoader)


def _check(found: Sequence[object]) -> None:
    """Raise DatabaseUnusable for a database that would break a promise."""
    version, *others = found
    if not isinstance(version, int) or version < _OLDEST:
        raise DatabaseUnusable("the database is older than PostgreSQL 13")
    for (wanted, objection), other in zip(_FIT, others, strict=True):
        if other != wanted:
            raise DatabaseUnusable(f"the database cannot be used: {objection}")
