"""A workspace with a Grafana behind it: who asks there, what passes, and what stays here."""

import json

import pytest

from grafana.upstreams import KEY, ScriptedUpstream, answer, point, scripted

GONE = {"alt-svc", "content-location", "server", "set-cookie", "x-grafana-id", "x-named", "keep-alive"}


def shown(upstream: ScriptedUpstream) -> str:
    """Return the token that the last request showed to the upstream."""
    (field,) = upstream.heard[-1].all("authorization")
    return field.removeprefix("Bearer ")


def test_a_request_goes_on_with_a_token_of_its_role(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        tokens = set()
        for role, key in keys.items():
            reply = room.ask(workspace, "/api/folders?limit=5", key)
            assert (reply.status, reply.body["target"]) == (200, "/api/folders?limit=5")
            assert upstream.accounts[f"keystead-{workspace}-{role.lower()}"]["role"] == role.capitalize()
            tokens.add(shown(upstream))
        room.ask(workspace, "/api/folders", keys["VIEWER"])

        assert upstream.minted == len(tokens) == 3
        assert tokens == upstream.good - {KEY}


def test_a_new_role_holds_at_the_next_request(room, workspace):
    account = room.account(workspace, "VIEWER")
    key, admin = room.mint(workspace, account)["key"], room.key(workspace)
    with scripted(room, workspace) as upstream:
        room.ask(workspace, "/api/folders", key)
        before = shown(upstream)

        path = f"/api/serviceaccounts/{account}"
        assert room.ask(workspace, path, admin, method="PATCH", body={"role": "Editor"}).status == 200
        room.ask(workspace, "/api/folders", key)

        assert shown(upstream) != before
        assert upstream.accounts[f"keystead-{workspace}-editor"]["role"] == "Editor"


def test_clearing_deletes_our_accounts_there_and_the_workspace_answers_by_itself(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        room.ask(workspace, "/api/folders", keys["VIEWER"])
        assert len(upstream.accounts) == 1

        cleared = room.authority.command("workspace-upstream-clear", id=workspace)

        assert (cleared["left"], upstream.accounts) == ([], {})
        assert room.ask(workspace, "/api/folders", keys["VIEWER"]).body == []
        kept = room.authority.look(lambda reader: reader.all("SELECT name FROM kept_secret"))
        assert not [name for (name,) in kept if workspace in name]


def test_deleting_the_workspace_takes_leave_of_its_upstream(room):
    workspace = room.workspace()
    key = room.key(workspace)
    with scripted(room, workspace) as upstream:
        room.ask(workspace, "/api/folders", key)

        room.aws.delete_workspace(workspaceId=workspace)
        assert room.ask(workspace, "/api/folders", key).status == 404
        gate = next(
            door.app
            for parts in room.authority.authority.parts
            for door in parts.doors
            if door.name == "grafana"
        )

        async def tidy() -> None:
            await gate._hold_house().tidy()

        room.authority.run(tidy())

        assert upstream.accounts == {}
        assert room.authority.command("workspace-upstream-ls") == []


def test_without_our_token_nothing_reaches_the_upstream(room, workspace, keys):
    other = room.key(room.workspace())
    with scripted(room, workspace) as upstream:
        for headers in (
            {},
            {"Authorization": f"Bearer {KEY}"},
            {"Authorization": f"Bearer {other}"},
            {"X-WEBAUTH-USER": "admin"},
            {"Cookie": "grafana_session=x"},
        ):
            assert room.ask(workspace, "/api/folders", headers=headers).status == 401
        doomed = room.mint(workspace, account := room.account(workspace))
        room.aws.delete_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=account, tokenId=doomed["id"]
        )
        assert room.ask(workspace, "/api/folders", doomed["key"]).status == 401
        assert upstream.heard == []


def test_service_accounts_are_ours_whatever_is_behind(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        made = room.ask(
            workspace,
            "/api/serviceaccounts",
            keys["ADMIN"],
            method="POST",
            body={"name": "Ours", "role": "Viewer"},
        )

        assert made.status == 201
        listed = room.aws.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]
        assert "Ours" in [each["name"] for each in listed]
        assert "Ours" not in upstream.accounts
        assert room.ask(workspace, "/api/serviceaccounts/search", keys["VIEWER"]).status == 403
        assert room.ask(workspace, "/api/user", keys["VIEWER"]).body["login"].startswith("sa-")
        assert room.ask(workspace, "/api/user/using/2", keys["ADMIN"], method="POST").status == 401
        assert upstream.heard == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/login", 404),
        ("GET", "/logout", 404),
        ("GET", "/metrics", 404),
        ("GET", "/", 404),
        ("POST", "/api/login/ping", 404),
        ("PUT", "/api/user/password", 404),
        ("GET", "/api/user/auth-tokens", 404),
        ("POST", "/api/user/stars/dashboard/1", 404),
        ("POST", "/api/org/invites", 404),
        ("POST", "/api/org/users", 404),
        ("PATCH", "/api/org/users/2", 404),
        ("PUT", "/api/orgs/1", 404),
        ("GET", "/api/users", 403),
        ("POST", "/api/users", 403),
        ("POST", "/api/admin/users", 403),
        ("GET", "/api/admin/settings", 403),
        ("POST", "/api/access-control/users/2/roles", 404),
        ("PUT", "/api/access-control/roles/x", 404),
        ("GET", "/apis/iam.grafana.app/v0alpha1/namespaces/default/serviceaccounts", 404),
        ("POST", "/apis/iam.grafana.app/v0alpha1/namespaces/default/users", 404),
        ("GET", "/api/unheard-of", 404),
        ("GET", "/API/folders", 404),
        ("GET", "//api/folders", 404),
        ("GET", "/api//folders", 404),
        ("GET", "/api/folders/../users", 404),
        ("GET", "/api/folders/%2e%2e/users", 404),
        ("GET", "/api/folders/..%2fusers", 404),
        ("GET", "/api/folders/x%5c..%5cusers", 404),
        ("GET", "/api/folders/%252e%252e/users", 404),
        ("GET", "/api/f%6flders", 404),
        ("POST", "/api/org%2finvites", 404),
        ("POST", "/api/live/ws", 404),
    ],
)
def test_what_is_in_no_table_does_not_pass_for_anybody(room, workspace, keys, method, path, status):
    with scripted(room, workspace) as upstream:
        for key in keys.values():
            assert room.ask(workspace, path, key, method=method).status == status
        assert room.ask(workspace, path, method=method).status in (401, 404)
        assert upstream.heard == []


def test_paths_and_queries_go_on_as_they_were_sent(room, workspace, keys):
    with scripted(room, workspace):
        for path in (
            "/api/folders/",
            "/api/datasources/name/a%2Fb%20c",
            "/api/datasources/proxy/1/loki/api/v1/query?query=%7Bapp%3D%22x%22%7D&limit=1",
            "/api/search?query=%C3%A4&tag=a&tag=b",
        ):
            assert room.ask(workspace, path, keys["VIEWER"]).body["target"] == path
        for query in (
            "orgId=2",
            "auth_token=x",
            "auth%5Ftoken=x",
            "targetOrgId=2",
            "a;auth_token=x",
            "ORGID=9",
        ):
            reply = room.ask(workspace, f"/api/search?query=x&{query}&limit=1", keys["VIEWER"])
            assert reply.body["target"] == "/api/search?query=x&limit=1"


def test_answers_come_back_without_what_is_the_upstreams_own(room, workspace, keys):
    async def behaviour(heard, reader, writer):
        await answer(
            writer,
            {"x": 1},
            200,
            "Set-Cookie: grafana_session=abc; Path=/",
            "Server: theirs",
            'Alt-Svc: h3=":443"',
            "X-Grafana-Id: eyJ",
            "Connection: keep-alive, X-Named",
            "Keep-Alive: timeout=5",
            "X-Named: x",
            "Content-Location: /api/x",
            'ETag: "1"',
            "X-Custom: kept",
        )

    with scripted(room, workspace, behaviour):
        connection = room.connect()
        connection.request(
            "GET", f"/_ws/{workspace}/api/folders", headers={"Authorization": f"Bearer {keys['VIEWER']}"}
        )
        got = connection.getresponse()
        names = {name.lower() for name, _ in got.getheaders()}
        assert json.load(got) == {"x": 1}
        assert (got.getheader("etag"), got.getheader("x-custom")) == ('"1"', "kept")
        assert names & GONE == set()
        connection.close()


@pytest.mark.parametrize(
    ("location", "status", "shown_location"),
    [
        ("{url}/api/folders/x", 302, "{base}/api/folders/x"),
        ("/api/folders/x?y=1", 302, "{base}/api/folders/x?y=1"),
        ("https://elsewhere.example/login", 502, None),
        ("//elsewhere.example/login", 502, None),
        ("{url}@elsewhere.example/", 502, None),
        ("{url}.elsewhere.example/", 502, None),
        ("/../g-0123456789/api/folders", 502, None),
        ("/api/%2e%2E/%2e./x", 502, None),
        ("/api/..?x", 502, None),
        ("/\t/elsewhere.example", 502, None),
        ("/api//x", 502, None),
        ("/api/x?y=../z&u=//h", 302, "{base}/api/x?y=../z&u=//h"),
    ],
)
def test_redirects_are_not_followed_and_lead_through_this_door_or_nowhere(
    room, workspace, keys, location, status, shown_location
):
    async def behaviour(heard, reader, writer):
        place = location.format(url=f"http://{heard.all('host')[0]}")
        await answer(writer, {}, 302, f"Location: {place}")

    with scripted(room, workspace, behaviour) as upstream:
        connection = room.connect()
        connection.request(
            "GET", f"/_ws/{workspace}/api/folders", headers={"Authorization": f"Bearer {keys['VIEWER']}"}
        )
        got = connection.getresponse()
        wanted = None if shown_location is None else shown_location.format(base=f"/_ws/{workspace}")
        assert (got.status, got.getheader("location")) == (status, wanted)
        assert len(upstream.heard) == 1
        got.read()
        connection.close()


def test_a_token_that_the_upstream_forgot_is_replaced_and_nobody_notices(room, workspace, keys):
    async def behaviour(heard, reader, writer):
        key = heard.all("authorization")[0].removeprefix("Bearer ")
        await reader.readexactly(int((heard.all("content-length") or ["0"])[0]))
        await answer(writer, {}, 200 if key in upstream.good else 401)

    with scripted(room, workspace, behaviour) as upstream:
        room.ask(workspace, "/api/folders", keys["VIEWER"])
        upstream.good = {KEY}

        reply = room.ask(workspace, "/api/folders", keys["VIEWER"], method="POST", body={"title": "x"})

        assert (reply.status, upstream.minted) == (200, 2)


def test_a_401_of_something_behind_the_upstream_is_passed_on_and_mints_nothing(room, workspace, keys):
    async def behaviour(heard, reader, writer):
        await answer(writer, {"message": "no such tenant"}, 401)

    with scripted(room, workspace, behaviour) as upstream:
        for _ in range(3):
            reply = room.ask(workspace, "/api/datasources/proxy/1/x", keys["VIEWER"])
            assert (reply.status, reply.body) == (401, {"message": "no such tenant"})
        assert upstream.minted == 1


def test_an_administrator_token_that_is_refused_is_a_502(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        upstream.good = set()

        reply = room.ask(workspace, "/api/folders", keys["VIEWER"])

        assert (reply.status, reply.body["messageId"]) == (502, "upstream.unwilling")


def test_a_circle_of_upstreams_is_noticed(room, workspace, keys):
    admin = room.key(workspace)
    other = room.workspace()
    point(room, other, f"{room.authority.url}/_ws/{workspace}", admin)
    point(room, workspace, f"{room.authority.url}/_ws/{other}", room.key(other))

    reply = room.ask(workspace, "/api/folders", keys["VIEWER"])

    assert (reply.status, reply.body["messageId"]) == (508, "upstream.loop")
    for each in (workspace, other):
        room.authority.command("workspace-upstream-clear", id=each)


def test_health_is_the_upstreams_and_asked_once_for_many(room, workspace):
    with scripted(room, workspace):
        replies = [room.ask(workspace, "/api/health") for _ in range(5)]

        assert {(reply.status, reply.body["version"]) for reply in replies} == {(200, "10.4.1")}
        assert room.ask(workspace, "/healthz").status == 200


def test_no_secret_of_an_upstream_is_in_journal_or_rows(room, workspace, keys):
    with scripted(room, workspace) as upstream:
        room.ask(workspace, "/api/folders", keys["VIEWER"], method="POST", body={"title": "x"})
        room.ask(workspace, "/api/folders", keys["VIEWER"])
        authority = room.authority.authority
        room.authority.run(authority.journal.flush(authority.store))
        bodies = room.authority.look(lambda reader: reader.all("SELECT body FROM audit_block"))
        sealed = room.authority.look(lambda reader: reader.all("SELECT sealed FROM kept_secret"))
        written = b"".join(bytes(row[0]) for row in bodies + sealed)

        assert b"SetGrafanaUpstream" in written
        assert b"MintUpstreamToken" in written
        assert b"POST /api/folders (upstream)" in written
        assert not any(key.encode() in written for key in upstream.good)
