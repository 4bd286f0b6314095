"""What policies may ask of IAM's own requests: the policy, the boundary and the tags that they are about."""

import pytest
from botocore.exceptions import ClientError

from iam.calls_groups import role
from iam.calls_policies import policy
from iam.samples import ADMINISTRATOR, ARN, READ_ONLY, allow, trust

BLUE = [{"Key": "Team", "Value": "blue"}]


@pytest.fixture
def someone(room):
    """A user with one inline policy, which `permit` replaces."""
    return Permitted(room)


class Permitted:
    """A user, and a client that signs as it."""

    def __init__(self, room) -> None:
        self.room = room
        self.name = room.user("permitted")
        self.iam = room.client("iam", room.key(self.name))

    def permit(self, action: str, resource: str = "*", **condition: dict) -> None:
        statement = {"Condition": condition} if condition else {}
        document = allow(action, resource, **statement)
        self.room.iam.put_user_policy(UserName=self.name, PolicyName="one", PolicyDocument=document)

    def may(self, operation: str, **members: object) -> bool:
        try:
            getattr(self.iam, operation)(**members)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return False
        return True


def test_only_the_policies_named_may_be_attached(room, someone):
    someone.permit("iam:AttachUserPolicy", ArnEquals={"iam:PolicyARN": READ_ONLY})
    user = room.user()

    assert someone.may("attach_user_policy", UserName=user, PolicyArn=READ_ONLY)
    assert not someone.may("attach_user_policy", UserName=user, PolicyArn=ADMINISTRATOR)


def test_only_users_with_the_boundary_may_be_made_and_given_policies(room, someone):
    required = policy(room)
    someone.permit("iam:*User*", StringEquals={"iam:PermissionsBoundary": required})
    name = room.name()

    assert not someone.may("create_user", UserName=name)
    assert not someone.may("create_user", UserName=name, PermissionsBoundary=ADMINISTRATOR)
    assert someone.may("create_user", UserName=name, PermissionsBoundary=required)
    assert someone.may("attach_user_policy", UserName=name, PolicyArn=READ_ONLY)
    assert not someone.may("attach_user_policy", UserName=room.user(), PolicyArn=READ_ONLY)
    assert not someone.may("put_user_permissions_boundary", UserName=name, PermissionsBoundary=ADMINISTRATOR)


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "iam:ResourceTag/TEAM"])
def test_tags_of_the_resource_decide(room, someone, key):
    someone.permit("iam:*", StringEquals={key: "blue"})
    tagged, plain = room.user(Tags=BLUE), room.user()
    job = role(room)
    room.iam.tag_role(RoleName=job, Tags=BLUE)
    own = policy(room)
    room.iam.tag_policy(PolicyArn=own, Tags=BLUE)

    assert someone.may("get_user", UserName=tagged)
    assert not someone.may("get_user", UserName=plain)
    assert someone.may("get_role", RoleName=job)
    assert someone.may("get_policy", PolicyArn=own)
    assert not someone.may("get_policy", PolicyArn=READ_ONLY)
    # The policy that is attached has the tag; the user that the request is about has none.
    assert not someone.may("attach_user_policy", UserName=plain, PolicyArn=own)


def test_new_role_is_decided_by_the_tags_it_asks_for(room, someone):
    someone.permit("iam:*Role", StringEquals={"aws:RequestTag/Team": "blue"})
    members = {"RoleName": room.name(), "AssumeRolePolicyDocument": trust()}

    assert not someone.may("create_role", **members)
    assert someone.may("create_role", **members, Tags=BLUE)


@pytest.mark.parametrize(("kind", "make"), [("user", "create_user"), ("group", "create_group")])
def test_move_needs_permission_at_both_ends(room, someone, kind, make):
    member = f"{kind.capitalize()}Name"
    name = room.name()
    getattr(room.iam, make)(**{member: name, "Path": "/from/"})
    move = {member: name, "NewPath": "/to/"}

    for end in ("from", "to"):
        someone.permit(f"iam:Update{kind.capitalize()}", f"{ARN}:{kind}/{end}/*")
        assert not someone.may(f"update_{kind}", **move)
    someone.permit(f"iam:Update{kind.capitalize()}", f"{ARN}:{kind}/*")

    assert someone.may(f"update_{kind}", **move)


def test_own_credentials_do_not_open_the_list_of_everybodys(someone):
    someone.permit("iam:ListServiceSpecificCredentials", f"{ARN}:user/${{aws:username}}")

    assert someone.may("list_service_specific_credentials")
    assert someone.may("list_service_specific_credentials", UserName=someone.name)
    assert not someone.may("list_service_specific_credentials", AllUsers=True)


def test_services_and_ages_of_credentials_are_limited(room, someone):
    someone.permit(
        "iam:CreateServiceSpecificCredential",
        StringEquals={"iam:ServiceSpecificCredentialServiceName": "logs.amazonaws.com"},
        NumericLessThanEquals={"iam:ServiceSpecificCredentialAgeDays": "30"},
    )
    logs = {"UserName": room.user(), "ServiceName": "logs.amazonaws.com"}

    assert someone.may("create_service_specific_credential", **logs, CredentialAgeDays=30)
    assert not someone.may("create_service_specific_credential", **logs, CredentialAgeDays=31)
    assert not someone.may("create_service_specific_credential", **logs)
