"""Decides whether an authenticated principal may do what it asks. Deny by default.

Follows the IAM User Guide, "Policy evaluation logic", as far as it goes without policies, which come with the
policy language: the account root may do everything in its account, and everybody may ask who they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keystead.identity.principals import ROOT_OWNER, Principal

ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity"})
"""What no policy can forbid: "Policy evaluation logic" and the STS reference, GetCallerIdentity."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The principal may."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The principal may not. `message` is what AWS tells the caller, `reason` what the journal keeps."""

    reason: str
    message: str


WITHOUT_STAR = frozenset({"sts"})
"""Services that leave ` on resource: *` out. UNCONFIRMED beyond STS; IAM's denials are quoted with it."""

Decision = Allow | Deny
_ALLOW = Allow()


def decide(principal: Principal, action: str, resource_arn: Callable[[], str]) -> Decision:
    """Return whether `principal` may perform `action`; `resource_arn` is asked for only if it matters."""
    if action in ALWAYS_ALLOWED or principal.owner == ROOT_OWNER:
        return _ALLOW
    return Deny("no-identity-policy", _implicit(principal, action, resource_arn()))


def _implicit(principal: Principal, action: str, resource: str) -> str:
    """Return the text of "Troubleshoot access denied error messages" for an implicit deny."""
    is_left_out = resource == "*" and action.partition(":")[0] in WITHOUT_STAR
    on_resource = "" if is_left_out else f" on resource: {resource}"
    return (
        f"User: {principal.arn} is not authorized to perform: {action}{on_resource}"
        f" because no identity-based policy allows the {action} action"
    )
