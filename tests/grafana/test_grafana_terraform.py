"""Terraform's AWS provider makes a workspace, an account and a token that opens the door; and boto3 the same."""

from pathlib import Path

import pytest

from grafana.workspaces import GrafanaRoom
from support.terraform import Terraform

CONFIGURATION = Path(__file__).parent / "terraform" / "workspace.tf"


def test_whole_cycle_settles_and_leaves_nothing_behind(room: GrafanaRoom, tmp_path):
    terraform = Terraform(tmp_path / "terraform", room.authority.url, room.authority.root_key)
    configuration = CONFIGURATION.read_text()

    terraform.write(configuration)
    assert terraform.apply() == "3 added, 0 changed, 0 destroyed"
    assert terraform.is_settled()
    workspace = terraform.attributes("aws_grafana_workspace.main")["id"]
    # The token that Terraform was given opens the door, within its role.
    key = terraform.attributes("aws_grafana_workspace_service_account_token.ci")["key"]
    assert room.ask(workspace, "/api/folders", key, method="POST", body={"title": "Made"}).status == 200
    assert room.ask(workspace, "/api/serviceaccounts/search", key).status == 403
    assert terraform.is_settled()

    terraform.write(configuration.replace('"made by Terraform"', '"changed"').replace('"test"', '"live"'))
    assert terraform.apply() == "0 added, 1 changed, 0 destroyed"
    assert terraform.is_settled()
    shown = room.aws.describe_workspace(workspaceId=workspace)["workspace"]
    assert (shown["description"], shown["tags"]) == ("changed", {"env": "live"})

    assert terraform.destroy() == "3 destroyed"
    assert room.ask(workspace, "/api/org", key).status == 404
    with pytest.raises(room.aws.exceptions.ResourceNotFoundException):
        room.aws.describe_workspace(workspaceId=workspace)


def test_boto3_goes_the_same_way(room: GrafanaRoom):
    workspace = room.workspace(workspaceName="by-boto3", tags={"env": "test"})
    account = room.account(workspace, "EDITOR", name="ci")
    token = room.mint(workspace, account, name="ci")
    named = {"workspaceId": workspace, "serviceAccountId": account}

    listed = room.aws.list_workspace_service_account_tokens(**named)["serviceAccountTokens"]
    assert [(each["id"], each["name"]) for each in listed] == [(token["id"], "ci")]
    assert (
        room.ask(workspace, "/api/folders", token["key"], method="POST", body={"title": "Made"}).status == 200
    )
    room.aws.delete_workspace_service_account_token(**named, tokenId=token["id"])
    assert room.aws.list_workspace_service_account_tokens(**named)["serviceAccountTokens"] == []
    room.aws.delete_workspace_service_account(**named)
    room.aws.delete_workspace(workspaceId=workspace)
    assert room.ask(workspace, "/api/org", token["key"]).status == 404
