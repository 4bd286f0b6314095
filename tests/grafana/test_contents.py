"""What the door stores beside dashboards: annotations, teams, library elements, people, and preferences."""

import pytest

from grafana.workspaces import GrafanaRoom, Reply

PERSON = "0123456789-00000000-0000-0000-0000-00000000002a"


class Desk:
    """One workspace with a key of each role."""

    def __init__(self, room: GrafanaRoom) -> None:
        self.room = room
        self.workspace = room.workspace("12.4")
        self.account = int(room.account(self.workspace))
        self.keys = {role: room.key(self.workspace, role) for role in ("ADMIN", "EDITOR", "VIEWER")}

    def ask(self, method: str, path: str, body: object = None, role: str = "ADMIN") -> Reply:
        return self.room.ask(self.workspace, f"/api{path}", self.keys[role], method=method, body=body)

    def does(self, method: str, path: str, body: object = None, role: str = "ADMIN"):
        reply = self.ask(method, path, body, role)
        assert reply.status == 200, reply
        return reply.body

    def is_told(self, status: int, message: str, method: str, path: str, body: object = None) -> None:
        reply = self.ask(method, path, body)
        assert (reply.status, reply.body["message"]) == (status, message)

    def board(self, title: str, **members: object) -> dict[str, object]:
        body = {"dashboard": {"title": title, **members}, "overwrite": True}
        return self.does("POST", "/dashboards/db", body, "EDITOR")


@pytest.fixture(scope="module")
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


def test_annotations_are_added_found_patched_and_deleted(desk: Desk):
    board = desk.board("annotated")
    made = desk.does(
        "POST",
        "/annotations",
        {
            "dashboardUID": board["uid"],
            "panelId": 2,
            "time": 2000,
            "timeEnd": 1000,
            "text": "t",
            "tags": ["a", "b"],
        },
        "EDITOR",
    )
    assert made["message"] == "Annotation added"
    one = f"/annotations/{made['id']}"
    shown = desk.does("GET", one, role="VIEWER")
    assert (shown["time"], shown["timeEnd"], shown["dashboardUID"]) == (1000, 2000, board["uid"])
    alone = desk.does(
        "POST", "/annotations", {"text": "organisation", "time": 5000, "tags": ["b"]}, "EDITOR"
    )["id"]

    def found(query: str) -> list[int]:
        return [each["id"] for each in desk.does("GET", f"/annotations?{query}", role="VIEWER")]

    assert found("tags=a&tags=b") == [made["id"]]
    assert found("tags=a&tags=b&matchAny=true") == [alone, made["id"]]
    assert found("from=1500&to=1600") == [made["id"]]
    assert found("from=2001&to=4999") == []
    assert found("from=1700000000000&to=1700000100000") == []
    assert found("from=1500&to=1700000100000") == [alone, made["id"]]
    assert found(f"dashboardUID={board['uid']}") == found("panelId=2") == [made["id"]]
    assert found("limit=1") == [alone]
    assert found("type=alert") == []
    assert desk.ask("GET", "/annotations?dashboardUID=none").status == 400
    tags = desk.does("GET", "/annotations/tags")["result"]["tags"]
    assert tags == [{"tag": "a", "count": 1}, {"tag": "b", "count": 2}]

    assert desk.does("PATCH", one, {"tags": []}, "EDITOR")["message"] == "Annotation patched"
    assert (desk.does("GET", one)["tags"], desk.does("GET", one)["text"]) == ([], "t")
    assert desk.does("PUT", one, {"text": "u", "tags": ["c"]}, "EDITOR")["message"] == "Annotation updated"
    assert (desk.does("GET", one)["tags"], desk.does("GET", one)["text"]) == (["c"], "u")
    for method, body in (("POST", {"text": "no"}), ("DELETE", None)):
        path = "/annotations" if body else one
        assert desk.ask(method, path, body, "VIEWER").status == 403
    assert desk.does("DELETE", f"/annotations/{alone}", role="EDITOR")["message"] == "Annotation deleted"
    desk.is_told(404, "Annotation not found", "GET", f"/annotations/{alone}")
    desk.is_told(400, "annotationId is invalid", "GET", "/annotations/x")
    desk.is_told(400, "Failed to save annotation", "POST", "/annotations", {"text": ""})
    desk.does("DELETE", f"/dashboards/uid/{board['uid']}")
    assert desk.ask("GET", one).status == 404


def test_graphite_annotations_and_mass_delete(desk: Desk):
    board = desk.board("masses")
    graphite = {"what": "deploy", "when": 7, "data": "v2", "tags": "x y"}
    number = desk.does("POST", "/annotations/graphite", graphite, "EDITOR")["id"]
    shown = desk.does("GET", f"/annotations/{number}")
    assert (shown["text"], shown["time"], shown["tags"]) == ("deploy\nv2", 7000, ["x", "y"])
    on_panel = {"dashboardUID": board["uid"], "panelId": 1, "text": "t"}
    gone = desk.does("POST", "/annotations", on_panel)["id"]

    desk.is_told(400, "bad request data", "POST", "/annotations/mass-delete", {"panelId": 1})
    body = {"dashboardUID": board["uid"], "panelId": 1}
    assert desk.does("POST", "/annotations/mass-delete", body)["message"] == "Annotations deleted"
    assert desk.ask("GET", f"/annotations/{gone}").status == 404
    assert desk.does("POST", "/annotations/mass-delete", {"annotationId": number})
    assert desk.ask("GET", f"/annotations/{number}").status == 404


def test_teams_and_their_members(desk: Desk):
    made = desk.does("POST", "/teams", {"name": "Ops", "email": "ops@example.com"})
    one = f"/teams/{made['teamId']}"
    desk.is_told(409, "Team name taken", "POST", "/teams", {"name": "Ops"})
    other = desk.does("POST", "/teams", {"name": "Opsec"})["teamId"]

    assert desk.does("GET", "/teams/search?name=Ops")["totalCount"] == 1
    assert desk.does("GET", "/teams/search?query=ops")["totalCount"] == 2
    beyond = desk.does("GET", "/teams/search?page=9&perpage=5")
    assert (beyond["teams"], beyond["perPage"], beyond["page"]) == ([], 5, 9)
    assert desk.does("PUT", one, {"Name": "Ops", "Email": "new@example.com"})["message"] == "Team updated"
    assert desk.does("GET", one)["email"] == "new@example.com"
    desk.is_told(400, "Team name taken", "PUT", f"/teams/{other}", {"name": "Ops"})

    members = one + "/members"
    assert desk.does("POST", members, {"userId": desk.account})["message"] == "Member added to Team"
    desk.is_told(400, "User is already added to this team", "POST", members, {"userId": desk.account})
    desk.is_told(404, "User not found", "POST", members, {"userId": 99999})
    desk.does("PUT", f"{members}/{desk.account}", {"permission": 4})
    (shown,) = desk.does("GET", members)
    assert (shown["userId"], shown["permission"]) == (desk.account, 4)
    assert desk.does("GET", one)["memberCount"] == 1
    assert desk.does("DELETE", f"{members}/{desk.account}")["message"] == "Team Member removed"
    desk.is_told(404, "Team member not found", "DELETE", f"{members}/{desk.account}")

    for role in ("EDITOR", "VIEWER"):
        assert desk.ask("GET", "/teams/search", role=role).status == 403
        assert desk.ask("DELETE", one, role=role).status == 403
    assert desk.does("DELETE", one)["message"] == "Team deleted"
    desk.is_told(404, "Team not found", "GET", one)
    desk.is_told(404, "Failed to delete Team. ID not found", "DELETE", one)


def test_library_elements_and_what_uses_them(desk: Desk):
    folder = desk.does("POST", "/folders", {"title": "Shelf"}, "EDITOR")["uid"]
    model = {"type": "text", "description": "d", "options": {"x": [1, None]}}
    new = {"kind": 1, "name": "Panel", "model": model, "folderUid": folder}
    made = desk.does("POST", "/library-elements", new, "EDITOR")["result"]
    one = f"/library-elements/{made['uid']}"
    assert (made["type"], made["description"], made["model"], made["version"]) == ("text", "d", model, 1)
    assert made["meta"]["folderName"] == "Shelf"
    taken = "library element with that name or UID already exists"
    desk.is_told(400, taken, "POST", "/library-elements", new)
    assert desk.ask("POST", "/library-elements", {**new, "name": "other"}, "VIEWER").status == 403

    late = "the library element has been changed by someone else"
    desk.is_told(412, late, "PATCH", one, {"kind": 1, "version": 7})
    changed = desk.does("PATCH", one, {"kind": 1, "version": 1, "name": "Renamed"}, "EDITOR")["result"]
    assert (changed["name"], changed["version"], changed["model"]) == ("Renamed", 2, model)
    assert desk.does("GET", "/library-elements/name/Renamed")["result"][0]["uid"] == made["uid"]
    listed = desk.does("GET", "/library-elements?searchString=ren&kind=1&typeFilter=text", role="VIEWER")
    assert (listed["result"]["totalCount"], listed["result"]["perPage"]) == (1, 100)
    assert desk.does("GET", "/library-elements?page=2")["result"]["elements"] == []

    user = {"id": 1, "libraryPanel": {"uid": made["uid"], "name": "Renamed"}}
    board = desk.board("user", panels=[{"id": 9, "type": "row", "panels": [user]}])
    (connection,) = desk.does("GET", one + "/connections/")["result"]
    assert connection["connectionUid"] == board["uid"]
    assert desk.does("GET", one)["result"]["meta"]["connectedDashboards"] == 1
    desk.is_told(403, "the library element has connections", "DELETE", one)
    in_use = "Folder could not be deleted because it contains library elements in use"
    desk.is_told(403, in_use, "DELETE", f"/folders/{folder}")
    assert desk.does("GET", f"/folders/{folder}/counts")["librarypanel"] == 1
    desk.does("DELETE", f"/dashboards/uid/{board['uid']}")
    assert desk.does("DELETE", one, role="EDITOR")["message"] == "Library element deleted"
    desk.is_told(404, "library element could not be found", "GET", one)
    desk.does("DELETE", f"/folders/{folder}")


def test_people_of_the_identity_provider_are_one_store_with_the_api(room: GrafanaRoom, desk: Desk):
    def permit(action: str, role: str) -> None:
        batch = [{"action": action, "role": role, "users": [{"id": PERSON, "type": "SSO_USER"}]}]
        answer = room.aws.update_permissions(workspaceId=desk.workspace, updateInstructionBatch=batch)
        assert answer["errors"] == []

    permit("ADD", "VIEWER")
    (person,) = desk.does("GET", "/org/users")
    assert (person["login"], person["role"]) == (PERSON, "Viewer")
    assert desk.does("GET", "/org/users/search?page=2")["orgUsers"] == []
    assert desk.does("GET", "/org/users/lookup")[0]["userId"] == person["userId"]
    one = f"/org/users/{person['userId']}"
    desk.is_told(400, "Invalid role specified", "PATCH", one, {"role": "None"})
    assert desk.does("PATCH", one, {"role": "Editor"})["message"] == "Organization user updated"
    listed = room.aws.list_permissions(workspaceId=desk.workspace)["permissions"]
    assert [(each["user"]["id"], each["role"]) for each in listed] == [(PERSON, "EDITOR")]
    taken = {"loginOrEmail": PERSON, "role": "Admin"}
    desk.is_told(409, "User is already member of this organization", "POST", "/org/users", taken)
    desk.is_told(404, "User not found", "POST", "/org/users", {"loginOrEmail": "x", "role": "Admin"})
    assert desk.ask("DELETE", one, role="EDITOR").status == 403
    assert (
        desk.does("DELETE", f"/orgs/1/users/{person['userId']}")["message"]
        == "User removed from organization"
    )
    assert room.aws.list_permissions(workspaceId=desk.workspace)["permissions"] == []
    desk.is_told(404, "User not found", "DELETE", one)


def test_preferences_of_the_organisation_oneself_and_teams(desk: Desk):
    board = desk.board("home")
    team = desk.does("POST", "/teams", {"name": "with preferences"})["teamId"]
    for path in ("/org/preferences", "/user/preferences", f"/teams/{team}/preferences"):
        given = {"theme": "dark", "timezone": "utc", "homeDashboardUID": board["uid"]}
        assert desk.does("PUT", path, given)["message"] == "Preferences updated"
        assert desk.does("GET", path) == {**given, "homeDashboardId": board["id"]}
        desk.is_told(400, "Invalid theme", "PUT", path, {"theme": "pink"})
        desk.is_told(404, "Dashboard not found", "PUT", path, {"homeDashboardUID": "none"})
    desk.does("PATCH", "/org/preferences", {"homeDashboardUID": ""})
    assert desk.does("GET", "/org/preferences") == {"theme": "dark", "timezone": "utc", "homeDashboardId": 0}
    desk.does("PUT", "/org/preferences", {"timezone": "browser"})
    assert desk.does("GET", "/org/preferences") == {"timezone": "browser", "homeDashboardId": 0}
    assert desk.does("GET", "/user/preferences", role="VIEWER") == {}
    assert desk.ask("GET", "/org/preferences", role="EDITOR").status == 403
    desk.is_told(404, "Team not found", "GET", "/teams/9999/preferences")


def test_playlists(desk: Desk):
    items = [{"type": "dashboard_by_tag", "value": "t", "order": 1, "title": "T"}]
    made = desk.does("POST", "/playlists", {"name": "P", "interval": "1m", "items": items}, "EDITOR")
    one = f"/playlists/{made['uid']}"

    assert desk.does("GET", one, role="VIEWER") == {**made, "items": items}
    assert desk.does("GET", one + "/items") == items
    assert desk.does("GET", "/playlists") == [made]
    assert desk.does("PUT", one, {"name": "Q", "interval": "2m", "items": []}, "EDITOR")["name"] == "Q"
    refused = desk.ask("POST", "/playlists", {"name": "no"}, "VIEWER")
    assert (refused.status, refused.body) == (403, {"message": "Permission denied"})
    assert desk.does("DELETE", one, role="EDITOR") == {}
    desk.is_told(404, "Playlist not found", "GET", one)


def test_snapshots_live_until_they_expire(room: GrafanaRoom, desk: Desk):
    board = {"title": "as it was", "panels": []}
    made = desk.does("POST", "/snapshots", {"dashboard": board, "name": "S", "expires": 60}, "EDITOR")
    shown = desk.does("GET", f"/snapshots/{made['key']}", role="VIEWER")
    assert (shown["dashboard"], shown["meta"]["isSnapshot"]) == (board, True)
    (listed,) = desk.does("GET", "/dashboard/snapshots")
    assert "deleteKey" not in listed
    external = {"dashboard": board, "external": True}
    desk.is_told(403, "External dashboard creation is disabled", "POST", "/snapshots", external)
    assert room.ask(desk.workspace, f"/api/snapshots/{made['key']}").status == 401

    room.authority.command("clock-advance", seconds=61)

    desk.is_told(404, "Dashboard snapshot not found", "GET", f"/snapshots/{made['key']}")
    assert desk.does("GET", "/dashboard/snapshots") == []


def test_names_alone_may_hold_what_parts_a_path(desk: Desk):
    source = {"name": "a/b", "type": "prometheus", "access": "proxy", "url": "http://x"}
    desk.does("POST", "/datasources", source)

    assert desk.does("GET", "/datasources/name/a%2Fb")["name"] == "a/b"
    for path in (
        "/folders/a%2Fb",
        "/folders/a%5Cb",
        "/dashboards/uid/x%2Fversions",
        "/datasources/uid/a%2Fb",
    ):
        desk.is_told(404, "Not found", "GET", path)
