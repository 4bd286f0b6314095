"""Handing a role to a service: who names a role for nodes or tokens needs `iam:PassRole` on it.

Follows the IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
"""

from keystead.access.authorise import Authoriser, denial
from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.identity import role_records
from keystead.kernel.arn import iam_arn
from keystead.products.ssm.errors import Forbidden

PASS_ROLE = "iam:PassRole"  # noqa: S105 - the name of an action


class RolePassing:
    """Decides whether a caller may pass a role."""

    def __init__(self, authoriser: Authoriser) -> None:
        self._authoriser = authoriser

    def require(self, call: Call, role_name: str, service: str) -> None:
        """Let pass who may hand the role to `service`. Raises Forbidden."""
        if self._authoriser.is_above_policies(call.principal):
            return
        account = call.principal.account
        role = role_records.role_named(call.reader, account, role_name)
        arn = iam_arn(account, f"role/{role_name}") if role is None else role.arn

        def late(key: str) -> Values | None:
            if key == "iam:passedtoservice":
                return (service,)
            # What is said of the request holds; what is said of the operation's own resource is not the role's.
            is_of_request = key.startswith("aws:") and not key.startswith("aws:resourcetag/")
            return call.late(key) if call.late is not None and is_of_request else None

        decision = self._authoriser.decide_again(call.reader, call.principal, PASS_ROLE, arn, late)
        if not decision.is_allowed:
            raise Forbidden(denial(call.principal, PASS_ROLE, arn, decision))
