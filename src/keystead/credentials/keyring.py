"""The rows of the data keys: their only SQL."""

from dataclasses import dataclass
from typing import Literal

from keystead.store.interface import Reader, Transaction

Purpose = Literal["seal", "digest", "marker"]


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key at rest."""

    number: int
    account: str
    purpose: Purpose
    root_key: str
    wrapped: bytes

    @property
    def binding(self) -> bytes:
        """What the wrapping is tied to, so that keys cannot be swapped between accounts."""
        return binding_of(self.account, self.purpose)


def binding_of(account: str, purpose: Purpose) -> bytes:
    """Return the associated data of a data key's wrapping."""
    return f"{account}|{purpose}".encode()


def all_keys(reader: Reader) -> list[DataKey]:
    """Return every data key, oldest first."""
    rows = reader.all("SELECT number, account, purpose, root_key, wrapped FROM data_key ORDER BY number")
    return [DataKey(*row) for row in rows]


def add(tx: Transaction, account: str, purpose: Purpose, root_key: str, wrapped: bytes, now_ms: int) -> int:
    """Keep a new data key and return its number."""
    row = tx.one(
        "INSERT INTO data_key (account, purpose, root_key, wrapped, created_at) VALUES (?, ?, ?, ?, ?)"
        " RETURNING number",
        (account, purpose, root_key, wrapped, now_ms),
    )
    if row is None:
        raise RuntimeError("an insert gave no row")
    return row[0]


def rewrap(tx: Transaction, number: int, root_key: str, wrapped: bytes) -> None:
    """Keep a data key under another root key."""
    tx.run("UPDATE data_key SET root_key = ?, wrapped = ? WHERE number = ?", (root_key, wrapped, number))


def drop_unused(tx: Transaction, keep: int, account: str) -> None:
    """Forget the sealing keys of an account that no credential and no kept secret needs any more."""
    tx.run(
        "DELETE FROM data_key WHERE account = ? AND purpose = 'seal' AND number <> ?"
        " AND NOT EXISTS (SELECT 1 FROM credential WHERE credential.data_key = data_key.number)"
        " AND NOT EXISTS (SELECT 1 FROM kept_secret WHERE kept_secret.data_key = data_key.number)",
        (account, keep),
    )
