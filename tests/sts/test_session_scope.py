"""What is passed with a session: policies that limit it, tags, and a source identity; and what goes on from it."""

import json
from hashlib import sha512

import pytest

from iam.answers import refused
from iam.samples import ADMINISTRATOR, ARN, READ_ONLY
from sts.parts import (
    allowing,
    assume,
    denied,
    document,
    make_role,
    make_user,
    name_of,
    statement,
    trusting,
    untrusted,
)

DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
NOT_IN_TAGS = "The specified transitive tag key must be included in the requested tags."
INHERITED = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the"
    " calling session."
)
BOTH = ["sts:AssumeRole", "sts:TagSession"]
IDENTIFYING = ["sts:AssumeRole", "sts:SetSourceIdentity"]


def tag(key, value="x"):
    return {"Key": key, "Value": value}


def may(room, key, operation="list_users", **members) -> bool:
    client = room.client("iam", key)
    try:
        getattr(client, operation)(**members)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


@pytest.fixture
def entrance(room):
    """A user's key, and a role that lets it in with anything and may everything."""
    arn, key = make_user(room)
    return key, make_role(room, trusting(arn, [*BOTH, "sts:SetSourceIdentity"]), allowing("*"))


# Session policies.


def test_inline_session_policy_limits_the_session(room, entrance):
    key, role = entrance

    session = assume(room, key, role, Policy=allowing("iam:ListRoles"))

    assert may(room, session, "list_roles")
    assert not may(room, session)
    assert may(room, assume(room, key, role))


def test_managed_session_policies_limit_it_to_their_union_with_the_inline_one(room, entrance):
    key, role = entrance
    made = room.iam.create_policy(PolicyName=room.name("p"), PolicyDocument=allowing("iam:ListGroups"))
    own = made["Policy"]["Arn"]

    session = assume(room, key, role, Policy=allowing("iam:ListRoles"), PolicyArns=[{"arn": own}])

    assert may(room, session, "list_roles")
    assert may(room, session, "list_groups")
    assert not may(room, session)
    assert may(room, assume(room, key, role, PolicyArns=[{"arn": READ_ONLY}]))
    assert not may(
        room, assume(room, key, role, PolicyArns=[{"arn": READ_ONLY}]), "create_user", UserName="zz"
    )
    room.iam.delete_policy(PolicyArn=own)
    assert not may(room, session, "list_groups")
    assert may(room, session, "list_roles")


def test_session_of_a_deleted_managed_policy_may_nothing(room, entrance):
    key, role = entrance
    made = room.iam.create_policy(PolicyName=room.name("p"), PolicyDocument=allowing("*"))["Policy"]
    session = assume(room, key, role, PolicyArns=[{"arn": made["Arn"]}])
    assert may(room, session)

    room.iam.delete_policy(PolicyArn=made["Arn"])

    assert not may(room, session)


def test_session_policy_never_widens_what_the_role_may(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), allowing("iam:ListRoles"))

    session = assume(room, key, role, Policy=allowing("*"), PolicyArns=[{"arn": ADMINISTRATOR}])

    assert may(room, session, "list_roles")
    assert not may(room, session)


def test_session_policy_is_named_when_it_denies(room, entrance):
    key, role = entrance
    session = assume(room, key, role, Policy=document(statement("Deny", "iam:*", Resource="*")))
    who = room.caller(session)
    reason = "with an explicit deny in a session policy"

    with refused("AccessDenied", denied(who, "iam:ListUsers", f"{ARN}:user/", reason)):
        room.client("iam", session).list_users()


def test_session_policy_that_is_none_is_refused(room, entrance):
    key, role = entrance

    with refused("MalformedPolicyDocument", "Syntax errors in policy."):
        assume(room, key, role, Policy="{")
    with refused("MalformedPolicyDocument", "Policy statement must contain resources."):
        assume(room, key, role, Policy=document(statement(action="iam:ListUsers")))


def test_session_policies_have_limits(room, entrance):
    key, role = entrance
    long = allowing("iam:ListUsers", [f"arn:aws:iam::*:user/{'x' * 100}{number}" for number in range(20)])
    limit = "failed to satisfy constraint: Member must have length less than or equal to"

    with refused("ValidationError", f"1 validation error detected: Value at 'policy' {limit} 2048"):
        assume(room, key, role, Policy=long)
    with refused("ValidationError", f"1 validation error detected: Value at 'policyArns' {limit} 10"):
        assume(room, key, role, PolicyArns=[{"arn": ADMINISTRATOR}] * 11)
    unknown = f"{ARN}:policy/none"
    with refused("ValidationError", f"Policy {unknown} does not exist or is not attachable."):
        assume(room, key, role, PolicyArns=[{"arn": unknown}])


def test_packed_size_is_told_and_bounded(room, entrance):
    key, role = entrance
    sts = room.client("sts", key)

    small = sts.assume_role(RoleArn=role, RoleSessionName="xx", Policy=allowing("iam:ListUsers"))

    assert 0 < small["PackedPolicySize"] < 50
    noise = [tag(f"key-{number}", sha512(bytes([number])).hexdigest()) for number in range(50)]
    with pytest.raises(sts.exceptions.PackedPolicyTooLargeException) as raised:
        sts.assume_role(RoleArn=role, RoleSessionName="xx", Tags=noise)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


# Tags.


def test_session_tags_stand_over_the_roles_whatever_their_case(room):
    arn, key = make_user(room)
    role = make_role(
        room,
        trusting(arn, BOTH),
        allowing("iam:ListUsers", StringEquals={"aws:PrincipalTag/Team": "red"}),
        allowing("iam:ListRoles", StringEquals={"aws:PrincipalTag/Site": "lab"}),
        Tags=[tag("Team", "blue"), tag("Site", "lab")],
    )

    assert not may(room, assume(room, key, role))
    session = assume(room, key, role, Tags=[tag("team", "red")])

    assert may(room, session)
    assert may(room, session, "list_roles")


def test_tags_need_an_action_of_their_own_on_both_sides(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn))

    with refused("AccessDenied", untrusted(arn, role, "sts:TagSession")):
        assume(room, key, role, Tags=[tag("Team")])


def test_trust_can_ask_for_tags(room):
    arn, key = make_user(room)
    role = make_role(
        room,
        trusting(
            arn,
            BOTH,
            StringEquals={"aws:RequestTag/Team": "x"},
            **{"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"], "sts:TransitiveTagKeys": ["Team"]}},
        ),
    )

    assert assume(room, key, role, Tags=[tag("Team")], TransitiveTagKeys=["Team"])
    with refused("AccessDenied", untrusted(arn, role)):
        assume(room, key, role, Tags=[tag("Team"), tag("Other")])


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Tags": [tag("Team"), tag("team")]}, DUPLICATE),
        ({"Tags": [tag("Team")], "TransitiveTagKeys": ["Site"]}, NOT_IN_TAGS),
        ({"TransitiveTagKeys": ["Site"]}, NOT_IN_TAGS),
        ({"Tags": [tag("aws:team")]}, "Tag keys beginning with aws: are reserved for system use."),
    ],
)
def test_tags_that_contradict_are_refused(room, entrance, members, message):
    key, role = entrance

    with refused("InvalidParameterValue", message):
        assume(room, key, role, **members)


def test_transitive_tags_go_on_and_others_do_not(room):
    arn, key = make_user(room)
    first = make_role(room, trusting(arn, BOTH), allowing("*"))
    last = make_role(
        room,
        trusting("*", BOTH),
        allowing("iam:ListUsers", StringEquals={"aws:PrincipalTag/Team": "x"}),
        allowing("iam:ListRoles", StringEquals={"aws:PrincipalTag/Site": "x"}),
    )
    middle = make_role(room, trusting(first, BOTH), allowing("*"))
    session = assume(room, key, first, Tags=[tag("Team"), tag("Site")], TransitiveTagKeys=["team"])

    chained = assume(room, assume(room, session, middle), last)

    assert may(room, chained)
    assert not may(room, chained, "list_roles")
    with refused("InvalidParameterValue", INHERITED):
        assume(room, session, middle, Tags=[tag("TEAM", "other")])


# Source identity.


def test_source_identity_is_told_and_stays(room):
    arn, key = make_user(room)
    first = make_role(room, trusting(arn, IDENTIFYING), allowing("*"))
    named = {"StringEquals": {"aws:SourceIdentity": "ada"}}
    last = make_role(room, trusting(first, IDENTIFYING), allowing("iam:ListUsers", **named))
    response = room.client("sts", key).assume_role(RoleArn=first, RoleSessionName="one", SourceIdentity="ada")
    assert response["SourceIdentity"] == "ada"
    session = assume(room, key, first, SourceIdentity="ada")

    assert may(room, assume(room, session, last))
    with refused("AccessDenied", "The source identity of the calling session cannot be changed."):
        assume(room, session, last, SourceIdentity="eve")
    assert not may(room, assume(room, assume(room, key, first), last))


def test_source_identity_needs_an_action_of_its_own_also_where_it_goes_on(room):
    arn, key = make_user(room)
    plain = make_role(room, trusting(arn))
    with refused("AccessDenied", untrusted(arn, plain, "sts:SetSourceIdentity")):
        assume(room, key, plain, SourceIdentity="ada")

    first = make_role(room, trusting(arn, IDENTIFYING))
    second = make_role(room, trusting(first))
    session = assume(room, key, first, SourceIdentity="ada")

    with refused("AccessDenied", untrusted(room.caller(session), second, "sts:SetSourceIdentity")):
        assume(room, session, second)


# Keys of the context that only sessions have, and those that only users have.


def test_context_of_a_role_session(room):
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), Path="/ops/")
    role_id = room.iam.get_role(RoleName=name_of(role))["Role"]["RoleId"]
    asked = {
        "StringEquals": {"aws:userid": f"{role_id}:run", "aws:PrincipalType": "AssumedRole"},
        "ArnEquals": {"aws:PrincipalArn": role},
        "DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"},
        "Bool": {"aws:MultiFactorAuthPresent": "false"},
        "Null": {"aws:username": "true", "aws:SourceIdentity": "true", "aws:FederatedProvider": "true"},
    }
    room.iam.put_role_policy(
        RoleName=name_of(role), PolicyName="asks", PolicyDocument=allowing("iam:ListUsers", **asked)
    )

    assert may(room, assume(room, key, role))


def test_context_of_a_long_term_key_has_nothing_of_a_sessions(room):
    absent = {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true"}

    _, key = make_user(room, allowing("iam:ListUsers", Null=absent))

    assert may(room, key)


def test_sessions_issued_before_a_time_can_be_denied(room):
    """What the console's "revoke active sessions" does: `AWSRevokeOlderSessions`."""
    arn, key = make_user(room)
    role = make_role(room, trusting(arn), allowing("*"))
    session = assume(room, key, role)
    assert may(room, session)

    older = statement(
        "Deny",
        "*",
        Resource="*",
        Condition={"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}},
    )
    room.iam.put_role_policy(
        RoleName=name_of(role),
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [older]}),
    )

    assert not may(room, session)
    assert may(room, key) is False


def test_caller_without_a_user_must_name_one(room, entrance):
    key, role = entrance
    iam = room.client("iam", assume(room, key, role))

    for call in (iam.get_user, iam.list_access_keys, iam.create_access_key):
        with refused("ValidationError", "Must specify userName when calling with non-User credentials"):
            call()
