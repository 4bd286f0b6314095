"""What no line lets a caller read is not starred, not home, has no uid to be told, and no versions to compare."""

from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom


def test_groups_beside_the_dashboards_ask_for_the_same_permission(room: GrafanaRoom):
    desk = Desk(room)
    board = desk.board("secret")
    uid, number = board["uid"], board["id"]
    star, compare = f"/user/stars/dashboard/uid/{uid}", "/dashboards/calculate-diff"
    versions = {name: {"dashboardId": number, "version": 1} for name in ("base", "new")}
    asked = {**versions, "diffType": "json"}
    desk.does("PUT", "/org/preferences", {"homeDashboardUID": uid})
    desk.does("POST", star, role="VIEWER")
    assert desk.ask("POST", compare, asked, "VIEWER").status == 403

    desk.does("POST", f"/dashboards/uid/{uid}/permissions", {"items": []})

    for role in ("VIEWER", "EDITOR"):
        assert desk.ask("POST", star, role=role).status == 403
        assert desk.does("GET", "/user/stars", role=role) == []
        assert desk.does("GET", f"/dashboards/ids/{number}", role=role) == []
        assert desk.does("GET", "/dashboards/home", role=role)["meta"]["isHome"]
        assert desk.ask("POST", compare, asked, role).status == 403
    # One's own star goes all the same.
    assert desk.does("DELETE", star, role="VIEWER") == {"message": "Dashboard unstarred"}

    desk.does("POST", f"/dashboards/uid/{uid}/permissions", {"items": [{"role": "Viewer", "permission": 2}]})

    assert desk.does("POST", compare, asked, "VIEWER") == {}
    assert desk.does("GET", f"/dashboards/ids/{number}", role="VIEWER") == [uid]
    assert desk.does("GET", "/dashboards/home", role="VIEWER") == {"redirectUri": board["url"]}


def test_preferences_tell_nobody_of_a_dashboard_that_may_not_be_read(room: GrafanaRoom):
    desk = Desk(room)
    board = desk.board("secret")
    desk.does("POST", f"/dashboards/uid/{board['uid']}/permissions", {"items": []})
    named = (
        {"homeDashboardUID": board["uid"]},
        {"homeDashboardId": board["id"]},
        {"homeDashboardUID": "none"},
    )

    for role in ("VIEWER", "EDITOR"):
        for method in ("PUT", "PATCH"):
            answers = [desk.ask(method, "/user/preferences", each, role) for each in named]
            assert {each.status for each in answers} == {404}
            assert len({str(each.body) for each in answers}) == 1
        assert desk.does("GET", "/user/preferences", role=role) == {}


def test_snapshots_are_listed_to_who_made_them_and_to_admins(room: GrafanaRoom):
    desk = Desk(room)
    made = desk.does("POST", "/snapshots", {"dashboard": {"title": "of a secret"}, "name": "S"}, "EDITOR")
    other = room.mint(desk.workspace, room.account(desk.workspace, "EDITOR"))["key"]

    def listed(**who: str) -> list[str]:
        return [each["key"] for each in desk.does("GET", "/dashboard/snapshots", **who)]

    assert listed(role="ADMIN") == listed(role="EDITOR") == [made["key"]]
    assert listed(role="VIEWER") == listed(key=other) == []


def test_save_that_is_refused_tells_nothing_of_what_stands_in_its_way(room: GrafanaRoom):
    desk = Desk(room)
    board = desk.board("secret")
    desk.does("POST", f"/dashboards/uid/{board['uid']}/permissions", {"items": []})
    drafts = (
        {"title": "secret"},
        {"title": "not there"},
        {"title": "x", "uid": board["uid"], "version": 9},
        {"title": "x", "uid": "not-there"},
        {"title": "x", "id": board["id"], "version": 9},
        {"title": "x", "id": 987654},
    )

    for overwrite in (False, True):
        answers = [
            desk.ask("POST", "/dashboards/db", {"dashboard": each, "overwrite": overwrite}, "VIEWER")
            for each in drafts
        ]
        assert {each.status for each in answers} == {403}
        assert len({each.body["message"] for each in answers}) == 1
