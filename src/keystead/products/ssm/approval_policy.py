"""Approval policies as the evaluation knows them, read from the objects that documents spell.

Follows the AWS Systems Manager User Guide, "Create manual approval policies for just-in-time node access" and
"Statement structure and built-in operators for auto-approval and deny-access policies".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from keystead.products.ssm.cedar import CedarPolicy, NotCedar
from keystead.products.ssm.content_errors import BadContent
from keystead.products.ssm.plain import as_list, as_object

AUTO_POLICY: Final = "SSM-JustInTimeAccessAutoApprovalPolicy"
DENY_POLICY: Final = "SSM-JustInTimeAccessDenyAccessOrgPolicy"
TOKEN_ROLE: Final = "SSM-JustInTimeAccessTokenRole"  # noqa: S105 - the name of a role
AUTO_SECONDS: Final = 3600
MAX_LEVELS: Final = 5
MAX_APPROVERS: Final = 5
LONGEST_WINDOW: Final = timedelta(hours=336)
_SHORTEST, _LONGEST = 3600, LONGEST_WINDOW // timedelta(seconds=1)
_DEFAULT_TIMEOUT: Final = 604_800
_LONGEST_TIMEOUT: Final = 30 * 86_400
ALL_NODES_KEY: Final = "InstanceIds"
"""UNCONFIRMED: how AWS spells all nodes. This key with the value `*` does, and so do no targets at all."""
APPROVER_TYPES: Final = frozenset({"ssogroup", "ssouser", "iamuser", "iamgroup", "iamrole"})
"""UNCONFIRMED but for SSOGroup. Taken without regard to case."""


@dataclass(frozen=True, slots=True)
class Approver:
    """Who may decide at a level. `type` is one of `APPROVER_TYPES`; `id` a name, a unique id or an ARN."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Level:
    """One step of approval."""

    name: str
    timeout_seconds: int
    message: str
    min_approvals: int
    approvers: tuple[Approver, ...]


@dataclass(frozen=True, slots=True)
class ManualPolicy:
    """A manual approval policy. `tags` are the node tags that it is for; empty means all nodes."""

    duration_seconds: int
    tags: frozenset[tuple[str, str]]
    levels: tuple[Level, ...]

    def is_for(self, tags: Mapping[str, str]) -> bool:
        """Return whether it names one of a node's tags."""
        return not self.tags.isdisjoint(tags.items())


def read_manual(value: Mapping[str, Any]) -> ManualPolicy:
    """Return a manual approval policy. Raises BadContent."""
    _check_role(value)
    steps = _list(value, "mainSteps")
    if not 1 <= len(steps) <= MAX_LEVELS:
        raise BadContent(f"A policy has 1 to {MAX_LEVELS} approval levels.")
    levels = tuple(_level(step) for step in steps)
    if len({level.name for level in levels}) != len(levels):
        raise BadContent("Each step must have a name of its own.")
    duration = _number(value, "accessDuration", _SHORTEST, _LONGEST)
    return ManualPolicy(duration, _targets(value), levels)


def read_automatic(name: str, value: Mapping[str, Any]) -> CedarPolicy:
    """Return an auto-approval or deny-access policy, parsed. Raises BadContent."""
    if name not in (AUTO_POLICY, DENY_POLICY):
        raise BadContent(f"The name of an AutoApprovalPolicy must be {AUTO_POLICY} or {DENY_POLICY}.")
    _check_role(value)
    if str(value.get("accessDuration", AUTO_SECONDS)) != str(AUTO_SECONDS):
        raise BadContent(
            f"accessDuration of an auto-approval policy is {AUTO_SECONDS} and cannot be changed."
        )
    texts: list[str] = []
    for each in _list(value, "AutoApprovalPolicyDocuments"):
        held = as_object(each)
        if held is None:
            raise BadContent("Each policy document must be an object.")
        text = held.get("content")
        if str(held.get("type", "Cedar")).lower() != "cedar" or not isinstance(text, str) or not text.strip():
            raise BadContent("Each policy document must have type Cedar and a content.")
        texts.append(text)
    if not texts:
        raise BadContent("AutoApprovalPolicyDocuments must not be empty.")
    try:
        return CedarPolicy("\n".join(texts))
    except NotCedar as error:
        raise BadContent(f"The Cedar policy does not parse: {error}") from error


def _check_role(value: Mapping[str, Any]) -> None:
    if value.get("accessTokenRole", TOKEN_ROLE) != TOKEN_ROLE:
        raise BadContent(f"accessTokenRole must be {TOKEN_ROLE}.")


def _level(step: object) -> Level:
    held = as_object(step) or {}
    if held.get("action") != "aws:approve":
        raise BadContent("The action of each step must be aws:approve.")
    given = as_object(held.get("inputs"))
    if given is None:
        raise BadContent("Each step must have inputs.")
    approvers = _approvers(given)
    name = held.get("name")
    if not isinstance(name, str) or not name:
        raise BadContent("Each step must have a name.")
    return Level(
        name,
        _number(held, "timeoutSeconds", 1, _LONGEST_TIMEOUT, _DEFAULT_TIMEOUT),
        str(given.get("Message", "")),
        _number(given, "MinRequiredApprovals", 1, MAX_APPROVERS, 1),
        approvers,
    )


def _approvers(inputs: Mapping[str, Any]) -> tuple[Approver, ...]:
    enhanced = as_object(inputs.get("EnhancedApprovals"))
    if enhanced is None:
        raise BadContent("Each step must have EnhancedApprovals with Approvers.")
    listed = _list(enhanced, "Approvers")
    if not 1 <= len(listed) <= MAX_APPROVERS:
        raise BadContent(f"A level has 1 to {MAX_APPROVERS} approvers.")
    found: list[Approver] = []
    for each in listed:
        given = as_object(each) or {}
        kind, who = str(given.get("type", "")).lower(), given.get("approver")
        if kind not in APPROVER_TYPES or not isinstance(who, str) or not who:
            raise BadContent("Each approver must have an approver and a type.")
        found.append(Approver(kind, who))
    return tuple(found)


def _targets(value: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for each in _list(value, "targets", optional=True):
        given = as_object(each) or {}
        key, values = given.get("Key"), as_list(given.get("Values"))
        if not isinstance(key, str) or not values:
            raise BadContent("Each target must have a Key and Values.")
        texts = [str(one) for one in values]
        if key == ALL_NODES_KEY and texts == ["*"]:
            return frozenset()
        if not key.startswith("tag:") or key == "tag:":
            raise BadContent("The Key of a target must be tag:<key>, or InstanceIds with the value *.")
        found |= {(key.removeprefix("tag:"), text) for text in texts}
    return frozenset(found)


def _list(value: Mapping[str, Any], member: str, *, optional: bool = False) -> Sequence[object]:
    if value.get(member) is None and optional:
        return ()
    found = as_list(value.get(member))
    if found is None:
        raise BadContent(f"{member} must be a list.")
    return found


def _number(value: Mapping[str, Any], member: str, least: int, most: int, default: int | None = None) -> int:
    found = value.get(member, default)
    text = str(found)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
        raise BadContent(f"{member} must be a number from {least} to {most}.")
    return int(text)
