"""API keys: one store that `/api/auth/keys` and the AWS operations both show and change."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

from badinput.rows import rows
from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom

INVALID = "Invalid API key"


@pytest.fixture(params=["9.4", "10.4"])
def desk(room: GrafanaRoom, request: pytest.FixtureRequest) -> Desk:
    return Desk(room, request.param)


def names(desk: Desk, query: str = "") -> list[str]:
    return [each["name"] for each in desk.does("GET", f"/auth/keys{query}")]


def test_key_made_at_the_door_opens_it_at_once_and_is_the_api_s_to_delete(desk: Desk):
    assert desk.does("GET", "/auth/keys") == []

    made = desk.does("POST", "/auth/keys", {"name": "ci", "role": "Editor", "secondsToLive": 3600})

    carried = json.loads(base64.b64decode(made["key"]))
    assert (carried["n"], carried["id"], len(carried["k"])) == ("ci", 1, 32)
    assert desk.ask("POST", "/folders", {"title": "by key"}, key=made["key"]).status == 200
    assert desk.ask("GET", "/auth/keys", key=made["key"]).status == 403
    (shown,) = desk.does("GET", "/auth/keys")
    assert (shown["id"], shown["name"], shown["role"]) == (made["id"], "ci", "Editor")
    assert shown["expiration"].endswith("Z")
    # From 10 on a key shows when it was used.
    assert ("lastUsedAt" in shown) == desk.room.aws.describe_workspace(workspaceId=desk.workspace)[
        "workspace"
    ]["grafanaVersion"].startswith("10")
    assert made["key"] not in json.dumps(shown)

    desk.room.aws.delete_workspace_api_key(workspaceId=desk.workspace, keyName="ci")

    assert desk.ask("GET", "/org", key=made["key"]).status == 401
    assert desk.does("GET", "/auth/keys") == []


def test_key_made_by_the_api_is_listed_and_deleted_at_the_door(desk: Desk):
    key = desk.room.aws.create_workspace_api_key(
        workspaceId=desk.workspace, keyName="aws", keyRole="VIEWER", secondsToLive=3600
    )["key"]
    (shown,) = desk.does("GET", "/auth/keys")
    assert (shown["name"], shown["role"]) == ("aws", "Viewer")
    taken = "API key, organization ID and name must be unique"
    desk.is_told(409, taken, "POST", "/auth/keys", {"name": "aws", "role": "Admin"})

    assert desk.does("DELETE", f"/auth/keys/{shown['id']}") == {"message": "API key deleted"}

    assert desk.ask("GET", "/org", key=key).status == 401
    desk.is_told(404, "Failed to delete API key", "DELETE", f"/auth/keys/{shown['id']}")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        desk.room.aws.delete_workspace_api_key(workspaceId=desk.workspace, keyName="aws")


def test_expired_key_is_refused_and_listed_only_when_asked_for(desk: Desk):
    short = desk.does("POST", "/auth/keys", {"name": "short", "role": "Viewer", "secondsToLive": 2})
    for_ever = desk.does("POST", "/auth/keys", {"name": "for ever", "role": "Viewer"})
    assert "expiration" not in desk.does("GET", "/auth/keys")[0]

    desk.room.authority.command("clock-advance", seconds=3)

    assert desk.ask("GET", "/org", key=short["key"]).body["message"] == "Expired API key"
    assert desk.ask("GET", "/org", key=for_ever["key"]).status == 200
    assert names(desk) == names(desk, "?includeExpired=false") == ["for ever"]
    assert names(desk, "?includeExpired=true") == ["for ever", "short"]
    for each in (short, for_ever):
        desk.does("DELETE", f"/auth/keys/{each['id']}")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "bad request data"),
        ({"name": "", "role": "Admin"}, "bad request data"),
        ({"name": "n" * 101, "role": "Admin"}, "bad request data"),
        ({"name": 1, "role": "Admin"}, "bad request data"),
        ({"name": "x"}, "Invalid role specified"),
        ({"name": "x", "role": "None"}, "Invalid role specified"),
        ({"name": "x", "role": "ADMIN"}, "Invalid role specified"),
        ({"name": "x", "role": "Admin", "secondsToLive": -1}, "negative value for SecondsToLive"),
        ({"name": "x", "role": "Admin", "secondsToLive": "60"}, "bad request data"),
    ],
)
def test_what_makes_no_key_changes_nothing(desk: Desk, body: object, message: str):
    before = rows(desk.room.authority)

    desk.is_told(400, message, "POST", "/auth/keys", body)
    desk.is_told(400, "id is invalid", "DELETE", "/auth/keys/x")
    for role in ("EDITOR", "VIEWER"):
        assert desk.ask("POST", "/auth/keys", {"name": "x", "role": "Viewer"}, role).status == 403

    assert rows(desk.room.authority) == before


def test_longest_name_that_is_taken_makes_a_key_that_works(desk: Desk):
    made = desk.does("POST", "/auth/keys", {"name": "\U0001f511" * 100, "role": "Viewer"})

    assert desk.ask("GET", "/org", key=made["key"]).status == 200
    desk.does("DELETE", f"/auth/keys/{made['id']}")


def test_newer_grafana_has_no_such_path(room: GrafanaRoom):
    newer = Desk(room, "12.4")
    before = rows(room.authority)

    for method, path in (("GET", "/auth/keys"), ("POST", "/auth/keys"), ("DELETE", "/auth/keys/1")):
        newer.is_told(404, "Not found", method, path, {"name": "x", "role": "Viewer"})

    assert rows(room.authority) == before


def test_no_key_is_written_into_the_journal(desk: Desk):
    key = desk.does("POST", "/auth/keys", {"name": "journaled", "role": "Viewer"})["key"]
    authority = desk.room.authority.authority
    desk.room.authority.run(authority.journal.flush(authority.store))

    blocks = desk.room.authority.look(lambda reader: reader.all("SELECT body FROM audit_block"))
    text = b"".join(bytes(row[0]) for row in blocks)

    assert b"POST /auth/keys" in text
    assert key.encode() not in text
