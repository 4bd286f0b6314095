"""Every operation of Managed Grafana through boto3: answers, pages, and each refusal with its status."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from grafana.workspaces import GrafanaRoom

NEW = {
    "accountAccessType": "CURRENT_ACCOUNT",
    "authenticationProviders": ["SAML"],
    "permissionType": "SERVICE_MANAGED",
}
NOBODY = "g-0000000000"


def refusal(call: Any, **members: object) -> tuple[int, str, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer


def arn(workspace: str) -> str:
    return f"arn:aws:grafana:us-east-1:123456789012:/workspaces/{workspace}"


def test_workspace_is_described_as_it_was_created(room: GrafanaRoom):
    members = {
        "workspaceName": "ops",
        "workspaceDescription": "Ops.",
        "workspaceDataSources": ["CLOUDWATCH"],
        "workspaceRoleArn": "arn:aws:iam::123456789012:role/grafana",
        "permissionType": "CUSTOMER_MANAGED",
        "tags": {"team": "ops"},
    }
    made = room.aws.create_workspace(**(NEW | members))["workspace"]

    assert (made["status"], made["tags"]) == ("CREATING", {"team": "ops"})
    room.settle(made["id"])
    shown = room.aws.describe_workspace(workspaceId=made["id"])["workspace"]
    assert (shown["name"], shown["description"], shown["dataSources"]) == ("ops", "Ops.", ["CLOUDWATCH"])
    assert shown["authentication"] == {"providers": ["SAML"], "samlConfigurationStatus": "NOT_CONFIGURED"}
    assert shown["grafanaVersion"] == "12.4"
    assert shown["endpoint"].endswith(f"/_ws/{made['id']}")


def test_client_token_makes_one_workspace(room: GrafanaRoom):
    first = room.aws.create_workspace(**NEW, clientToken="once")["workspace"]["id"]

    assert first == room.aws.create_workspace(**NEW, clientToken="once")["workspace"]["id"]
    status, code, answer = refusal(
        room.aws.create_workspace, **NEW, clientToken="once", workspaceName="other"
    )
    assert (status, code) == (409, "ConflictException")
    assert answer["Error"]["Message"] == "Duplicate request for workspace"


@pytest.mark.parametrize(
    "members",
    [
        {"permissionType": "CUSTOMER_MANAGED"},
        {"organizationRoleName": "role"},
        {"accountAccessType": "ORGANIZATION"},
        {"configuration": "[1]"},
        {"configuration": "{x"},
        {"grafanaVersion": "1.0"},
        {"vpcConfiguration": {"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1", "subnet-1"]}},
        {"workspaceName": "a b"},
        {"accountAccessType": "NOWHERE"},
    ],
)
def test_members_that_do_not_go_together_are_refused(room: GrafanaRoom, members):
    before = room.aws.list_workspaces()["workspaces"]

    status, code, _ = refusal(room.aws.create_workspace, **(NEW | members))

    assert (status, code) == (400, "ValidationException")
    assert before == room.aws.list_workspaces()["workspaces"]


def test_update_keeps_what_is_left_out_and_takes_away_what_is_said(room: GrafanaRoom):
    access = {"prefixListIds": [], "vpceIds": []}
    workspace = room.workspace(workspaceName="before", networkAccessControl=access)

    changed = room.aws.update_workspace(workspaceId=workspace, workspaceDescription="After.")["workspace"]
    assert (changed["status"], changed["name"], changed["description"]) == ("UPDATING", "before", "After.")
    assert refusal(room.aws.update_workspace, workspaceId=workspace)[:2] == (409, "ConflictException")
    room.settle(workspace)
    both = {"networkAccessControl": access, "removeNetworkAccessConfiguration": True}
    assert refusal(room.aws.update_workspace, workspaceId=workspace, **both)[:2] == (
        400,
        "ValidationException",
    )
    room.aws.update_workspace(workspaceId=workspace, removeNetworkAccessConfiguration=True)
    room.settle(workspace)
    assert "networkAccessControl" not in room.aws.describe_workspace(workspaceId=workspace)["workspace"]


def test_configuration_is_text_and_versions_go_up_only(room: GrafanaRoom):
    workspace, text = room.workspace("9.4"), '{ "unifiedAlerting": {"enabled": true} }'

    assert room.aws.list_versions(workspaceId=workspace)["grafanaVersions"] == ["10.4", "12.4"]
    assert room.aws.list_versions()["grafanaVersions"] == ["8.4", "9.4", "10.4", "12.4"]
    assert json.loads(room.aws.describe_workspace_configuration(workspaceId=workspace)["configuration"])
    room.aws.update_workspace_configuration(workspaceId=workspace, configuration=text, grafanaVersion="10.4")
    assert room.aws.describe_workspace(workspaceId=workspace)["workspace"]["status"] == "VERSION_UPDATING"
    room.settle(workspace)
    shown = room.aws.describe_workspace_configuration(workspaceId=workspace)
    assert (shown["configuration"], shown["grafanaVersion"]) == (text, "10.4")
    down = {"workspaceId": workspace, "configuration": text, "grafanaVersion": "9.4"}
    assert refusal(room.aws.update_workspace_configuration, **down)[:2] == (400, "ValidationException")


def test_authentication_is_stored_and_shown(room: GrafanaRoom):
    workspace = room.workspace()
    saml = {"idpMetadata": {"url": "https://idp.example.com/metadata"}, "loginValidityDuration": 60}

    room.aws.update_workspace_authentication(
        workspaceId=workspace, authenticationProviders=["SAML"], samlConfiguration=saml
    )
    shown = room.aws.describe_workspace_authentication(workspaceId=workspace)["authentication"]
    assert shown == {"providers": ["SAML"], "saml": {"status": "CONFIGURED", "configuration": saml}}


def test_licence_comes_and_goes(room: GrafanaRoom):
    workspace = room.workspace()
    licence = {"workspaceId": workspace, "licenseType": "ENTERPRISE"}

    assert refusal(room.aws.disassociate_license, **licence)[:2] == (404, "ResourceNotFoundException")
    assert refusal(room.aws.associate_license, **licence)[:2] == (400, "ValidationException")
    room.aws.associate_license(**licence, grafanaToken="labs-token")
    room.settle(workspace)
    shown = room.aws.describe_workspace(workspaceId=workspace)["workspace"]
    assert (shown["licenseType"], shown["grafanaToken"]) == ("ENTERPRISE", "labs-token")
    assert "licenseType" not in room.aws.disassociate_license(**licence)["workspace"]


def test_permissions_are_added_revoked_and_errors_told(room: GrafanaRoom):
    workspace = room.workspace()
    ids = [f"0123456789-00000000-0000-0000-0000-{number:012d}" for number in range(3)]
    users = [{"id": each, "type": "SSO_USER"} for each in ids]
    add = {"action": "ADD", "role": "EDITOR", "users": users}

    assert room.aws.update_permissions(workspaceId=workspace, updateInstructionBatch=[add])["errors"] == []
    pages = room.aws.get_paginator("list_permissions").paginate(
        workspaceId=workspace, PaginationConfig={"PageSize": 2}
    )
    assert [each["user"]["id"] for page in pages for each in page["permissions"]] == ids
    one = room.aws.list_permissions(workspaceId=workspace, userId=ids[1])["permissions"]
    assert one == [{"user": users[1], "role": "EDITOR"}]
    revoke = {"action": "REVOKE", "role": "ADMIN", "users": users[:1]}
    errors = room.aws.update_permissions(workspaceId=workspace, updateInstructionBatch=[revoke])["errors"]
    assert [each["causedBy"] for each in errors] == [revoke]
    both = {"userId": ids[0], "groupId": ids[1]}
    assert refusal(room.aws.list_permissions, workspaceId=workspace, **both)[1] == "ValidationException"


def test_tags_by_an_arn_with_slashes(room: GrafanaRoom):
    workspace = room.workspace(tags={"a": "1"})

    room.aws.tag_resource(resourceArn=arn(workspace), tags={"a": "2", "b": ""})
    assert room.aws.list_tags_for_resource(resourceArn=arn(workspace))["tags"] == {"a": "2", "b": ""}
    room.aws.untag_resource(resourceArn=arn(workspace), tagKeys=["a", "unknown"])
    assert room.aws.describe_workspace(workspaceId=workspace)["workspace"]["tags"] == {"b": ""}
    too_many = {f"k{number}": "" for number in range(50)}
    tag = room.aws.tag_resource
    assert refusal(tag, resourceArn=arn(workspace), tags=too_many)[:2] == (400, "ValidationException")
    for other in (arn(NOBODY), arn(workspace).replace("123456789012", "210987654321")):
        assert refusal(tag, resourceArn=other, tags={"a": ""})[1] in (
            "ResourceNotFoundException",
            "AccessDeniedException",
        )


def test_service_accounts_and_tokens_are_listed_in_pages(room: GrafanaRoom):
    workspace = room.workspace()
    accounts = [room.account(workspace, name=f"robot {number}") for number in range(5)]
    names = [room.mint(workspace, accounts[0], name=f"t{number}")["name"] for number in range(5)]

    assert accounts == ["2", "3", "4", "5", "6"]
    pages = room.aws.get_paginator("list_workspace_service_accounts").paginate(
        workspaceId=workspace, PaginationConfig={"PageSize": 2}
    )
    found = [each for page in pages for each in page["serviceAccounts"]]
    assert [each["id"] for each in found] == accounts
    assert {(each["isDisabled"], each["grafanaRole"]) for each in found} == {("false", "ADMIN")}
    token_pages = room.aws.get_paginator("list_workspace_service_account_tokens").paginate(
        workspaceId=workspace, serviceAccountId=accounts[0], PaginationConfig={"PageSize": 2}
    )
    assert [each["name"] for page in token_pages for each in page["serviceAccountTokens"]] == names


def test_names_are_unique_in_a_workspace_only(room: GrafanaRoom):
    workspace, other = room.workspace(), room.workspace()
    account = room.account(workspace, name="My SA")
    room.mint(workspace, account, name="t")
    second = room.account(workspace, name="second")

    create = room.aws.create_workspace_service_account
    same_login = {"workspaceId": workspace, "name": "my-sa", "grafanaRole": "VIEWER"}
    assert refusal(create, **same_login)[:2] == (409, "ConflictException")
    mint = room.aws.create_workspace_service_account_token
    same_name = {"workspaceId": workspace, "serviceAccountId": second, "name": "t", "secondsToLive": 60}
    status, code, answer = refusal(mint, **same_name)
    assert (status, code) == (409, "ConflictException")
    assert (answer["resourceType"], answer["resourceId"]) == ("serviceAccountToken", "t")
    room.mint(other, room.account(other, name="My SA"), name="t")


@pytest.mark.parametrize("seconds", [0, -1, 2_592_001])
def test_life_of_a_token_is_bounded(room: GrafanaRoom, seconds):
    workspace = room.workspace()
    members = {"workspaceId": workspace, "serviceAccountId": room.account(workspace), "name": "t"}
    unchecked = room.client("grafana", parameter_validation=False)

    told = refusal(unchecked.create_workspace_service_account_token, **members, secondsToLive=seconds)

    assert told[:2] == (400, "ValidationException")


def test_versions_have_what_they_have(room: GrafanaRoom):
    old, new = room.workspace("8.4"), room.workspace("12.4")
    account = {"workspaceId": old, "name": "robot", "grafanaRole": "ADMIN"}
    key = {"keyName": "key", "keyRole": "VIEWER", "secondsToLive": 60}

    assert refusal(room.aws.create_workspace_service_account, **account)[1] == "ValidationException"
    assert refusal(room.aws.create_workspace_api_key, workspaceId=new, **key)[1] == "ValidationException"
    made = room.aws.create_workspace_api_key(workspaceId=old, **key)
    assert room.ask(old, "/api/org", made["key"]).status == 200
    assert refusal(room.aws.create_workspace_api_key, workspaceId=old, **key)[1] == "ConflictException"
    bad_role = key | {"keyName": "other", "keyRole": "OWNER"}
    assert refusal(room.aws.create_workspace_api_key, workspaceId=old, **bad_role)[1] == "ValidationException"
    room.aws.delete_workspace_api_key(workspaceId=old, keyName="key")
    assert room.ask(old, "/api/org", made["key"]).status == 401
    gone = {"workspaceId": old, "keyName": "key"}
    assert refusal(room.aws.delete_workspace_api_key, **gone)[:2] == (404, "ResourceNotFoundException")


def test_what_is_not_there_is_not_found(room: GrafanaRoom):
    workspace = room.workspace()
    nowhere = room.client("grafana", region="eu-west-1")

    for call, members in (
        (room.aws.describe_workspace, {"workspaceId": NOBODY}),
        (nowhere.describe_workspace, {"workspaceId": workspace}),
        (room.aws.delete_workspace, {"workspaceId": NOBODY}),
        (room.aws.delete_workspace_service_account, {"workspaceId": workspace, "serviceAccountId": "99"}),
        (room.aws.list_workspace_service_account_tokens, {"workspaceId": workspace, "serviceAccountId": "x"}),
        (
            room.aws.delete_workspace_service_account_token,
            {"workspaceId": workspace, "serviceAccountId": room.account(workspace), "tokenId": "99"},
        ),
    ):
        assert refusal(call, **members)[:2] == (404, "ResourceNotFoundException")


@pytest.mark.parametrize("workspace", ["g-0123456789/../x", "G-0123456789", "g-ABCDEF0123", "g-01234567890"])
def test_malformed_workspace_id_reaches_nothing(room: GrafanaRoom, workspace):
    status, code, _ = refusal(room.aws.describe_workspace, workspaceId=workspace)

    assert (status, code) in ((400, "ValidationException"), (404, "ResourceNotFoundException"))


def test_deleted_workspace_is_gone_with_its_tokens(room: GrafanaRoom):
    workspace = room.workspace()
    key = room.key(workspace)

    assert room.aws.delete_workspace(workspaceId=workspace)["workspace"]["status"] == "DELETING"
    assert room.ask(workspace, "/api/org", key).status == 404
    while True:
        try:
            room.aws.describe_workspace(workspaceId=workspace)
        except room.aws.exceptions.ResourceNotFoundException:
            break
    listed = room.authority.command("creds-ls", limit=1000)["credentials"]
    assert all(workspace not in each["owner"] for each in listed)


def test_workspaces_are_listed_in_pages(room: GrafanaRoom):
    made = {room.workspace() for _ in range(3)}

    pages = room.aws.get_paginator("list_workspaces").paginate(PaginationConfig={"PageSize": 1})

    assert made <= {each["id"] for page in pages for each in page["workspaces"]}
