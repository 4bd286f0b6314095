"""The rows of teams, library elements, playlists, snapshots and preferences: one table, by their sort."""

from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.products.grafana import records
from keystead.products.grafana.door.asking import Ask, Refusal
from keystead.store.interface import Reader, Row, Transaction

MOST_ITEMS = 5_000
"""Of one sort in a workspace: nothing that a token may make grows without bound."""
_COLUMNS = "id, uid, folder, name, version, created_at, created_by, updated_at, updated_by, body"


@dataclass(frozen=True, slots=True)
class Item:
    """One of a sort. Times are epoch milliseconds, authors logins, folder 0 is General; `body` is the sort's."""

    id: int
    uid: str
    folder: int
    name: str
    version: int
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    body: dict[str, Any]


def _item(row: Row) -> Item:
    *plain, body = row
    return Item(*plain, body=msgspec.json.decode(body))


def listed(reader: Reader, workspace: str, sort: str) -> list[Item]:
    """Return all of a sort by name."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_item WHERE workspace = ? AND sort = ? ORDER BY lower(name), id",
        (workspace, sort),
    )
    return [_item(row) for row in rows]


def by_id(reader: Reader, workspace: str, sort: str, number: int) -> Item | None:
    """Return the one of a number."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_item WHERE workspace = ? AND sort = ? AND id = ?",
        (workspace, sort, number),
    )
    return None if row is None else _item(row)


def by_uid(reader: Reader, workspace: str, sort: str, uid: str) -> Item | None:
    """Return the one of a uid."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_item WHERE workspace = ? AND sort = ? AND uid = ?",
        (workspace, sort, uid),
    )
    return None if row is None else _item(row)


def by_name(reader: Reader, workspace: str, sort: str, name: str, folder: int = 0) -> Item | None:
    """Return the first of a name in a folder."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_item WHERE workspace = ? AND sort = ? AND folder = ? AND name = ?"
        " ORDER BY id LIMIT 1",
        (workspace, sort, folder, name),
    )
    return None if row is None else _item(row)


def in_folder(reader: Reader, workspace: str, sort: str, folder: int) -> list[Item]:
    """Return those of a sort in a folder."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_item WHERE workspace = ? AND sort = ? AND folder = ? ORDER BY id",
        (workspace, sort, folder),
    )
    return [_item(row) for row in rows]


def add(ask: Ask, sort: str, uid: str, name: str, body: dict[str, Any], folder: int = 0) -> Item:
    """Keep a new one, of the caller's. Raises Refusal 403 when there are too many of its sort."""
    workspace = ask.workspace.id
    row = ask.tx.one("SELECT count(*) FROM grafana_item WHERE workspace = ? AND sort = ?", (workspace, sort))
    if row is not None and row[0] >= MOST_ITEMS:
        raise Refusal(403, "Quota reached")
    number = records.next_number(ask.tx, workspace, sort)
    author = ask.holder.login or ask.holder.name
    made = Item(number, uid, folder, name, 1, ask.now_ms, author, ask.now_ms, author, body)
    put(ask.tx, workspace, sort, made)
    return made


def put(tx: Transaction, workspace: str, sort: str, item: Item) -> None:
    """Keep one, new or changed."""
    tx.run(
        f"INSERT INTO grafana_item (workspace, sort, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace, sort, id) DO UPDATE SET uid = excluded.uid, folder = excluded.folder,"
        " name = excluded.name, version = excluded.version, updated_at = excluded.updated_at,"
        " updated_by = excluded.updated_by, body = excluded.body",
        (
            workspace,
            sort,
            item.id,
            item.uid,
            item.folder,
            item.name,
            item.version,
            item.created_at,
            item.created_by,
            item.updated_at,
            item.updated_by,
            msgspec.json.encode(item.body),
        ),
    )


def remove(tx: Transaction, workspace: str, sort: str, number: int) -> None:
    """Delete one."""
    tx.run("DELETE FROM grafana_item WHERE workspace = ? AND sort = ? AND id = ?", (workspace, sort, number))
