"""Policies are validated as AWS validates them: its faults, its order, its words."""

import json

import pytest
from policy_documents import ACCOUNT, BOB, PROVIDER, allow, deny, document, trust

from keystead.access.policy import (
    MalformedPolicy,
    lint_identity_policy,
    lint_resource_policy,
    lint_trust_policy,
    named_principals,
    warnings,
)
from keystead.access.policy.conditions import parse_operator
from keystead.access.policy.operators import OPERATORS

SYNTAX = "Syntax errors in policy."
OLD = "Policy document must be version 2012-10-17 or greater."
LEGACY = "The policy failed legacy parsing"
NO_ACTIONS = "Policy statement must contain actions."
NO_RESOURCES = "Policy statement must contain resources."
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
ONE_COLON = "Actions/Condition can contain only one colon."
TRUST_ACTIONS = (
    "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  "
    "and sts:AssumeRoleWithWebIdentity"
)
IAM_PATH = (
    'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/,'
    " mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."
)


def dated(value: object) -> dict[str, object]:
    return allow(Condition={"DateLessThan": {"aws:CurrentTime": value}})


def without(name: str, **more: object) -> dict[str, object]:
    return {key: value for key, value in {**allow(), **more}.items() if key != name}


FAULTS = [
    ("no json at all", SYNTAX),
    (document(allow(Extra="x")), SYNTAX),
    (document(allow(Condition={"Unheard": {"k": "v"}})), SYNTAX),
    (document(allow(Condition={"stringequals": {"k": "v"}})), SYNTAX),
    (document(allow(Condition={"NullIfExists": {"k": "true"}})), SYNTAX),
    (document(allow(Condition={"ForAnyValue::StringLike": {"k": "v"}})), SYNTAX),
    (document(allow(), version=None), OLD),
    (document(allow(), version="2008-10-17"), OLD),
    (document(allow(Effect="allow")), LEGACY),
    (document(dated("yesterday")), LEGACY),
    (document(dated("2026-13-01")), LEGACY),
    (document(dated("2026-01-32T00:00:00Z")), LEGACY),
    (document(dated("2026-01-31T24:00:00Z")), LEGACY),
    (document(dated("2026-01-31T12:00:00+1")), LEGACY),
    (document(dated("2026-01-31T12:00:00.1234567890Z")), LEGACY),
    (document(dated("9223372036854775808")), LEGACY),
    (document(dated(["2026-01-31", "x"])), LEGACY),
    (document(allow(resource="arn:aws:s3::b")), LEGACY),
    (document(allow(resource="arn:aws::::b")), LEGACY),
    (document(allow(resource=["*", "arn:aws::::b"])), LEGACY),
    (document(allow(Sid="a"), allow(Sid="a")), "Statement IDs (SID) in a single policy must be unique."),
    (
        document(allow(Sid="a b")),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
        " [0-9A-Za-z]*",
    ),
    (document(without("Action")), NO_ACTIONS),
    (document(allow([])), NO_ACTIONS),
    (document(allow(), {"Effect": "Deny"}), NO_ACTIONS),
    (document(allow(resource="bucket")), 'Resource bucket must be in ARN format or "*".'),
    (document(allow(resource="")), 'Resource  must be in ARN format or "*".'),
    (document(allow(resource="x:y")), 'Partition "y" is not valid for resource "arn:y:*:*:*:*".'),
    (document(allow(resource="x:y:z")), 'Partition "y" is not valid for resource "arn:y:z:*:*:*".'),
    (
        document(allow(resource="arn:y:s3:::b/a:c")),
        'Partition "y" is not valid for resource "arn:y:s3:::b/a:c".',
    ),
    (
        document(allow(resource=["arn:x:s3:::b", "arn:x:s3::b"])),
        'Partition "x" is not valid for resource "arn:x:s3:::b".',
    ),
    (
        document(allow(resource="arn:aws")),
        "Resource vendor must be fully qualified and cannot contain regexes.",
    ),
    (
        document(allow(resource="arn:aws:iam:eu-west-1::user/b")),
        "IAM resource arn:aws:iam:eu-west-1::user/b cannot contain region information.",
    ),
    (
        document(allow(resource="arn:aws:s3:eu-west-1::b")),
        "Resource arn:aws:s3:eu-west-1::b can not contain region information.",
    ),
    (document(allow(resource=f"arn:aws:iam::{ACCOUNT}:bob")), IAM_PATH),
    (document(allow("GetObject")), NO_VENDOR),
    (document(allow("")), NO_VENDOR),
    (document(allow("s3:Get:Object")), ONE_COLON),
    (document(allow("a b:Get")), "Vendor a b is not valid"),
    (document(allow("*:*")), "Vendor * is not valid"),
    (document(allow("s*:Get")), "Vendor s* is not valid"),
    (document(without("Resource")), NO_RESOURCES),
    (document(allow(resource=[])), NO_RESOURCES),
    (document(allow(Principal="*")), "Policy document should not specify a principal."),
]

ORDER = [
    (document(allow(Effect="allow"), version=None), OLD),
    (document(allow("x", "y", Effect="allow", Sid="a"), {"Effect": "Allow", "Sid": "a"}), LEGACY),
    (
        document({**allow(), "Sid": "a"}, {"Effect": "Allow", "Sid": "a"}),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    (document({"Effect": "Allow", "Resource": "y"}), NO_ACTIONS),
    (document(allow("x", "y")), 'Resource y must be in ARN format or "*".'),
    (document({"Effect": "Allow", "Action": "x"}), NO_VENDOR),
    (document({"Effect": "Allow", "NotAction": "x", "Resource": "*"}, allow("s3:a:b")), ONE_COLON),
    (document({"Effect": "Allow", "Action": "*", "Principal": "*"}), NO_RESOURCES),
]

GOOD = [
    document(allow()),
    document(allow("iam: anything at all ")),
    document(allow("s3-x.y:Get*")),
    document(allow(resource=["arn:aws:s3:::b", "*"])),
    document(allow(resource="arn:aws:made-up")),
    document(allow(resource="arn:aws:s3:eu-west-1:1:accesspoint/x")),
    document(allow(resource="arn:*:s3:::b")),
    document(allow(resource="arn:aws:iam::*:user/${aws:username}")),
    document(allow(resource="arn:aws:iam::1:*")),
    document(allow(Condition={})),
    document(allow(Condition={"Unheard": {}})),
    document(allow(Condition={"DateLessThan": {"k": []}})),
    document(allow(Condition={"NumericLessThan": {"s3:max-keys": 10}})),
    document(allow(Condition={"Bool": {"aws:SecureTransport": True}})),
    document(allow(Condition={"ForAllValues:StringEqualsIfExists": {"aws:TagKeys": ["a"]}})),
    document(dated("2026-01-31T12:00:00.593194+23")),
    document(dated("2026-01-31T12:00:00-08:00")),
    document(dated("-292275054")),
    document(dated("01T")),
    document(allow(Sid="a"), allow(Sid=""), allow(Sid="")),
    document({"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"}),
]


@pytest.mark.parametrize(("text", "message"), FAULTS + ORDER)
def test_identity_policy_is_refused_in_awss_words(text: str, message: str) -> None:
    with pytest.raises(MalformedPolicy) as caught:
        lint_identity_policy(text)

    assert message == str(caught.value)


@pytest.mark.parametrize("text", GOOD)
def test_identity_policy_that_aws_takes_is_taken(text: str) -> None:
    assert lint_identity_policy(text).statements


@pytest.mark.parametrize("name", [*OPERATORS, "Null"])
def test_every_operator_is_known_with_each_prefix_and_suffix(name: str) -> None:
    suffixes = [""] if name == "Null" else ["", "IfExists"]

    for prefix in ("", "ForAllValues:", "ForAnyValue:"):
        for suffix in suffixes:
            parsed = parse_operator(prefix + name + suffix)
            assert parsed is not None
            assert (parsed.base, parsed.if_exists) == (name, bool(suffix))


TRUSTED = {"Principal": {"AWS": BOB.arn}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ('{"Version":"2012-10-17"}', SYNTAX),
        (document(trust(action="s3:GetObject", **TRUSTED)), TRUST_ACTIONS),
        (document(trust(action="sts:*", **TRUSTED)), TRUST_ACTIONS),
        (document({"Effect": "Allow", "NotAction": "sts:AssumeRole", **TRUSTED}), TRUST_ACTIONS),
        (document(trust(Resource="*", **TRUSTED)), "Has prohibited field Resource."),
        (document(trust(NotResource="*", **TRUSTED)), "Has prohibited field Resource."),
        (document(trust()), "Missing required field Principal"),
        (document(trust(Principal={})), "Missing required field Principal"),
        (document(trust(NotPrincipal={"AWS": []})), "Missing required field Principal"),
        (document(trust(Principal={"AWS": "bob"})), 'Invalid principal in policy: "AWS":"bob"'),
        (
            document(trust(Principal={"AWS": "arn:aws:iam::*:root"})),
            'Invalid principal in policy: "AWS":"arn:aws:iam::*:root"',
        ),
        (
            document(trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"})),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:user/*"',
        ),
        (document(trust(Principal={"Service": "ec2"})), 'Invalid principal in policy: "SERVICE":"ec2"'),
        (document(trust(Principal={"Service": "*"})), 'Invalid principal in policy: "SERVICE":"*"'),
        (document(trust(Principal={"Federated": "*"})), 'Invalid principal in policy: "FEDERATED":"*"'),
    ],
)
def test_trust_policy_is_refused_in_awss_words(text: str, message: str) -> None:
    with pytest.raises(MalformedPolicy) as caught:
        lint_trust_policy(text)

    assert message == str(caught.value)


@pytest.mark.parametrize("version", ["2012-10-17", "2008-10-17", None])
@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", BOB.arn, f"arn:aws:iam::{ACCOUNT}:role/a/b"]},
        {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/run1"},
        {"AWS": "AIDACKCEVSQ6C2EXAMPLE"},
        {"Service": ["ec2.amazonaws.com", "lambda.eu-west-1.amazonaws.com"]},
        {"Federated": [PROVIDER, "accounts.google.com"]},
    ],
)
def test_trust_policy_that_aws_takes_is_taken(principal: object, version: str | None) -> None:
    text = document(trust(action=["sts:AssumeRole", "sts:TagSession"], Principal=principal), version=version)

    assert lint_trust_policy(text).statements


def test_resource_policy_needs_a_principal_and_resources() -> None:
    for statement, message in [
        (allow(), "Missing required field Principal"),
        ({"Effect": "Allow", "Action": "*", "Principal": "*"}, NO_RESOURCES),
    ]:
        with pytest.raises(MalformedPolicy) as caught:
            lint_resource_policy(document(statement))
        assert message == str(caught.value)

    assert lint_resource_policy(document(allow(Principal="*", Sid="any sid"), version=None)).version is None


def test_named_principals_are_listed_once_in_order() -> None:
    text = document(
        trust(Principal={"AWS": [BOB.arn, ACCOUNT], "Service": "ec2.amazonaws.com"}),
        trust(Principal={"AWS": BOB.arn}),
        trust(NotPrincipal="*"),
    )

    expected = [("AWS", BOB.arn), ("AWS", ACCOUNT), ("Service", "ec2.amazonaws.com"), ("AWS", "*")]
    assert expected == named_principals(lint_trust_policy(text))


def test_what_is_probably_not_meant_is_warned_of() -> None:
    text = document(
        {**trust(Sid="All"), "NotPrincipal": {"AWS": BOB.arn}},
        trust(Principal="*", Condition={"StringEquals": {"aws:TagKeys": ["a"]}}),
    )

    first, second = warnings(lint_trust_policy(text))

    assert first.startswith("statement All: Allow with NotPrincipal")
    assert "aws:TagKeys has several values" in second


def test_unclosed_variable_never_allows_and_a_deny_of_it_holds() -> None:
    text = document(deny(resource="arn:aws:s3:::b/${aws:username"))

    assert json.loads(text)["Statement"][0]["Resource"] == "arn:aws:s3:::b/${aws:username"
    assert lint_identity_policy(text).statements
