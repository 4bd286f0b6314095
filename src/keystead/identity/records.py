"""The rows of accounts, users and tags: their only SQL.

Every look-up of a user also matches the account, so another account's user looks like none (DESIGN rule 7).
"""

from dataclasses import dataclass, field

from keystead.kernel.arn import iam_arn
from keystead.store.interface import Reader, Transaction

_ACCOUNT = "account, created_at, alias, users, groups_count, roles_count, policies_count, profiles_count"
_USER = "account, id, name, path, created_at"
_SCANNED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant, and how many of each entity it has."""

    account: str
    created_at: int
    alias: str | None
    users: int
    groups: int = 0
    roles: int = 0
    policies: int = 0
    profiles: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user. `id` is `AIDA…` and never reused; `created_at` is in epoch milliseconds."""

    account: str
    id: str
    name: str
    path: str
    created_at: int
    arn: str = field(init=False, compare=False, repr=False)
    """It changes with path and name. Who may see a user and what is shown of it both ask for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arn", iam_arn(self.account, f"user{self.path}{self.name}"))


@dataclass(frozen=True, slots=True)
class Tag:
    """A key and a value; keys are unique on an entity without regard to case."""

    key: str
    value: str


def account(reader: Reader, account_id: str) -> Account | None:
    """Return an account."""
    row = reader.one(f"SELECT {_ACCOUNT} FROM account WHERE account = ?", (account_id,))
    return None if row is None else Account(*row)


def accounts(reader: Reader) -> list[Account]:
    """Return every account in the order in which they were made; the first is the one that `init` made."""
    rows = reader.all(f"SELECT {_ACCOUNT} FROM account ORDER BY place")
    return [Account(*row) for row in rows]


def add_account(tx: Transaction, account_id: str, now_ms: int) -> None:
    """Keep a new account."""
    tx.run(
        "INSERT INTO account (account, created_at, alias, users, place)"
        " VALUES (?, ?, NULL, 0, (SELECT COUNT(*) FROM account))",
        (account_id, now_ms),
    )


def alias_owner(reader: Reader, alias: str) -> str | None:
    """Return the account that an alias belongs to."""
    row = reader.one("SELECT account FROM account WHERE alias = ?", (alias,))
    return None if row is None else row[0]


def set_alias(tx: Transaction, account_id: str, alias: str | None) -> None:
    """Give an account its one alias, or none."""
    tx.run("UPDATE account SET alias = ? WHERE account = ?", (alias, account_id))


def count_users(tx: Transaction, account_id: str, by: int) -> int:
    """Add `by` to an account's number of users and return it."""
    row = tx.one("UPDATE account SET users = users + ? WHERE account = ? RETURNING users", (by, account_id))
    return 0 if row is None else row[0]


def user_named(reader: Reader, account_id: str, name: str) -> User | None:
    """Return the user of this name, in whatever case it is spelt."""
    row = reader.one(
        f"SELECT {_USER} FROM iam_user WHERE account = ? AND name_key = ?", (account_id, name.lower())
    )
    return None if row is None else User(*row)


def user_by_id(reader: Reader, account_id: str, user_id: str) -> User | None:
    """Return the user with this unique id."""
    row = reader.one(f"SELECT {_USER} FROM iam_user WHERE id = ? AND account = ?", (user_id, account_id))
    return None if row is None else User(*row)


def users_from(
    reader: Reader, account_id: str, after: str, limit: int, path_prefix: str
) -> tuple[list[User], str | None]:
    """Return (users, where to go on), sorted by name without regard to case, from behind name key `after`.

    At most `limit` users, and at most `_SCANNED_AT_ONCE` rows are looked at, so that a rare path costs no more
    than a common one; a page may then be short although more follows.
    """
    rows = reader.all(
        f"SELECT {_USER}, name_key FROM iam_user WHERE account = ? AND name_key > ? ORDER BY name_key LIMIT ?",
        (account_id, after, limit + 1 if path_prefix == "/" else _SCANNED_AT_ONCE),
    )
    found = [row for row in rows if row[3].startswith(path_prefix)]
    users = [User(*row[:-1]) for row in found[:limit]]
    if len(found) > limit:
        return users, found[limit - 1][-1]
    if path_prefix != "/" and len(rows) == _SCANNED_AT_ONCE:
        return users, rows[-1][-1]
    return users, None


def add_user(tx: Transaction, user: User) -> bool:
    """Keep a new user. False when its name is taken."""
    return (
        tx.run(
            f"INSERT INTO iam_user ({_USER}, name_key) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, name_key) DO NOTHING",
            (user.account, user.id, user.name, user.path, user.created_at, user.name.lower()),
        )
        == 1
    )


def rename_user(tx: Transaction, user: User, name: str, path: str) -> None:
    """Change a user's name and path; its id stays."""
    tx.run(
        "UPDATE iam_user SET name = ?, name_key = ?, path = ? WHERE id = ?",
        (name, name.lower(), path, user.id),
    )


def remove_user(tx: Transaction, user: User) -> None:
    """Delete a user and its tags."""
    tx.run("DELETE FROM tag WHERE owner = ?", (user.id,))
    tx.run("DELETE FROM iam_user WHERE id = ?", (user.id,))


def tags(reader: Reader, owner: str) -> list[Tag]:
    """Return an entity's tags in the order in which they were added."""
    rows = reader.all("SELECT key, value FROM tag WHERE owner = ? ORDER BY row", (owner,))
    return [Tag(*row) for row in rows]


def tags_after(reader: Reader, owner: str, row: int) -> list[tuple[int, Tag]]:
    """Return (row number, tag) of an entity's tags in the order in which they were added, from above `row`."""
    rows = reader.all(
        "SELECT row, key, value FROM tag WHERE owner = ? AND row > ? ORDER BY row", (owner, row)
    )
    return [(number, Tag(key, value)) for number, key, value in rows]


def put_tag(tx: Transaction, owner: str, tag: Tag) -> None:
    """Add a tag, or replace the one whose key differs in case only; a replaced tag keeps its place."""
    tx.run(
        "INSERT INTO tag (owner, key, key_key, value) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (owner, key_key) DO UPDATE SET key = excluded.key, value = excluded.value",
        (owner, tag.key, tag.key.lower(), tag.value),
    )


def remove_tag(tx: Transaction, owner: str, key: str) -> None:
    """Delete a tag; none of that key is no error."""
    tx.run("DELETE FROM tag WHERE owner = ? AND key_key = ?", (owner, key.lower()))
