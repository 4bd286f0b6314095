"""The right to serve a database: a lock of the writing session, and proof that nobody had it in between.

Caches and the journal's head hold only while this process is the database's one writer. The lock goes with the
session when the connection breaks, so whoever takes it is counted: a process that comes back to another count has
been superseded, and neither writes nor reads any more.
"""

from typing import Final

import psycopg

from keystead.store.interface import DatabaseUnusable
from keystead.store.postgres.link import Connection, say

# Arbitrary, and for ever: an advisory lock is nothing but its number.
_SERVING: Final = 7_310_012_845_001
"""Held while serving. One keystead to a database until nodes look at the epoch (DESIGN §7): its caches would not
learn what another one revokes."""

_WAIT: Final = b"3s"
"""A killed predecessor's session takes a moment to end; a living one does not."""


class Tenure:
    """One process's time as the server of a database."""

    def __init__(self) -> None:
        self._number: int | None = None
        self.is_over = False

    def take(self, connection: Connection) -> None:
        """Take the lock for the life of this session.

        Raises DatabaseUnusable when another keystead has it, or had it since.
        """
        try:
            say(connection, b"SET lock_timeout = '%s'; SELECT pg_advisory_lock(%d)" % (_WAIT, _SERVING))
        except psycopg.errors.LockNotAvailable as error:
            raise DatabaseUnusable("the database is in use by another keystead") from error
        say(connection, b"SET lock_timeout = '10s'")
        if self._number is None:
            self._number = _next_number(connection)
        elif _present_number(connection) != self._number:
            self.is_over = True
            raise DatabaseUnusable("another keystead has served this database since: restart this one")


def _next_number(connection: Connection) -> int:
    say(connection, b"CREATE TABLE IF NOT EXISTS tenure (number BIGINT NOT NULL)")
    row = connection.execute("UPDATE tenure SET number = number + 1 RETURNING number").fetchone()
    row = row or connection.execute("INSERT INTO tenure (number) VALUES (1) RETURNING number").fetchone()
    return row[0] if row else 0


def _present_number(connection: Connection) -> int | None:
    row = connection.execute("SELECT number FROM tenure").fetchone()
    return row[0] if row else None
