"""Where one begins, uids of numbers, what changed between versions, and snapshots' delete keys."""

import json

import pytest

from badinput.rows import rows
from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom
from keystead.products.grafana.door.wire import MAX_DEPTH


@pytest.fixture
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


def test_home_is_ones_own_then_the_teams_then_everybodys(desk: Desk):
    plain = desk.does("GET", "/dashboards/home", role="VIEWER")
    assert (plain["meta"]["isHome"], plain["dashboard"]["title"]) == (True, "Home")
    assert plain["meta"]["canEdit"] is False
    boards = {whose: desk.board(whose) for whose in ("everybody's", "team's", "own")}
    team = desk.does("POST", "/teams", {"name": "t"})["teamId"]
    desk.does("POST", f"/teams/{team}/members", {"userId": desk.accounts["VIEWER"]})

    for path, whose in (
        ("/org/preferences", "everybody's"),
        (f"/teams/{team}/preferences", "team's"),
        ("/user/preferences", "own"),
    ):
        role = "VIEWER" if whose == "own" else "ADMIN"
        desk.does("PUT", path, {"homeDashboardUID": boards[whose]["uid"]}, role)
        shown = desk.does("GET", "/dashboards/home", role="VIEWER")
        assert shown == {"redirectUri": boards[whose]["url"]}
    assert desk.does("GET", "/dashboards/home", role="EDITOR") == {
        "redirectUri": boards["everybody's"]["url"]
    }

    for each in boards.values():
        desk.does("DELETE", f"/dashboards/uid/{each['uid']}")
    assert desk.does("GET", "/dashboards/home", role="VIEWER") == plain


def test_numbers_become_uids_and_what_is_no_number_is_left_out(desk: Desk):
    first, second = desk.board("first"), desk.board("second")

    path = f"/dashboards/ids/{second['id']},x,{first['id']},987654,-1,{'9' * 40}"

    assert desk.does("GET", path, role="VIEWER") == [second["uid"], first["uid"]]
    assert desk.does("GET", "/dashboards/ids/,", role="VIEWER") == []


def compared(
    desk: Desk, old: tuple[object, object], new: tuple[object, object], kind: str = "json"
) -> object:
    body = {
        name: {"dashboardId": number, "version": version}
        for name, (number, version) in (("base", old), ("new", new))
    }
    return {**body, "diffType": kind}


def test_delta_of_two_versions(desk: Desk):
    board = desk.board("b", panels=[{"id": 1, "title": "one"}], kept=True)
    desk.board("b", uid=board["uid"], panels=[{"id": 1, "title": "two"}, {"id": 2}], kept=True)
    number = board["id"]

    changed = desk.does(
        "POST", "/dashboards/calculate-diff", compared(desk, (number, 1), (number, 2)), "EDITOR"
    )

    assert changed == {
        "panels": {"_t": "a", "0": {"title": ["one", "two"]}, "1": [{"id": 2}]},
        "version": [1, 2],
    }
    same = compared(desk, (number, 1), (number, 1))
    assert desk.does("POST", "/dashboards/calculate-diff", same, "EDITOR") == {}
    refused = desk.ask("POST", "/dashboards/calculate-diff", same, "VIEWER")
    assert refused.status == 403


def test_basic_difference_is_html_in_which_nothing_of_users_is_markup(desk: Desk):
    board = desk.board("b", **{"<script>": "<img src=x>"})
    desk.board("b", uid=board["uid"], **{"<script>": '"&<b>'})
    number = board["id"]
    connection = desk.room.connect()
    body = json.dumps(compared(desk, (number, 1), (number, 2), "basic"))
    headers = {"Authorization": f"Bearer {desk.keys['EDITOR']}", "Content-Type": "application/json"}

    path = f"/_ws/{desk.workspace}/api/dashboards/calculate-diff"
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<code>&lt;script&gt;</code> <del>&quot;&lt;img src=x&gt;&quot;</del>" in page
    assert "<script" not in page
    assert "<img" not in page


def test_large_versions_are_compared_member_by_member(desk: Desk):
    text = "x" * 300_000
    board = desk.board("b", panels=[{"id": 1}], text=text)
    desk.board("b", uid=board["uid"], panels=[{"id": 2}], text=text)

    body = compared(desk, (board["id"], 1), (board["id"], 2))

    changed = desk.does("POST", "/dashboards/calculate-diff", body, "EDITOR")
    assert changed["panels"] == [[{"id": 1}], [{"id": 2}]]
    assert "text" not in changed


def test_versions_that_are_not_there_or_cannot_be_read(desk: Desk):
    number = desk.board("b")["id"]
    before = rows(desk.room.authority)
    path = "/dashboards/calculate-diff"

    for old, new in (((number, 1), (number, 9)), ((987654, 1), (number, 1)), ((0, 0), (number, 1))):
        desk.is_told(404, "Dashboard version not found", "POST", path, compared(desk, old, new))
    for bad in ("1", -1, None, 1.5, True, 2**70):
        desk.is_told(400, "bad request data", "POST", path, compared(desk, (bad, 1), (number, 1)))
        desk.is_told(400, "bad request data", "POST", path, compared(desk, (number, bad), (number, 1)))
    for body in ({}, {"base": {}}, {"base": 1, "new": 1}, {**compared(desk, (number, 1), (number, 1), 5)}):
        desk.is_told(400, "bad request data", "POST", path, body)

    assert rows(desk.room.authority) == before


def test_versions_as_deep_as_a_body_may_be_are_compared(desk: Desk):
    deep: object = 1
    for _ in range(MAX_DEPTH - 4):
        deep = [deep]
    board = desk.board("b", deep=deep)
    desk.board("b", uid=board["uid"], deep=[deep])

    body = compared(desk, (board["id"], 1), (board["id"], 2), "json")
    assert set(desk.does("POST", "/dashboards/calculate-diff", body, "EDITOR")) == {"deep", "version"}


def test_snapshot_is_deleted_by_its_delete_key_once(desk: Desk):
    made = desk.does("POST", "/snapshots", {"dashboard": {"title": "s"}}, "EDITOR")
    other = desk.does("POST", "/snapshots", {"dashboard": {"title": "o"}}, "EDITOR")
    one = f"/snapshots-delete/{made['deleteKey']}"
    assert made["deleteUrl"] == f"{desk.room.authority.url}/_ws/{desk.workspace}/api{one}"
    before = rows(desk.room.authority)
    connection = desk.room.connect()
    connection.request(
        "HEAD", f"/_ws/{desk.workspace}/api{one}", headers={"Authorization": f"Bearer {desk.keys['ADMIN']}"}
    )
    assert connection.getresponse().status == 404
    connection.close()
    assert desk.room.ask(desk.workspace, f"/api{one}").status == 401
    desk.is_told(404, "Dashboard snapshot not found", "GET", f"/snapshots-delete/{made['key']}")
    assert rows(desk.room.authority) == before

    assert desk.does("GET", one, role="VIEWER")["id"] == made["id"]

    desk.is_told(404, "Dashboard snapshot not found", "GET", one)
    desk.is_told(404, "Dashboard snapshot not found", "GET", f"/snapshots/{made['key']}")
    assert desk.does("DELETE", f"/snapshots/{other['key']}", role="EDITOR")["id"] == other["id"]
    desk.is_told(404, "Dashboard snapshot not found", "GET", f"/snapshots-delete/{other['deleteKey']}")
    kept = "SELECT count(*) FROM grafana_item WHERE workspace = ? AND sort IN ('snapshot', 'snapshot-delete-key')"
    assert desk.room.authority.look(lambda reader: reader.one(kept, (desk.workspace,)))[0] == 0


def test_keys_of_snapshots_are_taken_once(desk: Desk):
    new = {"dashboard": {"title": "s"}, "key": "k1", "deleteKey": "d1"}
    desk.does("POST", "/snapshots", new, "EDITOR")
    before = rows(desk.room.authority)

    for body in ({**new, "key": "k2"}, {**new, "deleteKey": "d2"}, {**new, "key": "k3", "deleteKey": "a/b"}):
        assert desk.ask("POST", "/snapshots", body, "EDITOR").status == 400

    assert rows(desk.room.authority) == before
