"""API keys that become tokens of service accounts go on opening the door, and end as tokens end."""

import pytest

from badinput.rows import rows
from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom


def status(desk: Desk) -> bool:
    return desk.does("GET", "/serviceaccounts/migrationstatus")["migrated"]


def tokens(desk: Desk, account: int) -> list[str]:
    listed = desk.room.aws.list_workspace_service_account_tokens(
        workspaceId=desk.workspace, serviceAccountId=str(account)
    )
    return [each["name"] for each in listed["serviceAccountTokens"]]


def test_keys_become_tokens_of_accounts_with_their_role(room: GrafanaRoom):
    desk = Desk(room, "9.4")
    assert status(desk)
    keys = {
        name: desk.does("POST", "/auth/keys", {"name": name, "role": role})["key"]
        for name, role in (("reads", "Viewer"), ("writes", "Editor"), ("taken", "Viewer"))
    }
    # A token of that name and an account of that login are there already.
    room.mint(desk.workspace, str(desk.accounts["ADMIN"]), name="taken")
    room.account(desk.workspace, "VIEWER", "sa-autogen-1-taken")
    assert not status(desk)

    told = desk.does("POST", "/serviceaccounts/migrate")

    assert told == {"message": "Service accounts migrated"}
    assert status(desk)
    assert desk.does("GET", "/auth/keys") == []
    found = desk.does("GET", "/serviceaccounts/search?query=sa-autogen")["serviceAccounts"]
    shown = {each["name"]: each for each in found}
    assert shown["sa-autogen-1-writes"]["role"] == "Editor"
    assert tokens(desk, shown["sa-autogen-1-writes"]["id"]) == ["writes"]
    assert tokens(desk, shown["sa-autogen-1-taken 2"]["id"]) == ["taken 2"]
    assert desk.ask("POST", "/folders", {"title": "moved"}, key=keys["writes"]).status == 200
    assert desk.ask("POST", "/folders", {"title": "no"}, key=keys["reads"]).status == 403
    assert desk.does("GET", "/user", key=keys["reads"])["login"] == "sa-sa-autogen-1-reads"

    for name, change in (("reads", ("PATCH", {"isDisabled": True})), ("writes", ("DELETE", None))):
        account = shown[f"sa-autogen-1-{name}"]["id"]
        desk.does(change[0], f"/serviceaccounts/{account}", change[1])
        assert desk.ask("GET", "/org", key=keys[name]).status == 401
    # To do it again changes nothing: there is no key left.
    before = rows(room.authority)
    desk.does("POST", "/serviceaccounts/migrate")
    assert rows(room.authority) == before


def test_keys_are_hidden_once_for_all(room: GrafanaRoom):
    desk = Desk(room, "9.4")

    for _ in range(2):
        assert desk.does("POST", "/serviceaccounts/hideApiKeys") == {"message": "API keys hidden"}

    kept = "SELECT count(*) FROM grafana_item WHERE workspace = ? AND sort = 'keys-hidden'"
    assert room.authority.look(lambda reader: reader.one(kept, (desk.workspace,)))[0] == 1


@pytest.mark.parametrize("version", ["8.4", "10.4", "12.4"])
def test_other_versions_have_no_such_paths(room: GrafanaRoom, version: str):
    if version == "8.4":
        workspace = room.workspace(version)
        key = room.aws.create_workspace_api_key(
            workspaceId=workspace, keyName="k", keyRole="ADMIN", secondsToLive=600
        )["key"]
    else:
        workspace = room.workspace(version)
        key = room.key(workspace)
    before = rows(room.authority)

    for method, word in (("POST", "migrate"), ("POST", "hideApiKeys"), ("GET", "migrationstatus")):
        reply = room.ask(workspace, f"/api/serviceaccounts/{word}", key, method=method)
        assert (reply.status, reply.body) == (404, {"message": "Not found"})

    assert rows(room.authority) == before


def test_only_an_admin_moves_keys(room: GrafanaRoom):
    desk = Desk(room, "9.4")
    before = rows(room.authority)

    for role in ("EDITOR", "VIEWER"):
        for word in ("migrate", "hideApiKeys"):
            assert desk.ask("POST", f"/serviceaccounts/{word}", role=role).status == 403

    assert rows(room.authority) == before


def test_teams_of_oneself(room: GrafanaRoom):
    desk = Desk(room)
    mine = desk.does("POST", "/teams", {"name": "mine"})["teamId"]
    desk.does("POST", "/teams", {"name": "others'"})
    assert desk.does("GET", "/user/teams", role="VIEWER") == []

    desk.does("POST", f"/teams/{mine}/members", {"userId": desk.accounts["VIEWER"]})
    desk.does("PUT", f"/teams/{mine}/members/{desk.accounts['VIEWER']}", {"permission": 4})

    (shown,) = desk.does("GET", "/user/teams", role="VIEWER")
    assert (shown["id"], shown["name"], shown["memberCount"], shown["permission"]) == (mine, "mine", 1, 4)
    assert desk.does("GET", "/user/teams", role="EDITOR") == []
    desk.does("DELETE", f"/teams/{mine}/members/{desk.accounts['VIEWER']}")
    assert desk.does("GET", "/user/teams", role="VIEWER") == []
