"""Faults of the disk, made in the running authority: SQLite itself fails, and everything above it must cope.

Each is a context manager; when it is left, the fault is over and the same server has to go on working.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from support.running import RunningAuthority

_NO_LIMIT = 2**32 - 2


@contextmanager
def broken_disk(authority: RunningAuthority) -> Iterator[None]:
    """Let nothing be read and nothing be written.

    SQLite says "interrupted" to whoever reads, and "attempt to write a readonly database" to whoever writes.
    """
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
def full_disk(authority: RunningAuthority) -> Iterator[None]:
    """Let the database grow by not one page: once its pages are full, SQLite answers "database or disk is full"."""
    store = authority.authority.store
    pages = authority.run(store.write(lambda tx: tx.one("PRAGMA page_count")))[0]
    authority.run(store.write(lambda tx: tx.one(f"PRAGMA max_page_count = {pages}")))
    try:
        yield
    finally:
        authority.run(store.write(lambda tx: tx.one(f"PRAGMA max_page_count = {_NO_LIMIT}")))


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
