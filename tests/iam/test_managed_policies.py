"""Managed policies through boto3: documents, versions, tags, listings, and AWS's own, which nobody changes."""

import json

import pytest

from iam.answers import check_metadata, refused
from iam.calls_groups import group, role
from iam.calls_policies import READ_ONLY_CALLS, perform_on, policy
from iam.room import USER_ARN
from iam.samples import ADMINISTRATOR, ARN, NOT_A_POLICY, READ_ONLY, allow


def document(room, arn: str, version: str) -> object:
    found = room.iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return found["PolicyVersion"]["Document"]


def test_new_policy_is_answered_in_full(room):
    response = room.iam.create_policy(
        PolicyName="Readers",
        Path="/team/",
        PolicyDocument=allow(),
        Description="reads",
        Tags=[{"Key": "k", "Value": "v"}],
    )

    made = response["Policy"]
    check_metadata(response)
    assert (made["Arn"], made["PolicyId"][:4]) == (f"{ARN}:policy/team/Readers", "ANPA")
    assert (made["DefaultVersionId"], made["IsAttachable"], made["Description"]) == ("v1", True, "reads")
    assert (made["AttachmentCount"], made["PermissionsBoundaryUsageCount"]) == (0, 0)
    assert made["Tags"] == [{"Key": "k", "Value": "v"}]
    assert made == room.iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert document(room, made["Arn"], "v1") == json.loads(allow())


def test_versions_are_numbered_for_good_and_listed_newest_first(room):
    arn = policy(room)
    room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("iam:ListUsers"), SetAsDefault=True)
    room.iam.delete_policy_version(PolicyArn=arn, VersionId="v1")

    third = room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow())["PolicyVersion"]

    versions = room.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert (third["VersionId"], third["IsDefaultVersion"]) == ("v3", False)
    assert [(each["VersionId"], each["IsDefaultVersion"]) for each in versions] == [
        ("v3", False),
        ("v2", True),
    ]
    assert not any("Document" in each for each in versions)


def test_default_version_is_set(room):
    arn = policy(room)
    room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("iam:ListUsers"))

    check_metadata(room.iam.set_default_policy_version(PolicyArn=arn, VersionId="v2"))

    assert room.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"


def test_policy_with_versions_stays(room):
    arn = policy(room)
    room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow())
    message = (
        "This policy has more than one version. Before you delete a policy, you must delete the policy's"
        " versions. The default version is deleted with the policy."
    )

    with refused("DeleteConflict", message):
        room.iam.delete_policy(PolicyArn=arn)


def test_policy_that_bounds_somebody_stays(room):
    arn = policy(room)
    user = room.user(PermissionsBoundary=arn)

    with refused("DeleteConflict", "Cannot delete a policy attached to entities."):
        room.iam.delete_policy(PolicyArn=arn)
    room.iam.delete_user_permissions_boundary(UserName=user)

    check_metadata(room.iam.delete_policy(PolicyArn=arn))


@pytest.mark.parametrize("version", ["v0", "v10", "v1.a-b", "v99999999999999999999"])
def test_version_that_never_was_is_refused(room, version):
    arn = policy(room)

    with pytest.raises(room.iam.exceptions.ClientError) as raised:
        room.iam.get_policy_version(PolicyArn=arn, VersionId=version)

    assert raised.value.response["Error"]["Code"] in ("NoSuchEntity", "ValidationError")


@pytest.mark.parametrize("operation", READ_ONLY_CALLS)
def test_aws_managed_policy_is_not_to_be_changed(room, operation):
    message = f"Policy {ADMINISTRATOR} is an AWS managed policy and cannot be changed."

    with refused("AccessDenied", message):
        perform_on(room, operation, ADMINISTRATOR)


def test_aws_managed_policies_are_read_like_any_other(room):
    shown = room.iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]

    assert (shown["PolicyName"], shown["DefaultVersionId"]) == ("AdministratorAccess", "v1")
    assert document(room, ADMINISTRATOR, "v1")["Statement"][0]["Resource"] == "*"
    assert room.iam.list_policy_tags(PolicyArn=ADMINISTRATOR)["Tags"] == []


def test_every_shipped_document_is_one_that_a_user_could_write(room):
    for shipped in room.iam.list_policies(Scope="AWS")["Policies"]:
        text = json.dumps(document(room, shipped["Arn"], shipped["DefaultVersionId"]))
        check_metadata(room.iam.create_policy(PolicyName=room.name("copy"), PolicyDocument=text))


@pytest.mark.parametrize("arn", ["x" * 20, "arn:aws:iam:policy/too-short"])
def test_what_is_no_arn_could_not_be_parsed(room, arn):
    with refused("ValidationError", "Invalid ARN:  Could not be parsed!"):
        room.iam.get_policy(PolicyArn=arn)
    with refused("ValidationError", "Invalid ARN:  Could not be parsed!"):
        room.iam.attach_user_policy(UserName=room.user(), PolicyArn=arn)


def test_boundary_of_a_new_user_must_be_a_policy(room):
    with refused("InvalidInput", f"ARN {NOT_A_POLICY} is not valid."):
        room.iam.create_user(UserName=room.name(), PermissionsBoundary=NOT_A_POLICY)


def test_scope_tells_own_from_shipped(room):
    own = policy(room)

    local = {each["Arn"] for each in room.iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]}
    shipped = {each["Arn"] for each in room.iam.list_policies(Scope="AWS")["Policies"]}
    every = room.iam.list_policies(MaxItems=1000)["Policies"]

    assert own in local
    assert not local & shipped
    assert {each["Arn"] for each in every} == local | shipped
    assert [each["PolicyName"].lower() for each in every] == sorted(
        each["PolicyName"].lower() for each in every
    )
    assert not any("Tags" in each for each in every)


def test_listing_is_filtered_by_use_and_path(room):
    attached, bounding, idle = (
        room.iam.create_policy(PolicyName=room.name("used"), Path="/used/", PolicyDocument=allow())
        for _ in range(3)
    )
    made = sorted([attached, bounding, idle], key=lambda each: each["Policy"]["PolicyName"].lower())
    arns = [each["Policy"]["Arn"] for each in made]
    room.iam.attach_group_policy(GroupName=group(room), PolicyArn=arns[0])
    room.user(PermissionsBoundary=arns[1])

    def listed(**filters: object) -> list[str]:
        return [each["Arn"] for each in room.iam.list_policies(PathPrefix="/used/", **filters)["Policies"]]

    assert listed() == arns
    assert listed(OnlyAttached=True) == arns[:2]
    assert listed(PolicyUsageFilter="PermissionsPolicy") == arns[:1]
    assert listed(PolicyUsageFilter="PermissionsBoundary") == arns[1:2]


def test_policy_tags_replace_by_key_ignoring_case_and_go(room):
    arn = policy(room)

    room.iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "Team", "Value": "a"}, {"Key": "x", "Value": ""}])
    room.iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    room.iam.untag_policy(PolicyArn=arn, TagKeys=["X"])

    assert room.iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]


def test_entities_of_a_policy_are_told_apart_and_filtered(room):
    arn = policy(room)
    user, team, job = room.user(Path="/e/"), group(room), role(room)
    bounded = room.user(PermissionsBoundary=arn)
    room.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    room.iam.attach_group_policy(GroupName=team, PolicyArn=arn)
    room.iam.attach_role_policy(RoleName=job, PolicyArn=arn)

    def entities(**filters: object) -> list[str]:
        found = room.iam.list_entities_for_policy(PolicyArn=arn, **filters)
        kinds = (("PolicyGroups", "GroupName"), ("PolicyRoles", "RoleName"), ("PolicyUsers", "UserName"))
        return [each[name] for kind, name in kinds for each in found[kind]]

    assert entities() == [team, job, *sorted([user, bounded])]
    assert entities(EntityFilter="Role") == [job]
    assert entities(PolicyUsageFilter="PermissionsBoundary") == [bounded]
    assert entities(PolicyUsageFilter="PermissionsPolicy", PathPrefix="/e/") == [user]
    assert room.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3


def test_boundary_is_put_shown_replaced_and_taken_away(room):
    user = room.user(PermissionsBoundary=ADMINISTRATOR)
    assert boundary(room, user) == ADMINISTRATOR

    room.iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=READ_ONLY)
    assert boundary(room, user) == READ_ONLY

    room.iam.delete_user_permissions_boundary(UserName=user)
    assert boundary(room, user) is None
    assert room.iam.get_user(UserName=user)["User"]["Arn"] == f"{USER_ARN}/{user}"


def boundary(room, user: str) -> str | None:
    found = room.iam.get_user(UserName=user)["User"].get("PermissionsBoundary")
    if found is None:
        return None
    assert found["PermissionsBoundaryType"] == "PermissionsBoundaryPolicy"
    return found["PermissionsBoundaryArn"]
