"""The rows of groups and their members: their only SQL."""

from dataclasses import dataclass

from keystead.identity.records import User
from keystead.kernel.arn import iam_arn
from keystead.store.interface import Reader, Transaction

_GROUP = "account, id, name, path, created_at"
_JOINED_GROUP = "g.account, g.id, g.name, g.path, g.created_at"
_JOINED_USER = "u.account, u.id, u.name, u.path, u.created_at"


@dataclass(frozen=True, slots=True)
class Group:
    """An IAM group. `id` is `AGPA…`; `created_at` is in epoch milliseconds."""

    account: str
    id: str
    name: str
    path: str
    created_at: int

    @property
    def arn(self) -> str:
        """The ARN, which changes with path and name."""
        return iam_arn(self.account, f"group{self.path}{self.name}")


def group_named(reader: Reader, account: str, name: str) -> Group | None:
    """Return the group of this name, in whatever case it is spelt."""
    row = reader.one(
        f"SELECT {_GROUP} FROM iam_group WHERE account = ? AND name_key = ?", (account, name.lower())
    )
    return None if row is None else Group(*row)


def group_by_id(reader: Reader, account: str, group_id: str) -> Group | None:
    """Return the group with this unique id."""
    row = reader.one(f"SELECT {_GROUP} FROM iam_group WHERE id = ? AND account = ?", (group_id, account))
    return None if row is None else Group(*row)


def groups_of(reader: Reader, account: str) -> list[Group]:
    """Return every group of an account, by name without regard to case. There are at most a few hundred."""
    rows = reader.all(f"SELECT {_GROUP} FROM iam_group WHERE account = ? ORDER BY name_key", (account,))
    return [Group(*row) for row in rows]


def groups_of_user(reader: Reader, user_id: str) -> list[Group]:
    """Return the groups that a user is in, by name without regard to case."""
    rows = reader.all(
        f"SELECT {_JOINED_GROUP} FROM group_member m JOIN iam_group g ON g.id = m.group_id"
        " WHERE m.user_id = ? ORDER BY g.name_key",
        (user_id,),
    )
    return [Group(*row) for row in rows]


def members_from(reader: Reader, group_id: str, after: str, limit: int) -> list[User]:
    """Return at most `limit` members behind the name key `after`, by name without regard to case."""
    rows = reader.all(
        f"SELECT {_JOINED_USER} FROM group_member m JOIN iam_user u ON u.id = m.user_id"
        " WHERE m.group_id = ? AND u.name_key > ? ORDER BY u.name_key LIMIT ?",
        (group_id, after, limit),
    )
    return [User(*row) for row in rows]


def has_members(reader: Reader, group_id: str) -> bool:
    """Return whether anybody is in a group."""
    return reader.one("SELECT 1 FROM group_member WHERE group_id = ? LIMIT 1", (group_id,)) is not None


def add_group(tx: Transaction, group: Group) -> bool:
    """Keep a new group. False when its name is taken."""
    return (
        tx.run(
            f"INSERT INTO iam_group ({_GROUP}, name_key) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, name_key) DO NOTHING",
            (group.account, group.id, group.name, group.path, group.created_at, group.name.lower()),
        )
        == 1
    )


def rename_group(tx: Transaction, group: Group, name: str, path: str) -> None:
    """Change a group's name and path; its id stays."""
    tx.run(
        "UPDATE iam_group SET name = ?, name_key = ?, path = ? WHERE id = ?",
        (name, name.lower(), path, group.id),
    )


def remove_group(tx: Transaction, group: Group) -> None:
    """Delete a group that nothing depends on."""
    tx.run("DELETE FROM iam_group WHERE id = ?", (group.id,))


def add_member(tx: Transaction, group_id: str, user_id: str) -> None:
    """Put a user into a group; being in it already is no error."""
    tx.run(
        "INSERT INTO group_member (group_id, user_id) VALUES (?, ?) ON CONFLICT (group_id, user_id) DO NOTHING",
        (group_id, user_id),
    )


def remove_member(tx: Transaction, group_id: str, user_id: str) -> bool:
    """Take a user out of a group. False when it was not in it."""
    return tx.run("DELETE FROM group_member WHERE group_id = ? AND user_id = ?", (group_id, user_id)) == 1


def count_groups(tx: Transaction, account: str, by: int) -> int:
    """Add `by` to an account's number of groups and return it."""
    row = tx.one(
        "UPDATE account SET groups_count = groups_count + ? WHERE account = ? RETURNING groups_count",
        (by, account),
    )
    return 0 if row is None else row[0]
