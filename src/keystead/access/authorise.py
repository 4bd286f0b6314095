"""Decides whether an authenticated principal may do what it asks. Deny by default.

Follows the IAM User Guide, "Policy evaluation logic". The account root needs no policy; for everybody else the
policies that bear on it decide, with the same evaluator that simulates them.
"""

from keystead.access.bearing import Bearing, Bearings
from keystead.access.policy import (
    Decision,
    Request,
    RequestContext,
    ResourceSide,
    access_denied_message,
    decide,
)
from keystead.access.policy.context import Late
from keystead.identity.principals import Principal
from keystead.store.interface import Reader


class Authoriser:
    """Asks the policies that bear on a principal."""

    def __init__(self, bearings: Bearings) -> None:
        self._bearings = bearings

    @staticmethod
    def is_above_policies(principal: Principal) -> bool:
        """Return whether no policy of its own account binds a principal: the account root."""
        return principal.is_root

    def decide(
        self,
        reader: Reader,
        principal: Principal,
        action: str,
        resource: str,
        late: Late,
        side: ResourceSide | None = None,
    ) -> Decision:
        """Return the decision on one action and one resource.

        `side` says whose the resource is and what policy it has; None is one of the principal's own account without
        any. `late` gives the condition keys that belong to the request, when a policy asks for them.
        """
        return _decide(self._bearings.of(reader, principal), action, resource, late, side)

    def decide_again(
        self,
        reader: Reader,
        principal: Principal,
        action: str,
        resource: str,
        late: Late,
        side: ResourceSide | None = None,
    ) -> Decision:
        """Return the decision as it is inside a transaction: nothing held in memory counts."""
        return _decide(self._bearings.read(reader, principal), action, resource, late, side)


def _decide(bearing: Bearing, action: str, resource: str, late: Late, side: ResourceSide | None) -> Decision:
    context = RequestContext(bearing.context, late=late)
    whose = side or ResourceSide(bearing.caller.account)
    return decide(bearing.policies, Request(bearing.caller, action, resource, whose, context))


def denial(
    principal: Principal, action: str, resource: str, decision: Decision, side: ResourceSide | None = None
) -> str:
    """Return what AWS tells a caller who may not."""
    is_own = side is None or side.account == principal.account
    return access_denied_message(principal.arn, action, resource, decision, same_account=is_own)
