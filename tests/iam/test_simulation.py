"""Simulations and questions for context keys, through boto3."""

import pytest

from iam.answers import refused
from iam.calls_groups import group, role
from iam.calls_policies import policy
from iam.room import USER_ARN
from iam.samples import ADMINISTRATOR, ARN, allow

BUCKET = "arn:aws:s3:::bucket"
DENY = allow("s3:*", Effect="Deny")
WITH_KEYS = allow(
    "s3:GetObject",
    f"{BUCKET}/${{aws:username}}/*",
    Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringLike": {"s3:Prefix": "${aws:userid}"}},
)


def decisions(response) -> list[str]:
    return [each["EvalDecision"] for each in response["EvaluationResults"]]


def custom(room, *policies: str, **members: object) -> dict:
    members = {"ActionNames": ["s3:GetObject"], "PolicyInputList": list(policies), **members}
    return room.iam.simulate_custom_policy(**members)


def principal(room, arn: str, **members: object) -> dict:
    members = {"ActionNames": ["s3:GetObject"], **members}
    return room.iam.simulate_principal_policy(PolicySourceArn=arn, **members)


@pytest.mark.parametrize(
    ("policies", "decision"),
    [
        ([allow("s3:*")], "allowed"),
        ([allow("iam:*")], "implicitDeny"),
        ([allow("s3:*"), DENY], "explicitDeny"),
    ],
)
def test_given_policies_decide(room, policies, decision):
    response = custom(room, *policies)

    (result,) = response["EvaluationResults"]
    assert (result["EvalActionName"], result["EvalResourceName"]) == ("s3:GetObject", "*")
    assert result["EvalDecision"] == decision


def test_deciding_statement_is_told_by_its_place(room):
    (result,) = custom(room, allow("iam:*"), allow("s3:*"))["EvaluationResults"]

    (statement,) = result["MatchedStatements"]
    assert (statement["SourcePolicyId"], statement["SourcePolicyType"]) == ("PolicyInputList.2", "none")
    assert statement["StartPosition"]["Line"] == statement["EndPosition"]["Line"] == 1
    assert statement["StartPosition"]["Column"] < statement["EndPosition"]["Column"]


def test_missing_context_keys_are_listed_and_given_ones_count(room):
    conditional = allow("s3:*", Condition={"StringEquals": {"s3:prefix": "a"}})
    entry = {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a"], "ContextKeyType": "string"}

    (without,) = custom(room, conditional)["EvaluationResults"]
    (given,) = custom(room, conditional, ContextEntries=[entry])["EvaluationResults"]

    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["s3:prefix"])
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])


@pytest.mark.parametrize(
    "entry",
    [
        {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a", "b"], "ContextKeyType": "string"},
        {"ContextKeyName": "s3:max-keys", "ContextKeyValues": ["x"], "ContextKeyType": "numeric"},
        {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a"]},
    ],
)
def test_context_entry_that_is_not_what_it_says_is_refused(room, entry):
    with pytest.raises(room.iam.exceptions.InvalidInputException):
        custom(room, allow(), ContextEntries=[entry])


def test_boundary_and_control_policies_limit_what_is_allowed(room):
    bounded = custom(room, allow("s3:*"), PermissionsBoundaryPolicyInputList=[allow("iam:*")])
    levels = [{"ServiceControlPolicyInputList": [allow("iam:*")]}]
    controlled = custom(room, allow("s3:*"), OrderedOrganizationPolicyInputList=levels)

    assert decisions(bounded) == decisions(controlled) == ["implicitDeny"]
    (by_boundary,), (by_control,) = bounded["EvaluationResults"], controlled["EvaluationResults"]
    assert by_boundary["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert by_control["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}


def test_resource_policy_needs_a_caller_and_names_it(room):
    open_to_bob = allow("s3:*", BUCKET, Principal={"AWS": f"{USER_ARN}/bob"})
    members = {"ResourcePolicy": open_to_bob, "ResourceArns": [BUCKET]}

    with refused("InvalidInput", "CallerArn is required when ResourcePolicy is given."):
        custom(room, allow("iam:*"), **members)

    for name, decision in (("bob", "allowed"), ("eve", "implicitDeny")):
        answer = custom(room, allow("iam:*"), **members, CallerArn=f"{USER_ARN}/{name}")
        assert decisions(answer) == [decision]


def test_resource_of_another_account_needs_both_sides(room):
    members = {"ResourceArns": [BUCKET], "ResourceOwner": "arn:aws:iam::210987654321:root"}

    assert decisions(custom(room, allow("s3:*"), **members)) == ["implicitDeny"]
    with refused("InvalidInput", "ResourceOwner nobody is not an account."):
        custom(room, allow("s3:*"), ResourceOwner="nobody")


def test_results_come_in_pages_each_once(room):
    members = {
        "PolicyInputList": [allow("s3:*")],
        "ActionNames": ["s3:GetObject", "iam:GetUser", "s3:PutObject"],
        "ResourceArns": [BUCKET, f"{BUCKET}/key"],
    }
    paginator = room.iam.get_paginator("simulate_custom_policy")

    pages = list(paginator.paginate(**members, PaginationConfig={"PageSize": 1}))

    found = [
        (one["EvalActionName"], one["EvalResourceName"])
        for page in pages
        for one in page["EvaluationResults"]
    ]
    assert found == [(action, arn) for action in members["ActionNames"] for arn in members["ResourceArns"]]
    assert len(pages) == 6


def test_principals_policies_and_its_groups_decide(room):
    user, team = room.user(), group(room)
    arn = f"{USER_ARN}/{user}"
    assert decisions(principal(room, arn)) == ["implicitDeny"]

    room.iam.put_group_policy(GroupName=team, PolicyName="all", PolicyDocument=allow("s3:*"))
    room.iam.add_user_to_group(GroupName=team, UserName=user)
    (result,) = principal(room, arn)["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"][0]["SourcePolicyId"] == f"group_{team}_all"
    assert decisions(principal(room, f"{ARN}:group/{team}")) == ["allowed"]

    room.iam.put_user_policy(UserName=user, PolicyName="none", PolicyDocument=DENY)
    assert decisions(principal(room, arn)) == ["explicitDeny"]


def test_boundary_of_the_principal_counts_unless_another_is_given(room):
    user = room.user(PermissionsBoundary=policy(room))
    room.iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    arn = f"{USER_ARN}/{user}"

    own = principal(room, arn)
    other = principal(room, arn, PermissionsBoundaryPolicyInputList=[allow("s3:*")])

    assert (decisions(own), decisions(other)) == (["implicitDeny"], ["allowed"])


def test_roles_policies_decide_for_its_sessions(room):
    name = role(room)
    room.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow("s3:*"))

    assert decisions(principal(room, f"{ARN}:role/{name}")) == ["allowed"]


EXCLUSIONS = {
    "type": {"PolicyType": "aws-managed"},
    "arn": {"PolicyArn": "arn:aws:iam::aws:policy/Administrator*"},
}


@pytest.mark.parametrize("excluded", EXCLUSIONS.values(), ids=EXCLUSIONS)
def test_excluded_managed_policy_does_not_count(room, excluded):
    user = room.user()
    room.iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    arn = f"{USER_ARN}/{user}"

    assert decisions(principal(room, arn)) == ["allowed"]
    assert decisions(principal(room, arn, PolicyExclusionList=[excluded])) == ["implicitDeny"]


def test_excluded_inline_policy_and_boundary_do_not_count(room):
    user = room.user(PermissionsBoundary=policy(room))
    room.iam.put_user_policy(UserName=user, PolicyName="Deny", PolicyDocument=DENY)
    room.iam.put_user_policy(UserName=user, PolicyName="allow", PolicyDocument=allow("s3:*"))
    inline = {"PolicyName": "deny", "AttachmentType": "user", "AttachmentName": user.upper()}
    excluded = [{"InlinePolicyIdentifier": inline}, {"PolicyType": "permission-boundary"}]

    assert decisions(principal(room, f"{USER_ARN}/{user}", PolicyExclusionList=excluded)) == ["allowed"]


@pytest.mark.parametrize("arn", ["arn:aws:s3:::bucket-name", f"{ARN}:policy/some-policy", "x" * 20])
def test_source_is_a_user_a_group_or_a_role(room, arn):
    with pytest.raises(room.iam.exceptions.InvalidInputException):
        principal(room, arn)


def test_source_of_another_account_looks_like_none(room):
    user = room.user()

    with refused("NoSuchEntity", f"The user with name {user} cannot be found."):
        principal(room, f"arn:aws:iam::210987654321:user/{user}")


def test_context_keys_are_listed_once_as_spelt(room):
    keys = room.iam.get_context_keys_for_custom_policy(PolicyInputList=[WITH_KEYS, WITH_KEYS])

    assert sorted(keys["ContextKeyNames"]) == ["aws:SourceIp", "aws:userid", "aws:username", "s3:Prefix"]


def test_context_keys_of_a_principal_are_those_of_all_its_policies(room):
    user, team = room.user(), group(room)
    room.iam.add_user_to_group(GroupName=team, UserName=user)
    room.iam.put_group_policy(GroupName=team, PolicyName="p", PolicyDocument=WITH_KEYS)
    given = allow("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}})

    keys = room.iam.get_context_keys_for_principal_policy(
        PolicySourceArn=f"{USER_ARN}/{user}", PolicyInputList=[given]
    )

    assert "aws:SecureTransport" in keys["ContextKeyNames"]
    assert len(keys["ContextKeyNames"]) == 5
