"""Bad input at both faces of Grafana: what it is answered, and that it changes nothing and opens nothing else."""

import base64
import itertools

import pytest
from botocore.exceptions import ClientError

from badinput.rows import rows
from grafana.desks import ROLES, Desk
from grafana.workspaces import GrafanaRoom

FOLDER = {"title": "not to be made"}


@pytest.fixture(scope="module")
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


@pytest.fixture(scope="module")
def other(room: GrafanaRoom) -> Desk:
    return Desk(room)


def ids(desk: Desk, other: Desk) -> list[str]:
    """Return texts that are no workspace's id, most of them made of ids of two that are there."""
    mine, theirs = desk.workspace, other.workspace
    return [
        f"{mine}/../{theirs}",
        "g-0123456789/../x",
        f"{mine}/../x",
        f"../workspaces/{theirs}",
        mine.upper(),
        "g-" + mine[2:].upper().replace("0", "A").replace("1", "B"),
        f"G{mine[1:]}",
        f"{mine}0",
        mine[:-1],
        f"{mine}%00",
        f"{mine}\n",
        f"{mine};{theirs}",
        f" {mine}",
        "g-0000000000",
        "g-zzzzzzzzzz",
        "é",
    ]


OPERATIONS = {
    "describe_workspace": {},
    "delete_workspace": {},
    "update_workspace": {"workspaceName": "renamed"},
    "describe_workspace_configuration": {},
    "update_workspace_configuration": {"configuration": "{}"},
    "list_workspace_service_accounts": {},
    "create_workspace_service_account": {"name": "intruder", "grafanaRole": "ADMIN"},
    "create_workspace_service_account_token": {"serviceAccountId": "2", "name": "t", "secondsToLive": 60},
    "create_workspace_api_key": {"keyName": "k", "keyRole": "ADMIN", "secondsToLive": 60},
    "update_permissions": {"updateInstructionBatch": []},
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_no_id_names_no_workspace_in_the_api(room, desk, other, operation):
    before = rows(room.authority)

    for workspace in ids(desk, other):
        with pytest.raises(ClientError) as refused:
            getattr(room.aws, operation)(workspaceId=workspace, **OPERATIONS[operation])
        status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
        code = refused.value.response["Error"]["Code"]
        assert (status, code) in (
            (400, "ValidationException"),
            (404, "ResourceNotFoundException"),
            # A path with a segment more is another operation's, or nobody's.
            (404, "UnknownOperationException"),
        ), (workspace, code)
        assert refused.value.response["ResponseMetadata"]["RequestId"]

    assert rows(room.authority) == before


def test_what_is_no_id_names_no_workspace_at_the_door(room, desk, other):
    before = rows(room.authority)
    mine, theirs = desk.workspace, other.workspace
    named = [
        f"/_ws/{mine}/../{theirs}",
        f"/_ws/{mine}/%2e%2e/{theirs}",
        f"/_ws/{mine}%2f..%2f{theirs}",
        "/_ws/g-0123456789/../x",
        f"/_ws/{mine.upper()}",
        f"/_ws/G{mine[1:]}",
        f"/_ws/{mine}0",
        f"/_ws//{mine}",
        f"/_ws/{mine};x",
        f"/_WS/{mine}",
        f"//_ws/{mine}",
        f"/x/../_ws/{mine}",
    ]

    for prefix, key in itertools.product(named, (desk.keys["ADMIN"], other.keys["ADMIN"])):
        for method, path, body in (("GET", "/api/org", None), ("POST", "/api/folders", b'{"title": "x"}')):
            connection = room.connect()
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, prefix + path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
            connection.close()
            # Beside the doors of workspaces stands the one of S3, which knows no such bearer.
            assert answer.status in (400, 403, 404), (prefix, answer.status)
            assert b"Main Org." not in said

    assert rows(room.authority) == before


def test_token_of_one_workspace_opens_no_other(room, desk, other):
    before = rows(room.authority)

    for role in ROLES:
        for method, path, body in (("GET", "/api/org", None), ("POST", "/api/folders", FOLDER)):
            reply = room.ask(other.workspace, path, desk.keys[role], method=method, body=body)
            assert (reply.status, reply.body["message"]) == (401, "Invalid API key")

    assert rows(room.authority) == before


def test_name_of_a_token_is_taken_in_the_whole_workspace(room, desk):
    first, second = (str(desk.accounts[role]) for role in ("ADMIN", "VIEWER"))
    room.mint(desk.workspace, first, name="taken")
    before = rows(room.authority)

    for account in (first, second):
        with pytest.raises(ClientError) as refused:
            room.mint(desk.workspace, account, name="taken")
        shown = refused.value.response
        assert (shown["ResponseMetadata"]["HTTPStatusCode"], shown["Error"]["Code"]) == (
            409,
            "ConflictException",
        )
        assert shown["resourceType"] == "serviceAccountToken"
        assert shown["ResponseMetadata"]["HTTPHeaders"]["x-amzn-errortype"] == "ConflictException"
        reply = desk.ask("POST", f"/serviceaccounts/{account}/tokens", {"name": "taken"})
        assert (reply.status, reply.body["messageId"]) == (400, "serviceaccounts.ErrTokenAlreadyExists")

    assert rows(room.authority) == before


def tricked(path: str) -> list[str]:
    """Return spellings of `/api` and a path that some server might take for it."""
    return [
        f"//api{path}",
        f"/api/{path}",
        f"/api/%2e%2e/api{path}",
        f"/api/%2E%2E/%2e%2e{path}",
        f"/api/./{path[1:]}",
        f"/api/x/..{path}",
        f"/API{path}",
        f"/Api{path}",
        f"/api{path.upper()}",
        f"/api%2f{path[1:]}",
        f"/api%2F{path[1:]}",
        f"/%61pi{path}",
        f"/api{path}%00",
        f"/api{path};x=1",
        f"/api{path}%20",
        f"\\api{path}",
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/serviceaccounts/search", None),
        ("GET", "/org", None),
        ("POST", "/folders", FOLDER),
        ("POST", "/serviceaccounts", {"name": "not to be made"}),
        ("POST", "/auth/keys", {"name": "not to be made", "role": "Admin"}),
        ("PUT", "/org", {"name": "not to be called so"}),
        ("DELETE", "/serviceaccounts/2", None),
        ("POST", "/short-urls", {"path": "d/x"}),
    ],
)
def test_spelling_of_a_path_opens_no_more_than_the_path(room, desk, method, path, body):
    before = rows(room.authority)

    for spelt, role in itertools.product(tricked(path), ROLES):
        raw = spelt.replace("\\", "%5C")
        reply = room.ask(desk.workspace, raw, desk.keys[role], method=method, body=body)
        # What ends in something else may be a parameter of the route, and is none that is there.
        assert reply.status in (400, 403, 404), (raw, role, reply)
        assert room.ask(desk.workspace, raw, method=method, body=body).status in (401, 404)

    assert rows(room.authority) == before


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_only_the_documented_forms_are_a_credential(room, desk):
    key = desk.keys["ADMIN"]
    before = rows(room.authority)
    shown: list[tuple[str, dict[str, str]]] = [
        ("", {}),
        ("", {"X-WEBAUTH-USER": "admin"}),
        ("", {"X-WEBAUTH-USER": "admin", "X-WEBAUTH-ROLE": "Admin", "X-Forwarded-For": "127.0.0.1"}),
        ("", {"X-JWT-Assertion": key}),
        ("", {"X-Grafana-Id": key}),
        ("", {"X-Access-Token": key}),
        ("", {"X-API-Key": key}),
        ("", {"Cookie": f"grafana_session={key}"}),
        ("", {"Proxy-Authorization": f"Bearer {key}"}),
        (f"?auth_token={key}", {}),
        (f"?access_token={key}&apiKey={key}", {}),
        ("", {"Authorization": basic("admin", "admin")}),
        ("", {"Authorization": basic("admin", key)}),
        ("", {"Authorization": basic("token", key)}),
        ("", {"Authorization": basic("API_KEY", key)}),
        ("", {"Authorization": basic(key, "")}),
        ("", {"Authorization": basic("", key)}),
        ("", {"Authorization": key}),
        ("", {"Authorization": f"Token {key}"}),
        ("", {"Authorization": f"Bearer {key} {key}"}),
        ("", {"Authorization": f"Bearer {key}x"}),
        ("", {"Authorization": f"Bearer {key.swapcase()}"}),
        ("", {"Authorization": "Bearer"}),
        ("", {"Authorization": "Bearer eyJrIjoieCIsIm4iOiJ4IiwiaWQiOjF9"}),
    ]

    for query, headers in shown:
        for method, path, body in (
            ("GET", "/api/org", None),
            ("POST", "/api/folders", FOLDER),
            ("POST", "/api/serviceaccounts", {"name": "not to be made"}),
            ("GET", "/goto/x", None),
        ):
            reply = room.ask(desk.workspace, path + query, method=method, body=body, headers=headers)
            assert reply.status == 401, (query, headers, path, reply)
            assert set(reply.body) == {"statusCode", "messageId", "traceID", "message"}

    assert rows(room.authority) == before


KEEPS = {
    "/annotations": '{"text": "deep", "data": %s}',
    "/datasources": '{"name": "deep", "type": "x", "access": "proxy", "jsonData": %s}',
    "/library-elements": '{"name": "deep", "kind": 1, "model": %s}',
    "/playlists": '{"name": "deep", "items": [%s]}',
    "/snapshots": '{"name": "deep", "dashboard": %s}',
}
LISTS = ("/annotations", "/datasources", "/library-elements", "/playlists", "/dashboard/snapshots")


@pytest.mark.parametrize("depth", [200, 450, 490, 900, 990])
def test_what_nests_too_deeply_to_be_read_again_is_not_kept(room: GrafanaRoom, desk: Desk, depth: int):
    nested = '{"a":' * depth + "1" + "}" * depth

    for path, body in KEEPS.items():
        url = f"{room.authority.url}/_ws/{desk.workspace}/api{path}"
        raw, headers = (body % nested).encode(), {"Content-Type": "application/json"}
        reply = room.ask_url(url, desk.keys["ADMIN"], method="POST", raw=raw, headers=headers)
        assert reply == (400, {"message": "bad request data"})

    for path in (*LISTS, "/frontend/settings"):
        assert "deep" not in str(desk.does("GET", path))


def test_what_nests_as_dashboards_may_is_kept_shown_and_compared(desk: Desk):
    inner: object = 1
    for _ in range(100):
        inner = {"a": [inner]} if isinstance(inner, int) else {"a": inner}
    made = desk.board("nested", x=inner)
    desk.board("nested", x={"other": inner})

    assert desk.does("GET", f"/dashboards/uid/{made['uid']}")["dashboard"]["x"] == {"other": inner}
    sides = {side: {"dashboardId": made["id"], "version": n} for side, n in (("base", 1), ("new", 2))}
    assert desk.does("POST", "/dashboards/calculate-diff", {**sides, "diffType": "json"})["x"]
