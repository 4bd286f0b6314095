"""The decision of Cedar policies on just-in-time access. Anything but Allow is no.

Follows the AWS Systems Manager User Guide, "Statement structure and built-in operators for auto-approval and
deny-access policies", for the schema and the request, and cedarpy for the rest: a text that does not parse gives
`NoDecision` there, never an exception, so that only the one word counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from keystead.kernel.lazily import later

if TYPE_CHECKING:
    import cedarpy
else:
    cedarpy = later("cedarpy")

SCHEMA: Final = """\
namespace AWS::EC2 { entity Instance tags String; }
namespace AWS::IdentityStore {
  entity Group;
  entity User in [Group] {
    employeeNumber?: String, costCenter?: String, organization?: String, division?: String,
  };
}
namespace AWS::IAM {
  entity Role;
  type AuthorizationContext = { principalTags: PrincipalTags, };
  entity PrincipalTags tags String;
}
namespace AWS::SSM {
  entity ManagedInstance tags String;
  action "getTokenForInstanceAccess" appliesTo {
    principal: [AWS::IdentityStore::User],
    resource: [AWS::EC2::Instance, AWS::SSM::ManagedInstance],
    context: { "iam": AWS::IAM::AuthorizationContext }
  };
}
"""
ATTRIBUTES: Final = ("employeeNumber", "costCenter", "organization", "division")
_ACTION: Final = {"type": "AWS::SSM::Action", "id": "getTokenForInstanceAccess"}
_PRINCIPAL_TAGS: Final = {"type": "AWS::IAM::PrincipalTags", "id": "default"}


class NotCedar(ValueError):
    """The text is no set of Cedar policies."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for which node: ids, tags, and the groups and attributes of the person."""

    user: str
    groups: tuple[str, ...]
    attributes: Mapping[str, str]
    principal_tags: Mapping[str, str]
    node: str
    node_tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What policies say. `statements` are the places in the text, from 0, of those that decided."""

    is_allowed: bool
    is_forbidden: bool
    has_errors: bool
    statements: tuple[int, ...]


class CedarPolicy:
    """The policies of one document version, parsed once."""

    def __init__(self, text: str) -> None:
        """Raises NotCedar."""
        try:
            self._policies = cedarpy.PolicySet.from_str(text)
        except ValueError as error:
            raise NotCedar(str(error).splitlines()[0]) from error
        if not len(self._policies):
            raise NotCedar("there is no policy")

    def decide(self, question: Question) -> Verdict:
        """Return the verdict. A policy that fails to evaluate does not count, as Cedar has it."""
        request = {
            "principal": {"type": "AWS::IdentityStore::User", "id": question.user},
            "action": _ACTION,
            "resource": _node(question),
            "context": {"iam": {"principalTags": {"__entity": _PRINCIPAL_TAGS}}},
        }
        # Its types leave the contents of dictionaries open.
        answer = cedarpy.is_authorized(request, self._policies, _entities(question))  # pyright: ignore[reportUnknownMemberType]
        reasons = tuple(sorted(int(each.removeprefix("policy")) for each in answer.diagnostics.reasons))
        is_allowed = answer.decision is cedarpy.Decision.Allow
        # A Deny that names a statement is a forbid; without one nothing permitted it.
        is_forbidden = answer.decision is cedarpy.Decision.Deny and bool(reasons)
        return Verdict(is_allowed, is_forbidden, bool(answer.diagnostics.errors), reasons)


def _node(question: Question) -> dict[str, str]:
    kind = "AWS::EC2::Instance" if question.node.startswith("i-") else "AWS::SSM::ManagedInstance"
    return {"type": kind, "id": question.node}


def _entities(question: Question) -> list[dict[str, Any]]:
    groups = [{"type": "AWS::IdentityStore::Group", "id": each} for each in question.groups]
    user = {"type": "AWS::IdentityStore::User", "id": question.user}
    return [
        {"uid": user, "attrs": dict(question.attributes), "parents": groups},
        *({"uid": each, "attrs": {}, "parents": []} for each in groups),
        {"uid": _node(question), "attrs": {}, "parents": [], "tags": dict(question.node_tags)},
        {"uid": _PRINCIPAL_TAGS, "attrs": {}, "parents": [], "tags": dict(question.principal_tags)},
    ]
