"""The rows of private zones, their record sets and changes, and of their associations with DNS views."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.store.interface import Reader, Row, Transaction

_ZONE = "row, id, account, name, caller_reference, comment, vpc_region, vpc_id, version"
_SET = "sort_key, type, name, ttl, data, alias"
_ASSOCIATION = "row, id, owner, zone_id, zone_name, view_id, resource_arn, name, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class Zone:
    """A private hosted zone; `vpc_id` is empty, or one that is echoed and has no effect."""

    row: int
    id: str
    account: str
    name: str
    caller_reference: str
    comment: str
    vpc_region: str
    vpc_id: str
    version: int


@dataclass(frozen=True, slots=True)
class RecordSet:
    """The records of one name and type. `alias` names the set of the same zone and type that it takes after."""

    sort_key: str
    type: str
    name: str
    ttl: int
    values: tuple[str, ...]
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An accepted change; it is in force as soon as it is committed."""

    id: str
    account: str
    submitted_at: int
    comment: str


@dataclass(frozen=True, slots=True)
class Association:
    """A zone that answers a view's clients. Times are epoch milliseconds."""

    row: int
    id: str
    owner: str
    zone_id: str
    zone_name: str
    view_id: str
    resource_arn: str
    name: str
    created_at: int
    updated_at: int


def _set(row: Row) -> RecordSet:
    key, kind, name, ttl, data, alias = row
    return RecordSet(key, kind, name, ttl, tuple(data.split("\n")) if data else (), alias)


def zone(reader: Reader, account: str, zone_id: str) -> Zone | None:
    """Return an account's zone."""
    row = reader.one(f"SELECT {_ZONE} FROM zone WHERE id = ? AND account = ?", (zone_id, account))
    return None if row is None else Zone(*row)


def zone_by_id(reader: Reader, zone_id: str) -> Zone | None:
    """Return a zone of whichever account, for the door that its association leads to it."""
    row = reader.one(f"SELECT {_ZONE} FROM zone WHERE id = ?", (zone_id,))
    return None if row is None else Zone(*row)


def has_caller_reference(reader: Reader, account: str, reference: str) -> bool:
    """Return whether an account made a zone with this reference."""
    found = reader.one("SELECT 1 FROM zone WHERE account = ? AND caller_reference = ?", (account, reference))
    return found is not None


def zones(reader: Reader, account: str, from_id: str, limit: int) -> list[Zone]:
    """Return an account's zones by id, from this id on."""
    rows = reader.all(
        f"SELECT {_ZONE} FROM zone WHERE account = ? AND id >= ? ORDER BY id LIMIT ?",
        (account, from_id, limit),
    )
    return [Zone(*row) for row in rows]


def count_zones(reader: Reader, account: str) -> int:
    """Return how many zones an account has."""
    row = reader.one("SELECT count(*) FROM zone WHERE account = ?", (account,))
    return 0 if row is None else row[0]


def add_zone(tx: Transaction, zone: Zone) -> None:
    """Keep a new zone; its row number is drawn."""
    tx.run(
        "INSERT INTO zone (id, account, name, caller_reference, comment, vpc_region, vpc_id, version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            zone.id,
            zone.account,
            zone.name,
            zone.caller_reference,
            zone.comment,
            zone.vpc_region,
            zone.vpc_id,
            zone.version,
        ),
    )


def move_on(tx: Transaction, zone_id: str) -> None:
    """Give a zone the next version, for those who hold what it was."""
    tx.run("UPDATE zone SET version = version + 1 WHERE id = ?", (zone_id,))


def remove_zone(tx: Transaction, zone_id: str) -> None:
    """Delete a zone with its records."""
    tx.run("DELETE FROM zone_record_set WHERE zone_id = ?", (zone_id,))
    tx.run("DELETE FROM zone WHERE id = ?", (zone_id,))


def record_set(reader: Reader, zone_id: str, key: str, kind: str) -> RecordSet | None:
    """Return the set of one name, by its sort key, and type."""
    row = reader.one(
        f"SELECT {_SET} FROM zone_record_set WHERE zone_id = ? AND sort_key = ? AND type = ?",
        (zone_id, key, kind),
    )
    return None if row is None else _set(row)


def record_sets_of(reader: Reader, zone_id: str, key: str) -> list[RecordSet]:
    """Return every set of one name."""
    rows = reader.all(
        f"SELECT {_SET} FROM zone_record_set WHERE zone_id = ? AND sort_key = ? ORDER BY type", (zone_id, key)
    )
    return [_set(row) for row in rows]


def record_sets(
    reader: Reader, zone_id: str, from_key: str = "", from_type: str = "", limit: int = 1_000_000
) -> list[RecordSet]:
    """Return a zone's sets in the order of their names and types, from a position on."""
    rows = reader.all(
        f"SELECT {_SET} FROM zone_record_set"
        " WHERE zone_id = ? AND (sort_key > ? OR (sort_key = ? AND type >= ?)) ORDER BY sort_key, type LIMIT ?",
        (zone_id, from_key, from_key, from_type, limit),
    )
    return [_set(row) for row in rows]


def count_record_sets(reader: Reader, zone_id: str) -> int:
    """Return how many sets a zone has."""
    row = reader.one("SELECT count(*) FROM zone_record_set WHERE zone_id = ?", (zone_id,))
    return 0 if row is None else row[0]


def put_record_set(tx: Transaction, zone_id: str, record: RecordSet) -> None:
    """Keep a set, in place of the one of its name and type if there is one."""
    tx.run(
        "INSERT INTO zone_record_set (zone_id, sort_key, type, name, ttl, data, alias)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (zone_id, sort_key, type) DO UPDATE SET name = excluded.name, ttl = excluded.ttl,"
        " data = excluded.data, alias = excluded.alias",
        (
            zone_id,
            record.sort_key,
            record.type,
            record.name,
            record.ttl,
            "\n".join(record.values),
            record.alias,
        ),
    )


def remove_record_set(tx: Transaction, zone_id: str, key: str, kind: str) -> None:
    """Delete a set."""
    tx.run(
        "DELETE FROM zone_record_set WHERE zone_id = ? AND sort_key = ? AND type = ?", (zone_id, key, kind)
    )


def add_change(tx: Transaction, change: Change) -> None:
    """Keep a change, for who asks what became of it."""
    tx.run(
        "INSERT INTO zone_change (id, account, submitted_at, comment) VALUES (?, ?, ?, ?)",
        (change.id, change.account, change.submitted_at, change.comment),
    )


def change(reader: Reader, account: str, change_id: str) -> Change | None:
    """Return an account's change."""
    row = reader.one(
        "SELECT id, account, submitted_at, comment FROM zone_change WHERE id = ? AND account = ?",
        (change_id, account),
    )
    return None if row is None else Change(*row)


def association(reader: Reader, account: str, association_id: str) -> Association | None:
    """Return an association that this account made."""
    row = reader.one(
        f"SELECT {_ASSOCIATION} FROM zone_association WHERE id = ? AND owner = ?", (association_id, account)
    )
    return None if row is None else Association(*row)


def association_of(reader: Reader, zone_id: str, view_id: str) -> Association | None:
    """Return the association of a zone with a view."""
    row = reader.one(
        f"SELECT {_ASSOCIATION} FROM zone_association WHERE zone_id = ? AND view_id = ?", (zone_id, view_id)
    )
    return None if row is None else Association(*row)


def is_associated(reader: Reader, zone_id: str) -> bool:
    """Return whether a zone answers any view's clients."""
    return reader.one("SELECT 1 FROM zone_association WHERE zone_id = ? LIMIT 1", (zone_id,)) is not None


def associations_of_view(
    reader: Reader, view_id: str, after: int = 0, limit: int = 1_000_000
) -> Sequence[Association]:
    """Return a view's associations in order of creation, from above row `after`."""
    rows = reader.all(
        f"SELECT {_ASSOCIATION} FROM zone_association WHERE view_id = ? AND row > ? ORDER BY row LIMIT ?",
        (view_id, after, limit),
    )
    return [Association(*row) for row in rows]


def associations_of_account(
    reader: Reader, account: str, after: int = 0, limit: int = 1_000_000
) -> Sequence[Association]:
    """Return the associations that an account made, in order of creation, from above row `after`."""
    rows = reader.all(
        f"SELECT {_ASSOCIATION} FROM zone_association WHERE owner = ? AND row > ? ORDER BY row LIMIT ?",
        (account, after, limit),
    )
    return [Association(*row) for row in rows]


def add_association(tx: Transaction, made: Association) -> None:
    """Keep an association; its row number is drawn."""
    tx.run(
        "INSERT INTO zone_association (id, owner, zone_id, zone_name, view_id, resource_arn, name,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            made.id,
            made.owner,
            made.zone_id,
            made.zone_name,
            made.view_id,
            made.resource_arn,
            made.name,
            made.created_at,
            made.updated_at,
        ),
    )


def rename_association(tx: Transaction, association_id: str, name: str, now_ms: int) -> None:
    """Give an association another name."""
    tx.run(
        "UPDATE zone_association SET name = ?, updated_at = ? WHERE id = ?", (name, now_ms, association_id)
    )


def remove_association(tx: Transaction, association_id: str) -> None:
    """Delete an association."""
    tx.run("DELETE FROM zone_association WHERE id = ?", (association_id,))


def remove_associations_of_view(tx: Transaction, view_id: str) -> None:
    """Delete every association of a view."""
    tx.run("DELETE FROM zone_association WHERE view_id = ?", (view_id,))
