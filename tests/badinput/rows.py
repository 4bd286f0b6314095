"""A dump of what an authority holds, to show that a refused request changed nothing."""

from typing import Any

from keystead.store.interface import Reader
from keystead.store.sqlite import SQLiteReader
from support.running import RunningAuthority

WRITTEN_BY_THE_ENGINE = frozenset({"tenure"})
WRITTEN_BY_REFUSALS = frozenset({"audit_block", "credential_usage"})
"""The journal, and when a credential was last used: requests may write these whatever they are answered."""


def rows(authority: RunningAuthority) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but those, by table. New products' tables are in it by themselves."""
    return authority.run(authority.authority.store.read(_dump))


def _dump(reader: Reader) -> dict[str, list[tuple[Any, ...]]]:
    kept = sorted(_tables(reader) - WRITTEN_BY_REFUSALS)
    return {name: sorted(reader.all(f'SELECT * FROM "{name}"'), key=repr) for name in kept}


def _tables(reader: Reader) -> set[str]:
    """Return the names of all tables, each engine being asked in its own way."""
    asked = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if not isinstance(reader, SQLiteReader):
        asked = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
    return {row[0] for row in reader.all(asked)} - WRITTEN_BY_THE_ENGINE
