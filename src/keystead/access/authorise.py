"""Decides whether an authenticated principal may do what it asks. Deny by default.

Follows the IAM User Guide, "Policy evaluation logic". The account root needs no policy; for everybody else the
policies that bear on it decide, with the same evaluator that simulates them.
"""

import itertools

from keystead.access.bearing import Bearing, Bearings
from keystead.access.explanations import Considered
from keystead.access.policy import (
    CompiledStatement,
    Decision,
    Request,
    RequestContext,
    ResourceSide,
    access_denied_message,
    decide,
)
from keystead.access.policy.context import Late
from keystead.access.policy.decide import ALWAYS_ALLOWED, PolicyType, is_settled, near_allows
from keystead.identity.principals import Principal
from keystead.store.interface import Reader

MAX_DECIDED = 20_000
"""Decisions that are remembered, of some 300 bytes each; beyond that all are forgotten."""
MAX_NEAR = 20
"""Statements that an explanation names at the most."""


class Authoriser:
    """Asks the policies that bear on a principal."""

    def __init__(self, bearings: Bearings) -> None:
        self._bearings = bearings
        self._epoch = bearings.epoch
        # By principal, action and resource; each counts only for the very principal and at the policy epoch that it
        # was made of, as what bears on a principal does: its staleness is zero requests.
        self._decided: dict[tuple[tuple[str, ...], str, str], tuple[int, Principal, Decision]] = {}

    @staticmethod
    def is_above_policies(principal: Principal) -> bool:
        """Return whether no policy of its own account binds a principal: the account root."""
        return principal.is_root

    @staticmethod
    def is_always_allowed(action: str) -> bool:
        """Return whether nobody needs a permission for an action, and no policy can take it away."""
        return action.lower() in ALWAYS_ALLOWED

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
        if side is not None:
            return _decide(self._bearings.of(reader, principal), action, resource, late, side)
        key, epoch = (principal.key, action, resource), self._epoch.value
        held = self._decided.get(key)
        if held is not None and held[0] == epoch and held[1] is principal:
            return held[2]
        bearing = self._bearings.of(reader, principal)
        decision = _decide(bearing, action, resource, late, None)
        if is_settled(bearing.policies, action, bearing.context):
            if len(self._decided) >= MAX_DECIDED:
                self._decided.clear()
            self._decided[key] = (epoch, principal, decision)
        return decision

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

    def near(
        self,
        reader: Reader,
        principal: Principal,
        action: str,
        resource: str,
        late: Late,
        side: ResourceSide | None = None,
    ) -> list[Considered]:
        """Return the Allow statements about a denied action that did not apply, and what they fail on."""
        bearing = self._bearings.of(reader, principal)
        request = _request(bearing, action, resource, late, side)
        found = itertools.islice(near_allows(bearing.policies, request), MAX_NEAR)
        return [considered(one, layer, request) for layer, one in found]


def considered(statement: CompiledStatement, layer: PolicyType, request: Request | None = None) -> Considered:
    """Return a statement as an explanation names it; with the request, also what it fails on."""
    fails_on = ""
    if request is not None:
        fails_on = "condition" if statement.names(request.resource, request.context) else "resource"
    source, line = statement.source, statement.start.line
    name = source.arn or source.id
    return Considered(name, source.type, statement.index + 1, line, statement.sid, layer, fails_on)


def _decide(bearing: Bearing, action: str, resource: str, late: Late, side: ResourceSide | None) -> Decision:
    return decide(bearing.policies, _request(bearing, action, resource, late, side))


def _request(bearing: Bearing, action: str, resource: str, late: Late, side: ResourceSide | None) -> Request:
    context = RequestContext(bearing.context, late=late)
    whose = side or ResourceSide(bearing.caller.account)
    return Request(bearing.caller, action, resource, whose, context)


def denial(
    principal: Principal, action: str, resource: str, decision: Decision, side: ResourceSide | None = None
) -> str:
    """Return what AWS tells a caller who may not."""
    is_own = side is None or side.account == principal.account
    return access_denied_message(principal.arn, action, resource, decision, same_account=is_own)
