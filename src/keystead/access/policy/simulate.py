"""Simulation: SimulateCustomPolicy and SimulatePrincipalPolicy, decided by what decides live requests.

Follows the IAM API reference, EvaluationResult and ResourceSpecificResult. Nothing is invented: a context key
that the caller of the simulation does not give is missing, and is listed. There is one result for each action
and resource, with the resource both in EvalResourceName, where older clients look, and in
ResourceSpecificResults, where the present model says to look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NotRequired, TypedDict

from keystead.access.policy.compile import CompiledStatement
from keystead.access.policy.context import RequestContext, Values
from keystead.access.policy.decide import (
    Decision,
    Outcome,
    PrincipalPolicies,
    Request,
    ResourceSide,
    decide,
    decide_caller_side,
    decide_resource_side,
    is_allowed_by,
    matched_statements,
    missing_keys,
)
from keystead.access.policy.matching import ALL
from keystead.access.policy.operators import OPERATORS, UnreadableValue
from keystead.access.policy.patterns import ARN_FIELDS
from keystead.access.policy.principals import Caller

CALLER_SIDE, RESOURCE_SIDE = "IAM Policy", "Resource Policy"
"""UNCONFIRMED: the model calls the keys of EvalDecisionDetails policy types and does not list them."""


class PositionDict(TypedDict):
    """A place in a document, both from 1."""

    Line: int
    Column: int


class MatchedStatement(TypedDict):
    """A statement that determines a result."""

    SourcePolicyId: str
    SourcePolicyType: str
    StartPosition: PositionDict
    EndPosition: PositionDict


class BoundaryDetail(TypedDict):
    """Whether the boundary, if there is one, lets the action pass."""

    AllowedByPermissionsBoundary: bool


class OrganizationsDetail(TypedDict):
    """Whether the service control policies, if there are any, let the action pass."""

    AllowedByOrganizations: bool


class ResourceSpecificResult(TypedDict):
    """The result for one resource."""

    EvalResourceName: str
    EvalResourceDecision: Outcome
    MatchedStatements: list[MatchedStatement]
    MissingContextValues: list[str]
    EvalDecisionDetails: NotRequired[dict[str, Outcome]]
    PermissionsBoundaryDecisionDetail: NotRequired[BoundaryDetail]


class EvaluationResult(TypedDict):
    """The result for one action on one resource, as the API returns it."""

    EvalActionName: str
    EvalResourceName: str
    EvalDecision: Outcome
    MatchedStatements: list[MatchedStatement]
    MissingContextValues: list[str]
    EvalDecisionDetails: NotRequired[dict[str, Outcome]]
    PermissionsBoundaryDecisionDetail: NotRequired[BoundaryDetail]
    OrganizationsDecisionDetail: NotRequired[OrganizationsDetail]
    ResourceSpecificResults: NotRequired[list[ResourceSpecificResult]]


class ContextEntry(TypedDict):
    """One entry of ContextEntries."""

    ContextKeyName: str
    ContextKeyValues: list[str]
    ContextKeyType: str


class InvalidContextEntry(Exception):
    """A context entry is not of the type that it names."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated.

    `side` owns the resources whose ARN names no account, and has the resource policy. Without a `caller`, as in
    SimulateCustomPolicy without CallerArn, identity policies are tried on resources of their own account.
    """

    policies: PrincipalPolicies
    caller: Caller | None
    side: ResourceSide
    context: RequestContext


def simulate(
    simulation: Simulation, actions: Sequence[str], resources: Sequence[str]
) -> Iterator[EvaluationResult]:
    """Yield the result of each action on each resource, in this order; no resources means `*`."""
    for action in actions:
        for resource in resources or (ALL,):
            yield simulate_one(simulation, action, resource)


def simulate_one(simulation: Simulation, action: str, resource: str) -> EvaluationResult:
    """Return the result of one action on one resource."""
    side = replace(simulation.side, account=_owner(resource) or simulation.side.account)
    caller = simulation.caller or Caller("user", side.account)
    request = Request(caller, action, resource, side, simulation.context)
    decision = decide(simulation.policies, request)
    result = EvaluationResult(
        EvalActionName=action,
        EvalResourceName=resource,
        EvalDecision=decision.outcome,
        MatchedStatements=_matched(simulation.policies, request, decision),
        MissingContextValues=list(missing_keys(simulation.policies, request)),
    )
    _add_details(result, simulation.policies, request)
    if resource != ALL:
        result["ResourceSpecificResults"] = [_for_resource(result)]
    return result


def context_layer(entries: Sequence[ContextEntry]) -> dict[str, Values]:
    """Return ContextEntries as a layer of a request context. Raises InvalidContextEntry."""
    layer: dict[str, Values] = {}
    for entry in entries:
        name, values = entry["ContextKeyName"], tuple(entry["ContextKeyValues"])
        kind = entry["ContextKeyType"]
        if len(values) > 1 and not kind.endswith("List"):
            raise InvalidContextEntry(f"Context key {name} of type {kind} has more than one value")
        for value in values:
            _check(name, kind.removesuffix("List"), value)
        layer[name.lower()] = values
    return layer


_READ_BY = {
    "numeric": "NumericEquals",
    "boolean": "Bool",
    "ip": "IpAddress",
    "binary": "BinaryEquals",
    "date": "DateEquals",
}


def _check(name: str, kind: str, value: str) -> None:
    operator = _READ_BY.get(kind)
    if operator is None:
        return
    try:
        OPERATORS[operator].build((value,), False)
    except UnreadableValue as error:
        raise InvalidContextEntry(f"Context key {name} has a value that is not of type {kind}") from error


def _owner(resource: str) -> str:
    """Return the account that an ARN names, or nothing."""
    fields = resource.split(":", ARN_FIELDS - 1)
    account = fields[4] if len(fields) == ARN_FIELDS else ""
    return account if account.isdigit() else ""


def _matched(policies: PrincipalPolicies, request: Request, decision: Decision) -> list[MatchedStatement]:
    return [_described(one) for one in matched_statements(policies, request, decision.outcome)]


def _described(statement: CompiledStatement) -> MatchedStatement:
    return MatchedStatement(
        SourcePolicyId=statement.source.id,
        SourcePolicyType=statement.source.type,
        StartPosition=PositionDict(Line=statement.start.line, Column=statement.start.column),
        EndPosition=PositionDict(Line=statement.end.line, Column=statement.end.column),
    )


def _add_details(result: EvaluationResult, policies: PrincipalPolicies, request: Request) -> None:
    if policies.boundary is not None:
        result["PermissionsBoundaryDecisionDetail"] = BoundaryDetail(
            AllowedByPermissionsBoundary=is_allowed_by((policies.boundary,), request)
        )
    if policies.service_control:
        allowed = all(is_allowed_by(level, request) for level in policies.service_control)
        result["OrganizationsDecisionDetail"] = OrganizationsDetail(AllowedByOrganizations=allowed)
        if not allowed:  # The simulation ends there, and the other policy types are not reported.
            return
    if request.caller.account != request.side.account:
        result["EvalDecisionDetails"] = {
            CALLER_SIDE: decide_caller_side(policies, request).outcome,
            RESOURCE_SIDE: decide_resource_side(request).outcome,
        }
    elif request.resource != ALL:
        result["EvalDecisionDetails"] = {}


def _for_resource(result: EvaluationResult) -> ResourceSpecificResult:
    specific = ResourceSpecificResult(
        EvalResourceName=result["EvalResourceName"],
        EvalResourceDecision=result["EvalDecision"],
        MatchedStatements=result["MatchedStatements"],
        MissingContextValues=result["MissingContextValues"],
    )
    if result.get("EvalDecisionDetails"):
        specific["EvalDecisionDetails"] = result.get("EvalDecisionDetails", {})
    if "PermissionsBoundaryDecisionDetail" in result:
        specific["PermissionsBoundaryDecisionDetail"] = result["PermissionsBoundaryDecisionDetail"]
    return specific
