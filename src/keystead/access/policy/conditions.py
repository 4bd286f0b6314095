"""Conditions: what an operator makes of a key that is missing, single or multi-valued.

Follows the IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multi-valued context keys".
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from keystead.access.policy.context import RequestContext
from keystead.access.policy.document import Condition
from keystead.access.policy.operators import OPERATORS, Matches, UnreadableValue

Holds = Callable[[RequestContext], bool]
"""Whether a condition holds for a request."""

NULL = "Null"
_IF_EXISTS = "IfExists"

MULTIVALUED_WITHOUT_SET_OPERATOR = any
"""UNCONFIRMED: AWS does not say what an operator without ForAllValues or ForAnyValue makes of several values.
One of them suffices here; `lint` warns of it."""


class SetOperator(Enum):
    """What stands before the colon of an operator; for a request's several values."""

    NONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class OperatorName:
    """The parts of an operator as a policy spells it: `ForAnyValue:StringLikeIfExists`."""

    set_operator: SetOperator
    base: str
    if_exists: bool


_SET_OPERATORS = {"ForAllValues": SetOperator.ALL, "ForAnyValue": SetOperator.ANY}


def parse_operator(text: str) -> OperatorName | None:
    """Return the parts of an operator's name, or None when nobody knows it. Case matters."""
    prefix, colon, base = text.rpartition(":")
    set_operator = _SET_OPERATORS.get(prefix) if colon else SetOperator.NONE
    if set_operator is None:
        return None
    if base == NULL:
        return OperatorName(set_operator, base, if_exists=False)
    if_exists = base not in OPERATORS and base.endswith(_IF_EXISTS)
    base = base.removesuffix(_IF_EXISTS) if if_exists else base
    return OperatorName(set_operator, base, if_exists) if base in OPERATORS else None


def compile_condition(condition: Condition, *, is_deny: bool, variables: bool) -> Holds:
    """Return whether a condition holds, as a function of the request context.

    An operator that nobody knows, a value that cannot be read or no value at all can only be refused by
    `lint`. In a document that is stored all the same it keeps an Allow from applying and lets a Deny apply.
    """
    name = parse_operator(condition.operator)
    if name is None or not condition.values:
        return _always(is_deny)
    if name.base == NULL:
        return _null(condition, is_deny)
    operator = OPERATORS[name.base]
    try:
        matches = operator.build(condition.values, variables)
    except UnreadableValue:
        return _always(is_deny)
    return _quantified(name, condition.key.lower(), matches, operator.is_negated)


def _quantified(name: OperatorName, key: str, matches: Matches, is_negated: bool) -> Holds:
    """Return the condition over all values of a key; a negated operator asks that a value match none."""
    if name.set_operator is SetOperator.ALL:
        quantifier, if_missing = all, True
    elif name.set_operator is SetOperator.ANY:
        quantifier, if_missing = any, name.if_exists
    else:
        quantifier, if_missing = MULTIVALUED_WITHOUT_SET_OPERATOR, name.if_exists or is_negated

    def holds(context: RequestContext) -> bool:
        values = context.get(key)
        if values is None:
            return if_missing
        if len(values) == 1:
            return matches(values[0], context) != is_negated
        return quantifier(matches(value, context) != is_negated for value in values)

    return holds


def _null(condition: Condition, is_deny: bool) -> Holds:
    """Return the condition that a key be absent (`true`) or present (`false`); a set operator adds nothing."""
    wanted = {value.lower() for value in condition.values}
    if not wanted <= {"true", "false"}:
        return _always(is_deny)
    key = condition.key.lower()
    return lambda context: ("true" if context.get(key) is None else "false") in wanted


def _always(outcome: bool) -> Holds:
    return lambda _context: outcome
