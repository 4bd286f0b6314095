"""A journal over a real store, for the tests of the journal alone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import keystead.audit
from keystead.audit.event import Event, Identity, event_time
from keystead.audit.journal import Journal
from keystead.store.migrations import Migrations, migrate
from keystead.store.sqlite import SQLiteStore
from support.fakes import TestClock

FOLDER = Path(keystead.audit.__file__).parent / "migrations"


def event(name: str, **changes: object) -> Event:
    """Return an event called `name`."""
    return Event(
        eventTime=event_time(1_800_000_000),
        eventSource="iam.amazonaws.com",
        eventName=name,
        awsRegion="us-east-1",
        sourceIPAddress="127.0.0.1",
        userAgent="test",
        userIdentity=Identity("Root"),
        eventType="AwsApiCall",
        eventVersion="1.11",
        requestID="r",
        **changes,
    )


def opened(folder: Path, clock: TestClock | None = None) -> tuple[SQLiteStore, Journal]:
    """Return a store with the journal's tables that writes its notes to the journal."""
    store = SQLiteStore(folder)
    store.write_now(lambda tx: migrate(tx, [Migrations("audit", FOLDER)], 0))
    journal = Journal(clock or TestClock(), store.reader)
    store.log_to(journal)
    return store, journal


def with_journal(folder: Path, test: Callable[[SQLiteStore, Journal], Awaitable[object]]) -> object:
    """Run an asynchronous test body over a running store and its journal."""

    async def body() -> object:
        store, journal = opened(folder)
        store.start()
        try:
            return await asyncio.wait_for(test(store, journal), 20)
        finally:
            await store.stop()

    return asyncio.run(body())
