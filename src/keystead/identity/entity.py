"""`Entity`: a user, group or role as something that policies are attached to and that tags belong to."""

from dataclasses import dataclass
from typing import Literal

from keystead.identity.group_records import Group
from keystead.identity.records import User
from keystead.identity.role_records import Role

EntityKind = Literal["user", "group", "role"]


@dataclass(frozen=True, slots=True)
class Entity:
    """What policies hang on, by unique id."""

    kind: EntityKind
    account: str
    id: str
    name: str


def entity_of(thing: User | Group | Role) -> Entity:
    """Return a user, group or role as an entity."""
    kinds: dict[type[object], EntityKind] = {User: "user", Group: "group", Role: "role"}
    return Entity(kinds[type(thing)], thing.account, thing.id, thing.name)
