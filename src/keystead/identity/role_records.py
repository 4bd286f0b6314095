"""The rows of roles and instance profiles: their only SQL."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from keystead.kernel.arn import iam_arn
from keystead.store.interface import Reader, Transaction

_ROLE = "account, id, name, path, created_at, description, max_session_seconds, trust, trust_ids"
_PROFILE = "account, id, name, path, created_at, role_id"


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role. `id` is `AROA…`; times are epoch milliseconds.

    `trust` is its trust policy as it was given, `trust_ids` what its principals' names stood for then.
    """

    account: str
    id: str
    name: str
    path: str
    created_at: int
    description: str | None
    max_session_seconds: int
    trust: str
    trust_ids: str

    @property
    def arn(self) -> str:
        """The ARN of the role, with its path."""
        return iam_arn(self.account, f"role{self.path}{self.name}")

    def trusted_ids(self) -> Mapping[str, str]:
        """Return the unique ids that the names in the trust policy stood for when it was saved."""
        return msgspec.json.decode(self.trust_ids, type=dict[str, str])


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """An instance profile: a name under which at most one role is handed to a machine."""

    account: str
    id: str
    name: str
    path: str
    created_at: int
    role_id: str | None

    @property
    def arn(self) -> str:
        """The ARN, with the path."""
        return iam_arn(self.account, f"instance-profile{self.path}{self.name}")


@dataclass(frozen=True, slots=True)
class RoleUse:
    """When (epoch milliseconds) and in which region a role's credentials were last used."""

    used_at: int
    region: str


def role_named(reader: Reader, account: str, name: str) -> Role | None:
    """Return the role of this name, in whatever case it is spelt."""
    row = reader.one(
        f"SELECT {_ROLE} FROM iam_role WHERE account = ? AND name_key = ?", (account, name.lower())
    )
    return None if row is None else Role(*row)


def role_by_id(reader: Reader, account: str, role_id: str) -> Role | None:
    """Return the role with this unique id."""
    row = reader.one(f"SELECT {_ROLE} FROM iam_role WHERE id = ? AND account = ?", (role_id, account))
    return None if row is None else Role(*row)


def roles_from(reader: Reader, account: str, after: str, limit: int) -> list[Role]:
    """Return at most `limit` roles behind the name key `after`, by name without regard to case."""
    rows = reader.all(
        f"SELECT {_ROLE} FROM iam_role WHERE account = ? AND name_key > ? ORDER BY name_key LIMIT ?",
        (account, after, limit),
    )
    return [Role(*row) for row in rows]


def add_role(tx: Transaction, role: Role) -> bool:
    """Keep a new role. False when its name is taken."""
    return (
        tx.run(
            f"INSERT INTO iam_role ({_ROLE}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, name_key) DO NOTHING",
            (
                role.account,
                role.id,
                role.name,
                role.path,
                role.created_at,
                role.description,
                role.max_session_seconds,
                role.trust,
                role.trust_ids,
                role.name.lower(),
            ),
        )
        == 1
    )


def update_role(tx: Transaction, role: Role) -> None:
    """Keep a role's changed description, longest session and trust policy."""
    tx.run(
        "UPDATE iam_role SET description = ?, max_session_seconds = ?, trust = ?, trust_ids = ? WHERE id = ?",
        (role.description, role.max_session_seconds, role.trust, role.trust_ids, role.id),
    )


def remove_role(tx: Transaction, role: Role) -> None:
    """Delete a role and its tags."""
    tx.run("DELETE FROM tag WHERE owner = ?", (role.id,))
    tx.run("DELETE FROM iam_role WHERE id = ?", (role.id,))


def role_use(reader: Reader, role_id: str) -> RoleUse | None:
    """Return a role's last use, or None."""
    row = reader.one("SELECT last_used_at, last_used_region FROM iam_role WHERE id = ?", (role_id,))
    return None if row is None or row[0] is None else RoleUse(*row)


def keep_role_use(tx: Transaction, role_id: str, use: RoleUse) -> None:
    """Write a role's last use down."""
    tx.run(
        "UPDATE iam_role SET last_used_at = ?, last_used_region = ? WHERE id = ?",
        (use.used_at, use.region, role_id),
    )


def count_roles(tx: Transaction, account: str, by: int) -> int:
    """Add `by` to an account's number of roles and return it."""
    row = tx.one(
        "UPDATE account SET roles_count = roles_count + ? WHERE account = ? RETURNING roles_count",
        (by, account),
    )
    return 0 if row is None else row[0]


def profile_named(reader: Reader, account: str, name: str) -> InstanceProfile | None:
    """Return the instance profile of this name, in whatever case it is spelt."""
    row = reader.one(
        f"SELECT {_PROFILE} FROM instance_profile WHERE account = ? AND name_key = ?", (account, name.lower())
    )
    return None if row is None else InstanceProfile(*row)


def profiles_from(reader: Reader, account: str, after: str, limit: int) -> list[InstanceProfile]:
    """Return at most `limit` profiles behind the name key `after`, by name without regard to case."""
    rows = reader.all(
        f"SELECT {_PROFILE} FROM instance_profile WHERE account = ? AND name_key > ? ORDER BY name_key LIMIT ?",
        (account, after, limit),
    )
    return [InstanceProfile(*row) for row in rows]


def profiles_of_role(reader: Reader, role_id: str) -> list[InstanceProfile]:
    """Return the instance profiles that hold a role, by name without regard to case."""
    rows = reader.all(
        f"SELECT {_PROFILE} FROM instance_profile WHERE role_id = ? ORDER BY name_key", (role_id,)
    )
    return [InstanceProfile(*row) for row in rows]


def add_profile(tx: Transaction, profile: InstanceProfile) -> bool:
    """Keep a new instance profile. False when its name is taken."""
    return (
        tx.run(
            f"INSERT INTO instance_profile ({_PROFILE}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, name_key) DO NOTHING",
            (
                profile.account,
                profile.id,
                profile.name,
                profile.path,
                profile.created_at,
                profile.role_id,
                profile.name.lower(),
            ),
        )
        == 1
    )


def set_profile_role(tx: Transaction, profile_id: str, role_id: str | None) -> None:
    """Put a role into an instance profile, or take it out."""
    tx.run("UPDATE instance_profile SET role_id = ? WHERE id = ?", (role_id, profile_id))


def remove_profile(tx: Transaction, profile: InstanceProfile) -> None:
    """Delete an instance profile and its tags."""
    tx.run("DELETE FROM tag WHERE owner = ?", (profile.id,))
    tx.run("DELETE FROM instance_profile WHERE id = ?", (profile.id,))


def count_profiles(tx: Transaction, account: str, by: int) -> int:
    """Add `by` to an account's number of instance profiles and return it."""
    row = tx.one(
        "UPDATE account SET profiles_count = profiles_count + ? WHERE account = ? RETURNING profiles_count",
        (by, account),
    )
    return 0 if row is None else row[0]
