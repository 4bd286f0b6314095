"""Faults of the database, made in the running authority: the engine itself fails, and everything above must cope.

Each is a context manager; when it is left, the fault is over and the same server has to go on working.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg

from support.running import RunningAuthority

_NO_LIMIT = 2**32 - 2
_REFUSE_AS_FULL = """
CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
"""


FULL = {"sqlite": "sqlite3.OperationalError: database or disk is full", "postgres": "psycopg.errors.DiskFull"}
"""What each engine says of a full disk, as the log shows it."""


def engine_of(authority: RunningAuthority) -> str:
    """Return where the authority keeps its rows: `sqlite` or `postgres`."""
    return "postgres" if authority.settings.database else "sqlite"


def broken_disk(authority: RunningAuthority) -> AbstractContextManager[None]:
    """Let nothing be read and nothing be written."""
    broken = {"sqlite": _broken_sqlite, "postgres": _broken_postgres}
    return broken[engine_of(authority)](authority)


def full_disk(authority: RunningAuthority) -> AbstractContextManager[None]:
    """Let no more credentials be stored than fit in what the database already has."""
    full = {"sqlite": _full_sqlite, "postgres": _full_postgres}
    return full[engine_of(authority)](authority)


@contextmanager
def _broken_sqlite(authority: RunningAuthority) -> Iterator[None]:
    """Say "interrupted" to whoever reads, and "attempt to write a readonly database" to whoever writes."""
    store = authority.authority.store

    async def stop_reading() -> None:
        store._reading.set_progress_handler(lambda: 1, 1)

    async def read_again() -> None:
        store._reading.set_progress_handler(None, 0)

    # Between two of the test's requests nobody writes, so the writer's connection may be set from here.
    store._writer._connection.execute("PRAGMA query_only = ON")
    authority.run(stop_reading())
    try:
        yield
    finally:
        authority.run(read_again())
        store._writer._connection.execute("PRAGMA query_only = OFF")


@contextmanager
def _full_sqlite(authority: RunningAuthority) -> Iterator[None]:
    """Let the database grow by not one page: once its pages are full, SQLite answers "database or disk is full"."""
    store = authority.authority.store
    pages = authority.run(store.write(lambda tx: tx.one("PRAGMA page_count")))[0]
    authority.run(store.write(lambda tx: tx.one(f"PRAGMA max_page_count = {pages}")))
    try:
        yield
    finally:
        authority.run(store.write(lambda tx: tx.one(f"PRAGMA max_page_count = {_NO_LIMIT}")))


@contextmanager
def _broken_postgres(authority: RunningAuthority) -> Iterator[None]:
    """Take every table out of sight: the server says that the relation does not exist, to readers and writers."""
    with psycopg.connect(authority.settings.database, autocommit=True) as beside:
        beside.execute("ALTER SCHEMA public RENAME TO out_of_sight")
        try:
            yield
        finally:
            beside.execute("ALTER SCHEMA out_of_sight RENAME TO public")


@contextmanager
def _full_postgres(authority: RunningAuthority) -> Iterator[None]:
    """Refuse each new credential as PostgreSQL refuses a page that no disk has room for: with SQLSTATE 53100.

    A disk of its own cannot be had without privileges, so the refusal comes from a trigger.
    """
    with psycopg.connect(authority.settings.database, autocommit=True) as beside:
        beside.execute(_REFUSE_AS_FULL)
        beside.execute(
            "CREATE TRIGGER no_room BEFORE INSERT ON credential FOR EACH ROW EXECUTE FUNCTION no_room()"
        )
        try:
            yield
        finally:
            beside.execute("DROP TRIGGER no_room ON credential")


@contextmanager
def over_the_limit(authority: RunningAuthority, service: str) -> Iterator[None]:
    """Take every token from the account's bucket for a service, which then fills at its usual rate."""
    bucket = authority.authority.base.limits._buckets[service, authority.settings.account]
    before = bucket.tokens
    bucket.tokens = -1e12
    try:
        yield
    finally:
        bucket.tokens = before
