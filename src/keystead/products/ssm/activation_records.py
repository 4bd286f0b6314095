"""The rows of activations: their only SQL."""

from dataclasses import dataclass, field

from keystead.store.interface import Reader, Transaction

_ACTIVATION = (
    "id, account, region, code_digest, iam_role, name, description, registration_limit, registrations,"
    " created_at, expires_at"
)


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation. Times are epoch milliseconds; of its code there is the digest only."""

    id: str
    account: str
    region: str
    code_digest: bytes = field(repr=False)
    iam_role: str
    name: str
    description: str
    registration_limit: int
    registrations: int
    created_at: int
    expires_at: int


def add(tx: Transaction, made: Activation) -> None:
    """Keep a new activation."""
    tx.run(
        f"INSERT INTO ssm_activation ({_ACTIVATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            made.id,
            made.account,
            made.region,
            made.code_digest,
            made.iam_role,
            made.name,
            made.description,
            made.registration_limit,
            made.registrations,
            made.created_at,
            made.expires_at,
        ),
    )


def find(reader: Reader, account: str, region: str, activation_id: str) -> Activation | None:
    """Return an account's activation."""
    row = reader.one(
        f"SELECT {_ACTIVATION} FROM ssm_activation WHERE id = ? AND account = ? AND region = ?",
        (activation_id, account, region),
    )
    return None if row is None else Activation(*row)


def find_any(reader: Reader, activation_id: str) -> Activation | None:
    """Return an activation by its id alone: for a machine that shows the code, and has no account yet."""
    row = reader.one(f"SELECT {_ACTIVATION} FROM ssm_activation WHERE id = ?", (activation_id,))
    return None if row is None else Activation(*row)


def listed(reader: Reader, account: str, region: str) -> list[Activation]:
    """Return an account's activations in a region, by id."""
    rows = reader.all(
        f"SELECT {_ACTIVATION} FROM ssm_activation WHERE account = ? AND region = ? ORDER BY id",
        (account, region),
    )
    return [Activation(*row) for row in rows]


def count(tx: Transaction, activation_id: str) -> bool:
    """Take one registration, and tell whether there was one left."""
    changed = tx.run(
        "UPDATE ssm_activation SET registrations = registrations + 1"
        " WHERE id = ? AND registrations < registration_limit",
        (activation_id,),
    )
    return changed == 1


def remove(tx: Transaction, account: str, region: str, activation_id: str) -> bool:
    """Delete an activation, and tell whether there was one. Its nodes stay."""
    changed = tx.run(
        "DELETE FROM ssm_activation WHERE id = ? AND account = ? AND region = ?",
        (activation_id, account, region),
    )
    return changed == 1
