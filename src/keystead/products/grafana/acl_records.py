"""The rows of who may do what with a folder or dashboard. Both are known by one series of numbers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from keystead.store.interface import Reader, Transaction

VIEW, EDIT, ADMINISTER = 1, 2, 4
"""What a line lets somebody do; each includes those before it."""
NOTHING = 0
_COLUMNS = "object, role, person, team, level, created_at, updated_at"


class Entry(NamedTuple):
    """One line of a list: `role`, `person` or `team` says who, the others are "" and 0.

    A person is a service account's number, or a user's. Times are epoch milliseconds.
    """

    object: int
    role: str
    person: int
    team: int
    level: int
    created_at: int
    updated_at: int

    @property
    def subject(self) -> tuple[str, int, int]:
        """Whom the line is about."""
        return self.role, self.person, self.team


def default_list(number: int, now_ms: int) -> list[Entry]:
    """Return what a new folder or dashboard at the root gets: everybody views, Editors edit."""
    levels = (("EDITOR", EDIT), ("VIEWER", VIEW))
    return [Entry(number, role, 0, 0, level, now_ms, now_ms) for role, level in levels]


def of(reader: Reader, workspace: str, objects: Sequence[int]) -> list[Entry]:
    """Return the lines of some folders and dashboards, one after the other, roles first."""
    return [entry for number in objects for entry in _of_one(reader, workspace, number)]


def _of_one(reader: Reader, workspace: str, number: int) -> list[Entry]:
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_acl WHERE workspace = ? AND object = ? ORDER BY team, person, role",
        (workspace, number),
    )
    return [Entry(*row) for row in rows]


def every(reader: Reader, workspace: str) -> list[Entry]:
    """Return all lines of a workspace."""
    rows = reader.all(f"SELECT {_COLUMNS} FROM grafana_acl WHERE workspace = ?", (workspace,))
    return [Entry(*row) for row in rows]


def put(tx: Transaction, workspace: str, entries: Iterable[Entry]) -> None:
    """Keep lines, new or changed."""
    for entry in entries:
        tx.run(
            f"INSERT INTO grafana_acl (workspace, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (workspace, object, role, person, team)"
            " DO UPDATE SET level = excluded.level, updated_at = excluded.updated_at",
            (workspace, *entry),
        )


def take(tx: Transaction, workspace: str, entry: Entry) -> None:
    """Delete one line."""
    tx.run(
        "DELETE FROM grafana_acl WHERE workspace = ? AND object = ? AND role = ? AND person = ? AND team = ?",
        (workspace, entry.object, *entry.subject),
    )


def remove_object(tx: Transaction, workspace: str, number: int) -> None:
    """Delete the list of a folder or dashboard."""
    tx.run("DELETE FROM grafana_acl WHERE workspace = ? AND object = ?", (workspace, number))


def remove_person(tx: Transaction, workspace: str, number: int) -> None:
    """Delete what a service account or user was given."""
    tx.run("DELETE FROM grafana_acl WHERE workspace = ? AND person = ?", (workspace, number))


def remove_team(tx: Transaction, workspace: str, number: int) -> None:
    """Delete what a team was given."""
    tx.run("DELETE FROM grafana_acl WHERE workspace = ? AND team = ?", (workspace, number))
