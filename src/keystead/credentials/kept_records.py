"""The rows of secrets that are kept for others: their only SQL."""

from collections.abc import Sequence

from keystead.credentials.seal import Sealed
from keystead.store.interface import Reader, Transaction


def put(tx: Transaction, name: str, account: str, sealed: Sealed) -> None:
    """Keep a secret, in place of one of this name."""
    tx.run(
        "INSERT INTO kept_secret (name, account, data_key, sealed) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET account = excluded.account, data_key = excluded.data_key,"
        " sealed = excluded.sealed",
        (name, account, sealed.data_key, sealed.box),
    )


def find(reader: Reader, name: str) -> tuple[str, Sealed] | None:
    """Return a secret's account and its box, or None."""
    row = reader.one("SELECT account, data_key, sealed FROM kept_secret WHERE name = ?", (name,))
    return None if row is None else (row[0], Sealed(row[1], row[2]))


def drop(tx: Transaction, name: str) -> None:
    """Forget a secret, if it is there."""
    tx.run("DELETE FROM kept_secret WHERE name = ?", (name,))


def sealed_with_others(reader: Reader, account: str, data_key: int, limit: int) -> Sequence[str]:
    """Return the names of an account's secrets that rest under another data key."""
    rows = reader.all(
        "SELECT name FROM kept_secret WHERE account = ? AND data_key <> ? ORDER BY name LIMIT ?",
        (account, data_key, limit),
    )
    return [row[0] for row in rows]
