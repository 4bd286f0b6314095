"""The rows of permissions: which users and groups of the identity provider have which role in a workspace."""

from typing import NamedTuple

from keystead.store.interface import Reader, Transaction


class Permission(NamedTuple):
    """A user's or group's role. `user_type` is SSO_USER or SSO_GROUP."""

    user_type: str
    user_id: str
    role: str


def permissions(reader: Reader, workspace: str) -> list[Permission]:
    """Return all permissions of a workspace, by type and id."""
    rows = reader.all(
        "SELECT user_type, user_id, role FROM grafana_permission WHERE workspace = ?"
        " ORDER BY user_type, user_id",
        (workspace,),
    )
    return [Permission(*row) for row in rows]


def put(tx: Transaction, workspace: str, permission: Permission) -> None:
    """Give a user or group a role, in place of the one it has."""
    tx.run(
        "INSERT INTO grafana_permission (workspace, user_type, user_id, role) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (workspace, user_type, user_id) DO UPDATE SET role = excluded.role",
        (workspace, permission.user_type, permission.user_id, permission.role),
    )


def remove(tx: Transaction, workspace: str, permission: Permission) -> bool:
    """Take a role away. False when the user or group has not that one."""
    return (
        tx.run(
            "DELETE FROM grafana_permission WHERE workspace = ? AND user_type = ? AND user_id = ? AND role = ?",
            (workspace, permission.user_type, permission.user_id, permission.role),
        )
        == 1
    )
