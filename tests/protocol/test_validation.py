"""What breaks the model is refused in AWS's words, all of it at once, and nothing secret is repeated."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import models

from keystead.protocol import ServiceModel, ValidationFailed, WireRequest
from keystead.protocol.validate import compile_pattern

CATALOGUE = models()


def refusal(service: str, operation: str, **params: Any) -> ValidationFailed:
    with pytest.raises(ValidationFailed) as caught:
        CATALOGUE.service(service).operation(operation).validate(params)
    return caught.value


def test_iam_names_the_member_and_keeps_the_value_to_itself() -> None:
    error = refusal("iam", "DeleteServiceSpecificCredential", ServiceSpecificCredentialId="x" * 20 + "!")

    assert (error.code, error.status) == ("ValidationError", 400)
    assert error.message == (
        "1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w]+"
    )


def test_sts_repeats_the_value() -> None:
    error = refusal(
        "sts", "AssumeRole", RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="Session1:2"
    )

    assert error.message == (
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )


@pytest.mark.parametrize(
    ("service", "operation", "params", "sentence"),
    [
        (
            "iam",
            "DeleteUser",
            {},
            "Value null at 'userName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "iam",
            "UpdateAccessKey",
            {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Disabled"},
            "Value at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, Inactive]",
        ),
        (
            "iam",
            "ListUsers",
            {"MaxItems": 1001},
            "Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ),
        (
            "iam",
            "ListUsers",
            {"MaxItems": 0},
            "Value at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            "iam",
            "DeleteUser",
            {"UserName": "x" * 129},
            "Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 128",
        ),
        (
            "sts",
            "GetSessionToken",
            {"DurationSeconds": 1},
            "Value '1' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 900",
        ),
        (
            "ssm",
            "GetAccessToken",
            {"AccessRequestId": "oi-ZZZ"},
            "Value 'oi-ZZZ' at 'accessRequestId' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ^(oi)-[0-9a-f]{12}$",
        ),
    ],
)
def test_constraint_is_told_in_awss_words(
    service: str, operation: str, params: dict[str, Any], sentence: str
) -> None:
    error = refusal(service, operation, **params)

    assert f"1 validation error detected: {sentence}" == error.message
    assert (sentence,) == error.violations


@pytest.mark.parametrize(
    ("member", "value", "sentence"),
    [
        (
            "UserName",
            "../x",
            "The specified value for userName is invalid. "
            "It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ),
        (
            "Path",
            "no-slashes",
            "The specified value for path is invalid. "
            "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ),
    ],
)
def test_iam_has_sentences_of_its_own_for_names_and_paths(member: str, value: str, sentence: str) -> None:
    error = refusal("iam", "CreateUser", **{"UserName": "bob", member: value})

    assert sentence == error.message


def test_iam_has_a_sentence_of_its_own_for_key_ids() -> None:
    error = refusal("iam", "DeleteAccessKey", AccessKeyId="AKIA' OR '1'='1' --")

    assert error.message == (
        "The specified value for accessKeyId is invalid. It must contain only alphanumeric characters."
    )


def test_an_empty_name_is_too_short_rather_than_absent() -> None:
    error = refusal("iam", "CreateAccessKey", UserName="")

    assert error.message == (
        "2 validation errors detected: "
        "Value at 'userName' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value at 'userName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]+"
    )


def test_all_violations_are_told_with_their_places() -> None:
    tags = [{"Key": "ok", "Value": ""}, {"Value": "v" * 257}, {"Key": "", "Value": "v"}]
    error = refusal("iam", "TagUser", Tags=tags)

    assert error.message.startswith("5 validation errors detected: ")
    places = [sentence.split("'")[1] for sentence in error.violations]
    assert places == [
        "userName",
        "tags.2.member.key",
        "tags.2.member.value",
        "tags.3.member.key",
        "tags.3.member.key",
    ]


def test_a_list_that_is_too_long_is_not_walked() -> None:
    error = refusal("iam", "TagUser", UserName="bob", Tags=[{}] * 1001)

    assert error.violations == (
        "Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    )


def test_null_in_a_list_is_refused() -> None:
    error = refusal("ssm", "SendCommand", DocumentName="AWS-RunShellScript", InstanceIds=[None])

    assert "Value null at 'instanceIds.1.member' failed to satisfy constraint" in error.message


@pytest.mark.parametrize("name", ["x\n", "é", "٣", "a b", "a/../b"])
def test_patterns_match_in_full_and_in_ascii(name: str) -> None:
    refusal("iam", "CreateUser", UserName=name)


def test_unanchored_pattern_matches_in_full() -> None:
    error = refusal("grafana", "DescribeWorkspace", workspaceId="g-0123456789/../x")

    assert error.code == "ValidationException"


def test_pattern_with_unicode_classes_is_honoured() -> None:
    operation = CATALOGUE.service("iam").operation("TagUser")

    operation.validate({"UserName": "bob", "Tags": [{"Key": "größe", "Value": "läuft gut"}]})
    refusal("iam", "TagUser", UserName="bob", Tags=[{"Key": "no;semicolon", "Value": ""}])


@pytest.mark.parametrize("pattern", [r".*\S.*", r"\/?.+\/.+"])
@settings(database=None)
@given(text=st.text("/ a\n.", max_size=8))
def test_pattern_that_was_made_linear_accepts_the_same_texts(pattern: str, text: str) -> None:
    assert bool(re.fullmatch(pattern, text, re.ASCII)) == bool(compile_pattern(pattern)(text))


@pytest.mark.parametrize(
    ("service", "operation", "params", "secret"),
    [
        ("iam", "ChangePassword", {"OldPassword": "hunter2", "NewPassword": "s" * 200}, "s" * 200),
        (
            "grafana",
            "CreateWorkspace",
            {
                "accountAccessType": "CURRENT_ACCOUNT",
                "authenticationProviders": [],
                "permissionType": "SERVICE_MANAGED",
                "organizationRoleName": "r" * 3000,
            },
            "r" * 3000,
        ),
    ],
)
def test_sensitive_value_is_never_repeated(
    service: str, operation: str, params: dict[str, Any], secret: str
) -> None:
    error = refusal(service, operation, **params)

    assert secret not in str(error)
    assert secret[:100] not in error.message


def test_value_inside_something_sensitive_is_sensitive_too() -> None:
    service = ServiceModel("case", _sensitive_list())

    with pytest.raises(ValidationFailed) as caught:
        service.operation("Put").validate({"Secrets": ["hunter2"]})

    assert "hunter2" not in str(caught.value)


def _sensitive_list() -> dict[str, Any]:
    return {
        "metadata": {
            "apiVersion": "2026-01-01",
            "protocol": "json",
            "jsonVersion": "1.1",
            "targetPrefix": "Case",
        },
        "operations": {"Put": {"name": "Put", "input": {"shape": "PutRequest"}}},
        "shapes": {
            "PutRequest": {"type": "structure", "members": {"Secrets": {"shape": "Secrets"}}},
            "Secrets": {"type": "list", "sensitive": True, "member": {"shape": "Word"}},
            "Word": {"type": "string", "max": 3},
        },
    }


@pytest.mark.parametrize(
    ("operation", "params", "member"),
    [
        # Without a pattern; with one that takes any character; too long besides.
        ("StartSession", {"Target": "a\0"}, "target"),
        ("StartSession", {"Target": "a", "Reason": "\0"}, "reason"),
        ("StartSession", {"Target": "\0" * 401}, "target"),
    ],
)
def test_text_that_no_database_keeps_is_refused(operation: str, params: dict[str, Any], member: str) -> None:
    message = refusal("ssm", operation, **params).message

    assert message.endswith("Member must not contain NUL")
    assert f"at '{member}'" in message


def test_long_value_is_not_repeated_in_full() -> None:
    error = refusal("ssm", "GetAccessToken", AccessRequestId="x" * 1_000_000)

    assert len(error.message) < 2_000


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("iam", "DeleteUser", "ValidationError"),
        ("ssm", "GetAccessToken", "ValidationException"),
        ("lightsail", "CreateBucketAccessKey", "InvalidInputException"),
        ("grafana", "CreateWorkspaceServiceAccountToken", "ValidationException"),
        ("route53", "CreateHostedZone", "InvalidInput"),
        ("s3", "PutObject", "InvalidArgument"),
    ],
)
def test_code_is_the_one_that_the_service_lists(service: str, operation: str, code: str) -> None:
    assert code == refusal(service, operation).code


def test_good_request_passes_and_comes_out_typed() -> None:
    operation = CATALOGUE.service("iam").operation("ListAccessKeys")

    params = operation.parse_and_validate(
        WireRequest(body=b"Action=ListAccessKeys&UserName=b.ob%40x&MaxItems=2")
    )

    assert params == {"UserName": "b.ob@x", "MaxItems": 2}
