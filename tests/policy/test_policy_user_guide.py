"""Policies that the IAM User Guide shows, doing what it says they do."""

import pytest
from policy_documents import ACCOUNT, BOB, ask, is_allowed, policy

HOME = [
    {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::docs",
        "Condition": {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}},
    },
    {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::docs/home/${aws:username}", "arn:aws:s3:::docs/home/${aws:username}/*"],
    },
]


@pytest.mark.parametrize(
    ("action", "resource", "prefix", "expected"),
    [
        ("s3:ListAllMyBuckets", "*", None, True),
        ("s3:ListBucket", "arn:aws:s3:::docs", "", True),
        ("s3:ListBucket", "arn:aws:s3:::docs", "home/", True),
        ("s3:ListBucket", "arn:aws:s3:::docs", "home/bob/x", True),
        ("s3:ListBucket", "arn:aws:s3:::docs", "home/ann/", False),
        ("s3:ListBucket", "arn:aws:s3:::docs", None, False),
        ("s3:PutObject", "arn:aws:s3:::docs/home/bob/a/b", None, True),
        ("s3:PutObject", "arn:aws:s3:::docs/home/bobby/a", None, False),
        ("s3:PutObject", "arn:aws:s3:::docs/home/ann/a", None, False),
    ],
)
def test_home_directories(action: str, resource: str, prefix: str | None, expected: bool) -> None:
    context = {"aws:username": "bob"} | ({} if prefix is None else {"s3:prefix": prefix})

    assert is_allowed(*HOME, action=action, resource=resource, context=context) is expected


MFA_TO_MANAGE = [
    {
        "Effect": "Allow",
        "Action": ["iam:ChangePassword", "iam:GetUser"],
        "Resource": "arn:aws:iam::*:user/${aws:username}",
    },
    {"Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": "arn:aws:iam::*:user/${aws:username}"},
    {
        "Effect": "Deny",
        "NotAction": ["iam:GetUser", "iam:ListMFADevices", "sts:GetSessionToken"],
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    },
]


@pytest.mark.parametrize(
    ("action", "mfa", "expected"),
    [
        (
            "iam:CreateAccessKey",
            None,
            "explicitDeny",
        ),  # Long-term keys: the key is missing, so IfExists holds.
        ("iam:CreateAccessKey", "false", "explicitDeny"),
        ("iam:CreateAccessKey", "true", "allowed"),
        ("iam:GetUser", "false", "allowed"),
        ("iam:GetUser", "true", "allowed"),
    ],
)
def test_own_keys_only_with_mfa(action: str, mfa: str | None, expected: str) -> None:
    context = {"aws:username": "bob"} | ({} if mfa is None else {"aws:MultiFactorAuthPresent": mfa})

    assert expected == ask(policy(*MFA_TO_MANAGE), action, BOB.arn, context=context).outcome


def test_deny_unless_the_request_comes_from_the_company_network() -> None:
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}},
        },
    ]

    assert is_allowed(*statements, context={"aws:SourceIp": "192.0.2.7"})
    assert is_allowed(*statements, context={"aws:SourceIp": "203.0.113.1"})
    assert not is_allowed(*statements, context={"aws:SourceIp": "198.51.100.1"})
    assert not is_allowed(*statements)


def test_every_tag_key_of_a_request_must_be_a_known_one() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "iam:TagUser",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:RequestTag/CostCenter": ["A-123", "B-456"]},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["CostCenter", "Team"]},
        },
    }

    def tagging(**tags: str) -> bool:
        context = {f"aws:RequestTag/{key}": value for key, value in tags.items()} | {
            "aws:TagKeys": list(tags)
        }
        return is_allowed(statement, action="iam:TagUser", resource=BOB.arn, context=context)

    assert tagging(CostCenter="A-123")
    assert tagging(CostCenter="B-456", Team="x")
    assert not tagging(CostCenter="C-789")
    assert not tagging(CostCenter="A-123", Owner="me")
    assert not tagging(Team="x")


def test_everything_but_iam_and_nothing_but_a_bucket() -> None:
    not_iam = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    only_bucket = {
        "Effect": "Deny",
        "Action": "s3:*",
        "NotResource": ["arn:aws:s3:::hr/Payroll", "arn:aws:s3:::hr/Payroll/*"],
    }

    assert is_allowed(not_iam, action="ssm:GetAccessToken", resource="*")
    assert not is_allowed(not_iam, action="IAM:createuser", resource=BOB.arn)
    assert is_allowed(not_iam, only_bucket, resource="arn:aws:s3:::hr/Payroll/may")
    assert not is_allowed(not_iam, only_bucket, resource="arn:aws:s3:::hr/Plans")


def test_deny_until_a_date_and_after_another() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "DateGreaterThan": {"aws:CurrentTime": "2026-07-01T00:00:00Z"},
            "DateLessThan": {"aws:CurrentTime": "2026-12-31T23:59:59Z"},
        },
    }

    assert is_allowed(statement, context={"aws:CurrentTime": "2026-08-01T09:30:00Z"})
    assert not is_allowed(statement, context={"aws:CurrentTime": "2026-06-30T23:59:59Z"})
    assert not is_allowed(statement, context={"aws:CurrentTime": "2027-01-01T00:00:00Z"})


def test_sessions_issued_before_a_revocation_are_denied() -> None:
    revoking = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-31T12:00:00.000Z"}},
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    assert not is_allowed(everything, revoking, context={"aws:TokenIssueTime": "2026-01-31T11:59:59Z"})
    assert is_allowed(everything, revoking, context={"aws:TokenIssueTime": "2026-01-31T12:00:01Z"})
    assert is_allowed(everything, revoking)


def test_own_account_only() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}},
    }
    mine = {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}

    assert is_allowed(statement, context=mine)
    assert not is_allowed(statement, context={**mine, "aws:ResourceAccount": "222222222222"})
