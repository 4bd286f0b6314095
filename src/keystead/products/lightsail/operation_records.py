"""The rows of operations, what was done to buckets: their only SQL. They stay when the bucket goes."""

from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction

_COLUMNS = "row, id, account, region, resource, type, details, created_at"


@dataclass(frozen=True, slots=True)
class Done:
    """One change of a bucket. `resource` is the bucket's name, `type` a value of the model's OperationType."""

    row: int
    id: str
    account: str
    region: str
    resource: str
    type: str
    details: str
    created_at: int


def add(tx: Transaction, done: Done) -> None:
    """Keep an operation; its row number is drawn."""
    tx.run(
        "INSERT INTO lightsail_operation (id, account, region, resource, type, details, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (done.id, done.account, done.region, done.resource, done.type, done.details, done.created_at),
    )


def find(reader: Reader, account: str, region: str, operation_id: str) -> Done | None:
    """Return the operation of an account and region with this id."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM lightsail_operation WHERE id = ? AND account = ? AND region = ?",
        (operation_id, account, region),
    )
    return None if row is None else Done(*row)


def of_region(reader: Reader, account: str, region: str, after: int, limit: int) -> list[Done]:
    """Return an account's operations in a region, oldest first, from above row `after`."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM lightsail_operation"
        " WHERE account = ? AND region = ? AND row > ? ORDER BY row LIMIT ?",
        (account, region, after, limit),
    )
    return [Done(*row) for row in rows]


def of_resource(
    reader: Reader, account: str, region: str, resource: str, after: int, limit: int
) -> list[Done]:
    """Return the operations on what has, or had, a name, oldest first, from above row `after`."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM lightsail_operation"
        " WHERE account = ? AND region = ? AND resource = ? AND row > ? ORDER BY row LIMIT ?",
        (account, region, resource, after, limit),
    )
    return [Done(*row) for row in rows]
