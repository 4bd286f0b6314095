"""Condition operators: for each family, how one value of a request compares with the values of a policy.

Follows the IAM User Guide, "IAM JSON policy elements: Condition operators". Each builder turns the policy's
values into one comparison, positive always: what negation, sets and missing keys make of it is in
`conditions`. A policy value that cannot be read raises UnreadableValue; a request's matches nothing.
"""

import base64
import binascii
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import TypeVar

from keystead.access.policy.context import RequestContext
from keystead.access.policy.patterns import (
    ARN_FIELDS,
    Matcher,
    Pattern,
    UnreadablePattern,
    Variable,
    arn_fields,
    arn_glob,
    glob,
    is_literal,
    literal,
    parse_pattern,
    substitute,
)

Texts = tuple[str, ...]
Matches = Callable[[str, RequestContext], bool]
"""Whether one value of a request matches any of the policy's values."""
Build = Callable[[Texts, bool], Matches]
"""From the policy's values, and whether `${…}` is a variable in them."""
T = TypeVar("T")


class UnreadableValue(Exception):
    """A value in the policy is not of the kind that its operator compares."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: how it compares, and whether it asks for the opposite."""

    build: Build
    is_negated: bool = False


def _string_equals(values: Texts, variables: bool) -> Matches:
    return _equal_strings(values, variables, str)


def _string_equals_ignoring_case(values: Texts, variables: bool) -> Matches:
    return _equal_strings(values, variables, str.lower)


def _equal_strings(values: Texts, variables: bool, fold: Callable[[str], str]) -> Matches:
    patterns = [_pattern(value, variables, wildcards=False) for value in values]
    fixed = frozenset(fold(literal(pattern)) for pattern in patterns if is_literal(pattern))
    dynamic = [pattern for pattern in patterns if not is_literal(pattern)]

    def matches(value: str, context: RequestContext) -> bool:
        folded = fold(value)
        if folded in fixed:
            return True
        for pattern in dynamic:
            resolved = substitute(pattern, context)
            if resolved is not None and fold(literal(resolved)) == folded:
                return True
        return False

    return matches


def _string_like(values: Texts, variables: bool) -> Matches:
    return _any_matcher([glob(_pattern(value, variables)) for value in values])


def _arn_like(values: Texts, variables: bool) -> Matches:
    patterns = [_pattern(value, variables) for value in values]
    fixed = _any_matcher([arn_glob(pattern) for pattern in patterns if not _has_variable_fields(pattern)])
    variable = [pattern for pattern in patterns if _has_variable_fields(pattern)]

    def matches(value: str, context: RequestContext) -> bool:
        if fixed(value, context):
            return True
        # The value of the variable says where the fields end, so the expression is made for this request.
        for pattern in variable:
            resolved = substitute(pattern, context)
            if resolved is not None and arn_glob(resolved).matches(value, context):
                return True
        return False

    return matches


def _has_variable_fields(pattern: Pattern) -> bool:
    fields = arn_fields(pattern)[: ARN_FIELDS - 1]
    return any(isinstance(piece, Variable) for field in fields for piece in field)


def _any_matcher(matchers: list[Matcher]) -> Matches:
    def matches(value: str, context: RequestContext) -> bool:
        return any(matcher.matches(value, context) for matcher in matchers)

    return matches


def _pattern(value: str, variables: bool, *, wildcards: bool = True) -> Pattern:
    try:
        return parse_pattern(value, variables=variables, wildcards=wildcards)
    except UnreadablePattern as error:
        raise UnreadableValue(value) from error


def _ordered(parse: Callable[[str], T], compare: Callable[[T, T], bool]) -> Build:
    """Return the builder for values that are read once and compared with the request's on the left."""

    def build(values: Texts, variables: bool) -> Matches:  # noqa: ARG001  No variables in these families.
        limits = [parse(value) for value in values]

        def matches(value: str, context: RequestContext) -> bool:  # noqa: ARG001
            try:
                presented = parse(value)
            except UnreadableValue:
                return False
            return any(compare(presented, limit) for limit in limits)

        return matches

    return build


_NUMBER = re.compile(r"[+-]?([0-9]{1,64}(\.[0-9]{0,64})?|\.[0-9]{1,64})([eE][+-]?[0-9]{1,3})?")


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise UnreadableValue(text)
    return Decimal(text)


_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_SECONDS = re.compile(r"[0-9]{1,19}")
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = 1_000_000


def _date(text: str) -> int:
    """Return microseconds since 1970 for ISO 8601, a date alone included, or for seconds since then."""
    if _EPOCH_SECONDS.fullmatch(text):
        return int(text) * _MICROSECONDS
    found = _DATE.fullmatch(text)
    if found is None:
        raise UnreadableValue(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "").ljust(6, "0")[:6]),
            _zone(zone),
        )
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise UnreadableValue(text) from error


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _boolean(text: str) -> bool:
    lower = text.lower()
    if lower not in ("true", "false"):
        raise UnreadableValue(text)
    return lower == "true"


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableValue(text) from error


Address = tuple[int, int]
"""Width in bits and value."""
_V4, _V6 = 32, 128
_V4_IN_V6 = 0xFFFF


def _address(text: str) -> Address:
    """Return an address. One of IPv4 written in IPv6 is IPv4: which socket took it must not matter."""
    family, bits = (socket.AF_INET6, _V6) if ":" in text else (socket.AF_INET, _V4)
    try:
        value = int.from_bytes(socket.inet_pton(family, text), "big")
    except (OSError, ValueError) as error:
        raise UnreadableValue(text) from error
    if bits == _V6 and value >> _V4 == _V4_IN_V6:
        return _V4, value & 0xFFFFFFFF
    return bits, value


def _network(text: str) -> tuple[int, int, int]:
    """Return width, shift and leading bits of a CIDR block, or of a single address."""
    address, slash, length = text.partition("/")
    bits, value = _address(address)
    if not slash:
        return bits, 0, value
    if not re.fullmatch(r"[0-9]{1,3}", length) or int(length) > bits or (bits == _V4 and ":" in address):
        raise UnreadableValue(text)
    shift = bits - int(length)
    return bits, shift, value >> shift


def _ip_address(values: Texts, variables: bool) -> Matches:  # noqa: ARG001  No variables in addresses.
    networks = [_network(value) for value in values]

    def matches(value: str, context: RequestContext) -> bool:  # noqa: ARG001
        try:
            width, address = _address(value)
        except UnreadableValue:
            return False
        return any(width == bits and address >> shift == leading for bits, shift, leading in networks)

    return matches


OPERATORS = {
    "StringEquals": Operator(_string_equals),
    "StringNotEquals": Operator(_string_equals, is_negated=True),
    "StringEqualsIgnoreCase": Operator(_string_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_string_equals_ignoring_case, is_negated=True),
    "StringLike": Operator(_string_like),
    "StringNotLike": Operator(_string_like, is_negated=True),
    "NumericEquals": Operator(_ordered(_number, eq)),
    "NumericNotEquals": Operator(_ordered(_number, eq), is_negated=True),
    "NumericLessThan": Operator(_ordered(_number, lt)),
    "NumericLessThanEquals": Operator(_ordered(_number, le)),
    "NumericGreaterThan": Operator(_ordered(_number, gt)),
    "NumericGreaterThanEquals": Operator(_ordered(_number, ge)),
    "DateEquals": Operator(_ordered(_date, eq)),
    "DateNotEquals": Operator(_ordered(_date, eq), is_negated=True),
    "DateLessThan": Operator(_ordered(_date, lt)),
    "DateLessThanEquals": Operator(_ordered(_date, le)),
    "DateGreaterThan": Operator(_ordered(_date, gt)),
    "DateGreaterThanEquals": Operator(_ordered(_date, ge)),
    "Bool": Operator(_ordered(_boolean, eq)),
    "BinaryEquals": Operator(_ordered(_bytes, eq)),
    "IpAddress": Operator(_ip_address),
    "NotIpAddress": Operator(_ip_address, is_negated=True),
    "ArnEquals": Operator(_arn_like),
    "ArnLike": Operator(_arn_like),
    "ArnNotEquals": Operator(_arn_like, is_negated=True),
    "ArnNotLike": Operator(_arn_like, is_negated=True),
}
"""Every operator but Null, which compares nothing. ArnEquals is ArnLike by another name."""
