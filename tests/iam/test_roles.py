"""Roles through boto3: made, read, changed, deleted, and whom they trust."""

import json

import pytest

from iam.answers import check_metadata, refused
from iam.calls_groups import profile, role
from iam.room import USER_ARN
from iam.samples import ADMINISTRATOR, ARN, NO_POLICY, allow, trust

OTHERS = "arn:aws:iam::210987654321"


def trusted_by(room, name: str) -> str:
    document = room.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    return document["Statement"][0]["Principal"]["AWS"]


def trusting(room, principal: str) -> str:
    name = room.name("role")
    room.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal))
    return name


def test_new_role_is_answered_in_full(room):
    response = room.iam.create_role(
        RoleName="Deployer",
        Path="/ci/",
        AssumeRolePolicyDocument=trust(),
        Description="deploys",
        MaxSessionDuration=7200,
        PermissionsBoundary=ADMINISTRATOR,
        Tags=[{"Key": "team", "Value": "a"}],
    )

    made = response["Role"]
    check_metadata(response)
    assert (made["Arn"], made["RoleId"][:4]) == (f"{ARN}:role/ci/Deployer", "AROA")
    assert (made["Description"], made["MaxSessionDuration"]) == ("deploys", 7200)
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == ADMINISTRATOR
    assert made["Tags"] == [{"Key": "team", "Value": "a"}]
    shown = room.iam.get_role(RoleName="deployer")["Role"]
    assert shown == {**made, "RoleLastUsed": {}}


def test_listing_leaves_tags_and_boundary_out(room):
    members = {"AssumeRolePolicyDocument": trust(), "Tags": [{"Key": "k", "Value": ""}]}
    room.iam.create_role(RoleName="plain-listed", Path="/plain/", **members)

    (listed,) = room.iam.list_roles(PathPrefix="/plain/")["Roles"]

    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & set(listed)
    assert listed["AssumeRolePolicyDocument"] == json.loads(trust())


def test_trust_policy_comes_back_to_the_letter(room):
    document = '{\n\t"Version" : "2012-10-17",\r\n "Statement":{"Action":"sts:AssumeRole","Effect":"Allow",'
    document += '"Principal":{"Service":"ec2.amazonaws.com"}}}'
    client = room.client("iam")
    client.meta.events.unregister("after-call.iam.GetRole", unique_id="undo-encoding")
    name = room.name("role")
    room.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    raw = []
    client.meta.events.register_last(
        "before-parse.iam.GetRole", lambda response_dict, **_: raw.append(response_dict)
    )

    client.get_role(RoleName=name)

    body = raw[0]["body"].decode()
    assert "%0A%09%22Version%22%20%3A%20%222012-10-17%22%2C%0D%0A%20%22Statement%22" in body


def test_role_is_described_anew_by_both_calls(room):
    name = role(room)

    check_metadata(room.iam.update_role(RoleName=name, Description="one", MaxSessionDuration=43200))
    first = room.iam.get_role(RoleName=name)["Role"]
    second = room.iam.update_role_description(RoleName=name, Description="two")["Role"]

    assert (first["Description"], first["MaxSessionDuration"]) == ("one", 43200)
    assert (second["Description"], second["MaxSessionDuration"]) == ("two", 43200)


def test_update_without_members_changes_nothing(room):
    name = role(room)
    before = room.iam.get_role(RoleName=name)["Role"]

    room.iam.update_role(RoleName=name)

    assert before == room.iam.get_role(RoleName=name)["Role"]


@pytest.mark.parametrize("seconds", [3599, 43201])
def test_session_length_is_bounded(room, seconds):
    with pytest.raises(room.iam.exceptions.ClientError) as raised:
        room.unchecked.update_role(RoleName=role(room), MaxSessionDuration=seconds)

    assert raised.value.response["Error"]["Code"] == "ValidationError"


def test_boundary_of_a_new_role_must_exist(room):
    with refused("NoSuchEntity", f"Policy {NO_POLICY} does not exist or is not attachable."):
        room.iam.create_role(
            RoleName="never", AssumeRolePolicyDocument=trust(), PermissionsBoundary=NO_POLICY
        )

    with refused("NoSuchEntity", "The role with name never cannot be found."):
        room.iam.get_role(RoleName="never")


def test_trusted_user_is_shown_by_its_present_name(room):
    user = room.user()
    name = trusting(room, f"{USER_ARN}/{user}")

    room.iam.update_user(UserName=user, NewUserName=f"{user}-new", NewPath="/p/")

    assert trusted_by(room, name) == f"{USER_ARN}/p/{user}-new"


def test_deleted_principal_is_shown_by_its_id_even_when_the_name_comes_back(room):
    user = room.user()
    unique_id = room.iam.get_user(UserName=user)["User"]["UserId"]
    name = trusting(room, f"{USER_ARN}/{user}")

    room.iam.delete_user(UserName=user)
    room.iam.create_user(UserName=user)

    assert trusted_by(room, name) == unique_id


def test_trusted_role_and_its_session_follow_the_role(room):
    trusted = role(room)
    session = f"arn:aws:sts::{ARN[-12:]}:assumed-role/{trusted}/session"
    unique_id = room.iam.get_role(RoleName=trusted)["Role"]["RoleId"]
    name = trusting(room, f"{ARN}:role/{trusted}")
    by_session = trusting(room, session)
    assert (trusted_by(room, name), trusted_by(room, by_session)) == (f"{ARN}:role/{trusted}", session)

    room.iam.delete_role(RoleName=trusted)

    assert (trusted_by(room, name), trusted_by(room, by_session)) == (unique_id, f"{unique_id}:session")


def test_id_of_a_principal_is_shown_as_its_arn(room):
    user = room.user()
    name = trusting(room, room.iam.get_user(UserName=user)["User"]["UserId"])

    assert trusted_by(room, name) == f"{USER_ARN}/{user}"


@pytest.mark.parametrize("principal", [f"{ARN}:user/nobody", f"{ARN}:role/none", "AIDAAAAAAAAAAAAAAAAAA"])
def test_unknown_principal_of_the_own_account_is_refused(room, principal):
    with refused("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"'):
        trusting(room, principal)


@pytest.mark.parametrize("principal", [f"{OTHERS}:user/x", f"{OTHERS}:role/x", f"{OTHERS}:root", "*"])
def test_whether_another_accounts_principal_exists_is_not_told(room, principal):
    assert trusted_by(room, trusting(room, principal)) == principal


def test_role_says_what_must_go_first_in_order(room):
    name, holder = role(room), profile(room)
    held = {"RoleName": name}
    room.iam.add_role_to_instance_profile(**held, InstanceProfileName=holder)
    room.iam.attach_role_policy(**held, PolicyArn=ADMINISTRATOR)
    room.iam.put_role_policy(**held, PolicyName="p", PolicyDocument=allow())
    room.iam.put_role_permissions_boundary(**held, PermissionsBoundary=ADMINISTRATOR)
    steps = (
        (
            "remove roles from instance profile",
            "remove_role_from_instance_profile",
            {"InstanceProfileName": holder},
        ),
        ("detach all policies", "detach_role_policy", {"PolicyArn": ADMINISTRATOR}),
        ("delete policies", "delete_role_policy", {"PolicyName": "p"}),
    )

    for remedy, operation, mend in steps:
        with refused("DeleteConflict", f"Cannot delete entity, must {remedy} first."):
            room.iam.delete_role(**held)
        getattr(room.iam, operation)(**held, **mend)

    check_metadata(room.iam.delete_role(**held))


def test_role_tags_replace_by_key_ignoring_case_and_go(room):
    name = role(room)

    room.iam.tag_role(RoleName=name, Tags=[{"Key": "Team", "Value": "a"}, {"Key": "x", "Value": ""}])
    room.iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "b"}])
    room.iam.untag_role(RoleName=name, TagKeys=["X", "never"])

    response = room.iam.list_role_tags(RoleName=name)
    assert (response["Tags"], response["IsTruncated"]) == ([{"Key": "team", "Value": "b"}], False)
