"""The rows of data sources."""

from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = "id, uid, name, version, is_default, body"


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data source. `body` holds its other members, as they are shown; no secret is among them."""

    id: int
    uid: str
    name: str
    version: int
    is_default: bool
    body: dict[str, Any]


def _source(row: Row) -> DataSource:
    number, uid, name, version, is_default, body = row
    return DataSource(number, uid, name, version, bool(is_default), msgspec.json.decode(body))


def listed(reader: Reader, workspace: str) -> list[DataSource]:
    """Return a workspace's data sources by name."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_datasource WHERE workspace = ? ORDER BY lower(name), id",
        (workspace,),
    )
    return [_source(row) for row in rows]


def by_id(reader: Reader, workspace: str, number: int) -> DataSource | None:
    """Return the data source of a number."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_datasource WHERE workspace = ? AND id = ?", (workspace, number)
    )
    return None if row is None else _source(row)


def by_uid(reader: Reader, workspace: str, uid: str) -> DataSource | None:
    """Return the data source of a uid."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_datasource WHERE workspace = ? AND uid = ?", (workspace, uid)
    )
    return None if row is None else _source(row)


def by_name(reader: Reader, workspace: str, name: str) -> DataSource | None:
    """Return the data source of a name."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_datasource WHERE workspace = ? AND name = ?", (workspace, name)
    )
    return None if row is None else _source(row)


def put(tx: Transaction, workspace: str, source: DataSource) -> None:
    """Keep a data source, new or changed; a default one takes that from the others."""
    if source.is_default:
        tx.run("UPDATE grafana_datasource SET is_default = 0 WHERE workspace = ?", (workspace,))
    tx.run(
        "INSERT INTO grafana_datasource (workspace, id, uid, name, version, is_default, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace, id) DO UPDATE SET uid = excluded.uid, name = excluded.name,"
        " version = excluded.version, is_default = excluded.is_default, body = excluded.body",
        (
            workspace,
            source.id,
            source.uid,
            source.name,
            source.version,
            int(source.is_default),
            msgspec.json.encode(source.body),
        ),
    )


def remove(tx: Transaction, workspace: str, number: int) -> None:
    """Delete a data source."""
    tx.run("DELETE FROM grafana_datasource WHERE workspace = ? AND id = ?", (workspace, number))
