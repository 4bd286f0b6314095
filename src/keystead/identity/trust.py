"""Principals that a trust policy names: kept as unique ids, shown as ARNs.

Follows the IAM User Guide, "IAM identifiers", Unique identifiers: an ARN stands for whoever bore it when the
policy was saved. Once that user or role is gone its raw id is shown and matches nobody, even when somebody of
the same name comes after it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from keystead.identity import records, role_records
from keystead.identity.role_records import Role
from keystead.kernel.arn import ARN, parse_arn
from keystead.kernel.errors import DomainError
from keystead.store.interface import Reader


class UnknownPrincipal(DomainError):
    """A trust policy names a user or role of its own account that does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"principal {name} does not exist")
        self.name = name


@dataclass(frozen=True, slots=True)
class Trust:
    """A checked trust policy as it was given, and the users, roles and sessions that it names."""

    document: str
    names: tuple[str, ...]


def resolve(reader: Reader, account: str, names: Iterable[str]) -> dict[str, str]:
    """Return the unique id that each name stands for now. Raises UnknownPrincipal.

    A name of another account that stands for nobody is no error: whether it exists must not be told. Such a
    name, and a federated user's, is left out, and so matches as it is spelt.
    """
    found: dict[str, str] = {}
    for name in names:
        principal = _id_of(reader, account, name)
        if principal is not None:
            found[name] = principal
        elif _must_exist(account, name):
            raise UnknownPrincipal(name)
    return found


def shown(reader: Reader, role: Role) -> str:
    """Return a role's trust policy as it reads now: the caller's own text while every name in it still holds."""
    present = {
        name: _present_name(reader, role.account, name, principal)
        for name, principal in role.trusted_ids().items()
    }
    if all(name == now for name, now in present.items()):
        return role.trust
    return _renamed(role.trust, present)


def _id_of(reader: Reader, account: str, name: str) -> str | None:
    arn = _arn(name)
    if arn is None:
        return name if _arn_of(reader, account, name) is not None else None
    kind, _, path = arn.resource.partition("/")
    last = path.rsplit("/", 1)[-1]
    match kind:
        case "user":
            user = records.user_named(reader, arn.account, last)
            return user.id if user is not None and user.arn == name else None
        case "role":
            role = role_records.role_named(reader, arn.account, last)
            return role.id if role is not None and role.arn == name else None
        case "assumed-role":
            role = role_records.role_named(reader, arn.account, path.split("/")[0])
            return None if role is None else f"{role.id}:{last}"
        case _:
            return None


def _must_exist(account: str, name: str) -> bool:
    arn = _arn(name)
    return arn is None or (arn.account == account and not arn.resource.startswith("federated-user/"))


def _present_name(reader: Reader, account: str, name: str, principal: str) -> str:
    """Return what to show for a name: for another account's always what was given, whatever became of it."""
    arn = _arn(name)
    if arn is not None and arn.account != account:
        return name
    entity, _, session = principal.partition(":")
    if session:
        role = role_records.role_by_id(reader, account, entity)
        return principal if role is None else f"arn:aws:sts::{account}:assumed-role/{role.name}/{session}"
    return _arn_of(reader, account, principal) or principal


def _arn_of(reader: Reader, account: str, principal: str) -> str | None:
    entity = records.user_by_id(reader, account, principal) or role_records.role_by_id(
        reader, account, principal
    )
    return None if entity is None else entity.arn


def _arn(name: str) -> ARN | None:
    return parse_arn(name) if name.startswith("arn:") and name.count(":") >= 5 else None


def _renamed(document: str, names: Mapping[str, str]) -> str:
    # Only Principal elements are touched.
    policy: dict[str, Any] = json.loads(document)
    listed: Any = policy["Statement"]
    # What was saved was checked to be a policy document: the casts say what its grammar has there.
    for statement in cast(list[dict[str, Any]], listed if isinstance(listed, list) else [listed]):
        for element in ("Principal", "NotPrincipal"):
            if isinstance(statement.get(element), dict):
                # Checked in the line above.
                principals = cast(dict[str, Any], statement[element])
                if "AWS" in principals:
                    principals["AWS"] = _mapped(principals["AWS"], lambda name: names.get(name, name))
    return json.dumps(policy, ensure_ascii=False)


def _mapped(value: str | list[str], rename: Callable[[str], str]) -> str | list[str]:
    return rename(value) if isinstance(value, str) else [rename(name) for name in value]
