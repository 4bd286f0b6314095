"""The rows of annotations."""

from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = "id, dashboard, panel, begins_at, ends_at, author, login, created_at, updated_at, body"
_FOR_EVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation. Times are epoch milliseconds; dashboard 0 is none. `body` has text, tags and data."""

    id: int
    dashboard: int
    panel: int
    begins_at: int
    ends_at: int
    author: int
    login: str
    created_at: int
    updated_at: int
    body: dict[str, Any]

    @property
    def tags(self) -> list[str]:
        """Its tags, in the order in which they were given."""
        tags: list[str] = self.body["tags"]
        return tags


def _annotation(row: Row) -> Annotation:
    *plain, body = row
    return Annotation(*plain, body=msgspec.json.decode(body))


def between(reader: Reader, workspace: str, start: int = 0, end: int = _FOR_EVER) -> list[Annotation]:
    """Return the annotations that overlap a span of time, the one that ends last first."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_annotation WHERE workspace = ? AND begins_at <= ? AND ends_at >= ?"
        " ORDER BY ends_at DESC, id DESC",
        (workspace, end, start),
    )
    return [_annotation(row) for row in rows]


def find(reader: Reader, workspace: str, number: int) -> Annotation | None:
    """Return the annotation of a number."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_annotation WHERE workspace = ? AND id = ?", (workspace, number)
    )
    return None if row is None else _annotation(row)


def count(reader: Reader, workspace: str) -> int:
    """Return how many annotations a workspace has."""
    row = reader.one("SELECT count(*) FROM grafana_annotation WHERE workspace = ?", (workspace,))
    return 0 if row is None else row[0]


def put(tx: Transaction, workspace: str, annotation: Annotation) -> None:
    """Keep an annotation, new or changed."""
    tx.run(
        f"INSERT INTO grafana_annotation (workspace, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace, id) DO UPDATE SET begins_at = excluded.begins_at, ends_at = excluded.ends_at,"
        " updated_at = excluded.updated_at, body = excluded.body",
        (
            workspace,
            annotation.id,
            annotation.dashboard,
            annotation.panel,
            annotation.begins_at,
            annotation.ends_at,
            annotation.author,
            annotation.login,
            annotation.created_at,
            annotation.updated_at,
            msgspec.json.encode(annotation.body),
        ),
    )


def remove(tx: Transaction, workspace: str, number: int) -> None:
    """Delete an annotation."""
    tx.run("DELETE FROM grafana_annotation WHERE workspace = ? AND id = ?", (workspace, number))


def remove_of_panel(tx: Transaction, workspace: str, dashboard: int, panel: int) -> None:
    """Delete a panel's annotations."""
    tx.run(
        "DELETE FROM grafana_annotation WHERE workspace = ? AND dashboard = ? AND panel = ?",
        (workspace, dashboard, panel),
    )
