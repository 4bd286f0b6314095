"""Opens whichever engine the settings name. The driver of the second one is imported only where it is used."""

from pathlib import Path

from keystead.kernel.clock import SystemClock
from keystead.store.batching import BatchingStore
from keystead.store.interface import DatabaseUnusable
from keystead.store.sqlite import SQLiteStore


def open_store(database: str, directory: Path, password_file: str | None = None) -> BatchingStore:
    """Return the store of a data directory: its own SQLite file, or the PostgreSQL database of a URL.

    The directory is locked either way. Raises DirectoryInUse, DatabaseUnusable.
    """
    if not database:
        return SQLiteStore(directory)
    try:
        from keystead.store.postgres.engine import PostgresStore
        from keystead.store.postgres.link import Target
    except ImportError as error:
        raise DatabaseUnusable(
            "the PostgreSQL driver is missing: pip install 'keystead[postgres]'"
        ) from error
    target = Target(database, None if password_file is None else Path(password_file))
    return PostgresStore(directory, target, SystemClock())
