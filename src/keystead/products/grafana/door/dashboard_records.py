"""The rows of dashboards and their versions. A body is the posted object, with `id`, `uid` and `version` set."""

from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.products.grafana import acl_records
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = "id, uid, folder, title, version, created_at, created_by, updated_at, updated_by, tags"
_VERSION = "id, version, parent, restored_from, created_at, created_by, message"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard without its body. Times are epoch milliseconds; authors are logins; folder 0 is General."""

    id: int
    uid: str
    folder: int
    title: str
    version: int
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One saved version of a dashboard, without its body."""

    id: int
    version: int
    parent: int
    restored_from: int
    created_at: int
    created_by: str
    message: str


def _dashboard(row: Row) -> Dashboard:
    *plain, tags = row
    return Dashboard(*plain, tags=msgspec.json.decode(tags, type=tuple[str, ...]))


def listed(reader: Reader, workspace: str) -> list[Dashboard]:
    """Return a workspace's dashboards by title."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_dashboard WHERE workspace = ? ORDER BY lower(title), id",
        (workspace,),
    )
    return [_dashboard(row) for row in rows]


def by_id(reader: Reader, workspace: str, number: int) -> Dashboard | None:
    """Return the dashboard of a number."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_dashboard WHERE workspace = ? AND id = ?", (workspace, number)
    )
    return None if row is None else _dashboard(row)


def by_uid(reader: Reader, workspace: str, uid: str) -> Dashboard | None:
    """Return the dashboard of a uid."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_dashboard WHERE workspace = ? AND uid = ?", (workspace, uid)
    )
    return None if row is None else _dashboard(row)


def by_title(reader: Reader, workspace: str, folder: int, title: str) -> Dashboard | None:
    """Return the dashboard of a title in a folder."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_dashboard WHERE workspace = ? AND folder = ? AND title = ?",
        (workspace, folder, title),
    )
    return None if row is None else _dashboard(row)


def body_of(reader: Reader, workspace: str, number: int) -> msgspec.Raw:
    """Return a dashboard's body as it is stored: nobody needs it decoded to be shown."""
    row = reader.one("SELECT body FROM grafana_dashboard WHERE workspace = ? AND id = ?", (workspace, number))
    return msgspec.Raw(b"{}" if row is None else bytes(row[0]))


def put(tx: Transaction, workspace: str, dashboard: Dashboard, body: dict[str, Any], kept: Version) -> None:
    """Keep a dashboard, new or changed, and the version that this is."""
    encoded = msgspec.json.encode(body)
    tx.run(
        f"INSERT INTO grafana_dashboard (workspace, {_COLUMNS}, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace, id) DO UPDATE SET uid = excluded.uid, folder = excluded.folder,"
        " title = excluded.title, version = excluded.version, updated_at = excluded.updated_at,"
        " updated_by = excluded.updated_by, tags = excluded.tags, body = excluded.body",
        (
            workspace,
            dashboard.id,
            dashboard.uid,
            dashboard.folder,
            dashboard.title,
            dashboard.version,
            dashboard.created_at,
            dashboard.created_by,
            dashboard.updated_at,
            dashboard.updated_by,
            msgspec.json.encode(dashboard.tags),
            encoded,
        ),
    )
    tx.run(
        f"INSERT INTO grafana_dashboard_version (workspace, dashboard, {_VERSION}, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            workspace,
            dashboard.id,
            kept.id,
            kept.version,
            kept.parent,
            kept.restored_from,
            kept.created_at,
            kept.created_by,
            kept.message,
            encoded,
        ),
    )


def remove(tx: Transaction, workspace: str, number: int) -> None:
    """Delete a dashboard, its versions, its annotations, its permissions, and what it is connected with."""
    acl_records.remove_object(tx, workspace, number)
    tx.run("DELETE FROM grafana_annotation WHERE workspace = ? AND dashboard = ?", (workspace, number))
    tx.run("DELETE FROM grafana_connection WHERE workspace = ? AND dashboard = ?", (workspace, number))
    tx.run("DELETE FROM grafana_dashboard_version WHERE workspace = ? AND dashboard = ?", (workspace, number))
    tx.run("DELETE FROM grafana_dashboard WHERE workspace = ? AND id = ?", (workspace, number))


def versions(reader: Reader, workspace: str, number: int, start: int, limit: int) -> list[Version]:
    """Return versions of a dashboard, newest first."""
    rows = reader.all(
        f"SELECT {_VERSION} FROM grafana_dashboard_version WHERE workspace = ? AND dashboard = ?"
        " ORDER BY version DESC LIMIT ? OFFSET ?",
        (workspace, number, limit, start),
    )
    return [Version(*row) for row in rows]


def version(
    reader: Reader, workspace: str, number: int, wanted: int
) -> tuple[Version, dict[str, Any]] | None:
    """Return one version of a dashboard with its body."""
    row = reader.one(
        f"SELECT {_VERSION}, body FROM grafana_dashboard_version"
        " WHERE workspace = ? AND dashboard = ? AND version = ?",
        (workspace, number, wanted),
    )
    return None if row is None else (Version(*row[:-1]), msgspec.json.decode(row[-1]))
