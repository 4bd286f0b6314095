"""Which actions and resources a statement speaks of.

Follows the IAM User Guide, "IAM JSON policy elements: Action, NotAction, Resource, NotResource". An element
that cannot be read must never widen access: it counts as whatever keeps an Allow from applying and lets a
Deny apply.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from keystead.access.policy.context import RequestContext
from keystead.access.policy.patterns import (
    ARN_FIELDS,
    Matcher,
    Pattern,
    UnreadablePattern,
    Wildcard,
    arn_glob,
    arn_source,
    glob_source,
    is_literal,
    literal,
    parse_pattern,
    parse_resource,
    variables_of,
)

ALL = "*"
ACTION = re.compile(r"[A-Za-z0-9.-]+:[^:]*")
"""One colon and a vendor without wildcards: what `lint` lets pass besides `*`."""

UNRESOLVED_IN_NOT_RESOURCE_NARROWS = True
"""UNCONFIRMED: AWS does not say what a variable without a value does in NotResource. As a pattern that does
not match it would widen the statement; here it keeps an Allow from applying and lets a Deny apply."""


class ResourceMatcher(Protocol):
    """Whether a statement speaks of a resource."""

    def __call__(self, resource: str, context: RequestContext) -> bool:
        """Return whether it does. `resource` is an ARN, or `*` for an action without resources."""
        ...


class ActionMatcher:
    """Whether a statement speaks of an action, compared whole and ignoring case."""

    __slots__ = ("_exact", "_is_all", "_is_negated", "_prefixes", "_regex")

    def __init__(self, patterns: Sequence[str], *, is_negated: bool, is_deny: bool) -> None:
        """`is_negated` is NotAction. A pattern that is no action never helps an Allow, nor stops a Deny."""
        lower = [pattern.lower() for pattern in patterns]
        readable = [pattern for pattern in lower if pattern == ALL or ACTION.fullmatch(pattern)]
        unreadable_matches = is_deny != is_negated
        self._is_negated = is_negated
        self._is_all = ALL in readable or (unreadable_matches and len(readable) < len(lower))
        wild = [pattern for pattern in readable if _has_wildcard(pattern) and pattern != ALL]
        self._exact = frozenset(readable) - frozenset(wild)
        prefixes = [pattern for pattern in wild if pattern.endswith("*") and not _has_wildcard(pattern[:-1])]
        self._prefixes = tuple(pattern[:-1] for pattern in prefixes)
        sources = [
            glob_source(parse_pattern(pattern, variables=False))
            for pattern in wild
            if pattern not in prefixes
        ]
        self._regex = re.compile("|".join(sources), re.DOTALL) if sources else None

    def matches(self, action: str) -> bool:
        """Return whether the statement speaks of `action`, given in lower case."""
        return self._is_listed(action) != self._is_negated

    def _is_listed(self, action: str) -> bool:
        return (
            self._is_all
            or action in self._exact
            or (bool(self._prefixes) and action.startswith(self._prefixes))
            or (self._regex is not None and self._regex.fullmatch(action) is not None)
        )


def compile_resources(
    patterns: Sequence[str], *, is_negated: bool, is_deny: bool, variables: bool
) -> ResourceMatcher | None:
    """Return the matcher of a Resource element, or of NotResource; None when it matches everything.

    A variable without a value keeps its pattern from matching, in NotResource see the constant above.
    """
    unreadable_matches = is_deny != is_negated
    static: list[Pattern] = []
    dynamic: list[Matcher] = []
    everything = False
    for text in patterns:
        if text == ALL:
            everything = True
            continue
        try:
            pattern = parse_resource(text, variables=variables)
        except UnreadablePattern:
            everything = everything or unreadable_matches
            continue
        if variables_of(pattern):
            dynamic.append(arn_glob(pattern))
        else:
            static.append(pattern)
    unresolved_matches = is_negated and unreadable_matches and UNRESOLVED_IN_NOT_RESOURCE_NARROWS
    if everything:
        return _nothing if is_negated else None
    listed = ListedResources(static, dynamic, unresolved_matches=unresolved_matches)
    return (lambda resource, context: not listed(resource, context)) if is_negated else listed


class ListedResources:
    """Whether a resource matches one of several patterns, the cheapest comparison first."""

    __slots__ = ("_dynamic", "_unresolved_matches", "static")

    def __init__(
        self,
        patterns: Sequence[Pattern],
        dynamic: Sequence[Matcher] = (),
        *,
        unresolved_matches: bool = False,
    ) -> None:
        """`patterns` have no variables, `dynamic` has those that do."""
        self.static = StaticResources(patterns)
        self._dynamic = tuple(dynamic)
        self._unresolved_matches = unresolved_matches

    def __call__(self, resource: str, context: RequestContext) -> bool:
        if self.static.include(resource):
            return True
        for matcher in self._dynamic:
            found = matcher.matches(resource, context)
            if found or (found is None and self._unresolved_matches):
                return True
        return False

    @property
    def is_static(self) -> bool:
        """Whether the request's context does not matter."""
        return not self._dynamic


class StaticResources:
    """A set of resource patterns without variables."""

    __slots__ = ("_exact", "_prefixes", "_regex", "patterns")

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        exact: list[str] = []
        prefixes: list[str] = []
        sources: list[str] = []
        for pattern in self.patterns:
            if is_literal(pattern) and _is_whole(pattern):
                exact.append(literal(pattern))
            elif _is_prefix(pattern):
                prefixes.append(literal(pattern[:-1]))
            else:
                sources.append(arn_source(pattern))
        self._exact = frozenset(exact)
        self._prefixes = tuple(prefixes)
        self._regex = re.compile("|".join(sources), re.DOTALL) if sources else None

    def include(self, resource: str) -> bool:
        """Return whether any of the patterns matches."""
        return (
            resource in self._exact
            or (bool(self._prefixes) and resource.startswith(self._prefixes))
            or (self._regex is not None and self._regex.fullmatch(resource) is not None)
        )


def _nothing(resource: str, context: RequestContext) -> bool:  # noqa: ARG001  The protocol asks for both.
    return False


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def _is_whole(pattern: Pattern) -> bool:
    """Whether the text of a pattern has all six fields; a missing one would match anything."""
    return literal(pattern).count(":") >= ARN_FIELDS - 1


def _is_prefix(pattern: Pattern) -> bool:
    """Whether the only wildcard is a `*` at the very end, in the last field."""
    return len(pattern) == 2 and pattern[1] is Wildcard.ANY and _is_whole(pattern[:1])
