"""Every condition operator against keys that are present, absent and multi-valued."""

import pytest
from policy_documents import ask, is_allowed, policy

ARN = "arn:aws:iam::111111111111:user/bob"
FAMILIES = {
    # operator: (policy value, request values that satisfy it, request values that do not)
    "StringEquals": ("a*c", ["a*c"], ["abc", "A*C", ""]),
    "StringEqualsIgnoreCase": ("Bob", ["bob", "BOB"], ["bobb"]),
    "StringLike": ("b?b*", ["bob", "bxb-and-more"], ["Bob", "bb", "xbob"]),
    "NumericEquals": ("10", ["10", "10.0", "1e1"], ["11", "ten", ""]),
    "NumericLessThan": ("10", ["9.99", "-11"], ["10", "10.01", "x"]),
    "NumericLessThanEquals": ("10", ["10.00", "9"], ["10.01", "x"]),
    "NumericGreaterThan": ("10", ["10.01", "123456789012345678901"], ["10", "9", "x"]),
    "NumericGreaterThanEquals": ("10", ["10.0", "11"], ["9.99", "x"]),
    "DateEquals": (
        "2026-01-31T12:00:00Z",
        [
            "2026-01-31T12:00:00Z",
            "2026-01-31T13:00:00+01:00",
            "2026-01-31T04:00-08:00",
            "2026-01-31t12:00:00.0z",
            "1769860800",
        ],
        ["2026-01-31T12:00:01Z", "2026-01-31", "soon"],
    ),
    "DateLessThan": ("2026-01-31", ["2026-01-30T23:59:59.999Z", "0"], ["2026-01-31T00:00:00Z", "soon"]),
    "DateLessThanEquals": ("2026-01-31", ["2026-01-31T00:00:00Z"], ["2026-01-31T00:00:00.001Z", "soon"]),
    "DateGreaterThan": ("2026-01-31", ["2026-01-31T00:00:01Z"], ["2026-01-31", "2026-01-31T01:00:00+02:00"]),
    "DateGreaterThanEquals": ("1769817600", ["2026-01-31T00:00:00Z"], ["2026-01-30T23:59:59Z", "soon"]),
    "Bool": ("true", ["true", "TRUE"], ["false", "yes", ""]),
    "BinaryEquals": ("Qm9i", ["Qm9i"], ["Qm9j", "Qm9", "*"]),
    "IpAddress": (
        "10.0.0.0/8",
        ["10.1.2.3", "::ffff:10.1.2.3"],
        ["11.0.0.1", "2001:db8::1", "10.1", "010.1.2.3", "x"],
    ),
    "ArnEquals": (
        "arn:aws:iam::*:user/*",
        [ARN, ARN + ":x"],
        ["arn:aws:iam::1:2:user/bob", "arn:aws:iam", "*"],
    ),
    "ArnLike": ("arn:*:iam::11111111111?:user/bob", [ARN], [ARN + "x", "user/bob"]),
}
ANOTHER = {
    "String": "another",
    "Numeric": "77777",
    "Date": "1999-01-01",
    "Bool": "false",
    "Binary": "AAAA",
    "Ip": "192.0.2.1",
    "Arn": "arn:aws:s3:::another",
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
TABLE = [(name, False, *row) for name, row in FAMILIES.items()] + [
    (name, True, *FAMILIES[positive]) for name, positive in NEGATED.items()
]
EVERY = pytest.mark.parametrize(("operator", "negated", "value", "good", "bad"), TABLE)


def holds(operator: str, value: object, presented: object, *, effect: str = "Allow") -> bool:
    """Whether a condition holds; `presented` is the value, or values, of the key, or None."""
    condition = {operator: {"x:Key": value}}
    context = {} if presented is None else {"x:key": presented}
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}
    if effect == "Allow":
        return is_allowed(statement, context=context)
    return not is_allowed({"Effect": "Allow", "Action": "*", "Resource": "*"}, statement, context=context)


def test_the_table_has_every_operator() -> None:
    from keystead.access.policy.operators import OPERATORS

    assert set(OPERATORS) == set(FAMILIES) | set(NEGATED)


@EVERY
def test_present_key(operator, negated, value, good, bad) -> None:
    for presented in good:
        assert holds(operator, value, presented) is not negated, presented
    for presented in bad:
        assert holds(operator, value, presented) is negated, presented


@EVERY
def test_present_key_with_if_exists(operator, negated, value, good, bad) -> None:
    assert holds(operator + "IfExists", value, good[0]) is not negated
    assert holds(operator + "IfExists", value, bad[0]) is negated


@EVERY
@pytest.mark.parametrize("presented", [None, []])
def test_absent_key_and_empty_set(operator, negated, value, good, bad, presented) -> None:
    assert holds(operator, value, presented) is negated
    assert holds(operator + "IfExists", value, presented)
    assert holds("ForAllValues:" + operator, value, presented)
    assert not holds("ForAnyValue:" + operator, value, presented)
    assert holds("ForAllValues:" + operator + "IfExists", value, presented)
    assert holds("ForAnyValue:" + operator + "IfExists", value, presented)


@EVERY
def test_multivalued_key(operator, negated, value, good, bad) -> None:
    only_good, mixed, only_bad = [good[0], good[-1]], [bad[0], good[0]], [bad[0], bad[-1]]

    assert holds("ForAllValues:" + operator, value, only_good) is not negated
    assert not holds("ForAllValues:" + operator, value, mixed)
    assert holds("ForAllValues:" + operator, value, only_bad) is negated
    assert holds("ForAnyValue:" + operator, value, only_good) is not negated
    assert holds("ForAnyValue:" + operator, value, mixed)
    assert holds("ForAnyValue:" + operator, value, only_bad) is negated
    assert holds(operator, value, mixed)


@EVERY
def test_several_policy_values_are_any_of_them_and_none_when_negated(
    operator, negated, value, good, bad
) -> None:
    other = next(found for family, found in ANOTHER.items() if family in operator)

    assert holds(operator, [other, value], good[0]) is not negated


@pytest.mark.parametrize(
    "operator", ["Unheard", "stringEquals", "StringEqualsifexists", "ForSome:StringEquals"]
)
def test_unknown_operator_never_allows_and_never_lifts_a_deny(operator: str) -> None:
    for presented in (None, "a"):
        assert not holds(operator, "a", presented)
        assert holds(operator, "a", presented, effect="Deny")


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericNotEquals", "ten"),
        ("NumericEquals", "NaN"),
        ("NumericLessThan", "1_0"),
        ("DateNotEquals", "soon"),
        ("DateLessThan", "2026-02-30"),
        ("DateLessThan", "2026-01-31T25:00:00Z"),
        ("Bool", "yes"),
        ("BinaryEquals", "!"),
        ("NotIpAddress", "10.0.0.0/33"),
        ("NotIpAddress", "10.0.0.0/"),
        ("NotIpAddress", "ten"),
        ("StringNotEquals", "${aws:username"),
        ("ArnNotLike", "${}"),
        ("NumericEquals", "${aws:username}"),
        ("StringNotEquals", []),
        ("Null", "maybe"),
        ("Null", []),
    ],
)
def test_policy_value_that_cannot_be_read_never_allows_and_never_lifts_a_deny(operator, value) -> None:
    for presented in (None, "5", "10.1.2.3", "true"):
        assert not holds(operator, value, presented)
        assert holds(operator, value, presented, effect="Deny")


@pytest.mark.parametrize("prefix", ["", "ForAllValues:", "ForAnyValue:"])
def test_null_asks_whether_the_key_is_absent(prefix: str) -> None:
    assert holds(prefix + "Null", "true", None)
    assert holds(prefix + "Null", True, [])
    assert not holds(prefix + "Null", "true", "")
    assert holds(prefix + "Null", "false", "x")
    assert not holds(prefix + "Null", False, None)
    assert holds(prefix + "Null", ["true", "false"], None)


@pytest.mark.parametrize(
    ("block", "presented", "expected"),
    [
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "2001:DB8:0:0::FFFF", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("2001:db8::/32", "10.1.2.3", False),
        ("2001:db8::1", "2001:db8::1", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("10.1.2.3/8", "10.9.9.9", True),
        ("0.0.0.0/0", "203.0.113.9", True),
        ("0.0.0.0/0", "::1", False),
        ("::/0", "2001:db8::1", True),
        ("10.0.0.0/31", "10.0.0.1", True),
        ("10.0.0.0/31", "10.0.0.2", False),
    ],
)
def test_addresses_of_both_families(block: str, presented: str, expected: bool) -> None:
    assert holds("IpAddress", block, presented) is expected
    assert holds("NotIpAddress", block, presented) is not expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("StringEquals", "${aws:username}", True),
        ("StringEquals", "team-${aws:username, 'x'}", False),
        ("StringEqualsIgnoreCase", "${aws:USERNAME}", True),
        ("StringLike", "${aws:username}*", True),
        ("StringLike", "${aws:nobody}*", False),
        ("StringNotLike", "${aws:nobody}*", True),
        ("StringNotEquals", "${aws:nobody}", True),
        ("StringEquals", "${aws:nobody, 'b*b'}", True),
        ("StringEquals", "${$}", False),
    ],
)
def test_variables_in_strings(operator: str, value: str, expected: bool) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"x:Key": value}}}

    assert is_allowed(statement, context={"x:key": "b*b", "aws:username": "b*b"}) is expected


def test_variable_is_literal_in_a_like_pattern() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringLike": {"x:Key": "${aws:username}/*"}},
    }

    assert is_allowed(statement, context={"x:key": "*/k", "aws:username": "*"})
    assert not is_allowed(statement, context={"x:key": "bob/k", "aws:username": "*"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${aws:PrincipalArn}", True),
        ("arn:aws:iam::${aws:PrincipalAccount}:user/*", True),
        ("arn:aws:*::${aws:PrincipalAccount}:user/${aws:username}", True),
        ("arn:aws:iam::*:user/${aws:username}", True),
        ("arn:aws:iam::${aws:nobody}:user/*", False),
        ("${aws:username}:*", False),
    ],
)
def test_variables_in_arns_may_span_fields(value: str, expected: bool) -> None:
    context = {
        "x:key": ARN,
        "aws:PrincipalArn": ARN,
        "aws:PrincipalAccount": "111111111111",
        "aws:username": "bob",
    }
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ArnLike": {"x:Key": value}},
    }

    assert is_allowed(statement, context=context) is expected


def test_operators_and_keys_are_all_of_them() -> None:
    condition = {"StringEquals": {"a:X": "1", "a:Y": "2"}, "Bool": {"a:Z": True}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    whole = {"a:x": "1", "A:Y": "2", "a:z": "true"}

    assert is_allowed(statement, context=whole)
    for key in whole:
        assert not is_allowed(statement, context={**whole, key: "0"})


def test_key_ignores_case_the_tag_in_it_too() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/CostCenter": "7"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}

    assert is_allowed(statement, context={"AWS:principaltag/COSTCENTER": "7"})


def test_deny_with_a_false_condition_does_not_apply() -> None:
    unmet = {"StringEquals": {"aws:username": "ann"}}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    decision = ask(
        policy(everything, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": unmet}),
        context={"aws:username": "bob"},
    )

    assert decision.is_allowed
