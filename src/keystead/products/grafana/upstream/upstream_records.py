"""The rows of upstreams and of the service accounts that were made there, and the secrets that belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead.credentials import kept
from keystead.credentials.seal import Seal
from keystead.kernel.secret import Secret
from keystead.store.interface import Reader, Row, Transaction

_COLUMNS = "workspace, account, url, ca, serial, changed_at"


@dataclass(frozen=True, slots=True)
class Upstream:
    """The Grafana behind a workspace. `ca` is PEM or empty, `changed_at` epoch milliseconds."""

    workspace: str
    account: str
    url: str
    ca: str
    serial: str
    changed_at: int


@dataclass(frozen=True, slots=True)
class Lodger:
    """A service account of ours at an upstream: its number there, and its present token's. `minted_at` is real."""

    workspace: str
    role: str
    number: int
    token_number: int
    minted_at: int


def find(reader: Reader, workspace: str) -> Upstream | None:
    """Return a workspace's upstream."""
    row = reader.one(f"SELECT {_COLUMNS} FROM grafana_upstream WHERE workspace = ?", (workspace,))
    return None if row is None else Upstream(*row)


def listed(reader: Reader) -> Sequence[Upstream]:
    """Return every upstream, by workspace."""
    rows = reader.all(f"SELECT {_COLUMNS} FROM grafana_upstream ORDER BY workspace")
    return [Upstream(*row) for row in rows]


def orphaned(reader: Reader) -> Sequence[Upstream]:
    """Return the upstreams whose workspace was deleted."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_upstream WHERE NOT EXISTS (SELECT 1 FROM grafana_workspace"
        " WHERE grafana_workspace.id = grafana_upstream.workspace AND grafana_workspace.status <> 'DELETING')"
        " ORDER BY workspace"
    )
    return [Upstream(*row) for row in rows]


def put(tx: Transaction, upstream: Upstream, seal: Seal, admin_token: Secret) -> None:
    """Keep an upstream and its administrator's token, in place of what was there."""
    tx.run(
        f"INSERT INTO grafana_upstream ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace) DO UPDATE SET url = excluded.url, ca = excluded.ca,"
        " serial = excluded.serial, changed_at = excluded.changed_at",
        (
            upstream.workspace,
            upstream.account,
            upstream.url,
            upstream.ca,
            upstream.serial,
            upstream.changed_at,
        ),
    )
    kept.keep(tx, seal, _admin_name(upstream.workspace), upstream.account, admin_token)


def drop(tx: Transaction, workspace: str) -> None:
    """Forget an upstream with all that was kept for it."""
    for lodger in lodgers(tx, workspace):
        drop_lodger(tx, lodger)
    kept.drop(tx, _admin_name(workspace))
    tx.run("DELETE FROM grafana_upstream WHERE workspace = ?", (workspace,))


def admin_token(reader: Reader, seal: Seal, workspace: str) -> Secret | None:
    """Return the administrator's token of an upstream."""
    return kept.shown(reader, seal, _admin_name(workspace))


def lodgers(reader: Reader, workspace: str) -> Sequence[Lodger]:
    """Return the service accounts that were made at a workspace's upstream, by role."""
    rows = reader.all(
        "SELECT workspace, role, number, token_number, minted_at FROM grafana_upstream_account"
        " WHERE workspace = ? ORDER BY role",
        (workspace,),
    )
    return [_lodger(row) for row in rows]


def lodger_of(reader: Reader, workspace: str, role: str) -> Lodger | None:
    """Return the service account of a role at a workspace's upstream."""
    row = reader.one(
        "SELECT workspace, role, number, token_number, minted_at FROM grafana_upstream_account"
        " WHERE workspace = ? AND role = ?",
        (workspace, role),
    )
    return None if row is None else _lodger(row)


def put_lodger(tx: Transaction, upstream: Upstream, lodger: Lodger, seal: Seal, token: Secret) -> None:
    """Keep a service account's present token, in place of an older one."""
    tx.run(
        "INSERT INTO grafana_upstream_account (workspace, role, number, token_number, minted_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (workspace, role) DO UPDATE SET number = excluded.number,"
        " token_number = excluded.token_number, minted_at = excluded.minted_at",
        (lodger.workspace, lodger.role, lodger.number, lodger.token_number, lodger.minted_at),
    )
    kept.keep(tx, seal, _token_name(lodger.workspace, lodger.role), upstream.account, token)


def drop_lodger(tx: Transaction, lodger: Lodger) -> None:
    """Forget a service account there and its token."""
    kept.drop(tx, _token_name(lodger.workspace, lodger.role))
    tx.run(
        "DELETE FROM grafana_upstream_account WHERE workspace = ? AND role = ?",
        (lodger.workspace, lodger.role),
    )


def token_of(reader: Reader, seal: Seal, lodger: Lodger) -> Secret | None:
    """Return the present token of a service account there."""
    return kept.shown(reader, seal, _token_name(lodger.workspace, lodger.role))


def _lodger(row: Row) -> Lodger:
    return Lodger(*row)


def _admin_name(workspace: str) -> str:
    return f"grafana.upstream/{workspace}"


def _token_name(workspace: str, role: str) -> str:
    return f"grafana.upstream/{workspace}/{role}"
