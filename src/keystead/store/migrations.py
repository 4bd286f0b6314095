"""Numbered, forward-only schema changes, one folder of `NNNN_what.sql` files per owner.

A database written by a newer keystead is refused, and so is one whose applied file was edited since.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keystead.store.interface import Transaction

_FILE_NAME = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")


class SchemaMismatch(Exception):
    """The database and this version of keystead do not fit; the message says which way."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """The schema files of one owner: a layer or a product."""

    owner: str
    folder: Path

    def files(self) -> list[tuple[int, str]]:
        """Return (number, text) of every file, in order. Numbers run from 1 without a gap."""
        if not self.folder.is_dir():
            raise SchemaMismatch(
                f"{self.owner}: the folder of its migrations is missing from this installation"
            )
        found: list[tuple[int, str]] = []
        for path in sorted(self.folder.glob("*.sql")):
            match = _FILE_NAME.fullmatch(path.name)
            if match is None or int(match[1]) != len(found) + 1:
                raise SchemaMismatch(f"{self.owner}: {path.name} is not the next migration")
            found.append((int(match[1]), path.read_text()))
        return found


def migrate(tx: Transaction, owners: Iterable[Migrations], now_ms: int) -> None:
    """Bring every owner's schema up to date. Raises SchemaMismatch, and then changes nothing."""
    tx.run(
        "CREATE TABLE IF NOT EXISTS schema_migration (owner TEXT NOT NULL, number INTEGER NOT NULL,"
        " digest TEXT NOT NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (owner, number))"
    )
    applied: dict[tuple[str, int], str] = {
        (row[0], row[1]): row[2] for row in tx.all("SELECT owner, number, digest FROM schema_migration")
    }
    known: set[tuple[str, int]] = set()
    for migrations in owners:
        for number, text in migrations.files():
            known.add((migrations.owner, number))
            _apply(tx, migrations.owner, number, text, applied, now_ms)
    if unknown := sorted(applied.keys() - known):
        owner, number = unknown[-1]
        raise SchemaMismatch(f"the database is newer than this keystead: it has {owner} migration {number}")


def _apply(
    tx: Transaction, owner: str, number: int, text: str, applied: dict[tuple[str, int], str], now_ms: int
) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    before = applied.get((owner, number))
    if before == digest:
        return
    if before is not None:
        raise SchemaMismatch(f"{owner} migration {number} was applied with another content")
    for statement in statements(text):
        tx.run(statement)
    tx.run(
        "INSERT INTO schema_migration (owner, number, digest, applied_at) VALUES (?, ?, ?, ?)",
        (owner, number, digest, now_ms),
    )


def statements(text: str) -> list[str]:
    """Return the statements of a migration file; each ends with a semicolon at the end of a line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", "\n".join(lines)) if part.strip()]
