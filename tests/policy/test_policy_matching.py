"""Actions and resources match as AWS matches them."""

import pytest
from policy_documents import ACCOUNT, ask, is_allowed, policy

BOBS = {"aws:username": "bob"}


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("S3:gETobject", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("s3:Get*", "s3:GeObject", False),
        ("s3:*Object", "s3:GetObjectAcl", False),
        ("s3:?etObject", "s3:GetObject", True),
        ("s3:?etObject", "s3:etObject", False),
        ("s3:GetObject", "s3:GetObjectAcl", False),
        ("s3:Get.bject", "s3:GetObject", False),
        ("s3:*e*O*t", "s3:GetObject", True),
        ("*:*", "s3:GetObject", False),
        ("s*:GetObject", "s3:GetObject", False),
        ("GetObject", "s3:GetObject", False),
        ("s3", "s3:GetObject", False),
    ],
)
def test_action_is_compared_whole_and_ignoring_case(pattern: str, action: str, expected: bool) -> None:
    statement = {"Effect": "Allow", "Action": pattern, "Resource": "*"}

    assert expected == is_allowed(statement, action=action)


@pytest.mark.parametrize("pattern", ["*:*", "s*:GetObject", "nonsense"])
def test_action_that_is_none_never_widens_access(pattern: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    assert not is_allowed({"Effect": "Allow", "NotAction": pattern, "Resource": "*"})
    assert not is_allowed(everything, {"Effect": "Deny", "Action": pattern, "Resource": "*"})
    assert not is_allowed(everything, {"Effect": "Deny", "NotAction": pattern, "Resource": "*"})


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", "arn:aws:s3:::b/k", True),
        ("*", "*", True),
        ("arn:*", "*", False),
        ("arn:aws:s3:::b/k", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/k", "arn:aws:s3:::B/k", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c/d", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
        ("arn:aws:s3:::b*", "arn:aws:s3:::bucket/k", True),
        ("arn:aws:s3:::*/k", "arn:aws:s3:::b/c/k", True),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/kk", False),
        ("arn:aws:s3:::b.c", "arn:aws:s3:::bxc", False),
        ("arn:aws:s3:::b/x+(y)[z]$", "arn:aws:s3:::b/x+(y)[z]$", True),
        ("arn:aws:s3:*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3", "arn:aws:s3:eu-west-1:1:x:y", True),
        ("arn:aws:iam::*:user/bob", "arn:aws:iam::1:user/bob", True),
        ("arn:aws:iam::*:user/bob", "arn:aws:iam::1:x:user/bob", False),
        ("arn:aws:*:user/bob", "arn:aws:iam::1:user/bob", False),
        ("arn:aws:iam::1?3:user/bob", "arn:aws:iam::123:user/bob", True),
        ("arn:aws:iam::1?3:user/bob", "arn:aws:iam::1:3:user/bob", False),
        ("arn:aws:logs:*:*:log-group:*:x", "arn:aws:logs:r:1:log-group:a:b:x", True),
        ("arn:aws:s3:::b/\n*", "arn:aws:s3:::b/\nk", True),
        ("arn:aws:s3:::b/**k", "arn:aws:s3:::b/k", True),
        ("bucket", "arn:aws:s3:::bucket", False),
        ("", "arn:aws:s3:::bucket", False),
    ],
)
def test_resource_is_compared_field_by_field(pattern: str, resource: str, expected: bool) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": pattern}

    assert expected == is_allowed(statement, resource=resource)


@pytest.mark.parametrize(
    ("pattern", "context", "resource", "expected"),
    [
        ("b/${aws:username}/*", BOBS, "b/bob/k", True),
        ("b/${AWS:UserName}/*", BOBS, "b/bob/k", True),
        ("b/${ aws:username }/*", BOBS, "b/bob/k", True),
        ("b/${aws:username}/*", BOBS, "b/ann/k", False),
        ("b/${aws:username}/*", {}, "b//k", False),
        ("b/${aws:username}/*", {"aws:username": "*"}, "b/ann/k", False),
        ("b/${aws:username}/*", {"aws:username": "*"}, "b/*/k", True),
        ("b/${aws:username}/*", {"aws:username": "a.c"}, "b/abc/k", False),
        ("b/${aws:username}/*", {"aws:username": ["a", "b"]}, "b/a/k", False),
        ("b/${aws:username}/*", {"aws:username": "a\0b"}, "b/a\0b/k", False),
        ("b/${aws:username, 'none'}/*", {}, "b/none/k", True),
        ("b/${aws:username,'none'}/*", BOBS, "b/bob/k", True),
        ("b/${aws:username, '*'}/*", {}, "b/ann/k", False),
        ("b/${aws:PrincipalTag/Cost Center}", {"aws:principaltag/cost center": "7"}, "b/7", True),
        ("${aws:username}${aws:username}", BOBS, "bobbob", True),
        ("${aws:username}?${aws:userid}*", {**BOBS, "aws:userid": "id"}, "bob-id/x", True),
        ("b/${*}", {}, "b/*", True),
        ("b/${*}", {}, "b/k", False),
        ("b/${?}${$}{x}", {}, "b/?${x}", True),
        ("b/${aws:username", BOBS, "b/${aws:username", False),
        ("b/${}", {}, "b/${}", False),
        ("b/${aws:username, none}", BOBS, "b/bob", False),
        ("b/$x", {}, "b/$x", True),
    ],
)
def test_variables_stand_for_literal_values(
    pattern: str, context: dict[str, object], resource: str, expected: bool
) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": f"arn:aws:s3:::{pattern}"}

    assert expected == is_allowed(statement, resource=f"arn:aws:s3:::{resource}", context=context)


def test_variable_before_the_fifth_colon_is_text() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "arn:aws:iam::${aws:PrincipalAccount}:user/bob",
    }
    context = {"aws:PrincipalAccount": ACCOUNT}

    assert not is_allowed(statement, resource=f"arn:aws:iam::{ACCOUNT}:user/bob", context=context)
    assert is_allowed(statement, resource="arn:aws:iam::${aws:PrincipalAccount}:user/bob")


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_variables_are_text_before_2012(version: str | None) -> None:
    old = policy(
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"}, version=version
    )

    assert not ask(old, resource="arn:aws:s3:::bob", context=BOBS).is_allowed
    assert ask(old, resource="arn:aws:s3:::${aws:username}", context=BOBS).is_allowed


def test_not_resource_matches_what_none_of_its_list_does() -> None:
    statement = {"Effect": "Allow", "Action": "*", "NotResource": ["arn:aws:s3:::b/*", "arn:aws:s3:::c"]}

    assert is_allowed(statement, resource="arn:aws:s3:::d")
    assert not is_allowed(statement, resource="arn:aws:s3:::b/k")
    assert not is_allowed(statement, resource="arn:aws:s3:::c")


def test_not_resource_of_everything_grants_nothing() -> None:
    assert not is_allowed({"Effect": "Allow", "Action": "*", "NotResource": "*"})
    assert not is_allowed({"Effect": "Allow", "NotAction": "*", "Resource": "*"})


@pytest.mark.parametrize("variable", ["${aws:username}", "${aws:username"])
def test_variable_without_value_in_not_resource_never_widens_access(variable: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    resource = f"arn:aws:s3:::b/{variable}"

    assert not is_allowed({"Effect": "Allow", "Action": "*", "NotResource": resource})
    assert not is_allowed(everything, {"Effect": "Deny", "Action": "*", "NotResource": resource})


def test_variable_without_value_in_resource_matches_nothing() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    assert is_allowed(
        everything, {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"}
    )


def test_value_with_the_separator_cannot_write_a_resource_of_its_own() -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}

    assert not is_allowed(
        statement, resource="arn:aws:s3:::c", context={"aws:username": "a\0arn:aws:s3:::b/a/"}
    )


@pytest.mark.parametrize(
    "other",
    [
        {"Resource": "*"},
        {"NotResource": "arn:aws:s3:::c"},
        {"Resource": "arn:aws:s3:::b/${aws:username}"},
        {"Resource": ["arn:aws:s3:::x", "arn:aws:s3:::b/${aws:username}"]},
        {"Resource": "arn:aws:s3:::b/*"},
        {"Resource": "arn:aws:s3:*:*:b/bob"},
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_statement_among_many_about_other_resources_is_found(other: dict[str, object], effect: str) -> None:
    many = [
        {"Effect": effect, "Action": "s3:*", "Resource": f"arn:aws:s3:::other{number}/*"}
        for number in range(9)
    ]
    asked = policy(*many, {"Effect": effect, "Action": "s3:*", **other}, *many)

    found = ask(asked, resource="arn:aws:s3:::b/bob", context=BOBS)
    not_found = ask(policy(*many), resource="arn:aws:s3:::b/bob", context=BOBS)

    assert found.outcome == ("allowed" if effect == "Allow" else "explicitDeny")
    assert not_found.outcome == "implicitDeny"


def test_many_wildcards_end_in_time() -> None:
    pattern = "arn:aws:s3:::" + "*a" * 2000 + "*b"
    statement = {"Effect": "Allow", "Action": "*", "Resource": pattern}
    like = {"StringLike": {"s3:prefix": "*a" * 200 + "*b"}}

    assert not is_allowed(statement, resource="arn:aws:s3:::" + "a" * 1000)
    assert not is_allowed(
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": like},
        context={"s3:prefix": "a" * 1000},
    )
