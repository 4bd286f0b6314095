"""Policies decide each request, from the next one on after every change."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from iam.room import Room

ACCOUNT = "123456789012"


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


class Someone:
    """A user without any policy, and a client that signs as it."""

    def __init__(self, room: Room) -> None:
        self.name = room.user("Someone")
        self.room = room
        self.iam = room.client("iam", room.key(self.name))

    def put(self, *statements: dict[str, object], name: str = "inline") -> None:
        self.room.iam.put_user_policy(
            UserName=self.name, PolicyName=name, PolicyDocument=document(*statements)
        )

    def refusal(self) -> str:
        """Return what ListUsers is refused with, or nothing if it is allowed."""
        try:
            self.iam.list_users(MaxItems=1)
        except self.iam.exceptions.ClientError as error:
            told = error.response
        else:
            return ""
        assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDenied", 403)
        return told["Error"]["Message"]

    def may_list(self) -> bool:
        return not self.refusal()


@pytest.fixture
def someone(room: Room) -> Iterator[Someone]:
    return Someone(room)


def policy(room: Room, *statements: dict[str, object]) -> str:
    made = room.iam.create_policy(PolicyName=room.name("Policy"), PolicyDocument=document(*statements))
    return made["Policy"]["Arn"]


def test_inline_policy_takes_effect_and_ends_with_the_next_request(someone):
    before = someone.may_list()
    someone.put(allow("iam:ListUsers"))
    during = someone.may_list()
    someone.room.iam.delete_user_policy(UserName=someone.name, PolicyName="inline")

    assert (before, during, someone.may_list()) == (False, True, False)


def test_attached_policy_takes_effect_and_ends_with_the_next_request(room, someone):
    arn = policy(room, allow("iam:List*"))
    room.iam.attach_user_policy(UserName=someone.name, PolicyArn=arn)
    during = someone.may_list()
    room.iam.detach_user_policy(UserName=someone.name, PolicyArn=arn)

    assert (during, someone.may_list()) == (True, False)


def test_default_version_is_the_one_in_force(room, someone):
    arn = policy(room, allow("iam:ListUsers"))
    room.iam.attach_user_policy(UserName=someone.name, PolicyArn=arn)
    room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("s3:*")))
    still = someone.may_list()
    room.iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")

    assert (still, someone.may_list()) == (True, False)


def test_group_membership_grants_and_takes_away(room, someone):
    group = room.name("Group")
    room.iam.create_group(GroupName=group)
    room.iam.put_group_policy(
        GroupName=group, PolicyName="p", PolicyDocument=document(allow("iam:ListUsers"))
    )
    room.iam.add_user_to_group(GroupName=group, UserName=someone.name)
    during = someone.may_list()
    room.iam.remove_user_from_group(GroupName=group, UserName=someone.name)

    assert (during, someone.may_list()) == (True, False)


def test_boundary_limits_what_policies_grant(room, someone):
    someone.put(allow("*"))
    arn = policy(room, allow("s3:*"))
    room.iam.put_user_permissions_boundary(UserName=someone.name, PermissionsBoundary=arn)
    bounded = someone.refusal()
    room.iam.delete_user_permissions_boundary(UserName=someone.name)

    assert bounded.endswith("because no permissions boundary allows the iam:ListUsers action")
    assert someone.may_list()


def test_deny_wins_and_names_the_managed_policy(room, someone):
    someone.put(allow("*"))
    arn = policy(room, deny("iam:ListUsers"))
    room.iam.attach_user_policy(UserName=someone.name, PolicyArn=arn)

    assert someone.refusal() == (
        f"User: arn:aws:iam::{ACCOUNT}:user/{someone.name} is not authorized to perform: iam:ListUsers"
        f" on resource: arn:aws:iam::{ACCOUNT}:user/ with an explicit deny in an identity-based policy: {arn}"
    )


def test_self_service_by_user_name_reaches_no_other_user(room, someone):
    own = f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"
    someone.put(allow("iam:*AccessKey*", own))
    other = room.user("Other")

    someone.iam.create_access_key()
    with pytest.raises(ClientError, match="AccessDenied"):
        someone.iam.create_access_key(UserName=other)

    assert len(someone.iam.list_access_keys()["AccessKeyMetadata"]) == 2


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"Bool": {"aws:ViaAWSService": "false"}}, True),
        ({"Bool": {"aws:ViaAWSService": "true"}}, False),
    ],
)
def test_conditions_see_the_request(room, someone, condition, allowed):
    room.iam.tag_user(UserName=someone.name, Tags=[{"Key": "team", "Value": "blue"}])
    someone.put(allow("iam:ListUsers", Condition=condition))

    assert someone.may_list() == allowed


@pytest.mark.parametrize(("addresses", "may"), [("10.0.0.0/8", False), ("127.0.0.0/8", True)])
def test_the_usual_deny_of_foreign_addresses_denies(someone, addresses, may):
    # "AWS: Denies access to AWS based on the source IP" (IAM User Guide), word for word.
    elsewhere = {
        "NotIpAddress": {"aws:SourceIp": [addresses]},
        "Bool": {"aws:ViaAWSService": "false"},
    }
    someone.put(allow("*"), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": elsewhere})

    assert someone.may_list() == may


def test_tags_of_a_request_are_seen(room, someone):
    someone.put(allow("iam:CreateUser", Condition={"StringEquals": {"aws:RequestTag/team": "blue"}}))

    someone.iam.create_user(UserName=room.name("Tagged"), Tags=[{"Key": "team", "Value": "blue"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        someone.iam.create_user(UserName=room.name("Untagged"))


def test_administrator_does_everything_but_nobody_gets_more_by_a_parse_error(room, someone):
    room.iam.attach_user_policy(
        UserName=someone.name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )

    someone.iam.create_user(UserName=room.name("ByAdmin"))
    assert someone.may_list()
