"""The decision: whether a caller may perform an action on a resource, and which statement says so.

Follows the IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic". An explicit
deny anywhere wins; otherwise every policy type that bears on the request must allow it; nothing is allowed
because it is unknown. Resource control policies are not here: no organisation is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from keystead.access.policy.compile import CompiledPolicy, CompiledStatement
from keystead.access.policy.context import RequestContext, Values
from keystead.access.policy.context_keys import distinct_keys
from keystead.access.policy.principals import OUTSIDERS, Caller, Naming

Outcome = Literal["allowed", "explicitDeny", "implicitDeny"]
PolicyType = Literal["none", "service-control", "resource", "trust", "identity", "boundary", "session"]
"""What kind of policy decided. `none`: no policy was needed (the root user, or what nobody can forbid)."""

DENY_PRECEDENCE: tuple[PolicyType, ...] = (
    "service-control",
    "resource",
    "trust",
    "identity",
    "boundary",
    "session",
)
"""UNCONFIRMED: which type AWS names when several deny. So it is here, and for a missing Allow too."""

ALWAYS_ALLOWED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""In lower case. The STS API reference: no permissions are required, and a deny does not count; of the latter, "you
cannot use policies to control authentication operations"."""


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
    layers: tuple[tuple[PolicyType, tuple[CompiledPolicy, ...]], ...] = field(init=False)
    """All of them in the order in which they are named: each must allow, and none may deny."""

    def __post_init__(self) -> None:
        layers: list[tuple[PolicyType, tuple[CompiledPolicy, ...]]] = [
            *(("service-control", level) for level in self.service_control),
            ("identity", self.identity),
        ]
        if self.boundary is not None:
            layers.append(("boundary", (self.boundary,)))
        if self.sessions is not None:
            layers.append(("session", self.sessions))
        layers.sort(key=lambda layer: DENY_PRECEDENCE.index(layer[0]))
        object.__setattr__(self, "layers", tuple(layers))


NO_POLICIES = PrincipalPolicies()


@dataclass(frozen=True, slots=True)
class ResourceSide:
    """Whose resource it is and what is attached to it.

    With `must_allow` identity policies alone do not suffice: so it is for key policies, and for the trust
    policy of a role, which `trust_side` gives.
    """

    account: str
    policy: CompiledPolicy | None = None
    type: Literal["resource", "trust"] = "resource"
    must_allow: bool = False


def trust_side(account: str, policy: CompiledPolicy | None) -> ResourceSide:
    """Return the side of a role; `policy` is None for one that does not exist, which trusts nobody."""
    return ResourceSide(account, policy, "trust", must_allow=True)


@dataclass(slots=True)  # Not frozen: that doubles what making one for each request costs.
class Request:
    """One action on one resource. `action` as AWS spells it, `resource` an ARN, or `*` if it takes none.

    An operation on several resources is several requests, all of which must be allowed.
    """

    caller: Caller
    action: str
    resource: str
    side: ResourceSide
    context: RequestContext


class Decision(NamedTuple):
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
_ALL_ASKED = frozenset[PolicyType]()
_LIMITS_ASKED = frozenset[PolicyType]({"identity"})
_NONE_ASKED = frozenset[PolicyType]({"identity", "boundary", "session"})
"""Which of the caller's policies need not allow what is granted otherwise, a service control policy apart."""


def decide(policies: PrincipalPolicies, request: Request) -> Decision:
    """Return whether the caller of `request`, on whom `policies` bear, may do what it asks."""
    action = request.action.lower()
    if action in ALWAYS_ALLOWED:
        return _ALLOWED
    caller, side = request.caller, request.side
    if caller.type in OUTSIDERS:
        return _decide_by_resource(request, action)
    if caller.account != side.account:
        # The caller's own account speaks first: what it is told must not depend on the other's policies.
        own = _decide_by_own(policies, request, action, _ALL_ASKED)
        return own if own.outcome != "allowed" else _decide_by_resource(request, action)
    if side.policy is None and not side.must_allow:
        return _decide_by_own(policies, request, action, _ALL_ASKED)
    return _decide_by_both(policies, request, action)


def decide_caller_side(policies: PrincipalPolicies, request: Request) -> Decision:
    """Return what the caller's own account says: its identity, boundary, session and control policies."""
    return _decide_by_own(policies, request, request.action.lower(), _ALL_ASKED)


def decide_resource_side(request: Request) -> Decision:
    """Return what the resource's policy alone says: it must allow the caller, by whatever name."""
    return _decide_by_resource(request, request.action.lower())


def matched_statements(
    policies: PrincipalPolicies, request: Request, outcome: Outcome
) -> list[CompiledStatement]:
    """Return the statements of identity and resource policies that bring `outcome` about, in their order."""
    if outcome == "implicitDeny":
        return []
    caller, is_deny = request.caller, outcome == "explicitDeny"
    found = [one for policy in policies.identity for one in _matching(policy, request, is_deny)]
    if request.side.policy is not None:
        found += [
            one
            for one in _matching(request.side.policy, request, is_deny)
            if (one.denies(caller) if is_deny else one.grants(caller) is not Naming.NOT)
        ]
    return found


def missing_keys(policies: PrincipalPolicies, request: Request) -> tuple[str, ...]:
    """Return the keys that statements about this action ask for and the context does not have, as spelt."""
    action = request.action.lower()
    documents = [policy for _, layer in policies.layers for policy in layer]
    if request.side.policy is not None:
        documents.append(request.side.policy)
    asked = (
        spelt
        for policy in documents
        for group in policy.for_action(action)
        for key, spelt in group.keys.items()
        if request.context.get(key) is None
    )
    return tuple(distinct_keys(asked))


def near_allows(
    policies: PrincipalPolicies, request: Request
) -> Iterator[tuple[PolicyType, CompiledStatement]]:
    """Give the Allow statements that speak of the action and do not apply, each with its policy's type.

    For people who look for what keeps a request from being allowed; nothing is decided by it.
    """
    action = request.action.lower()
    layers = list(policies.layers)
    if request.side.policy is not None:
        layers.append((request.side.type, (request.side.policy,)))
    for layer, documents in layers:
        for policy in documents:
            for statement in policy.for_action(action)[1].statements:
                if not statement.applies(request.resource, request.context):
                    yield layer, statement


def is_settled(policies: PrincipalPolicies, action: str, own: Mapping[str, Values]) -> bool:
    """Return whether a decision on this action, without a resource's policy, is the same for every request.

    So it is when all that the statements about it ask for, in conditions and variables, are keys of the caller's.
    """
    lowered = action.lower()
    return all(
        key in own
        for _, layer in policies.layers
        for policy in layer
        for group in policy.for_action(lowered)
        for key in group.keys
    )


def is_allowed_by(documents: tuple[CompiledPolicy, ...], request: Request) -> bool:
    """Return whether policies of one type, on their own, allow a request and do not deny it."""
    _, allow = _weigh(documents, request, request.action.lower())
    return allow is not None


def _decide_by_own(
    policies: PrincipalPolicies, request: Request, action: str, not_asked: frozenset[PolicyType]
) -> Decision:
    """Return what the policies that bear on the caller say; those of the types `not_asked` can only deny."""
    lacking: PolicyType | None = None
    by: CompiledStatement | None = None
    caller_type = request.caller.type
    if caller_type == "root":
        not_asked = _NONE_ASKED
    for layer, documents in policies.layers:
        deny, allow = _weigh(documents, request, action)
        if deny is not None:
            return Decision("explicitDeny", layer, deny)
        if layer in not_asked:
            continue
        if allow is None:
            lacking = lacking or layer
        elif layer == "identity":
            by = allow
    if caller_type == "federated-user" and policies.sessions is None and "session" not in not_asked:
        lacking = lacking or "session"  # Nothing was passed when it was made, so nothing is allowed.
    if lacking is not None:
        return Decision("implicitDeny", lacking, None, missing_keys(policies, request))
    return _ALLOWED if by is None else Decision("allowed", "identity", by)


def _decide_by_resource(request: Request, action: str) -> Decision:
    side = request.side
    denied = _denied_by_resource(request, action)
    if denied is not None:
        return denied
    _, statement = _granted_by_resource(request, action)
    if statement is None:
        return Decision("implicitDeny", side.type, None, missing_keys(NO_POLICIES, request))
    return Decision("allowed", side.type, statement)


def _decide_by_both(policies: PrincipalPolicies, request: Request, action: str) -> Decision:
    """Return what the caller's and the resource's policies say together, within one account.

    A resource policy that names the caller itself asks nothing more of the caller's own policies; one that
    names the role behind a session leaves that session its limits; one that names the account decides nothing.
    """
    side = request.side
    denied = _denied_by_resource(request, action)
    naming, statement = _granted_by_resource(request, action)
    own = _decide_by_own(
        policies,
        request,
        action,
        _NONE_ASKED if naming is Naming.CALLER else _LIMITS_ASKED if naming is Naming.ISSUER else _ALL_ASKED,
    )
    if denied is not None:
        return min((denied, own), key=_precedence) if own.outcome == "explicitDeny" else denied
    if own.outcome == "explicitDeny":
        return own
    if statement is None and side.must_allow:
        return Decision("implicitDeny", side.type, None, missing_keys(policies, request))
    # What none of the caller's own policies was asked about, the resource's policy has allowed.
    return Decision("allowed", side.type, statement) if own is _ALLOWED and statement is not None else own


def _precedence(decision: Decision) -> int:
    return DENY_PRECEDENCE.index(decision.type)


def _denied_by_resource(request: Request, action: str) -> Decision | None:
    policy = request.side.policy
    if policy is None:
        return None
    for statement in policy.for_action(action)[0].statements:
        if statement.denies(request.caller) and statement.applies(request.resource, request.context):
            return Decision("explicitDeny", request.side.type, statement)
    return None


def _granted_by_resource(request: Request, action: str) -> tuple[Naming, CompiledStatement | None]:
    """Return the most direct way in which the resource's policy allows the caller."""
    best, by = Naming.NOT, None
    policy = request.side.policy
    if policy is None:
        return best, by
    for statement in policy.for_action(action)[1].statements:
        naming = statement.grants(request.caller)
        if naming > best and statement.applies(request.resource, request.context):
            best, by = naming, statement
    return best, by


def _weigh(
    documents: tuple[CompiledPolicy, ...], request: Request, action: str
) -> tuple[CompiledStatement | None, CompiledStatement | None]:
    """Return the first Deny that applies, else the first Allow. This loop is what a request costs."""
    resource, context = request.resource, request.context
    allow = None
    for policy in documents:
        denies, allows = policy.for_action(action)
        for statement in denies.for_resource(resource):
            if statement.applies(resource, context):
                return statement, None
        if allow is None:
            for statement in allows.for_resource(resource):
                if statement.applies(resource, context):
                    allow = statement
                    break
    return None, allow


def _matching(policy: CompiledPolicy, request: Request, is_deny: bool) -> Iterator[CompiledStatement]:
    group = policy.for_action(request.action.lower())[0 if is_deny else 1]
    return (one for one in group.statements if one.applies(request.resource, request.context))
