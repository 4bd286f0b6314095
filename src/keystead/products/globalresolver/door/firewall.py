"""The firewall of a view: rules in the order of their priorities, the first that matches decides.

Follows facts/dns.md §8. `example.com` matches itself only, `*.example.com` what is below it, `*` everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import dns.exception
import dns.rdatatype

from keystead.products.globalresolver.door.message import Query
from keystead.products.globalresolver.records import Rule


class Matcher(Protocol):
    """What a rule asks of a query. `suffixes` is the name and each name above it, without the root."""

    goes_by_the_query_alone: ClassVar[bool]
    """Whether the same query is always judged the same."""

    def matches(self, query: Query, suffixes: Sequence[bytes]) -> bool:
        """Return whether a query is one of those."""
        ...


@dataclass(slots=True)
class DomainTable:
    """A domain list at one version."""

    exact: set[bytes] = field(default_factory=set[bytes])
    below: set[bytes] = field(default_factory=set[bytes])
    has_all: bool = False
    goes_by_the_query_alone: ClassVar[bool] = True

    def matches(self, query: Query, suffixes: Sequence[bytes]) -> bool:
        """Return whether the list has the name of a query."""
        if self.has_all or (suffixes and suffixes[0] in self.exact):
            return True
        return bool(self.below) and not self.below.isdisjoint(suffixes[1:])


def domain_table(domains: Iterable[str]) -> DomainTable:
    """Return the table of a list's domains, which are in lower case and without a final dot."""
    table = DomainTable()
    for domain in domains:
        if domain == "*":
            table.has_all = True
        elif domain.startswith("*."):
            table.below.add(domain[2:].encode())
        else:
            table.exact.add(domain.encode())
    return table


class Unusable(Exception):
    """A rule cannot be evaluated: what it refers to could not be read."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be asked; `matcher` None is one that cannot be evaluated."""

    rule: Rule
    matcher: Matcher | None
    query_type: int | None


def compile_rules(rules: Iterable[tuple[Rule, Matcher | None]]) -> "Firewall":
    """Return rules ready to be asked."""
    compiled = [
        CompiledRule(
            rule, matcher, None if rule.facts.query_type is None else query_type(rule.facts.query_type)
        )
        for rule, matcher in rules
    ]
    return Firewall(sorted(compiled, key=lambda each: (each.rule.facts.priority, each.rule.row)))


class Firewall:
    """The rules of a view in their order. Domain lists are one index together, however many there are.

    The index leads from a name to the places of the rules whose lists have it; what is no list of domains, and a
    list of everything, is asked in its turn.
    """

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = rules
        self._exact: dict[bytes, tuple[int, ...]] = {}
        self._below: dict[bytes, tuple[int, ...]] = {}
        self._asked: list[int] = []
        self.goes_by_the_query_alone = all(
            each.matcher is None or each.matcher.goes_by_the_query_alone for each in rules
        )
        """Whether the same query is always judged the same while the rules are these."""
        for place, each in enumerate(rules):
            if isinstance(each.matcher, DomainTable) and not each.matcher.has_all:
                _index(self._exact, each.matcher.exact, place)
                _index(self._below, each.matcher.below, place)
            else:
                self._asked.append(place)

    def decide(self, query: Query) -> Rule | None:
        """Return the first rule that a query matches. Raises Unusable when one before it cannot be evaluated."""
        if not self._rules:
            return None
        suffixes = suffixes_of(query)
        first = self._first_listed(query, suffixes)
        for place in self._asked:
            if place > first:
                break
            each = self._rules[place]
            if each.query_type is not None and each.query_type != query.type:
                continue
            if each.matcher is None:
                raise Unusable
            if each.matcher.matches(query, suffixes):
                return each.rule
        return self._rules[first].rule if first < len(self._rules) else None

    def _first_listed(self, query: Query, suffixes: Sequence[bytes]) -> int:
        """Return the place of the first rule whose list has the name; the number of rules if none has."""
        first = len(self._rules)
        if not suffixes:
            return first
        found = self._exact.get(suffixes[0])
        if found is not None:
            first = self._first_of(found, query.type, first)
        if self._below:
            for suffix in suffixes[1:]:
                found = self._below.get(suffix)
                if found is not None:
                    first = self._first_of(found, query.type, first)
        return first

    def _first_of(self, places: tuple[int, ...], kind: int, first: int) -> int:
        for place in places:
            if place >= first:
                break
            if self._rules[place].query_type in (None, kind):
                return place
        return first


def _index(index: dict[bytes, tuple[int, ...]], names: Iterable[bytes], place: int) -> None:
    """Note that a rule's list has these names. Places come in ascending order, and most names have one."""
    alone = (place,)
    for name in names:
        held = index.get(name)
        index[name] = alone if held is None else (*held, place)


def suffixes_of(query: Query) -> list[bytes]:
    """Return a query's name and each name above it, the longest first."""
    name = query.name
    found = [name] if name else []
    for label in query.labels[:-1]:
        name = name[len(label) + label.count(b".") + 1 :]
        found.append(name)
    return found


def query_type(text: str) -> int:
    """Return the number of a type by name or as `TYPE65`. Raises ValueError."""
    try:
        return int(dns.rdatatype.from_text(text))
    except dns.exception.DNSException as error:
        raise ValueError(text) from error
