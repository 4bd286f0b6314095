"""Which dashboards a service account has starred: rows of the table of items, one a star.

A star of a dashboard that is gone is never shown, and is dropped with the next star that anybody in the workspace
gives; numbers are never given twice, so that no new dashboard inherits one.
"""

from keystead.products.grafana import records
from keystead.store.interface import Reader, Transaction

MOST_STARS = 1_000
"""Of one account."""
_SORT = "star"


def starred(reader: Reader, workspace: str, account: int) -> set[int]:
    """Return the ids of the dashboards that an account has starred."""
    rows = reader.all(
        "SELECT item.folder FROM grafana_item item JOIN grafana_dashboard dashboard"
        " ON dashboard.workspace = item.workspace AND dashboard.id = item.folder"
        " WHERE item.workspace = ? AND item.sort = ? AND item.name = ?",
        (workspace, _SORT, str(account)),
    )
    return {row[0] for row in rows}


def star(tx: Transaction, workspace: str, account: int, login: str, dashboard: int, now_ms: int) -> None:
    """Keep that an account stars a dashboard that is there; a second time changes nothing."""
    _tidy(tx, workspace)
    number = records.next_number(tx, workspace, _SORT)
    tx.run(
        "INSERT INTO grafana_item (workspace, sort, id, uid, folder, name, version,"
        " created_at, created_by, updated_at, updated_by, body) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace, sort, uid) DO NOTHING",
        (
            workspace,
            _SORT,
            number,
            f"{account}-{dashboard}",
            dashboard,
            str(account),
            now_ms,
            login,
            now_ms,
            login,
            b"{}",
        ),
    )


def unstar(tx: Transaction, workspace: str, account: int, dashboard: int) -> bool:
    """Drop an account's star of a dashboard. False when there is none."""
    return (
        tx.run(
            "DELETE FROM grafana_item WHERE workspace = ? AND sort = ? AND uid = ?",
            (workspace, _SORT, f"{account}-{dashboard}"),
        )
        == 1
    )


def remove_of_account(tx: Transaction, workspace: str, account: int) -> None:
    """Drop the stars of an account that is deleted."""
    tx.run(
        "DELETE FROM grafana_item WHERE workspace = ? AND sort = ? AND name = ?",
        (workspace, _SORT, str(account)),
    )


def _tidy(tx: Transaction, workspace: str) -> None:
    tx.run(
        "DELETE FROM grafana_item WHERE workspace = ? AND sort = ? AND NOT EXISTS"
        " (SELECT 1 FROM grafana_dashboard dashboard WHERE dashboard.workspace = grafana_item.workspace"
        " AND dashboard.id = grafana_item.folder)",
        (workspace, _SORT),
    )
