"""Which library elements a dashboard's panels use: kept with each save, dropped with the dashboard."""

from collections.abc import Iterator
from typing import Any

from keystead.products.grafana.door.asking import is_array, is_object
from keystead.store.interface import Reader, Transaction

_DEEPEST = 3
"""Panels lie in rows, and rows in a dashboard."""


def connect(tx: Transaction, workspace: str, dashboard: int, body: dict[str, Any]) -> None:
    """Keep which elements a dashboard uses, in place of those it used."""
    disconnect(tx, workspace, dashboard)
    used = {(workspace, uid, dashboard) for uid in _elements(body)}
    tx.run_many(
        "INSERT INTO grafana_connection (workspace, element, dashboard) VALUES (?, ?, ?)", sorted(used)
    )


def disconnect(tx: Transaction, workspace: str, dashboard: int) -> None:
    """Forget what a dashboard uses."""
    tx.run("DELETE FROM grafana_connection WHERE workspace = ? AND dashboard = ?", (workspace, dashboard))


def dashboards_of(reader: Reader, workspace: str, element: str) -> list[int]:
    """Return the ids of the dashboards that use an element."""
    rows = reader.all(
        "SELECT dashboard FROM grafana_connection WHERE workspace = ? AND element = ? ORDER BY dashboard",
        (workspace, element),
    )
    return [row[0] for row in rows]


def _elements(body: dict[str, Any], depth: int = 0) -> Iterator[str]:
    panels = body.get("panels")
    if depth >= _DEEPEST or not is_array(panels):
        return
    for panel in panels:
        if not is_object(panel):
            continue
        named = panel.get("libraryPanel")
        uid = named.get("uid") if is_object(named) else None
        if isinstance(uid, str) and uid and "\0" not in uid:
            yield uid
        yield from _elements(panel, depth + 1)
