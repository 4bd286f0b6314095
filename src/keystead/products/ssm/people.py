"""Who somebody is to an approval: the person behind a principal, and whether a policy's approver means them.

keystead's answer to AWS's identity provider (UNCONFIRMED there for IAM): a person is the IAM user at the start
of the chain of sessions, or the web identity there. The name of a session is none: its maker chooses it, and could
be two people, or another one, by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.identity import group_records, records
from keystead.identity.group_records import Group
from keystead.identity.principals import Principal
from keystead.identity.records import User
from keystead.products.ssm.approval_policy import Approver
from keystead.products.ssm.cedar import ATTRIBUTES, Question
from keystead.store.interface import Reader


@dataclass(frozen=True, slots=True)
class Person:
    """`id` is the user's unique id, or who else is at the start of the chain: see `Scope.origin`."""

    id: str
    principal: Principal
    user: User | None
    groups: tuple[Group, ...]


def person_of(reader: Reader, principal: Principal) -> Person:
    """Return the person that acts as a principal."""
    session = principal.session
    origin = f"user:{principal.account}:{principal.owner}" if session is None else session.scope.origin
    kind, _, rest = origin.partition(":")
    account, _, owner = rest.partition(":")
    user = records.user_by_id(reader, account, owner) if kind == "user" else None
    if user is None:
        # What the authority made by itself has no origin, and a name that nobody chose.
        return Person(origin or f"session:{principal.id}", principal, None, ())
    return Person(user.id, principal, user, tuple(group_records.groups_of_user(reader, user.id)))


def is_meant(person: Person, approver: Approver) -> bool:
    """Return whether an approver of a policy is this person, by name, unique id or ARN."""
    if approver.type in ("iamuser", "ssouser"):
        user = person.user
        own = user is not None and user.account == person.principal.account
        return own and user is not None and approver.id in (user.id, user.name, user.arn)
    if approver.type in ("iamgroup", "ssogroup"):
        return any(
            approver.id in (group.id, group.name, group.arn)
            for group in person.groups
            if group.account == person.principal.account
        )
    principal = person.principal
    is_role = principal.type == "assumed-role"
    return is_role and approver.id in (principal.owner, principal.issuer_name, principal.issuer_arn)


def question(reader: Reader, person: Person, node: str, node_tags: Mapping[str, str]) -> Question:
    """Return what Cedar policies are asked of a person and a node."""
    return asked_of(reader, person.id, principal_tags(reader, person.principal), node, node_tags)


def asked_of(
    reader: Reader, person: str, tags: Mapping[str, str], node: str, node_tags: Mapping[str, str]
) -> Question:
    """Return what Cedar policies are asked of somebody by `Person.id` and the tags of their principal."""
    own = _tags(reader, person)
    return Question(
        user=person,
        groups=tuple(group.id for group in group_records.groups_of_user(reader, person)),
        attributes={name: own[name] for name in ATTRIBUTES if name in own},
        principal_tags=tags,
        node=node,
        node_tags=node_tags,
    )


def principal_tags(reader: Reader, principal: Principal) -> dict[str, str]:
    """Return a principal's tags: its role's or user's own, and its session's before those."""
    given = {} if principal.session is None else principal.session.scope.tags
    return _tags(reader, principal.owner) | dict(given)


def _tags(reader: Reader, owner: str) -> dict[str, str]:
    return {tag.key: tag.value for tag in records.tags(reader, owner)}
