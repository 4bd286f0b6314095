"""Context keys that policies ask for: GetContextKeysForCustomPolicy and GetContextKeysForPrincipalPolicy."""

from collections.abc import Iterable, Iterator

from keystead.access.policy.conditions import parse_operator
from keystead.access.policy.document import Document, Statement
from keystead.access.policy.patterns import UnreadablePattern, parse_pattern, parse_resource, variables_of


def context_keys(documents: Iterable[Document]) -> list[str]:
    """Return the condition keys and variables of documents, each once ignoring case, as first spelt."""
    return distinct_keys(
        key
        for document in documents
        for statement in document.statements
        for key in statement_keys(statement, variables=document.has_variables)
    )


def statement_keys(statement: Statement, *, variables: bool) -> tuple[str, ...]:
    """Return the keys that one statement asks the request context for."""
    return tuple(distinct_keys(_keys(statement, variables)))


def distinct_keys(keys: Iterable[str]) -> list[str]:
    """Return keys without those that differ from an earlier one in case only."""
    first: dict[str, str] = {}
    for key in keys:
        first.setdefault(key.lower(), key)
    return list(first.values())


def _keys(statement: Statement, variables: bool) -> Iterator[str]:
    for resource in (*(statement.resources or ()), *(statement.not_resources or ())):
        yield from _variables(resource, is_resource=True, variables=variables)
    for condition in statement.conditions:
        yield condition.key
        name = parse_operator(condition.operator)
        if name is not None and name.base.startswith(("String", "Arn")):
            for value in condition.values:
                yield from _variables(value, is_resource=False, variables=variables)


def _variables(text: str, *, is_resource: bool, variables: bool) -> Iterator[str]:
    parse = parse_resource if is_resource else parse_pattern
    try:
        yield from (variable.spelt for variable in variables_of(parse(text, variables=variables)))
    except UnreadablePattern:
        return
