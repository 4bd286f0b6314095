"""The rows of workspaces, and the numbers that are given out in them."""

from dataclasses import dataclass
from typing import Any

import msgspec

from keystead.kernel.errors import NotFound
from keystead.store.interface import Reader, Row, Transaction

ACTIVE, DELETING = "ACTIVE", "DELETING"
_COLUMNS = (
    "id, account, region, version, status, settles_at, created_at, modified_at,"
    " client_token, fingerprint, configuration, facts"
)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace. Times are epoch milliseconds; `facts` are CreateWorkspace's optional members, by their names."""

    id: str
    account: str
    region: str
    version: str
    status: str
    settles_at: int
    created_at: int
    modified_at: int
    client_token: str
    fingerprint: bytes
    configuration: str
    facts: dict[str, Any]

    def status_at(self, now_ms: int) -> str:
        """Return its state: what it was put into, until that has settled."""
        return self.status if now_ms < self.settles_at else ACTIVE

    def is_gone(self, now_ms: int) -> bool:
        """Return whether it was deleted and nobody is to see it any more."""
        return self.status == DELETING and now_ms >= self.settles_at

    @property
    def major(self) -> int:
        """The first number of its Grafana version."""
        return int(self.version.partition(".")[0])


def _workspace(row: Row) -> Workspace:
    *plain, facts = row
    facts_by_name: dict[str, Any] = msgspec.json.decode(facts)
    return Workspace(*plain, facts=facts_by_name)


def find(reader: Reader, workspace_id: str) -> Workspace | None:
    """Return a workspace of any account; the door asks so, and compares nothing but the credential's audience."""
    row = reader.one(f"SELECT {_COLUMNS} FROM grafana_workspace WHERE id = ?", (workspace_id,))
    return None if row is None else _workspace(row)


def get(reader: Reader, account: str, region: str, workspace_id: str, now_ms: int) -> Workspace:
    """Return a workspace of this account in this region. Raises NotFound."""
    found = find(reader, workspace_id)
    if found is None or (found.account, found.region) != (account, region) or found.is_gone(now_ms):
        raise NotFound("workspace", workspace_id)
    return found


def made_by(reader: Reader, account: str, region: str, client_token: str) -> Workspace | None:
    """Return the workspace that a client token made."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_workspace WHERE account = ? AND region = ? AND client_token = ?",
        (account, region, client_token),
    )
    return None if row is None else _workspace(row)


def listed(
    reader: Reader, account: str, region: str, now_ms: int, after: str = "", limit: int = 1_000_000
) -> list[Workspace]:
    """Return an account's workspaces of a region by id, from above `after`, without those that are gone."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_workspace WHERE account = ? AND region = ? AND id > ?"
        " AND NOT (status = 'DELETING' AND settles_at <= ?) ORDER BY id LIMIT ?",
        (account, region, after, now_ms, limit),
    )
    return [_workspace(row) for row in rows]


def add(tx: Transaction, workspace: Workspace) -> bool:
    """Keep a new workspace. False when its id is taken: draw another."""
    return (
        tx.run(
            f"INSERT INTO grafana_workspace ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            (
                workspace.id,
                workspace.account,
                workspace.region,
                workspace.version,
                workspace.status,
                workspace.settles_at,
                workspace.created_at,
                workspace.modified_at,
                workspace.client_token,
                workspace.fingerprint,
                workspace.configuration,
                msgspec.json.encode(workspace.facts),
            ),
        )
        == 1
    )


def change(tx: Transaction, workspace: Workspace) -> None:
    """Write down what may change about a workspace."""
    tx.run(
        "UPDATE grafana_workspace SET version = ?, status = ?, settles_at = ?, modified_at = ?,"
        " configuration = ?, facts = ? WHERE id = ?",
        (
            workspace.version,
            workspace.status,
            workspace.settles_at,
            workspace.modified_at,
            workspace.configuration,
            msgspec.json.encode(workspace.facts),
            workspace.id,
        ),
    )


def purge(tx: Transaction, account: str, now_ms: int) -> None:
    """Forget an account's workspaces that are gone, so that their client tokens are free again."""
    tx.run(
        "DELETE FROM grafana_workspace WHERE account = ? AND status = 'DELETING' AND settles_at <= ?",
        (account, now_ms),
    )


def clear(tx: Transaction, workspace_id: str) -> None:
    """Delete all that is in a workspace but its credentials, which are revoked one by one."""
    for statement in (
        "DELETE FROM grafana_number WHERE workspace = ?",
        "DELETE FROM grafana_service_account WHERE workspace = ?",
        "DELETE FROM grafana_token WHERE workspace = ?",
        "DELETE FROM grafana_api_key WHERE workspace = ?",
        "DELETE FROM grafana_permission WHERE workspace = ?",
        "DELETE FROM grafana_folder WHERE workspace = ?",
        "DELETE FROM grafana_acl WHERE workspace = ?",
        "DELETE FROM grafana_dashboard WHERE workspace = ?",
        "DELETE FROM grafana_dashboard_version WHERE workspace = ?",
        "DELETE FROM grafana_datasource WHERE workspace = ?",
        "DELETE FROM grafana_item WHERE workspace = ?",
        "DELETE FROM grafana_annotation WHERE workspace = ?",
        "DELETE FROM grafana_connection WHERE workspace = ?",
    ):
        tx.run(statement, (workspace_id,))


def next_number(tx: Transaction, workspace_id: str, series: str, first: int = 1) -> int:
    """Return the next id of a series in a workspace, `first` at the beginning."""
    row = tx.one(
        "INSERT INTO grafana_number (workspace, series, last) VALUES (?, ?, ?)"
        " ON CONFLICT (workspace, series) DO UPDATE SET last = grafana_number.last + 1 RETURNING last",
        (workspace_id, series, first),
    )
    if row is None:
        raise RuntimeError("no number was given out")
    number: int = row[0]
    return number
