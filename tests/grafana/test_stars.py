"""Stars: each service account's own, of dashboards that are there."""

import pytest

from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom
from keystead.products.grafana.star_records import starred


@pytest.fixture(scope="module")
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


def kept(desk: Desk, account: int) -> set[int]:
    """Return what is starred, as the search reads it."""
    return desk.room.authority.look(lambda reader: starred(reader, desk.workspace, account))


def star_rows(desk: Desk) -> int:
    asked = "SELECT count(*) FROM grafana_item WHERE workspace = ? AND sort = 'star'"
    return desk.room.authority.look(lambda reader: reader.one(asked, (desk.workspace,)))[0]


def test_an_account_stars_and_unstars_for_itself(desk: Desk):
    first, second = desk.board("first"), desk.board("second")
    by_number, by_uid = (
        f"/user/stars/dashboard/{first['id']}",
        f"/user/stars/dashboard/uid/{second['uid']}",
    )

    for path in (by_number, by_uid, by_uid):
        assert desk.does("POST", path, role="VIEWER") == {"message": "Dashboard starred!"}

    assert desk.does("GET", "/user/stars", role="VIEWER") == [first["uid"], second["uid"]]
    assert kept(desk, desk.accounts["VIEWER"]) == {first["id"], second["id"]}
    assert desk.does("GET", "/user/stars", role="EDITOR") == []
    assert desk.does("DELETE", by_uid, role="VIEWER") == {"message": "Dashboard unstarred"}
    assert desk.does("DELETE", by_uid, role="VIEWER") == {"message": "Dashboard unstarred"}
    assert desk.does("GET", "/user/stars", role="VIEWER") == [first["uid"]]
    assert desk.does("DELETE", by_number, role="VIEWER") == {"message": "Dashboard unstarred"}
    assert desk.does("GET", "/user/stars", role="VIEWER") == []


def test_what_is_not_there_is_not_starred(desk: Desk):
    for method in ("POST", "DELETE"):
        desk.is_told(404, "Dashboard not found", method, "/user/stars/dashboard/987654")
        desk.is_told(404, "Dashboard not found", method, "/user/stars/dashboard/uid/none")
        desk.is_told(400, "dashboardId is invalid", method, "/user/stars/dashboard/x")
    assert desk.does("GET", "/user/stars") == []


def test_stars_end_with_their_dashboard_and_with_their_account(desk: Desk):
    gone, stays = desk.board("gone"), desk.board("stays")
    account = int(desk.room.account(desk.workspace, "VIEWER"))
    key = desk.room.mint(desk.workspace, str(account))["key"]
    for board in (gone, stays):
        desk.does("POST", f"/user/stars/dashboard/{board['id']}", key=key)

    desk.does("DELETE", f"/dashboards/uid/{gone['uid']}")
    assert desk.does("GET", "/user/stars", key=key) == [stays["uid"]]
    assert kept(desk, account) == {stays["id"]}
    # A dashboard that takes the uid again has no star.
    again = desk.board("gone", uid=gone["uid"])
    assert desk.does("GET", "/user/stars", key=key) == [stays["uid"]]
    desk.does("POST", f"/user/stars/dashboard/{again['id']}", key=key)
    assert star_rows(desk) == 2

    desk.does("DELETE", f"/serviceaccounts/{account}")
    assert kept(desk, account) == set()
    assert star_rows(desk) == 0


@pytest.mark.parametrize("version", ["9.4", "10.4"])
def test_an_api_key_has_nobody_to_star_for(room: GrafanaRoom, version: str):
    desk = Desk(room, version)
    board = desk.board("starless")
    key = room.aws.create_workspace_api_key(
        workspaceId=desk.workspace, keyName="k", keyRole="ADMIN", secondsToLive=60
    )["key"]

    for method, path in (("GET", "/user/stars"), ("POST", f"/user/stars/dashboard/uid/{board['uid']}")):
        reply = desk.ask(method, path, key=key)
        told = {"message": "Only users and service accounts can star dashboards"}
        assert (reply.status, reply.body) == (400, told)
    assert star_rows(desk) == 0
