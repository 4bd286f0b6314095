"""Users, groups and roles found by name or by unique id, as things that policies hang on."""

from collections.abc import Iterable

from keystead.gateway.call import Call
from keystead.identity import group_records, records, role_records
from keystead.identity.entity import Entity, EntityKind, entity_of
from keystead.identity.groups import GROUP_ID_PREFIX, Groups
from keystead.identity.roles import ROLE_ID_PREFIX, Roles
from keystead.identity.users import Users
from keystead.kernel.arn import parse_arn
from keystead.kernel.errors import NotFound
from keystead.store.interface import Reader


class Entities:
    """Looks entities up in the caller's account."""

    def __init__(self, users: Users, groups: Groups, roles: Roles) -> None:
        self._users = users
        self._groups = groups
        self._roles = roles

    def named(self, call: Call, kind: EntityKind, name: str) -> Entity:
        """Return the user, group or role of this name. Raises NotFound."""
        account = call.principal.account
        match kind:
            case "user":
                return entity_of(self._users.get(call.reader, account, name))
            case "group":
                return entity_of(self._groups.get(call.reader, account, name))
            case "role":
                return entity_of(self._roles.get(call.reader, account, name))

    def with_arn(self, call: Call, arn: str) -> Entity:
        """Return the user, group or role of the caller's account with this ARN. Raises NotFound, ValueError."""
        kind, _, path = parse_arn(arn).resource.partition("/")
        name = path.rsplit("/", 1)[-1]
        account = call.principal.account
        match kind:
            case "user":
                found = self._users.get(call.reader, account, name)
            case "group":
                found = self._groups.get(call.reader, account, name)
            case "role":
                found = self._roles.get(call.reader, account, name)
            case _:
                raise ValueError(f"{arn} is not the ARN of a user, group or role")
        if found.arn != arn:
            raise NotFound(kind, name)
        return entity_of(found)

    def by_ids(self, reader: Reader, account: str, ids: Iterable[str]) -> list[tuple[Entity, str]]:
        """Return (entity, path) of everything in `ids` that still exists."""
        found: list[tuple[Entity, str]] = []
        for entity_id in ids:
            if entity_id.startswith(GROUP_ID_PREFIX):
                thing = group_records.group_by_id(reader, account, entity_id)
            elif entity_id.startswith(ROLE_ID_PREFIX):
                thing = role_records.role_by_id(reader, account, entity_id)
            else:
                thing = records.user_by_id(reader, account, entity_id)
            if thing is not None:
                found.append((entity_of(thing), thing.path))
        return found
