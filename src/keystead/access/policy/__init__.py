"""The IAM policy language and its decision, on their own: no server, no store, no wire.

    lint_identity_policy(text)                          # when a policy is written; raises MalformedPolicy
    compiled = compile_policy(text, source)             # once for a stored document; never raises
    policies = PrincipalPolicies(identity=(compiled,))  # once for a principal
    decision = decide(policies, Request(caller, action, resource, ResourceSide(account), context))

Of keystead this needs only the base class of its error.
"""

from keystead.access.policy.compile import CompiledPolicy, CompiledStatement, PolicySource, compile_policy
from keystead.access.policy.context import RequestContext, context_values
from keystead.access.policy.context_keys import context_keys
from keystead.access.policy.decide import (
    NO_POLICIES,
    Decision,
    PrincipalPolicies,
    Request,
    ResourceSide,
    decide,
    trust_side,
)
from keystead.access.policy.denial import access_denied_message
from keystead.access.policy.document import Document, PolicySyntaxError, parse_document
from keystead.access.policy.lint import (
    invalid_principal,
    lint_identity_policy,
    lint_resource_policy,
    lint_trust_policy,
    named_principals,
    warnings,
)
from keystead.access.policy.malformed import MalformedPolicy
from keystead.access.policy.principals import Caller, is_entity
from keystead.access.policy.simulate import InvalidContextEntry, Simulation, context_layer, simulate

__all__ = [
    "NO_POLICIES",
    "Caller",
    "CompiledPolicy",
    "CompiledStatement",
    "Decision",
    "Document",
    "InvalidContextEntry",
    "MalformedPolicy",
    "PolicySource",
    "PolicySyntaxError",
    "PrincipalPolicies",
    "Request",
    "RequestContext",
    "ResourceSide",
    "Simulation",
    "access_denied_message",
    "compile_policy",
    "context_keys",
    "context_layer",
    "context_values",
    "decide",
    "invalid_principal",
    "is_entity",
    "lint_identity_policy",
    "lint_resource_policy",
    "lint_trust_policy",
    "named_principals",
    "parse_document",
    "simulate",
    "trust_side",
    "warnings",
]
