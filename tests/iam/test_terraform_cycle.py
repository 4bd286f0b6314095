"""What Terraform does with IAM, through boto3: create, read, change, read again, destroy; nothing stays behind."""

import json

import pytest

from badinput.rows import rows
from iam.answers import refused
from iam.room import Room
from iam.samples import ARN, allow

SERVICE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = f"{ARN}:policy/app/reader"


@pytest.fixture
def own(authority):
    return Room(authority)


def create(iam) -> str:
    """Make everything and return the access key's id."""
    iam.create_user(UserName="app", Path="/app/", Tags=[{"Key": "env", "Value": "test"}])
    iam.create_group(GroupName="apps", Path="/app/")
    iam.create_policy(PolicyName="reader", Path="/app/", PolicyDocument=allow("s3:Get*"))
    iam.create_role(RoleName="runner", AssumeRolePolicyDocument=SERVICE_TRUST, MaxSessionDuration=3600)
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.add_user_to_group(GroupName="apps", UserName="app")
    iam.attach_user_policy(UserName="app", PolicyArn=POLICY)
    iam.attach_group_policy(GroupName="apps", PolicyArn=POLICY)
    iam.attach_role_policy(RoleName="runner", PolicyArn=POLICY)
    iam.put_role_policy(RoleName="runner", PolicyName="inline", PolicyDocument=allow())
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="runner")
    for waiter, name in (("user_exists", "UserName"), ("role_exists", "RoleName")):
        iam.get_waiter(waiter).wait(**{name: "app" if name == "UserName" else "runner"})
    iam.get_waiter("policy_exists").wait(PolicyArn=POLICY)
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="machine")
    return iam.create_access_key(UserName="app")["AccessKey"]["AccessKeyId"]


def read(iam) -> list[object]:
    """Return what a refresh of the state reads."""
    answers = [
        iam.get_user(UserName="app")["User"],
        iam.list_access_keys(UserName="app")["AccessKeyMetadata"],
        iam.get_group(GroupName="apps"),
        iam.list_groups_for_user(UserName="app")["Groups"],
        iam.get_policy(PolicyArn=POLICY)["Policy"],
        iam.get_policy_version(PolicyArn=POLICY, VersionId=_default(iam))["PolicyVersion"],
        iam.list_attached_user_policies(UserName="app")["AttachedPolicies"],
        iam.list_attached_group_policies(GroupName="apps")["AttachedPolicies"],
        iam.list_attached_role_policies(RoleName="runner")["AttachedPolicies"],
        iam.get_role(RoleName="runner")["Role"],
        iam.get_role_policy(RoleName="runner", PolicyName="inline")["PolicyDocument"],
        iam.get_instance_profile(InstanceProfileName="machine")["InstanceProfile"],
    ]
    for answer in answers:
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata", None)
    return answers


def change(iam, key_id: str) -> None:
    iam.update_user(UserName="app", NewPath="/moved/")
    iam.tag_user(UserName="app", Tags=[{"Key": "env", "Value": "production"}])
    iam.update_access_key(UserName="app", AccessKeyId=key_id, Status="Inactive")
    iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=allow("s3:List*"), SetAsDefault=True)
    iam.update_role(RoleName="runner", Description="runs", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName="runner", PolicyDocument=SERVICE_TRUST.replace("ec2", "ecs-tasks"))
    iam.put_role_policy(RoleName="runner", PolicyName="inline", PolicyDocument=allow("iam:ListUsers"))


def destroy(iam, key_id: str) -> None:
    iam.remove_role_from_instance_profile(InstanceProfileName="machine", RoleName="runner")
    iam.delete_instance_profile(InstanceProfileName="machine")
    iam.delete_role_policy(RoleName="runner", PolicyName="inline")
    iam.detach_role_policy(RoleName="runner", PolicyArn=POLICY)
    iam.delete_role(RoleName="runner")
    iam.detach_group_policy(GroupName="apps", PolicyArn=POLICY)
    iam.detach_user_policy(UserName="app", PolicyArn=POLICY)
    for version in iam.list_policy_versions(PolicyArn=POLICY)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=POLICY, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=POLICY)
    iam.remove_user_from_group(GroupName="apps", UserName="app")
    iam.delete_group(GroupName="apps")
    iam.delete_access_key(UserName="app", AccessKeyId=key_id)
    iam.delete_user(UserName="app")


def _things(own) -> dict[str, list]:
    """Return every row there is, but the number that every change of policies moves on."""
    return {table: held for table, held in rows(own.authority).items() if table != "epoch"}


def _default(iam) -> str:
    return iam.get_policy(PolicyArn=POLICY)["Policy"]["DefaultVersionId"]


def test_second_plan_is_empty_and_a_changed_one_sees_the_change(own):
    key_id = create(own.iam)
    planned = read(own.iam)
    assert planned == read(own.iam)

    change(own.iam, key_id)

    after = read(own.iam)
    assert after == read(own.iam)
    assert [index for index, (was, now) in enumerate(zip(planned, after, strict=True)) if was == now] == [
        3,
        6,
        7,
        8,
    ]
    assert after[0]["Tags"] == [{"Key": "env", "Value": "production"}]
    assert after[9]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "ecs-tasks.amazonaws.com"
    }


def test_key_is_imported_by_its_id(own):
    key_id = create(own.iam)

    assert own.iam.get_access_key_last_used(AccessKeyId=key_id)["UserName"] == "app"


def test_destroy_leaves_nothing_behind(own):
    before = _things(own)
    key_id = create(own.iam)
    change(own.iam, key_id)

    destroy(own.iam, key_id)

    assert before == _things(own)
    with refused("NoSuchEntity", f"Policy {POLICY} was not found."):
        own.iam.get_policy(PolicyArn=POLICY)
