"""The engines that must satisfy the store's contract, and what a test needs beside the `Store` interface.

A further engine joins by a class here and a line in the fixture `engine`; the contract's tests do not change.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from keystead.store.batching import BatchingStore, NoLog
from keystead.store.interface import CommitLog, Reader, Store
from keystead.store.opening import open_store
from support.postgres import Cluster

Result = TypeVar("Result")

SCHEMA = (
    "CREATE TABLE parent (number INTEGER PRIMARY KEY)",
    # Checked at the commit only: a row without its parent makes the commit itself fail.
    "CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (number) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE thing (number INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE noted (number INTEGER PRIMARY KEY, entry BLOB NOT NULL)",
    "CREATE TABLE epoch (value INTEGER NOT NULL)",
    "INSERT INTO epoch (value) VALUES (1)",
)
BREAK_THE_COMMIT = "INSERT INTO child (parent) VALUES (-1)"


class Engine(Protocol):
    """One engine: opens stores, each over its own empty database, and looks into them."""

    name: str

    def database(self) -> str:
        """Return the setting that names an empty database."""
        ...

    def forget(self, database: str) -> None:
        """Be done with a database, unless it lies in the test's folder."""
        ...

    def tables(self, reader: Reader) -> list[str]:
        """Return the names of the tables, sorted, without the engine's own."""
        ...


class SQLite:
    """The embedded engine."""

    name = "sqlite"

    def database(self) -> str:
        return ""

    def forget(self, database: str) -> None:
        pass

    def tables(self, reader: Reader) -> list[str]:
        return [
            row[0] for row in reader.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]


class Postgres:
    """The engine for a PostgreSQL database."""

    name = "postgres"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def database(self) -> str:
        return self.cluster.lend()

    def forget(self, database: str) -> None:
        self.cluster.take_back(database)

    def tables(self, reader: Reader) -> list[str]:
        rows = reader.all(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
        return [row[0] for row in rows if row[0] != "tenure"]


@contextmanager
def opened(engine: Engine, folder: Path) -> Iterator[BatchingStore]:
    """Give a store over an empty database, on which no writer runs."""
    database = engine.database()
    store = open_store(database, folder)
    try:
        yield store
    finally:
        store.close()
        engine.forget(database)


@asynccontextmanager
async def running(engine: Engine, folder: Path, log: CommitLog | None = None) -> AsyncIterator[BatchingStore]:
    """Give a running store over the schema of these tests."""
    database = engine.database()
    store = open_store(database, folder)
    for statement in SCHEMA:
        store.write_now(lambda tx, statement=statement: tx.run(statement))
    store.log_to(log or NoLog())
    store.start()
    try:
        yield store
    finally:
        if not store._stopping:
            await asyncio.wait_for(store.stop(), 5)
        engine.forget(database)


def with_store(
    engine: Engine, folder: Path, test: Callable[[Store], Awaitable[Result]], log: CommitLog | None = None
) -> Result:
    """Run an asynchronous test body over a running store; a store that hangs fails the test."""

    async def body() -> Result:
        async with running(engine, folder, log) as store:
            return await asyncio.wait_for(test(store), 20)

    return asyncio.run(body())


def add(number: int, name: str = "x"):
    """Return a job that adds a thing."""
    return lambda tx: tx.run("INSERT INTO thing (number, name) VALUES (?, ?)", (number, name))


def things(store: Store) -> list[int]:
    """Return the numbers of the things that the loop's reader sees."""
    return [row[0] for row in store.reader.all("SELECT number FROM thing ORDER BY number")]
