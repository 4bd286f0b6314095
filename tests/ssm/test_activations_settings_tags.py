"""Activations, service settings, tags and shares: what each operation answers and refuses."""

import json
from datetime import UTC, datetime, timedelta

from ssm.room import PREFERENCES, refused, trust

TIER = "/ssm/managed-instance/activation-tier"


def test_code_of_an_activation_is_shown_once_and_not_in_the_journal(room):
    role = room.role("node", trust("ssm.amazonaws.com"))

    made = room.ssm.create_activation(IamRole=role, RegistrationLimit=3, Tags=[{"Key": "a", "Value": "b"}])

    wanted = [{"FilterKey": "ActivationIds", "FilterValues": [made["ActivationId"]]}]
    (listed,) = room.ssm.describe_activations(Filters=wanted)["ActivationList"]
    assert (role, 3, 0, False) == tuple(
        listed[key] for key in ("IamRole", "RegistrationLimit", "RegistrationsCount", "Expired")
    )
    assert listed["Tags"] == [{"Key": "a", "Value": "b"}]
    assert made["ActivationCode"] not in json.dumps(listed, default=str)
    journal = room.journal()
    assert made["ActivationId"] in journal
    assert made["ActivationCode"] not in journal


def test_activation_needs_a_role_that_systems_manager_may_assume(room):
    for role in ("nobody", room.role("other", trust("ec2.amazonaws.com"))):
        with refused("InvalidParameters"):
            room.ssm.create_activation(IamRole=role)


def test_activation_expires_within_thirty_days(room):
    role = room.role("node", trust("ssm.amazonaws.com"))
    for at in (datetime.now(UTC) + timedelta(days=31), datetime.now(UTC) - timedelta(minutes=1)):
        with refused("InvalidParameters"):
            room.ssm.create_activation(IamRole=role, ExpirationDate=at)


def test_deleted_activation_is_gone(room):
    made = room.ssm.create_activation(IamRole=room.role("node", trust("ssm.amazonaws.com")))

    room.ssm.delete_activation(ActivationId=made["ActivationId"])

    with refused("InvalidActivationId"):
        room.ssm.delete_activation(ActivationId=made["ActivationId"])


def test_setting_changes_and_gets_its_default_back(room):
    arn = room.ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]["ARN"]

    room.ssm.update_service_setting(SettingId=arn, SettingValue="advanced")

    changed = room.ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]
    assert (changed["SettingValue"], changed["Status"]) == ("advanced", "Customized")
    reset = room.ssm.reset_service_setting(SettingId=TIER)["ServiceSetting"]
    assert (reset["SettingValue"], reset["Status"]) == ("standard", "Default")
    with refused("ServiceSettingNotFound"):
        room.ssm.get_service_setting(SettingId="/ssm/nothing")


def test_tags_are_put_replaced_and_removed(room):
    name = room.document(PREFERENCES)
    where = {"ResourceType": "Document", "ResourceId": name}

    room.ssm.add_tags_to_resource(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], **where)
    room.ssm.add_tags_to_resource(Tags=[{"Key": "a", "Value": "3"}], **where)
    room.ssm.remove_tags_from_resource(TagKeys=["b", "never"], **where)

    assert room.ssm.list_tags_for_resource(**where)["TagList"] == [{"Key": "a", "Value": "3"}]
    with refused("InvalidResourceId"):
        room.ssm.list_tags_for_resource(ResourceType="Document", ResourceId="nothing")
    with refused("InvalidResourceType"):
        room.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="nothing")


def test_shares_are_kept(room):
    name = room.document(PREFERENCES)
    share = {"Name": name, "PermissionType": "Share"}

    room.ssm.modify_document_permission(AccountIdsToAdd=["210987654321"], **share)

    assert room.ssm.describe_document_permission(**share)["AccountIds"] == ["210987654321"]


def test_operations_that_are_not_here_say_so(room):
    with refused("UnknownOperationException"):
        room.ssm.describe_parameters()


def test_role_is_passed_only_in_ways_that_policies_let_it_be(room):
    name, role = room.user(), room.role("node", trust("ssm.amazonaws.com"))
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    statements = [
        {"Effect": "Allow", "Action": ["ssm:*", "iam:PassRole"], "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*", "Condition": plain},
    ]
    both = json.dumps({"Version": "2012-10-17", "Statement": statements})
    room.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=both)
    theirs = room.client("ssm", room.key(name))

    with refused("AccessDeniedException") as raised:
        theirs.create_activation(IamRole=role)

    assert "iam:PassRole" in str(raised.value)
    allowed = json.dumps({"Version": "2012-10-17", "Statement": statements[:1]})
    room.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=allowed)
    assert theirs.create_activation(IamRole=role)["ActivationId"]
