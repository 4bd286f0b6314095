"""The credential report, the account's summary and its authorisation details."""

import csv
import io
import json
from datetime import UTC

import pytest

from iam.answers import check_metadata, refused
from iam.calls_groups import group, profile, role
from iam.calls_policies import policy
from iam.room import USER_ARN, Room
from iam.samples import ADMINISTRATOR, ARN, allow, trust

HOUR = 3600
NO_REPORT = "No credential report exists. Request one with GenerateCredentialReport."
EXPIRED = "The credential report has expired. Request another with GenerateCredentialReport."
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,"
    "cert_2_active,cert_2_last_rotated"
)


@pytest.fixture
def own(authority):
    """An authority of one test: it counts what an account holds, and moves its clock."""
    return Room(authority)


def report(own) -> dict[str, dict[str, str]]:
    own.iam.generate_credential_report()
    text = own.iam.get_credential_report()["Content"].decode()
    assert text.splitlines()[0] == HEADER
    return {line["user"]: line for line in csv.DictReader(io.StringIO(text))}


def test_report_is_started_then_complete_and_kept_for_four_hours(own):
    with refused("ReportNotPresent", NO_REPORT):
        own.iam.get_credential_report()

    first = own.iam.generate_credential_report()
    assert first["State"] == "STARTED"
    assert first["Description"] == "No report exists. Starting a new report generation task"
    again = own.iam.generate_credential_report()
    assert (again["State"], again.get("Description")) == ("COMPLETE", None)
    shown = own.iam.get_credential_report()
    check_metadata(shown)
    assert shown["ReportFormat"] == "text/csv"

    own.authority.command("clock-advance", seconds=4 * HOUR - 60)
    own.iam.create_user(UserName="late")
    assert own.iam.generate_credential_report()["State"] == "COMPLETE"
    assert b"late" not in own.iam.get_credential_report()["Content"]
    own.authority.command("clock-advance", seconds=60)
    with refused("ReportExpired", EXPIRED):
        own.iam.get_credential_report()
    assert own.iam.generate_credential_report()["State"] == "STARTED"
    assert b"late" in own.iam.get_credential_report()["Content"]


def test_report_tells_of_root_and_of_every_users_keys(own):
    own.iam.create_user(UserName="bob", Path="/p/")
    own.iam.create_user(UserName="Alice")
    first, second = own.key("bob"), own.key("bob")
    own.caller(second)
    own.iam.update_access_key(UserName="bob", AccessKeyId=first.id, Status="Inactive")

    lines = report(own)

    assert list(lines) == ["<root_account>", "admin", "Alice", "bob"]
    root, _, alice, bob = lines.values()
    assert (root["arn"], root["password_enabled"], root["mfa_active"]) == (
        f"{ARN}:root",
        "not_supported",
        "false",
    )
    assert (root["access_key_1_active"], root["access_key_1_last_used_service"]) == ("true", "iam")
    assert (alice["access_key_1_active"], alice["access_key_1_last_rotated"]) == ("false", "N/A")
    assert (bob["arn"], bob["password_enabled"]) == (f"{USER_ARN}/p/bob", "false")
    assert (bob["access_key_1_active"], bob["access_key_1_last_used_date"]) == ("false", "N/A")
    assert (bob["access_key_2_active"], bob["access_key_2_last_used_service"]) == ("true", "sts")
    created = own.iam.get_user(UserName="bob")["User"]["CreateDate"]
    assert bob["user_creation_time"] == created.astimezone(UTC).isoformat()


def test_expired_key_is_not_active_in_the_report(own):
    own.iam.create_user(UserName="bob")
    key = own.key("bob")
    own.authority.command("creds-expire", id=key.id, at="2020-01-01T00:00:00Z")

    assert report(own)["bob"]["access_key_1_active"] == "false"


def test_summary_counts_what_the_account_holds(own):
    before = own.iam.get_account_summary()["SummaryMap"]
    user, team, job, holder, arn = own.user(), group(own), role(own), profile(own), policy(own)
    own.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow())

    after = own.iam.get_account_summary()["SummaryMap"]

    moved = {key: after[key] - before[key] for key in after if after[key] != before[key]}
    assert moved == {
        "Users": 1,
        "Groups": 1,
        "Roles": 1,
        "Policies": 1,
        "InstanceProfiles": 1,
        "PolicyVersionsInUse": 2,
    }
    own.iam.delete_user(UserName=user)
    own.iam.delete_group(GroupName=team)
    own.iam.delete_role(RoleName=job)
    own.iam.delete_instance_profile(InstanceProfileName=holder)
    own.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    own.iam.delete_policy(PolicyArn=arn)
    assert own.iam.get_account_summary()["SummaryMap"] == before


KINDS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


@pytest.fixture
def furnished(own):
    """An account with one of everything, all of it connected."""
    own.iam.create_policy(PolicyName="Own", PolicyDocument=allow(), Description="d")
    own.iam.create_user(UserName="bob", PermissionsBoundary=ADMINISTRATOR, Tags=[{"Key": "k", "Value": "v"}])
    own.iam.create_group(GroupName="team")
    own.iam.create_role(RoleName="job", AssumeRolePolicyDocument=trust(f"{USER_ARN}/bob"))
    own.iam.create_instance_profile(InstanceProfileName="web")
    own.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="job")
    own.iam.add_user_to_group(GroupName="team", UserName="bob")
    own.iam.put_user_policy(UserName="bob", PolicyName="mine", PolicyDocument=allow())
    own.iam.put_group_policy(GroupName="team", PolicyName="ours", PolicyDocument=allow())
    own.iam.put_role_policy(RoleName="job", PolicyName="its", PolicyDocument=allow())
    for kind, name in (("user", "bob"), ("group", "team"), ("role", "job")):
        attach = getattr(own.iam, f"attach_{kind}_policy")
        attach(**{f"{kind.capitalize()}Name": name}, PolicyArn=f"{ARN}:policy/Own")
    return own


def test_details_show_everything_that_hangs_on_everything(furnished):
    found = furnished.iam.get_account_authorization_details()

    attached = [{"PolicyName": "Own", "PolicyArn": f"{ARN}:policy/Own"}]
    ((_, user), (team,), (job,)) = (found[kind] for kind in KINDS[:3])
    assert (user["GroupList"], user["AttachedManagedPolicies"]) == (["team"], attached)
    assert user["UserPolicyList"] == [{"PolicyName": "mine", "PolicyDocument": json.loads(allow())}]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == ADMINISTRATOR
    assert user["Tags"] == [{"Key": "k", "Value": "v"}]
    assert (team["GroupPolicyList"][0]["PolicyName"], team["AttachedManagedPolicies"]) == ("ours", attached)
    assert [each["InstanceProfileName"] for each in job["InstanceProfileList"]] == ["web"]
    assert job["AssumeRolePolicyDocument"] == json.loads(trust(f"{USER_ARN}/bob"))
    assert (job["RolePolicyList"][0]["PolicyName"], job["RoleLastUsed"]) == ("its", {})
    own = next(each for each in found["Policies"] if each["PolicyName"] == "Own")
    assert (own["AttachmentCount"], own["Description"]) == (3, "d")
    assert own["PolicyVersionList"][0]["Document"] == json.loads(allow())


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["User"], {"UserDetailList"}),
        (["Group", "Role"], {"GroupDetailList", "RoleDetailList"}),
        (["LocalManagedPolicy"], {"Policies"}),
        (["AWSManagedPolicy"], {"Policies"}),
    ],
)
def test_details_are_filtered(furnished, wanted, expected):
    found = furnished.iam.get_account_authorization_details(Filter=wanted)

    assert {kind for kind in KINDS if found[kind]} == expected


@pytest.mark.parametrize("size", [1, 2, 5])
def test_details_come_once_each_whatever_the_page(furnished, size):
    whole = furnished.iam.get_account_authorization_details(MaxItems=1000)
    paginator = furnished.iam.get_paginator("get_account_authorization_details")

    pages = list(paginator.paginate(PaginationConfig={"PageSize": size}))

    for kind in KINDS:
        assert [each for page in pages for each in page[kind]] == whole[kind]
    assert all(sum(len(page[kind]) for kind in KINDS) == size for page in pages[:-1])
