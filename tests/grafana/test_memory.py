"""What the door holds in memory is never older than the last change, and never more than it may be."""

import http.client

import pytest

from grafana.workspaces import GrafanaRoom, Reply
from keystead.identity.epoch import PolicyEpoch
from keystead.products.grafana.door import memory as memories
from keystead.products.grafana.door.memory import Memory, Told
from keystead.products.grafana.records import Workspace


def workspace_named(name: str) -> Workspace:
    return Workspace(name, "123456789012", "us-east-1", "10.4", "ACTIVE", 0, 0, 0, "t", b"", "{}", {})


def save(room: GrafanaRoom, workspace: str, key: str, **members: object) -> Reply:
    body = {"dashboard": members, "overwrite": True}
    return room.ask(workspace, "/api/dashboards/db", key, method="POST", body=body)


def test_a_read_sees_each_change_made_before_it(room: GrafanaRoom):
    workspace = room.workspace()
    admin, viewer = room.key(workspace), room.key(workspace, "VIEWER")
    uid = save(room, workspace, admin, title="first").body["uid"]
    path = f"/api/dashboards/uid/{uid}"

    for number in range(5):
        assert room.ask(workspace, path, viewer) == room.ask(workspace, path, viewer)
        save(room, workspace, admin, uid=uid, title=f"title {number}")
        assert room.ask(workspace, path, viewer).body["dashboard"]["title"] == f"title {number}"
    room.ask(workspace, path, admin, method="DELETE")
    assert room.ask(workspace, path, viewer).status == 404


def test_what_is_held_for_one_is_not_told_to_another(room: GrafanaRoom):
    workspace, other = room.workspace(), room.workspace()
    admin, viewer = room.key(workspace), room.key(workspace, "VIEWER")
    uid = save(room, workspace, admin, title="whose").body["uid"]
    path = f"/api/dashboards/uid/{uid}"

    for _ in range(2):
        assert room.ask(workspace, path, admin).body["meta"]["canEdit"]
        assert not room.ask(workspace, path, viewer).body["meta"]["canEdit"]
        assert room.ask(workspace, path).status == 401
        assert room.ask(workspace, path, room.key(other)).status == 401
        assert room.ask(other, path, viewer).status == 401
        assert room.ask(workspace, path, viewer, headers={"X-Grafana-Org-Id": "2"}).status == 401


@pytest.mark.parametrize("end", ["token", "account", "disabled", "workspace", "network", "expiry"])
def test_a_warm_read_is_refused_by_the_next_request(room: GrafanaRoom, end: str):
    workspace = room.workspace()
    admin, account = room.key(workspace), room.account(workspace, "VIEWER")
    token = room.mint(workspace, account, seconds=600)
    uid = save(room, workspace, admin, title="warm").body["uid"]
    path = f"/api/dashboards/uid/{uid}"
    assert [room.ask(workspace, path, token["key"]).status for _ in range(3)] == [200] * 3

    named = {"workspaceId": workspace, "serviceAccountId": account}
    match end:
        case "token":
            room.aws.delete_workspace_service_account_token(**named, tokenId=token["id"])
        case "account":
            room.aws.delete_workspace_service_account(**named)
        case "disabled":
            body = {"isDisabled": True}
            room.ask(workspace, f"/api/serviceaccounts/{account}", admin, method="PATCH", body=body)
        case "workspace":
            room.aws.delete_workspace(workspaceId=workspace)
        case "network":
            shut = {"prefixListIds": [], "vpceIds": []}
            room.aws.update_workspace(workspaceId=workspace, networkAccessControl=shut)
        case _:
            room.authority.command("clock-advance", seconds=601)
    assert room.ask(workspace, path, token["key"]).status in (401, 403, 404)


def test_answers_to_get_and_head_have_one_length(room: GrafanaRoom):
    workspace = room.workspace()
    key = room.key(workspace)
    path = f"/_ws/{workspace}/api/dashboards/uid/{save(room, workspace, key, title='x').body['uid']}"
    _, _, authority = room.authority.url.partition("//")

    lengths = []
    for method in ("GET", "GET", "HEAD"):
        connection = http.client.HTTPConnection(authority, timeout=20)
        connection.request(method, path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 0) == (200, method == "GET")
        lengths.append(answer.headers.get_all("content-length"))
        connection.close()
    assert lengths == [lengths[0]] * 3
    assert len(lengths[0]) == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memories, "MAX_WORKSPACES", 3)
    monkeypatch.setattr(memories, "MAX_ANSWERS_BYTES", 20_000)
    memory = Memory(PolicyEpoch())
    for number in range(10):
        held = memory.hold(workspace_named(f"g-{number}"))
        for answer in range(100):
            memory.keep_answer(held, (1, b"%d" % answer, b""), Told("/x", bytes(900)))
        assert len(memory._held) <= 3
        assert 0 <= memory._answers_bytes <= 20_000
    for number in range(10):
        memory.forget(f"g-{number}")
    assert memory._answers_bytes == 0


def test_epoch_that_moves_drops_all():
    epoch = PolicyEpoch()
    memory = Memory(epoch)
    held = memory.hold(workspace_named("g-1"))
    assert memory.of("g-1") is held

    epoch.bump()

    assert memory.of("g-1") is None
    memory.keep_answer(held, (1, b"", b""), Told("/x", b"{}"))
    assert held.answers == {}
