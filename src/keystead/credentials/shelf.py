"""The rows of the credentials: their only SQL, and what a row is to the rest of the core."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from keystead.credentials.seal import Sealed
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = "id, kind, account, owner, audience, status, created_at, expires_at, version"


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential without its secret. Times are epoch milliseconds; `expires_at` None is for ever."""

    id: str
    kind: str
    account: str
    owner: str
    audience: str
    status: str
    created_at: int
    expires_at: int | None
    version: int

    def is_expired(self, now_ms: float) -> bool:
        """Return whether its time is over."""
        return self.expires_at is not None and now_ms >= self.expires_at


@dataclass(frozen=True, slots=True)
class Shelved:
    """A credential with its secret at rest."""

    credential: Credential
    sealed: Sealed | None
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The changing part of a credential."""

    status: str
    expires_at: int | None
    version: int


class LastUse(NamedTuple):
    """When (epoch ms), at which service and region, and from which address a credential was last accepted."""

    used_at: int
    service: str
    region: str
    source: str


def _shelved(row: Row) -> Shelved:
    *plain, data_key, box, digest = row
    return Shelved(Credential(*plain), None if box is None else Sealed(data_key, box), digest)


def find(reader: Reader, credential_id: str) -> Shelved | None:
    """Return the credential with this public id."""
    row = reader.one(
        f"SELECT {_COLUMNS}, data_key, sealed, digest FROM credential WHERE id = ?", (credential_id,)
    )
    return None if row is None else _shelved(row)


def standing(reader: Reader, credential_id: str) -> Standing | None:
    """Return what may have changed about a credential since it was looked at."""
    row = reader.one("SELECT status, expires_at, version FROM credential WHERE id = ?", (credential_id,))
    return None if row is None else Standing(*row)


def find_by_digest(reader: Reader, digest: bytes) -> Shelved | None:
    """Return the credential whose secret has this digest."""
    row = reader.one(
        f"SELECT {_COLUMNS}, data_key, sealed, digest FROM credential WHERE digest = ?", (digest,)
    )
    return None if row is None else _shelved(row)


def find_replay(reader: Reader, account: str, kind: str, client_token: str) -> tuple[Shelved, bytes] | None:
    """Return the credential that a client token made before, and the fingerprint of that request."""
    row = reader.one(
        f"SELECT {_COLUMNS}, data_key, sealed, digest, fingerprint FROM credential"
        " WHERE account = ? AND kind = ? AND client_token = ?",
        (account, kind, client_token),
    )
    return None if row is None else (_shelved(row[:-1]), row[-1])


def of_owner(reader: Reader, account: str, owner: str, kind: str) -> list[Credential]:
    """Return what an owner holds of a kind, oldest first, whatever its state."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM credential WHERE account = ? AND owner = ? AND kind = ? ORDER BY row",
        (account, owner, kind),
    )
    return [Credential(*row) for row in rows]


def count_of_owner(reader: Reader, account: str, owner: str, kind: str) -> int:
    """Return how many credentials of a kind an owner holds."""
    row = reader.one(
        "SELECT count(*) FROM credential WHERE account = ? AND owner = ? AND kind = ?", (account, owner, kind)
    )
    return 0 if row is None else row[0]


def inventory(
    reader: Reader, *, after: int = 0, limit: int = 1000, kind: str = "", owner: str = ""
) -> list[tuple[int, Credential]]:
    """Return (row number, credential) of every account in order of creation, from above row `after`.

    An empty `kind` or `owner` means any.
    """
    rows = reader.all(
        f"SELECT row, {_COLUMNS} FROM credential"
        " WHERE row > ? AND (? = '' OR kind = ?) AND (? = '' OR owner = ?) ORDER BY row LIMIT ?",
        (after, kind, kind, owner, owner, limit),
    )
    return [(row[0], Credential(*row[1:])) for row in rows]


def add(
    tx: Transaction,
    credential: Credential,
    sealed: Sealed | None,
    digest: bytes | None,
    data_key: int,
    replay: tuple[str, bytes] | None,
) -> bool:
    """Keep a new credential. False when its id is taken: draw another."""
    client_token, fingerprint = replay or (None, None)
    return (
        tx.run(
            f"INSERT INTO credential ({_COLUMNS}, data_key, sealed, digest, client_token, fingerprint)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (
                credential.id,
                credential.kind,
                credential.account,
                credential.owner,
                credential.audience,
                credential.status,
                credential.created_at,
                credential.expires_at,
                credential.version,
                data_key,
                None if sealed is None else sealed.box,
                digest,
                client_token,
                fingerprint,
            ),
        )
        == 1
    )


def set_status(tx: Transaction, credential_id: str, status: str) -> bool:
    """Change the state; only `issue` calls this, by the kind's state table. False when there is none."""
    return tx.run("UPDATE credential SET status = ? WHERE id = ?", (status, credential_id)) == 1


def set_expiry(tx: Transaction, credential_id: str, expires_at: int | None) -> bool:
    """Change when the credential ends. False when there is none."""
    return tx.run("UPDATE credential SET expires_at = ? WHERE id = ?", (expires_at, credential_id)) == 1


def set_sealed(tx: Transaction, credential_id: str, sealed: Sealed) -> None:
    """Keep the same secret under another data key."""
    tx.run(
        "UPDATE credential SET data_key = ?, sealed = ? WHERE id = ?",
        (sealed.data_key, sealed.box, credential_id),
    )


def remove(tx: Transaction, credential_id: str) -> bool:
    """Delete a credential and its last use. False when there is none."""
    tx.run("DELETE FROM credential_usage WHERE id = ?", (credential_id,))
    return tx.run("DELETE FROM credential WHERE id = ?", (credential_id,)) == 1


def last_use(reader: Reader, credential_id: str) -> LastUse | None:
    """Return the last use that is on disk, or None."""
    row = reader.one(
        "SELECT used_at, service, region, source FROM credential_usage WHERE id = ?", (credential_id,)
    )
    return None if row is None else LastUse(*row)


def keep_uses(tx: Transaction, uses: Mapping[str, LastUse]) -> None:
    """Write last uses down, by credential id. A credential deleted meanwhile must not come back as a row."""
    tx.run_many(
        "INSERT INTO credential_usage (id, used_at, service, region, source)"
        " SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM credential WHERE id = ?)"
        " ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, service = excluded.service,"
        " region = excluded.region, source = excluded.source",
        [(key, use.used_at, use.service, use.region, use.source, key) for key, use in uses.items()],
    )


def expired(reader: Reader, kind: str, before_ms: int, limit: int) -> list[Credential]:
    """Return credentials of a kind whose time was over at `before_ms`, longest gone first."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM credential WHERE expires_at <= ? AND kind = ? ORDER BY expires_at LIMIT ?",
        (before_ms, kind, limit),
    )
    return [Credential(*row) for row in rows]


def sealed_with_others(reader: Reader, account: str, data_key: int, limit: int) -> list[Shelved]:
    """Return sealed credentials of an account that rest under another data key."""
    rows = reader.all(
        f"SELECT {_COLUMNS}, data_key, sealed, digest FROM credential"
        " WHERE account = ? AND sealed IS NOT NULL AND data_key <> ? ORDER BY row LIMIT ?",
        (account, data_key, limit),
    )
    return [_shelved(row) for row in rows]


def owner_has_any(reader: Reader, account: str, owner: str) -> bool:
    """Return whether an owner holds a credential of any kind."""
    return None is not reader.one(
        "SELECT 1 FROM credential WHERE account = ? AND owner = ? LIMIT 1", (account, owner)
    )
