"""The text of AccessDenied: who may not do what, and which kind of policy says so.

Follows the IAM User Guide, "Troubleshoot access denied error messages", and the AWS Security Blog on the
policy ARN that explicit denies name since January 2026.
"""

from keystead.access.policy.decide import Decision, PolicyType

_ALLOWING: dict[PolicyType, str] = {
    "identity": "no identity-based policy allows",
    "boundary": "no permissions boundary allows",
    "session": "no session policy allows",
    "resource": "no resource-based policy allows",
    "trust": "no role trust policy allows",
    # UNCONFIRMED: the guide of 2023 printed the phrase of an explicit deny here.
    "service-control": "no service control policy allows",
    "none": "no identity-based policy allows",
}
_DENYING: dict[PolicyType, str] = {
    "identity": "in an identity-based policy",
    "boundary": "in a permissions boundary",
    "session": "in a session policy",
    "resource": "in a resource-based policy",
    "trust": "in the role trust policy",
    "service-control": "in a service control policy",
    "none": "in an identity-based policy",
}
_ARN_IS_NAMED = frozenset[PolicyType]({"service-control", "boundary", "session", "identity"})
WITHOUT_STAR = frozenset({"sts"})
"""Services that leave ` on resource: *` out. UNCONFIRMED beyond STS; IAM's denials are quoted with it."""
INLINE_POLICY_SUFFIX = ""
"""UNCONFIRMED: what follows the phrase when the denying policy is inline, and so has no ARN."""


def access_denied_message(
    caller_arn: str, action: str, resource: str, decision: Decision, *, same_account: bool
) -> str:
    """Return AWS's text for a decision that is not `allowed`. `resource` is `*` for an action without any.

    Across accounts an explicit deny of the resource's policy reads like a missing Allow: a caller must not
    learn from the difference that the resource exists.
    """
    is_left_out = resource == "*" and action.partition(":")[0] in WITHOUT_STAR
    on_resource = "" if is_left_out else f" on resource: {resource}"
    return (
        f"User: {caller_arn} is not authorized to perform: {action}{on_resource}"
        f" {_reason(action, decision, same_account)}"
    )


def _reason(action: str, decision: Decision, same_account: bool) -> str:
    of_another_account = not same_account and decision.type in ("resource", "trust")
    if decision.outcome != "explicitDeny" or of_another_account:
        return f"because {_ALLOWING[decision.type]} the {action} action"
    return f"with an explicit deny {_DENYING[decision.type]}{_suffix(decision)}"


def _suffix(decision: Decision) -> str:
    if decision.type in _ARN_IS_NAMED and decision.policy_arn:
        return f": {decision.policy_arn}"
    return INLINE_POLICY_SUFFIX
