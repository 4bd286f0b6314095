"""Simulation of policies, and the context keys that they ask for.

Follows the IAM API reference, "SimulateCustomPolicy" and "SimulatePrincipalPolicy". What decides live requests
decides here; nothing is invented: context keys that are not given are missing, and are listed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from keystead.access.policy import (
    Caller,
    CompiledPolicy,
    Document,
    InvalidContextEntry,
    PolicySource,
    PolicySyntaxError,
    PrincipalPolicies,
    RequestContext,
    ResourceSide,
    Simulation,
    context_keys,
    context_layer,
    parse_document,
)
from keystead.access.policy.simulate import ContextEntry, simulate_one
from keystead.gateway.call import Call
from keystead.identity.entity import Entity
from keystead.identity.policies import Policies, SourcedDocument
from keystead.kernel.arn import parse_arn
from keystead.products.iam.documents import UNPARSABLE_ARN
from keystead.products.iam.entities import Entities
from keystead.products.iam.listing import Listing
from keystead.products.iam.simulated_policies import (
    BAD_POLICY,
    Exclusions,
    compiled,
    given,
    hanging_on,
    stored,
)
from keystead.types import iam

# UNCONFIRMED: AWS's wording of each of these.
NEEDS_CALLER = "CallerArn is required when ResourcePolicy is given."
BAD_CALLER = "CallerArn {arn} is not the ARN of a user, group or role."
BAD_OWNER = "ResourceOwner {owner} is not an account."
ONE_BOUNDARY = "PermissionsBoundaryPolicyInputList may hold one policy."
BAD_ENTRY = "A context entry needs ContextKeyName, ContextKeyValues and ContextKeyType."

_OWNER = re.compile(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?")
_EVERY_RESOURCE = ["*"]


class Simulations:
    """The two simulations and the two questions for context keys."""

    def __init__(self, policies: Policies, entities: Entities, listing: Listing) -> None:
        self._policies = policies
        self._entities = entities
        self._listing = listing

    @iam.SimulateCustomPolicy("read", resource="*")
    def simulate_custom_policy(
        self, call: Call, request: iam.SimulateCustomPolicyRequest
    ) -> iam.SimulatePolicyResponse:
        """Decide actions on resources by the policies that are given."""
        if "ResourcePolicy" in request and "CallerArn" not in request:
            raise iam.InvalidInputException(NEEDS_CALLER)
        levels = request.get("OrderedOrganizationPolicyInputList", [])
        policies = PrincipalPolicies(
            identity=given(request["PolicyInputList"], "PolicyInputList"),
            boundary=_given_boundary(request),
            service_control=tuple(
                given(level.get("ServiceControlPolicyInputList", []), f"ServiceControlPolicyInputList.{n}")
                for n, level in enumerate(levels, 1)
            ),
        )
        caller = _caller(request["CallerArn"]) if "CallerArn" in request else _anybody(call)
        return self._simulate("SimulateCustomPolicy", call, policies, caller, request)

    @iam.SimulatePrincipalPolicy("read", resource="{PolicySourceArn}")
    def simulate_principal_policy(
        self, call: Call, request: iam.SimulatePrincipalPolicyRequest
    ) -> iam.SimulatePolicyResponse:
        """Decide actions on resources by what hangs on a user, group or role, and policies given beside."""
        entity = self._source(call, request["PolicySourceArn"])
        exclusions = Exclusions(request.get("PolicyExclusionList", []))
        documents = hanging_on(self._policies, call.reader, entity)
        own = [stored(document) for document in documents if exclusions.spare(document)]
        policies = PrincipalPolicies(
            identity=(*own, *given(request.get("PolicyInputList", []), "PolicyInputList")),
            boundary=_given_boundary(request) or self._boundary(call, entity, exclusions),
        )
        caller = _caller(request.get("CallerArn", request["PolicySourceArn"]), entity.id)
        return self._simulate("SimulatePrincipalPolicy", call, policies, caller, request)

    @iam.GetContextKeysForCustomPolicy("read", resource="*")
    def get_context_keys_for_custom_policy(
        self, call: Call, request: iam.GetContextKeysForCustomPolicyRequest
    ) -> iam.GetContextKeysForPolicyResponse:
        """List the condition keys and variables of the policies that are given."""
        return {"ContextKeyNames": _keys_of(request["PolicyInputList"])}

    @iam.GetContextKeysForPrincipalPolicy("read", resource="{PolicySourceArn}")
    def get_context_keys_for_principal_policy(
        self, call: Call, request: iam.GetContextKeysForPrincipalPolicyRequest
    ) -> iam.GetContextKeysForPolicyResponse:
        """List the condition keys and variables of what hangs on an entity, and of policies given beside."""
        entity = self._source(call, request["PolicySourceArn"])
        own = [document.document for document in hanging_on(self._policies, call.reader, entity)]
        return {"ContextKeyNames": _keys_of([*own, *request.get("PolicyInputList", [])])}

    def _source(self, call: Call, arn: str) -> Entity:
        """Return the user, group or role of the caller's account. Raises NotFound, InvalidInputException."""
        _kind(arn)
        return self._entities.with_arn(call, arn)

    def _boundary(self, call: Call, entity: Entity, exclusions: Exclusions) -> CompiledPolicy | None:
        found: SourcedDocument | None = self._policies.boundary(call.reader, entity)
        return stored(found) if found is not None and exclusions.spares_boundary(found) else None

    def _simulate(
        self,
        operation: str,
        call: Call,
        policies: PrincipalPolicies,
        caller: Caller,
        request: Mapping[str, Any],
    ) -> iam.SimulatePolicyResponse:
        """Return a page of results, of which only those shown are worked out."""
        side, context = _side(caller, request), _context(request)
        simulation = Simulation(policies, caller, side, context)
        resources: Sequence[str] = request.get("ResourceArns") or _EVERY_RESOURCE
        asked = [(action, resource) for action in request["ActionNames"] for resource in resources]
        binding = f"{operation}|{call.principal.account}|{len(asked)}"
        start = int(self._listing.open(binding, request) or 0)
        end = start + self._listing.limit(request)
        results = [simulate_one(simulation, *one) for one in asked[start:end]]
        is_truncated = end < len(asked)
        return {
            # The evaluator's own TypedDicts have the same members: it knows no generated types.
            "EvaluationResults": cast(list[iam.EvaluationResult], results),
            "IsTruncated": is_truncated,
            "Marker": self._listing.seal(binding, str(end)) if is_truncated else None,
        }


def _given_boundary(request: Mapping[str, Any]) -> CompiledPolicy | None:
    found = given(request.get("PermissionsBoundaryPolicyInputList", []), "PermissionsBoundaryPolicyInputList")
    if len(found) > 1:
        raise iam.InvalidInputException(ONE_BOUNDARY)
    return found[0] if found else None


def _caller(arn: str, entity_id: str = "") -> Caller:
    """Return the simulated caller of an ARN. A role acts by its sessions; a group, like a user of it."""
    kind = _kind(arn)
    account = parse_arn(arn).account
    if kind == "role":
        return Caller("role-session", account, arn, entity_id, issuer_arn=arn, issuer_id=entity_id)
    return Caller("user", account, arn, entity_id)


def _anybody(call: Call) -> Caller:
    return Caller("user", call.principal.account)


def _kind(arn: str) -> str:
    """Return what a user's, group's or role's ARN is the ARN of. Raises InvalidInputException."""
    try:
        parsed = parse_arn(arn)
    except ValueError as error:
        raise iam.InvalidInputException(UNPARSABLE_ARN) from error
    kind, _, path = parsed.resource.partition("/")
    if parsed.service != "iam" or kind not in ("user", "group", "role") or not path:
        raise iam.InvalidInputException(BAD_CALLER.format(arn=arn))
    return kind


def _side(caller: Caller, request: Mapping[str, Any]) -> ResourceSide:
    policy = None
    if "ResourcePolicy" in request:
        source = PolicySource("ResourcePolicy", "resource")
        policy = compiled(request["ResourcePolicy"], source, "resource")
    owner = request.get("ResourceOwner")
    if owner is None:
        return ResourceSide(caller.account, policy)
    account = _OWNER.fullmatch(owner)
    if account is None:
        raise iam.InvalidInputException(BAD_OWNER.format(owner=owner))
    return ResourceSide(account[1], policy)


def _context(request: Mapping[str, Any]) -> RequestContext:
    entries: list[iam.ContextEntry] = request.get("ContextEntries", [])
    if any(len(entry) != len(ContextEntry.__required_keys__) for entry in entries):
        raise iam.InvalidInputException(BAD_ENTRY)
    # With as many members as there are, none is missing.
    complete = [cast(ContextEntry, entry) for entry in entries]
    try:
        return RequestContext(context_layer(complete))
    except InvalidContextEntry as error:
        raise iam.InvalidInputException(str(error)) from error


def _keys_of(documents: Sequence[str]) -> list[str]:
    return context_keys(_parsed(document, n) for n, document in enumerate(documents, 1))


def _parsed(text: str, number: int) -> Document:
    try:
        return parse_document(text)
    except PolicySyntaxError as error:
        raise iam.InvalidInputException(BAD_POLICY.format(name=f"PolicyInputList.{number}")) from error
