"""The engines that must satisfy the store's contract, and what a test needs beside the `Store` interface.

A second engine joins by one more entry of `ENGINES`; the contract's tests do not change.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from keystead.store.interface import CommitLog, Store
from keystead.store.sqlite import NoLog, SQLiteStore

Result = TypeVar("Result")

SCHEMA = (
    "CREATE TABLE parent (number INTEGER PRIMARY KEY)",
    # Checked at the commit only: a row without its parent makes the commit itself fail.
    "CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (number) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE thing (number INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE noted (entry BLOB NOT NULL)",
)
BREAK_THE_COMMIT = "INSERT INTO child (parent) VALUES (-1)"


class Engine(Protocol):
    """One engine: opens a running store over an empty schema, and counts its commits."""

    name: str

    def running(self, folder: Path, log: CommitLog | None = None) -> AbstractAsyncContextManager[Store]: ...

    def commits(self, store: Store) -> int: ...

    async def stop(self, store: Store) -> None: ...


class SQLite:
    """The embedded engine."""

    name = "sqlite"

    @asynccontextmanager
    async def running(self, folder: Path, log: CommitLog | None = None) -> AsyncIterator[SQLiteStore]:
        store = SQLiteStore(folder)
        for statement in SCHEMA:
            store.write_now(lambda tx, statement=statement: tx.run(statement))
        store.log_to(log or NoLog())
        store.start()
        try:
            yield store
        finally:
            if not self._has_stopped(store):
                await asyncio.wait_for(store.stop(), 5)

    def commits(self, store: SQLiteStore) -> int:
        return store.counts.commits

    async def stop(self, store: SQLiteStore) -> None:
        await store.stop()

    def _has_stopped(self, store: SQLiteStore) -> bool:
        return store._stopping


ENGINES: list[Engine] = [SQLite()]


def with_store(
    engine: Engine, folder: Path, test: Callable[[Store], Awaitable[Result]], log: CommitLog | None = None
) -> Result:
    """Run an asynchronous test body over a running store; a store that hangs fails the test."""

    async def body() -> Result:
        async with engine.running(folder, log) as store:
            return await asyncio.wait_for(test(store), 20)

    return asyncio.run(body())


def add(number: int, name: str = "x"):
    """Return a job that adds a thing."""
    return lambda tx: tx.run("INSERT INTO thing (number, name) VALUES (?, ?)", (number, name))


def things(store: Store) -> list[int]:
    """Return the numbers of the things that the loop's reader sees."""
    return [row[0] for row in store.reader.all("SELECT number FROM thing ORDER BY number")]
