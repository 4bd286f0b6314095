"""One store, two faces: what the AWS API mints the door admits, and each sees at once what the other changed."""

import time

from grafana.test_operations import NEW, refusal
from grafana.workspaces import GrafanaRoom
from support.running import RunningAuthority, settings_for


def tokens(room: GrafanaRoom, workspace: str, account: str) -> dict[str, dict[str, object]]:
    listed = room.aws.list_workspace_service_account_tokens(workspaceId=workspace, serviceAccountId=account)
    return {each["name"]: each for each in listed["serviceAccountTokens"]}


def test_first_use_shows_as_last_used(room: GrafanaRoom):
    workspace = room.workspace()
    account = room.account(workspace)
    token = room.mint(workspace, account, name="t")
    assert "lastUsedAt" not in tokens(room, workspace, account)["t"]

    assert room.ask(workspace, "/api/org", token["key"]).status == 200

    assert "lastUsedAt" in tokens(room, workspace, account)["t"]
    assert "key" not in tokens(room, workspace, account)["t"]


def test_token_minted_at_the_door_is_listed_by_the_api(room: GrafanaRoom):
    workspace = room.workspace()
    account, admin = room.account(workspace), room.key(workspace)

    path = f"/api/serviceaccounts/{account}/tokens"
    made = room.ask(workspace, path, admin, method="POST", body={"name": "door", "secondsToLive": 60})
    for_ever = room.ask(workspace, path, admin, method="POST", body={"name": "for ever"})

    assert made.status == for_ever.status == 200
    assert room.ask(workspace, "/api/org", made.body["key"]).status == 200
    listed = tokens(room, workspace, account)
    assert listed["door"]["id"] == str(made.body["id"])
    assert listed["for ever"]["expiresAt"].year == 9999
    room.aws.delete_workspace_service_account_token(
        workspaceId=workspace, serviceAccountId=account, tokenId=str(made.body["id"])
    )
    assert room.ask(workspace, "/api/org", made.body["key"]).status == 401


def test_disabling_at_the_door_stops_the_next_request_and_shows_in_the_api(room: GrafanaRoom):
    workspace = room.workspace()
    account, admin = room.account(workspace), room.key(workspace)
    key, path = room.mint(workspace, account)["key"], f"/api/serviceaccounts/{account}"

    room.ask(workspace, path, admin, method="PATCH", body={"isDisabled": True})
    listed = room.aws.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]
    assert {each["id"]: each["isDisabled"] for each in listed}[account] == "true"
    refused = room.ask(workspace, "/api/org", key)
    assert (refused.status, refused.body["messageId"]) == (401, "identity.disabled")
    room.ask(workspace, path, admin, method="PATCH", body={"isDisabled": False})
    assert room.ask(workspace, "/api/org", key).status == 200


def test_role_changed_at_the_door_holds_for_the_next_request(room: GrafanaRoom):
    workspace = room.workspace()
    account, admin = room.account(workspace), room.key(workspace)
    key = room.mint(workspace, account)["key"]
    assert room.ask(workspace, "/api/serviceaccounts/search", key).status == 200

    room.ask(workspace, f"/api/serviceaccounts/{account}", admin, method="PATCH", body={"role": "Viewer"})

    assert room.ask(workspace, "/api/serviceaccounts/search", key).status == 403
    listed = room.aws.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]
    assert {each["id"]: each["grafanaRole"] for each in listed}[account] == "VIEWER"


def test_expired_token_is_refused_listed_and_counted(room: GrafanaRoom):
    workspace = room.workspace()
    account = room.account(workspace)
    key = room.mint(workspace, account, seconds=2, name="short")["key"]
    assert room.ask(workspace, "/api/org", key).status == 200

    time.sleep(2.1)

    refused = room.ask(workspace, "/api/org", key)
    assert (refused.status, refused.body["messageId"]) == (401, "api-key.expired")
    assert list(tokens(room, workspace, account)) == ["short"]


def test_deleting_token_account_and_workspace_each_refuse_the_next_request(room: GrafanaRoom):
    workspace, other = room.workspace(), room.workspace()
    account = room.account(workspace)
    first, second, third = (room.mint(workspace, account) for _ in range(3))
    assert room.ask(other, "/api/org", first["key"]).body["messageId"] == "api-key.invalid"

    room.aws.delete_workspace_service_account_token(
        workspaceId=workspace, serviceAccountId=account, tokenId=first["id"]
    )
    assert room.ask(workspace, "/api/org", first["key"]).status == 401
    assert room.ask(workspace, "/api/org", second["key"]).status == 200
    admin = room.key(workspace)
    room.ask(workspace, f"/api/serviceaccounts/{account}/tokens/{second['id']}", admin, method="DELETE")
    assert room.ask(workspace, "/api/org", second["key"]).status == 401
    room.aws.delete_workspace_service_account(workspaceId=workspace, serviceAccountId=account)
    assert room.ask(workspace, "/api/org", third["key"]).status == 401


def test_expired_tokens_count_against_the_quota_and_deleting_makes_room(tmp_path):
    running = RunningAuthority(settings_for(tmp_path / "data", grafana_tokens_per_workspace=2))
    try:
        room = GrafanaRoom(running)
        workspace = room.workspace()
        account = room.account(workspace)
        short = room.mint(workspace, account, seconds=1)
        room.mint(workspace, account)
        running.command("clock-advance", seconds=5)

        status, code, answer = refusal(
            room.aws.create_workspace_service_account_token,
            workspaceId=workspace,
            serviceAccountId=account,
            name="third",
            secondsToLive=60,
        )
        assert (status, code) == (402, "ServiceQuotaExceededException")
        assert answer["Error"]["Message"] == "Service Account Token quota has been reached"
        assert answer["serviceCode"] == "grafana"
        room.aws.delete_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=account, tokenId=short["id"]
        )
        room.mint(workspace, account, name="third")
        for _ in range(4):
            room.workspace()
        status, code, answer = refusal(room.aws.create_workspace, **NEW)
        assert (status, code) == (402, "ServiceQuotaExceededException")
        assert answer["quotaCode"] == "L-2C2D5119"
    finally:
        running.stop()
