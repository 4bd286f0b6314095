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
