"""A dump of what an authority holds, to show that a refused request changed nothing."""

from typing import Any

from keystead.store.interface import Reader
from support.running import RunningAuthority

WRITTEN_BY_REFUSALS = frozenset({"audit_block", "credential_usage"})
"""The journal, and when a credential was last used: requests may write these whatever they are answered."""


def rows(authority: RunningAuthority) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but those, by table. New products' tables are in it by themselves."""
    return authority.run(authority.authority.store.read(_dump))


def _dump(reader: Reader) -> dict[str, list[tuple[Any, ...]]]:
    names = [row[0] for row in reader.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = sorted(set(names) - WRITTEN_BY_REFUSALS)
    return {name: sorted(reader.all(f'SELECT * FROM "{name}"'), key=repr) for name in kept}
