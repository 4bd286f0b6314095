"""The decision: whether a caller may perform an action on a resource, and which statement says so.

Follows the IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic". An explicit
deny anywhere wins; otherwise every policy type that bears on the request must allow it; nothing is allowed
because it is unknown. Resource control policies are not here: no organisation is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from keystead.access.policy.compile import CompiledPolicy, CompiledStatement
from keystead.access.policy.context import RequestContext
from keystead.access.policy.context_keys import distinct_keys
from keystead.access.policy.principals import Caller, Naming

Outcome = Literal["allowed", "explicitDeny", "implicitDeny"]
PolicyType = Literal["none", "service-control", "resource", "trust", "identity", "boundary", "session"]
"""What kind of policy decided. `none`: no policy was needed (the root user, or what nobody can forbid)."""

ALWAYS_ALLOWED = frozenset({"sts:getcalleridentity"})
"""In lower case. The STS API reference: no permissions are required, and a deny does not count."""


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """What bears on a principal wherever it goes. Made once for a principal and kept until that changes.

    `identity` are the inline and managed policies of a user and of all its groups, or of a role. `sessions`
    are the policies passed when a session was made; None when none were. `service_control` has one entry for
    each level of an organisation, from the root to the account.
    """

    identity: tuple[CompiledPolicy, ...] = ()
    boundary: CompiledPolicy | None = None
    sessions: tuple[CompiledPolicy, ...] | None = None
    service_control: tuple[tuple[CompiledPolicy, ...], ...] = ()


NO_POLICIES = PrincipalPolicies()


@dataclass(frozen=True, slots=True)
class ResourceSide:
    """Whose resource it is and what is attached to it.

    With `must_allow` identity policies alone do not suffice, as for key policies; so it is for a trust policy.
    """

    account: str
    policy: CompiledPolicy | None = None
    type: Literal["resource", "trust"] = "resource"
    must_allow: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource. `action` as AWS spells it, `resource` an ARN, or `*` if it takes none.

    An operation on several resources is several requests, all of which must be allowed.
    """

    caller: Caller
    action: str
    resource: str
    side: ResourceSide
    context: RequestContext


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome and what brought it about.

    `type` is the policy type that decided: for an implicit deny the one in which an Allow is missing.
    `statement` is the deciding one, None for an implicit deny. `missing_keys` are the context keys that
    statements about this action ask for and the request does not have.
    """

    outcome: Outcome
    type: PolicyType
    statement: CompiledStatement | None = None
    missing_keys: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether the caller may."""
        return self.outcome == "allowed"

    @property
    def policy_arn(self) -> str:
        """The ARN of the managed policy that decided; empty when it is inline, or none."""
        return "" if self.statement is None else self.statement.source.arn


_ALLOWED = Decision("allowed", "none")


def decide(policies: PrincipalPolicies, request: Request) -> Decision:
    """Return whether the caller of `request`, on whom `policies` bear, may do what it asks."""
    action = request.action.lower()
    if action in ALWAYS_ALLOWED:
        return _ALLOWED
    caller = request.caller
    if not caller.has_identity_policies:
        return decide_resource_side(request)
    if caller.account == request.side.account:
        return _decide_within_account(policies, request, action)
    # The caller's own account speaks first, so that what it is told does not depend on the other's policies.
    own = decide_caller_side(policies, request)
    return own if not own.is_allowed else decide_resource_side(request)


def decide_caller_side(policies: PrincipalPolicies, request: Request) -> Decision:
    """Return what the caller's own account says: its identity, boundary, session and control policies."""
    action = request.action.lower()
    return _explicit_deny(policies, request, action) or _allowed_by_own(policies, request, action, Naming.NOT)


def decide_resource_side(request: Request) -> Decision:
    """Return what the resource's policy alone says: it must allow the caller, by whatever name."""
    action = request.action.lower()
    denied = _denied_by_resource(request, action)
    if denied is not None:
        return denied
    _, statement = _granted_by_resource(request, action)
    if statement is None:
        return _implicit(request.side.type, NO_POLICIES, request)
    return Decision("allowed", request.side.type, statement)


def matched_statements(
    policies: PrincipalPolicies, request: Request, outcome: Outcome
) -> list[CompiledStatement]:
    """Return the statements of identity and resource policies that bring `outcome` about, in their order."""
    if outcome == "implicitDeny":
        return []
    action, is_deny = request.action.lower(), outcome == "explicitDeny"
    found = list(_matching(policies.identity, request, action, is_deny))
    if request.side.policy is not None:
        found += [
            one
            for one in _matching((request.side.policy,), request, action, is_deny)
            if (one.denies(request.caller) if is_deny else one.grants(request.caller) is not Naming.NOT)
        ]
    return found


def missing_keys(policies: PrincipalPolicies, request: Request) -> tuple[str, ...]:
    """Return the keys that statements about this action ask for and the context does not have, as spelt."""
    action = request.action.lower()
    asked = (
        key
        for policy in _every_policy(policies, request.side)
        for statements in policy.for_action(action)
        for statement in statements
        for key in statement.keys
        if request.context.get(key.lower()) is None
    )
    return tuple(distinct_keys(asked))


def is_allowed_by(documents: Iterable[CompiledPolicy], request: Request) -> bool:
    """Return whether policies of one type, on their own, allow a request and do not deny it."""
    action, listed = request.action.lower(), tuple(documents)
    return (
        _first(listed, request, action, True) is None and _first(listed, request, action, False) is not None
    )


def _decide_within_account(policies: PrincipalPolicies, request: Request, action: str) -> Decision:
    side = request.side
    if side.policy is None and not side.must_allow and side.type == "resource":
        return _explicit_deny(policies, request, action) or _allowed_by_own(
            policies, request, action, Naming.NOT
        )
    denied = _explicit_deny(policies, request, action)
    if denied is None or denied.type != "service-control":
        # UNCONFIRMED: of several denies AWS names one. Here: service control, resource, identity, boundary,
        # session policy, in this order.
        denied = _denied_by_resource(request, action) or denied
    if denied is not None:
        return denied
    naming, statement = _granted_by_resource(request, action)
    if naming is Naming.NOT and (side.must_allow or side.type == "trust"):
        return _implicit(side.type, policies, request)
    own = _allowed_by_own(policies, request, action, naming)
    # What no policy of the caller's was asked about was allowed by the resource's.
    return Decision("allowed", side.type, statement) if own is _ALLOWED and naming else own


def _explicit_deny(policies: PrincipalPolicies, request: Request, action: str) -> Decision | None:
    """Return the deny of the caller's own policies, if any."""
    for level in policies.service_control:
        if (statement := _first(level, request, action, True)) is not None:
            return Decision("explicitDeny", "service-control", statement)
    if (statement := _first(policies.identity, request, action, True)) is not None:
        return Decision("explicitDeny", "identity", statement)
    if policies.boundary is not None:
        statement = _first((policies.boundary,), request, action, True)
        if statement is not None:
            return Decision("explicitDeny", "boundary", statement)
    if policies.sessions and (statement := _first(policies.sessions, request, action, True)) is not None:
        return Decision("explicitDeny", "session", statement)
    return None


def _allowed_by_own(policies: PrincipalPolicies, request: Request, action: str, naming: Naming) -> Decision:
    """Return what the caller's policies say where none denies.

    `naming` is how the resource's policy in the same account names the caller: by itself, and nothing more is
    asked; by the role behind it, and only what limits the session is.
    """
    for level in policies.service_control:
        if _first(level, request, action, False) is None:
            return _implicit("service-control", policies, request)
    if request.caller.type == "root" or naming is Naming.CALLER:
        return _ALLOWED
    statement = None
    if naming is not Naming.ISSUER:
        statement = _first(policies.identity, request, action, False)
        if statement is None:
            return _implicit("identity", policies, request)
    if policies.boundary is not None and _first((policies.boundary,), request, action, False) is None:
        return _implicit("boundary", policies, request)
    sessions = policies.sessions
    if sessions is None and request.caller.type == "federated-user":
        sessions = ()
    if sessions is not None and _first(sessions, request, action, False) is None:
        return _implicit("session", policies, request)
    return _ALLOWED if statement is None else Decision("allowed", "identity", statement)


def _denied_by_resource(request: Request, action: str) -> Decision | None:
    policy = request.side.policy
    if policy is None:
        return None
    for statement in policy.for_action(action)[0]:
        if statement.denies(request.caller) and statement.applies(request.resource, request.context):
            return Decision("explicitDeny", request.side.type, statement)
    return None


def _granted_by_resource(request: Request, action: str) -> tuple[Naming, CompiledStatement | None]:
    """Return the most direct way in which the resource's policy allows the caller."""
    best, by = Naming.NOT, None
    policy = request.side.policy
    if policy is None:
        return best, by
    for statement in policy.for_action(action)[1]:
        naming = statement.grants(request.caller)
        if naming > best and statement.applies(request.resource, request.context):
            best, by = naming, statement
    return best, by


def _implicit(type: PolicyType, policies: PrincipalPolicies, request: Request) -> Decision:
    return Decision("implicitDeny", type, None, missing_keys(policies, request))


def _first(
    policies: tuple[CompiledPolicy, ...], request: Request, action: str, is_deny: bool
) -> CompiledStatement | None:
    """Return the first statement of that effect that applies. Loops, because this is what a request costs."""
    which = 0 if is_deny else 1
    resource, context = request.resource, request.context
    for policy in policies:
        for statement in policy.for_action(action)[which]:
            if statement.applies(resource, context):
                return statement
    return None


def _matching(
    policies: Iterable[CompiledPolicy], request: Request, action: str, is_deny: bool
) -> Iterator[CompiledStatement]:
    for policy in policies:
        for statement in policy.for_action(action)[0 if is_deny else 1]:
            if statement.applies(request.resource, request.context):
                yield statement


def _every_policy(policies: PrincipalPolicies, side: ResourceSide) -> Iterator[CompiledPolicy]:
    for level in policies.service_control:
        yield from level
    yield from policies.identity
    if policies.boundary is not None:
        yield policies.boundary
    yield from policies.sessions or ()
    if side.policy is not None:
        yield side.policy
