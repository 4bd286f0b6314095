"""A workspace with a Grafana behind it: who asks there, what passes, and what is cut when a token is revoked."""

import pytest

from grafana.upstreams import KEY, scripted
from grafana.workspaces import GrafanaRoom


@pytest.fixture(scope="module")
def workspace(room: GrafanaRoom) -> str:
    return room.workspace()


@pytest.fixture(scope="module")
def keys(room: GrafanaRoom, workspace: str) -> dict[str, str]:
    return {role: room.key(workspace, role) for role in ("ADMIN", "EDITOR", "VIEWER")}


def test_a_request_goes_on_with_a_token_of_its_role(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        for role, key in keys.items():
            reply = room.ask(workspace, "/api/folders?limit=5", key)
            assert (reply.status, reply.body["target"]) == (200, "/api/folders?limit=5")
            name = f"keystead-{workspace}-{role.lower()}"
            assert upstream.accounts[name]["role"] == role.capitalize()
            shown = dict(reply.body["fields"])["authorization"]
            assert shown in {f"Bearer {good}" for good in upstream.good} - {f"Bearer {KEY}"}
        before = upstream.minted
        room.ask(workspace, "/api/folders", keys["VIEWER"])
        assert upstream.minted == before == 3
        room.authority.command("workspace-upstream-clear", id=workspace)
        assert upstream.accounts == {}


def test_without_our_token_nothing_reaches_the_upstream(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        for headers in ({}, {"Authorization": f"Bearer {KEY}"}, {"X-WEBAUTH-USER": "admin"}):
            assert room.ask(workspace, "/api/folders", headers=headers).status == 401
        assert upstream.heard == []
