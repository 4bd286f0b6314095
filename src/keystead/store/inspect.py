"""Looks at a database without serving it: whether it is whole, and which schema it has. Changes nothing."""

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keystead.store.interface import Reader
from keystead.store.migrations import Migrations, SchemaMismatch
from keystead.store.sqlite import SQLiteReader, connect


class DatabaseUnreadable(Exception):
    """The file is no database, or is damaged where everything begins; the text has SQLite's words."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a database is like. `schema` names each owner's last applied change; `faults` are SQLite's words."""

    schema: str
    missing: int
    faults: tuple[str, ...]


@contextmanager
def opened(path: Path) -> Generator[Reader]:
    """Open a database for reading alone. Raises DatabaseUnreadable, then or while it is read."""
    try:
        connection = connect(path, read_only=True)
        try:
            yield SQLiteReader(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseUnreadable(f"{path}: {error}") from error


def inspect(path: Path, owners: Iterable[Migrations], *, whole: bool) -> Inspected:
    """Return what a database is like; `whole` reads every page of it, which takes seconds per gigabyte.

    Raises SchemaMismatch when it is newer than `owners`, DatabaseUnreadable.
    """
    with opened(path) as reader:
        rows = reader.all("SELECT owner, number FROM schema_migration ORDER BY owner, number")
        told = [row[0] for row in reader.all("PRAGMA quick_check")] if whole else ["ok"]
    applied = {(owner, number) for owner, number in rows}
    known = {(each.owner, number) for each in owners for number, _ in each.files()}
    if newer := sorted(applied - known):
        owner, number = newer[-1]
        raise SchemaMismatch(f"the database is newer than this keystead: it has {owner} migration {number}")
    last = dict(rows)  # In order, so that the last of each owner remains.
    schema = ", ".join(f"{owner} {number}" for owner, number in last.items())
    return Inspected(schema, len(known - applied), () if told == ["ok"] else tuple(told))
