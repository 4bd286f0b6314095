"""Compiled policies: documents turned into matchers once, so that a request only looks things up.

A document that cannot be compiled denies everything to whoever it bears on: it may have been a Deny.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from keystead.access.policy.conditions import compile_condition
from keystead.access.policy.context import RequestContext
from keystead.access.policy.context_keys import distinct_keys, statement_keys
from keystead.access.policy.document import (
    Document,
    PolicySyntaxError,
    Position,
    Principals,
    Statement,
    parse_document,
)
from keystead.access.policy.matching import (
    ALL,
    ActionMatcher,
    ListedResources,
    ResourceMatcher,
    StaticResources,
    compile_resources,
)
from keystead.access.policy.principals import Caller, Naming, PrincipalMatcher

PolicyKind = Literal["identity", "resource", "trust"]
"""What grammar a document has: identity policies (also as boundary, session or service control policy) name
no principal, trust policies no resource, resource policies both."""

SourcePolicyType = Literal["user", "group", "role", "aws-managed", "user-managed", "resource", "none"]

WORTH_A_LOOK = 3
"""From how many statements on a look at all of their resources at once saves time."""
MAX_REMEMBERED_ACTIONS = 512
"""Actions whose statements a policy remembers. Only a simulation can ask for more than exist."""


@dataclass(frozen=True, slots=True)
class PolicySource:
    """Where a policy comes from, in SimulatePrincipalPolicy's words. `arn` is empty for an inline policy."""

    id: str
    type: SourcePolicyType
    arn: str = ""


class CompiledStatement:
    """One statement. `sid` is empty when it has none, `keys` are those that it asks the context for."""

    __slots__ = (
        "_conditions",
        "_principals",
        "_resources",
        "end",
        "index",
        "is_deny",
        "keys",
        "sid",
        "source",
        "start",
    )

    def __init__(
        self,
        statement: Statement,
        index: int,
        source: PolicySource,
        *,
        variables: bool,
        principal_ids: Mapping[str, str] | None,
    ) -> None:
        self.source = source
        self.index = index
        self.sid = statement.sid or ""
        self.start = statement.start
        self.end = statement.end
        self.is_deny = is_deny(statement)
        self.keys = statement_keys(statement, variables=variables)
        self._resources = _resources(statement, variables)
        self._principals = _principals(statement, principal_ids)
        self._conditions = tuple(
            compile_condition(one, is_deny=self.is_deny, variables=variables) for one in statement.conditions
        )

    def applies(self, resource: str, context: RequestContext) -> bool:
        """Return whether the statement speaks of a request whose action it is known to speak of."""
        if self._resources is not None and not self._resources(resource, context):
            return False
        for holds in self._conditions:  # noqa: SIM110  A generator costs as much as two conditions.
            if not holds(context):
                return False
        return True

    def names(self, resource: str, context: RequestContext) -> bool:
        """Return whether the statement's resources include this one, whatever its conditions say."""
        return self._resources is None or self._resources(resource, context)

    @property
    def static_resources(self) -> StaticResources | None:
        """The resources that the statement names, if those are all it speaks of and none has a variable."""
        listed = self._resources
        return listed.static if isinstance(listed, ListedResources) and listed.is_static else None

    def grants(self, caller: Caller) -> Naming:
        """Return how an Allow of a resource or trust policy names the caller."""
        return Naming.NOT if self._principals is None else self._principals.grants(caller)

    def denies(self, caller: Caller) -> bool:
        """Return whether a Deny of a resource or trust policy names the caller."""
        return self._principals is None or self._principals.denies(caller)


Statements = tuple[CompiledStatement, ...]


class Group:
    """The statements of one effect that speak of one action, with one look at all resources they name.

    Large policies hold many statements about one action and different resources: a request about none of
    these must not cost a comparison for each. `keys` are what they ask the context for: in lower case, and as
    first spelt.
    """

    __slots__ = ("_named", "_others", "keys", "statements")

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        named = [one.static_resources for one in statements]
        patterns = [pattern for static in named if static is not None for pattern in static.patterns]
        self._named = StaticResources(patterns) if len(statements) >= WORTH_A_LOOK and patterns else None
        self._others = tuple(one for one, static in zip(statements, named, strict=True) if static is None)
        self.keys = {key.lower(): key for key in distinct_keys(key for one in statements for key in one.keys)}

    def for_resource(self, resource: str) -> Statements:
        """Return the statements that may speak of a resource, in their order."""
        if self._named is None or self._named.include(resource):
            return self.statements
        return self._others


class CompiledPolicy:
    """A policy ready to be asked. Its meaning never changes, so everyone it is attached to may share it.

    A statement is compiled when the first request meets an action that it speaks of: nobody waits for the
    other two hundred. The statements of each action asked for are remembered. Both are pure functions of the
    document, so nothing here is ever stale, and at most MAX_REMEMBERED_ACTIONS actions are remembered.
    """

    __slots__ = ("_actions", "_compiled", "_document", "_principal_ids", "_remembered", "fault", "source")

    def __init__(
        self,
        document: Document,
        source: PolicySource,
        principal_ids: Mapping[str, str] | None = None,
        fault: str = "",
    ) -> None:
        """`fault` says why the document cannot be compiled; administrators only. Empty when it can."""
        self.source = source
        self.fault = fault
        self._document = document
        self._principal_ids = principal_ids
        self._actions = tuple(_actions(statement) for statement in document.statements)
        self._compiled: dict[int, CompiledStatement] = {}
        self._remembered: dict[str, tuple[Group, Group]] = {}

    @property
    def statements(self) -> Statements:
        """All statements in order."""
        return tuple(self._statement(index) for index in range(len(self._actions)))

    def for_action(self, action: str) -> tuple[Group, Group]:
        """Return the Deny and the Allow statements that speak of `action`, given in lower case."""
        found = self._remembered.get(action)
        return self._remember(action) if found is None else found

    def _remember(self, action: str) -> tuple[Group, Group]:
        spoken = [self._statement(index) for index, one in enumerate(self._actions) if one.matches(action)]
        found = (
            Group(tuple(one for one in spoken if one.is_deny)),
            Group(tuple(one for one in spoken if not one.is_deny)),
        )
        if len(self._remembered) >= MAX_REMEMBERED_ACTIONS:
            self._remembered.clear()
        self._remembered[action] = found
        return found

    def _statement(self, index: int) -> CompiledStatement:
        found = self._compiled.get(index)
        if found is None:
            found = self._compiled[index] = CompiledStatement(
                self._document.statements[index],
                index,
                self.source,
                variables=self._document.has_variables,
                principal_ids=self._principal_ids,
            )
        return found


def compile_policy(
    text: str,
    source: PolicySource,
    kind: PolicyKind = "identity",
    *,
    principal_ids: Mapping[str, str] | None = None,
) -> CompiledPolicy:
    """Return the compiled policy of a stored document. Never raises: see the head of this file.

    `principal_ids` gives, for a resource or trust policy, the unique id that each user's or role's ARN in it
    stood for when it was saved. Such an ARN then matches that id alone, so that somebody who comes to bear the
    name of a deleted user is not taken for them.
    """
    try:
        document = parse_document(text)
        for statement in document.statements:
            _check(statement, kind)
    except PolicySyntaxError as error:
        return CompiledPolicy(DENY_ALL, source, fault=str(error))
    return CompiledPolicy(document, source, principal_ids)


def is_deny(statement: Statement) -> bool:
    """Whether the effect of a statement is Deny."""
    return statement.effect == "Deny"


def _check(statement: Statement, kind: PolicyKind) -> None:
    """Refuse what would not mean what it says. Raises PolicySyntaxError."""
    if statement.effect not in ("Allow", "Deny"):
        raise PolicySyntaxError(f"Effect is {statement.effect}")
    if not (statement.actions or statement.not_actions):
        raise PolicySyntaxError("a statement has no actions")
    has_resources = bool(statement.resources or statement.not_resources)
    if has_resources == (kind == "trust"):
        raise PolicySyntaxError(
            f"a statement of a {kind} policy has {'' if has_resources else 'no '}resources"
        )
    named = statement.principals or statement.not_principals
    if (named is None) == (kind != "identity"):
        raise PolicySyntaxError(
            f"a statement of a {kind} policy has {'no ' if named is None else 'a '}principal"
        )
    if named is not None and not named.names:
        raise PolicySyntaxError("a statement names no principal")


def _actions(statement: Statement) -> ActionMatcher:
    listed = statement.not_actions if statement.actions is None else statement.actions
    return ActionMatcher(listed or (), is_negated=statement.actions is None, is_deny=is_deny(statement))


def _resources(statement: Statement, variables: bool) -> ResourceMatcher | None:
    listed = statement.not_resources if statement.resources is None else statement.resources
    if listed is None:
        return None
    return compile_resources(
        listed, is_negated=statement.resources is None, is_deny=is_deny(statement), variables=variables
    )


def _principals(statement: Statement, ids: Mapping[str, str] | None) -> PrincipalMatcher | None:
    if statement.principals is not None:
        return PrincipalMatcher(statement.principals, is_negated=False, ids=ids)
    if statement.not_principals is not None:
        return PrincipalMatcher(statement.not_principals, is_negated=True, ids=ids)
    return None


DENY_ALL = Document(
    None,
    None,
    (
        Statement(
            sid=None,
            effect="Deny",
            actions=(ALL,),
            not_actions=None,
            resources=(ALL,),
            not_resources=None,
            principals=Principals((("AWS", ALL),)),
            not_principals=None,
            conditions=(),
            start=Position(1, 1),
            end=Position(1, 1),
        ),
    ),
)
"""What stands for a document that cannot be compiled."""
