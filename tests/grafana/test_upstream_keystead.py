"""A second keystead, in a process of its own, as the upstream: real clients walk through both doors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grafana.secondkeystead import SecondKeystead
from grafana.test_grafana_client import CLIENTS, ROLES, WALKS, ansible, mcp_grafana, url_of, walk
from grafana.upstreams import point
from grafana.workspaces import GrafanaRoom
from keystead.app.commanding import CommandFailed


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondKeystead]:
    running = SecondKeystead(tmp_path_factory.mktemp("second"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def there(second: SecondKeystead) -> GrafanaRoom:
    return GrafanaRoom(second)


def joined(room: GrafanaRoom, there: GrafanaRoom, version: str = "10.4", **more: object) -> tuple[str, str]:
    """Return a workspace here and the one there that stands behind it."""
    here, behind = room.workspace(version), there.workspace(version)
    point(room, here, f"{there.authority.url}/_ws/{behind}", there.key(behind), **more)
    return here, behind


@pytest.mark.parametrize("version", ["9.4", "10.4", "12.4"])
def test_grafana_client_walks_through_both_doors(room: GrafanaRoom, there: GrafanaRoom, version: str):
    here, behind = joined(room, there, version)
    python = CLIENTS / "grafana" / "bin" / "python"

    walk(room, here, [python, WALKS / "grafana_client_walk.py", url_of(room, here), "--upstream"])

    accounts = there.aws.list_workspace_service_accounts(workspaceId=behind)["serviceAccounts"]
    ours = {each["name"]: each["grafanaRole"] for each in accounts if each["name"].startswith("keystead-")}
    assert ours == {f"keystead-{here}-{role.lower()}": role for role in ROLES}


@pytest.mark.parametrize("version", ["10.4", "12.4"])
def test_mcp_grafana_walks_through_both_doors(room: GrafanaRoom, there: GrafanaRoom, version: str):
    here, _ = joined(room, there, version)

    mcp_grafana(room, here)


def test_curl_walks_through_both_doors(room: GrafanaRoom, there: GrafanaRoom):
    here, _ = joined(room, there)

    walk(room, here, ["bash", WALKS / "grafana_curl.sh", url_of(room, here)])


def test_ansible_walks_through_both_doors(room: GrafanaRoom, there: GrafanaRoom, tmp_path: Path):
    here, behind = joined(room, there)

    ansible(room, here, tmp_path)

    assert there.ask(behind, "/api/folders", there.key(behind)).body == []


def test_what_is_written_here_is_there_and_large_bodies_stream_both_ways(room, there):
    here, behind = joined(room, there)
    board = {"title": "Large", "panels": [{"id": number, "text": "x" * 1000} for number in range(1500)]}

    saved = room.ask(
        here, "/api/dashboards/db", room.key(here, "EDITOR"), method="POST", body={"dashboard": board}
    )

    assert saved.status == 200
    path = f"/api/dashboards/uid/{saved.body['uid']}"
    seen = room.ask(here, path, room.key(here, "VIEWER")).body
    assert seen["dashboard"]["panels"] == board["panels"]
    assert there.ask(behind, path, there.key(behind, "VIEWER")).body["dashboard"] == seen["dashboard"]
    assert room.ask(here, path, room.key(here, "VIEWER"), method="DELETE").status == 403


def test_over_tls_with_a_ca_file_and_not_without(room, there, second):
    here, behind = room.workspace(), there.workspace()
    url, key = f"{second.tls_url}/_ws/{behind}", there.key(behind)

    with pytest.raises(CommandFailed, match="certificate"):
        point(room, here, url, key)
    point(room, here, url, key, ca=second.ca.read_text())

    assert room.ask(here, "/api/org", room.key(here)).status == 200


@pytest.mark.parametrize("role", ["EDITOR", "VIEWER"])
def test_an_administrators_token_that_is_none_is_not_taken(room, there, role):
    here, behind = room.workspace(), there.workspace()

    with pytest.raises(CommandFailed, match="may not list service accounts"):
        point(room, here, f"{there.authority.url}/_ws/{behind}", there.key(behind, role))

    assert room.ask(here, "/api/folders", room.key(here)).body == []


def test_the_doctor_looks_at_an_upstream_and_says_what_mends_it(room, there):
    here, behind = joined(room, there)
    room.ask(here, "/api/org", room.key(here, "VIEWER"))

    def verdicts() -> dict[str, str]:
        found = room.authority.command("workspace-upstream-check", id=here)
        assert all(each["remedy"] for each in found if each["verdict"] != "ok")
        return {each["subject"]: each["verdict"] for each in found}

    well = {"upstream": "ok", "TLS": "ok", "version": "ok", "administrator": "ok", "account VIEWER": "ok"}
    assert verdicts() == well
    (account,) = [
        each["id"]
        for each in there.aws.list_workspace_service_accounts(workspaceId=behind)["serviceAccounts"]
        if each["name"].startswith("keystead-")
    ]
    there.ask(
        behind, f"/api/serviceaccounts/{account}", there.key(behind), method="PATCH", body={"role": "Admin"}
    )
    assert verdicts() == well | {"account VIEWER": "problem"}
    there.aws.delete_workspace_service_account(workspaceId=behind, serviceAccountId=account)
    assert verdicts() == well | {"account VIEWER": "problem"}
    # Refused there from now on, so it is made anew.
    assert room.ask(here, "/api/org", room.key(here, "VIEWER")).status == 200
    assert verdicts() == well


def test_the_answer_of_a_command_holds_no_secret(room, there):
    here, behind = room.workspace(), there.workspace()
    key = there.key(behind)

    made = point(room, here, f"{there.authority.url}/_ws/{behind}", key)

    shown = room.authority.command("workspace-upstream-show", id=here)
    assert key not in json.dumps([made, shown, room.authority.command("workspace-upstream-ls")])


def test_rekeying_keeps_an_upstream_working(room, there):
    here, _ = joined(room, there)
    key = room.key(here, "VIEWER")
    assert room.ask(here, "/api/org", key).status == 200

    room.authority.command("rekey")

    assert room.ask(here, "/api/org", key).status == 200
    assert Path(room.authority.settings.root_key_path).exists()
