"""The rows of policies: managed ones with versions, inline ones, attachments and boundaries. Their only SQL."""

from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction

_POLICY = "account, id, arn, name, path, description, created_at, updated_at, default_version, next_version"


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy. `id` is `ANPA…`; version numbers are never reused; times are epoch milliseconds."""

    account: str
    id: str
    arn: str
    name: str
    path: str
    description: str | None
    created_at: int
    updated_at: int
    default_version: int
    next_version: int


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy, with the document as it was given."""

    number: int
    document: str
    created_at: int


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A policy that is part of one user, group or role."""

    name: str
    document: str


def policy_by_arn(reader: Reader, account: str, arn: str) -> ManagedPolicy | None:
    """Return the customer managed policy of this ARN in this account."""
    row = reader.one(f"SELECT {_POLICY} FROM managed_policy WHERE arn = ? AND account = ?", (arn, account))
    return None if row is None else ManagedPolicy(*row)


def policies_from(reader: Reader, account: str, after: str, limit: int) -> list[ManagedPolicy]:
    """Return at most `limit` customer managed policies behind the name key `after`, by name ignoring case."""
    rows = reader.all(
        f"SELECT {_POLICY} FROM managed_policy WHERE account = ? AND name_key > ? ORDER BY name_key LIMIT ?",
        (account, after, limit),
    )
    return [ManagedPolicy(*row) for row in rows]


def add_policy(tx: Transaction, policy: ManagedPolicy) -> bool:
    """Keep a new managed policy. False when its name is taken."""
    return (
        tx.run(
            f"INSERT INTO managed_policy ({_POLICY}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, name_key) DO NOTHING",
            (
                policy.account,
                policy.id,
                policy.arn,
                policy.name,
                policy.path,
                policy.description,
                policy.created_at,
                policy.updated_at,
                policy.default_version,
                policy.next_version,
                policy.name.lower(),
            ),
        )
        == 1
    )


def update_policy(tx: Transaction, policy: ManagedPolicy) -> None:
    """Keep a policy's changed default version, next number and time of change."""
    tx.run(
        "UPDATE managed_policy SET updated_at = ?, default_version = ?, next_version = ? WHERE id = ?",
        (policy.updated_at, policy.default_version, policy.next_version, policy.id),
    )


def remove_policy(tx: Transaction, policy: ManagedPolicy) -> None:
    """Delete a managed policy with its versions and tags."""
    tx.run("DELETE FROM tag WHERE owner = ?", (policy.id,))
    tx.run("DELETE FROM policy_version WHERE policy_id = ?", (policy.id,))
    tx.run("DELETE FROM managed_policy WHERE id = ?", (policy.id,))


def count_policies(tx: Transaction, account: str, by: int) -> int:
    """Add `by` to an account's number of customer managed policies and return it."""
    row = tx.one(
        "UPDATE account SET policies_count = policies_count + ? WHERE account = ? RETURNING policies_count",
        (by, account),
    )
    return 0 if row is None else row[0]


def versions(reader: Reader, policy_id: str) -> list[PolicyVersion]:
    """Return a policy's versions, newest first."""
    rows = reader.all(
        "SELECT number, document, created_at FROM policy_version WHERE policy_id = ? ORDER BY number DESC",
        (policy_id,),
    )
    return [PolicyVersion(*row) for row in rows]


def version(reader: Reader, policy_id: str, number: int) -> PolicyVersion | None:
    """Return one version of a policy."""
    row = reader.one(
        "SELECT number, document, created_at FROM policy_version WHERE policy_id = ? AND number = ?",
        (policy_id, number),
    )
    return None if row is None else PolicyVersion(*row)


def add_version(tx: Transaction, policy_id: str, added: PolicyVersion) -> None:
    """Keep a new version."""
    tx.run(
        "INSERT INTO policy_version (policy_id, number, document, created_at) VALUES (?, ?, ?, ?)",
        (policy_id, added.number, added.document, added.created_at),
    )


def remove_version(tx: Transaction, policy_id: str, number: int) -> None:
    """Delete one version."""
    tx.run("DELETE FROM policy_version WHERE policy_id = ? AND number = ?", (policy_id, number))


def attached_to(reader: Reader, entity: str) -> list[str]:
    """Return the ARNs of the policies attached to an entity, in the order of attachment."""
    rows = reader.all("SELECT policy_arn FROM policy_attachment WHERE entity = ? ORDER BY row", (entity,))
    return [row[0] for row in rows]


def attach(tx: Transaction, account: str, entity: str, policy_arn: str) -> None:
    """Attach a policy; being attached already is no error."""
    tx.run(
        "INSERT INTO policy_attachment (account, entity, policy_arn) VALUES (?, ?, ?)"
        " ON CONFLICT (entity, policy_arn) DO NOTHING",
        (account, entity, policy_arn),
    )


def detach(tx: Transaction, entity: str, policy_arn: str) -> bool:
    """Detach a policy. False when it was not attached."""
    return (
        tx.run("DELETE FROM policy_attachment WHERE entity = ? AND policy_arn = ?", (entity, policy_arn)) == 1
    )


def holders(reader: Reader, account: str, policy_arn: str) -> list[str]:
    """Return the unique ids of the entities that have a policy attached."""
    rows = reader.all(
        "SELECT entity FROM policy_attachment WHERE account = ? AND policy_arn = ? ORDER BY row",
        (account, policy_arn),
    )
    return [row[0] for row in rows]


def bounded(reader: Reader, account: str, policy_arn: str) -> list[str]:
    """Return the unique ids of the entities that have a policy as their boundary."""
    rows = reader.all(
        "SELECT entity FROM permissions_boundary WHERE account = ? AND policy_arn = ? ORDER BY entity",
        (account, policy_arn),
    )
    return [row[0] for row in rows]


def attachment_counts(reader: Reader, account: str) -> dict[str, int]:
    """Return how often each policy is attached in an account, by ARN, of those that are."""
    rows = reader.all(
        "SELECT policy_arn, count(*) FROM policy_attachment WHERE account = ? GROUP BY policy_arn", (account,)
    )
    return {row[0]: row[1] for row in rows}


def boundary_counts(reader: Reader, account: str) -> dict[str, int]:
    """Return how many entities of an account each policy bounds, by ARN, of those that do."""
    rows = reader.all(
        "SELECT policy_arn, count(*) FROM permissions_boundary WHERE account = ? GROUP BY policy_arn",
        (account,),
    )
    return {row[0]: row[1] for row in rows}


def count_versions(reader: Reader, account: str) -> int:
    """Return how many versions an account's managed policies have together."""
    row = reader.one(
        "SELECT count(*) FROM policy_version v JOIN managed_policy p ON p.id = v.policy_id WHERE p.account = ?",
        (account,),
    )
    return 0 if row is None else row[0]


def boundary(reader: Reader, entity: str) -> str | None:
    """Return the ARN of an entity's permissions boundary."""
    row = reader.one("SELECT policy_arn FROM permissions_boundary WHERE entity = ?", (entity,))
    return None if row is None else row[0]


def set_boundary(tx: Transaction, account: str, entity: str, policy_arn: str) -> None:
    """Give an entity a boundary, in place of the one it had."""
    tx.run(
        "INSERT INTO permissions_boundary (entity, account, policy_arn) VALUES (?, ?, ?)"
        " ON CONFLICT (entity) DO UPDATE SET policy_arn = excluded.policy_arn",
        (entity, account, policy_arn),
    )


def remove_boundary(tx: Transaction, entity: str) -> bool:
    """Take an entity's boundary away. False when it had none."""
    return tx.run("DELETE FROM permissions_boundary WHERE entity = ?", (entity,)) == 1


def inline(reader: Reader, entity: str) -> list[InlinePolicy]:
    """Return an entity's inline policies, by name without regard to case."""
    rows = reader.all(
        "SELECT name, document FROM inline_policy WHERE entity = ? ORDER BY name_key", (entity,)
    )
    return [InlinePolicy(*row) for row in rows]


def put_inline(tx: Transaction, entity: str, policy: InlinePolicy) -> None:
    """Keep an inline policy, in place of one of the same name."""
    tx.run(
        "INSERT INTO inline_policy (entity, name, name_key, document) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (entity, name_key) DO UPDATE SET name = excluded.name, document = excluded.document",
        (entity, policy.name, policy.name.lower(), policy.document),
    )


def remove_inline(tx: Transaction, entity: str, name: str) -> bool:
    """Delete an inline policy. False when there is none of that name."""
    return tx.run("DELETE FROM inline_policy WHERE entity = ? AND name_key = ?", (entity, name.lower())) == 1
