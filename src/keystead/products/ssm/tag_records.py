"""The rows of tags and of service settings: their only SQL."""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Place:
    """What tags are on: a resource of a type in an account and region."""

    account: str
    region: str
    type: str
    resource: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that somebody changed; `changed_at` is in epoch milliseconds."""

    id: str
    value: str
    changed_at: int
    changed_by: str


def tags(reader: Reader, place: Place) -> dict[str, str]:
    """Return a resource's tags, by key."""
    rows = reader.all(
        "SELECT key, value FROM ssm_tag WHERE account = ? AND region = ? AND type = ? AND resource = ?"
        " ORDER BY key",
        (place.account, place.region, place.type, place.resource),
    )
    return dict(rows)


def put(tx: Transaction, place: Place, added: Mapping[str, str]) -> None:
    """Add tags, replacing those of the same key."""
    tx.run_many(
        "INSERT INTO ssm_tag (account, region, type, resource, key, value) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (account, region, type, resource, key) DO UPDATE SET value = excluded.value",
        [(place.account, place.region, place.type, place.resource, *tag) for tag in added.items()],
    )


def remove(tx: Transaction, place: Place, key: str) -> None:
    """Delete a tag; none of that key is no error."""
    tx.run(
        "DELETE FROM ssm_tag WHERE account = ? AND region = ? AND type = ? AND resource = ? AND key = ?",
        (place.account, place.region, place.type, place.resource, key),
    )


def remove_all(tx: Transaction, place: Place) -> None:
    """Delete the tags of a resource that is gone."""
    tx.run(
        "DELETE FROM ssm_tag WHERE account = ? AND region = ? AND type = ? AND resource = ?",
        (place.account, place.region, place.type, place.resource),
    )


def setting(reader: Reader, account: str, region: str, setting_id: str) -> Setting | None:
    """Return a setting, if somebody changed it."""
    row = reader.one(
        "SELECT id, value, changed_at, changed_by FROM ssm_service_setting"
        " WHERE account = ? AND region = ? AND id = ?",
        (account, region, setting_id),
    )
    return None if row is None else Setting(*row)


def keep_setting(tx: Transaction, account: str, region: str, changed: Setting) -> None:
    """Change a setting."""
    tx.run(
        "INSERT INTO ssm_service_setting (account, region, id, value, changed_at, changed_by)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, region, id) DO UPDATE SET"
        " value = excluded.value, changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        (account, region, changed.id, changed.value, changed.changed_at, changed.changed_by),
    )


def drop_setting(tx: Transaction, account: str, region: str, setting_id: str) -> None:
    """Let a setting have its default again."""
    tx.run(
        "DELETE FROM ssm_service_setting WHERE account = ? AND region = ? AND id = ?",
        (account, region, setting_id),
    )
