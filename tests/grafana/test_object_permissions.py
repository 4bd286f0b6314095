"""Who may do what with one folder or dashboard: lists, what they let in, and what lies in nested folders."""

import json
from typing import Any

import pytest

from grafana.test_contents import Desk
from grafana.workspaces import GrafanaRoom

VIEW, EDIT, ADMINISTER = 1, 2, 4
SECRET = "hush"


class Share(Desk):
    """A workspace with an account of each role, and folders and dashboards to share with them."""

    def __init__(self, room: GrafanaRoom, version: str = "12.4") -> None:
        self.room = room
        self.workspace = room.workspace(version)
        self.numbers = {
            role: int(room.account(self.workspace, role)) for role in ("ADMIN", "EDITOR", "VIEWER")
        }
        self.keys = {
            role: room.mint(self.workspace, str(number))["key"] for role, number in self.numbers.items()
        }

    def folder(self, **members: object) -> str:
        return self.does("POST", "/folders", {"title": self.room.name("folder"), **members})["uid"]

    def dashboard(self, folder: str = "", **members: object) -> str:
        body = {"dashboard": {"title": self.room.name("board"), **members}, "folderUid": folder}
        return self.does("POST", "/dashboards/db", body)["uid"]

    def shares(self, path: str, *items: dict[str, object]) -> None:
        told = self.does("POST", f"{path}/permissions", {"items": list(items)})
        assert told["message"] == "Dashboard permissions updated"

    def status(self, method: str, path: str, role: str, body: object = None) -> int:
        return self.ask(method, path, body, role).status


@pytest.fixture(scope="module")
def share(room: GrafanaRoom) -> Share:
    return Share(room)


def guarded_routes(room: GrafanaRoom) -> list[tuple[str, str]]:
    """Return method and template of each route whose handler asks about the object."""
    parts = room.authority.authority.parts
    door = next(door for each in parts for door in each.doors if door.name == "grafana")
    return [(route.method, route.template) for route in door.app.embedded.routes if route.guarded]


class Hidden:
    """A folder and what is in it, which no line opens to anybody."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.folder = share.folder(title=f"{SECRET} {share.room.name('folder')}")
        self.board = share.dashboard(self.folder, title=f"{SECRET} {share.room.name('board')}", tags=[SECRET])
        self.element = {"kind": 1, "name": SECRET, "model": {"type": "text"}, "folderUid": self.folder}
        self.library = share.does("POST", "/library-elements", self.element)["result"]["uid"]
        note = {"text": SECRET, "tags": [SECRET], "dashboardUID": self.board}
        self.note = share.does("POST", "/annotations", note)["id"]
        share.shares(f"/folders/{self.folder}")
        self.folder_id = share.does("GET", f"/folders/{self.folder}")["id"]
        self.board_id = share.does("GET", f"/dashboards/uid/{self.board}")["dashboard"]["id"]

    def path_of(self, template: str, account: int) -> str:
        """Return the path of a route for what is hidden here."""
        numbers = {
            "/folders": self.folder_id,
            "/dashboards": self.board_id,
            "/annotations": self.note,
        }
        uids = {
            "/folders": self.folder,
            "/dashboards": self.board,
            "/library-elements": self.library,
            "/access-control/folders": self.folder,
            "/access-control/dashboards": self.board,
        }
        group = next((each for each in sorted(uids | numbers, reverse=True) if template.startswith(each)), "")
        filled = {
            "uid": uids.get(group, ""),
            "id": numbers.get(group, ""),
            "ids": self.board_id,
            "version": 1,
        }
        filled |= {"name": SECRET, "user": account, "team": 1, "role": "Viewer"}
        for name, value in filled.items():
            template = template.replace(f"{{{name}}}", str(value))
        return template

    def body_of(self, method: str, template: str) -> object:
        """Return a body with which the request would do something, were it allowed."""
        if method in ("GET", "DELETE"):
            return None
        version = {"dashboardId": self.board_id, "version": 1}
        bodies: dict[tuple[str, str], Any] = {
            ("POST", "/folders"): {"title": "mine", "parentUid": self.folder},
            ("POST", "/dashboards/db"): {"dashboard": {"title": "mine"}, "folderUid": self.folder},
            ("POST", "/dashboards/calculate-diff"): {"base": version, "new": version},
            ("POST", "/library-elements"): {**self.element, "name": "mine"},
            ("POST", "/annotations"): {"text": "mine", "dashboardUID": self.board},
            ("POST", "/annotations/mass-delete"): {"annotationId": self.note},
            ("PATCH", "/library-elements/{uid}"): {"kind": 1, "version": 1, "name": "mine"},
        }
        plain = {"items": [], "permissions": [], "permission": "Admin"}
        return bodies.get((method, template), plain | {"title": "mine", "version": 1, "text": "mine"})

    def everything(self) -> list[Any]:
        """Return all that an Admin sees of it, and of what is around it."""
        one, board = f"/folders/{self.folder}", f"/dashboards/uid/{self.board}"
        paths = (one, board, f"{one}/permissions", f"{board}/permissions")
        further = (f"/library-elements/{self.library}", f"/annotations/{self.note}")
        lists = ("/folders", "/search", "/annotations")
        return [self.share.does("GET", path) for path in (*paths, *further, *lists)]


@pytest.mark.parametrize("role", ["VIEWER", "EDITOR"])
def test_no_guarded_route_shows_or_changes_what_no_line_lets_a_caller_at(share: Share, role: str):
    hidden = Hidden(share)
    before = hidden.everything()
    routes = guarded_routes(share.room)
    assert len(routes) > 30
    for method, template in routes:
        path = hidden.path_of(template, share.numbers[role])
        reply = share.ask(method, path, hidden.body_of(method, template), role)
        assert SECRET not in json.dumps(reply.body), (method, path)
        assert reply.status in (403, 404) or (method == "GET" and reply.status == 200), (method, path, reply)
    assert hidden.everything() == before


@pytest.mark.parametrize("whom", ["user", "team", "role"])
@pytest.mark.parametrize("level", [0, VIEW, EDIT, ADMINISTER])
def test_a_line_lets_in_whom_it_names_as_far_as_its_level_reaches(share: Share, whom: str, level: int):
    folder = share.folder()
    board = share.dashboard(folder)
    team = share.does("POST", "/teams", {"name": share.room.name("team")})["teamId"]
    share.does("POST", f"/teams/{team}/members", {"userId": share.numbers["VIEWER"]})
    line = {"user": {"userId": share.numbers["VIEWER"]}, "team": {"teamId": team}, "role": {"role": "Viewer"}}
    share.shares(f"/folders/{folder}", *([{**line[whom], "permission": level}] if level else []))

    def told(needed: int) -> int:
        return 200 if level >= needed else 403

    one = f"/dashboards/uid/{board}"
    assert share.status("GET", f"/folders/{folder}", "VIEWER") == told(VIEW)
    assert share.status("GET", one, "VIEWER") == told(VIEW)
    assert share.status("GET", f"{one}/versions", "VIEWER") == told(EDIT)
    assert share.status("GET", f"/folders/{folder}/permissions", "VIEWER") == told(ADMINISTER)
    assert share.status("GET", f"{one}/permissions", "VIEWER") == told(ADMINISTER)
    found = [each["uid"] for each in share.does("GET", "/search", role="VIEWER")]
    assert (board in found, folder in found) == (level >= VIEW, level >= VIEW)
    editable = [each["uid"] for each in share.does("GET", "/search?permission=Edit", role="VIEWER")]
    assert (board in editable) == (level >= EDIT)
    assert (folder in [each["uid"] for each in share.does("GET", "/folders", role="VIEWER")]) == (
        level >= VIEW
    )
    note = {"text": "note", "dashboardUID": board}
    assert share.status("POST", "/annotations", "VIEWER", note) == told(EDIT)
    new = {"dashboard": {"title": share.room.name("board")}, "folderUid": folder}
    assert share.status("POST", "/dashboards/db", "VIEWER", new) == told(EDIT)
    element = {"kind": 1, "name": share.room.name("element"), "model": {}, "folderUid": folder}
    assert share.status("POST", "/library-elements", "VIEWER", element) == told(EDIT)
    if level >= VIEW:
        shown, meta = (share.does("GET", path, role="VIEWER") for path in (f"/folders/{folder}", one))
        assert [shown[each] for each in ("canSave", "canAdmin", "hasAcl")] == [
            level >= EDIT,
            level >= ADMINISTER,
            True,
        ]
        assert [meta["meta"][each] for each in ("canEdit", "canAdmin")] == [
            level >= EDIT,
            level >= ADMINISTER,
        ]
    scopes = share.does("GET", "/access-control/user/permissions", role="VIEWER")
    assert (f"folders:uid:{folder}" in scopes.get("dashboards:write", [])) == (level >= EDIT)
    # Last, since it takes the folder away.
    assert share.status("DELETE", f"/folders/{folder}", "VIEWER") == told(EDIT)


def test_the_next_request_knows_of_a_line_that_went_and_of_a_team_that_was_left(share: Share):
    board = share.dashboard()
    one, role = f"/dashboards/uid/{board}", "VIEWER"
    assert share.status("GET", one, role) == share.status("GET", one, role) == 200
    share.shares(one)
    assert share.status("GET", one, role) == 403
    team = share.does("POST", "/teams", {"name": share.room.name("team")})["teamId"]
    share.shares(one, {"teamId": team, "permission": VIEW})
    assert share.status("GET", one, role) == 403
    share.does("POST", f"/teams/{team}/members", {"userId": share.numbers[role]})
    assert share.status("GET", one, role) == share.status("GET", one, role) == 200
    share.does("DELETE", f"/teams/{team}/members/{share.numbers[role]}")
    assert share.status("GET", one, role) == 403
    share.does("POST", f"/teams/{team}/members", {"userId": share.numbers[role]})
    share.does("DELETE", f"/teams/{team}")
    assert share.status("GET", one, role) == 403
    assert share.does("GET", f"{one}/permissions") == []


def test_a_new_list_says_editors_edit_and_viewers_view(share: Share):
    for path in (f"/folders/{share.folder()}", f"/dashboards/uid/{share.dashboard()}"):
        found = share.does("GET", f"{path}/permissions")
        assert [(each["role"], each["permission"], each["permissionName"]) for each in found] == [
            ("Editor", EDIT, "Edit"),
            ("Viewer", VIEW, "View"),
        ]
        assert {each["inherited"] for each in found} == {False}
    folder = share.folder()
    inherited = share.does("GET", f"/dashboards/uid/{share.dashboard(folder)}/permissions")
    assert [(each["inherited"], each["uid"], each["isFolder"]) for each in inherited] == [
        (True, folder, True)
    ] * 2


@pytest.mark.parametrize(
    "items",
    [
        None,
        {},
        ["line"],
        [{}],
        [{"role": "Viewer"}],
        [{"role": "Viewer", "permission": 3}],
        [{"role": "Viewer", "permission": True}],
        [{"role": "viewer", "permission": 1}],
        [{"role": "Nobody", "permission": 1}],
        [{"role": 7, "permission": 1}],
        [{"role": "Viewer", "userId": 2, "permission": 1}],
        [{"userId": 2, "teamId": 1, "permission": 1}],
        [{"userId": 987654, "permission": 1}],
        [{"teamId": 987654, "permission": 1}],
        [{"userId": -2, "permission": 1}],
        [{"userId": "2", "permission": 1}],
        [{"userId": 1 << 70, "permission": 1}],
        [{"role": "Viewer", "permission": 1}, {"role": "Viewer", "permission": 2}],
    ],
)
def test_a_list_that_means_nothing_is_refused_and_nothing_changed(share: Share, items: object):
    path = f"/folders/{share.folder()}/permissions"
    before = share.does("GET", path)
    reply = share.ask("POST", path, {"items": items})
    assert reply.status in (400, 404), reply
    assert share.does("GET", path) == before


def test_lists_in_the_newer_form(share: Share):
    folder, number = share.folder(), share.numbers["VIEWER"]
    one = f"/access-control/folders/{folder}"
    described = share.does("GET", "/access-control/folders/description")
    assert described["permissions"] == ["View", "Edit", "Admin"]
    team = share.does("POST", "/teams", {"name": share.room.name("team")})["teamId"]

    assert (
        share.does("POST", f"{one}/users/{number}", {"permission": "Edit"})["message"] == "Permission updated"
    )
    assert (
        share.does("POST", f"{one}/teams/{team}", {"permission": "View"})["message"] == "Permission updated"
    )
    assert (
        share.does("POST", f"{one}/builtInRoles/Viewer", {"permission": ""})["message"]
        == "Permission removed"
    )
    managed = [each for each in share.does("GET", one) if each["isManaged"]]
    assert [
        (each.get("userId"), each.get("teamId"), each.get("builtInRole"), each["permission"])
        for each in managed
    ] == [
        (None, None, "Editor", "Edit"),
        (number, None, None, "Edit"),
        (None, team, None, "View"),
    ]
    assert managed[1]["isServiceAccount"]
    assert "dashboards:write" in managed[1]["actions"]
    board = share.dashboard(folder)
    of_board = share.does("GET", f"/access-control/dashboards/{board}")
    assert [each["isInherited"] for each in of_board] == [True, True, True, False]
    assert share.status("DELETE", f"/dashboards/uid/{board}", "VIEWER") == 200

    body = {"permissions": [{"builtInRole": "Viewer", "permission": "View"}]}
    assert share.does("POST", one, body)["message"] == "Permissions updated"
    assert [each["permission"] for each in share.does("GET", one)] == ["View", "Admin"]
    before = share.does("GET", one)
    for path, bad in (
        (one, {"permissions": [{"builtInRole": "Viewer", "permission": "Own"}]}),
        (one, {}),
        (f"{one}/users/987654", {"permission": "View"}),
        (f"{one}/users/x", {"permission": "View"}),
        (f"{one}/teams/987654", {"permission": "View"}),
        (f"{one}/builtInRoles/Nobody", {"permission": "View"}),
        (f"{one}/builtInRoles/Viewer", {"permission": 1}),
        ("/access-control/folders/none", {"permissions": []}),
        ("/access-control/folders/general", {"permissions": []}),
        ("/access-control/serviceaccounts/2", {"permissions": []}),
    ):
        assert share.ask("POST", path, bad).status in (400, 404), path
    assert share.does("GET", one) == before


def test_a_deleted_account_leaves_no_line(share: Share):
    board = share.dashboard()
    one = f"/dashboards/uid/{board}"
    gone = int(share.room.account(share.workspace, "VIEWER"))
    share.shares(one, {"userId": gone, "permission": VIEW})
    share.room.aws.delete_workspace_service_account(workspaceId=share.workspace, serviceAccountId=str(gone))
    assert share.does("GET", f"{one}/permissions") == []


def test_what_comes_to_the_root_from_a_folder_is_everybodys_again(share: Share):
    folder, inner = share.folder(), share.folder()
    board = share.dashboard(folder)
    share.does("POST", f"/folders/{inner}/move", {"parentUid": folder})
    share.shares(f"/folders/{folder}")
    assert share.status("GET", f"/dashboards/uid/{board}", "VIEWER") == 403
    shown = share.does("GET", f"/dashboards/uid/{board}")["dashboard"]
    share.does("POST", "/dashboards/db", {"dashboard": shown, "folderUid": ""})
    assert share.status("GET", f"/dashboards/uid/{board}", "VIEWER") == 200
    # A move into a folder that an Editor may not change is refused, and so is one out of it.
    shown = share.does("GET", f"/dashboards/uid/{board}")["dashboard"]
    reply = share.ask("POST", "/dashboards/db", {"dashboard": shown, "folderUid": folder}, "EDITOR")
    assert (reply.status, reply.body["message"]) == (403, "Access denied to save dashboard")


def test_folders_lie_in_folders_from_grafana_11_on(share: Share):
    outer = share.folder()
    inner = share.folder(parentUid=outer)
    shown = share.does("GET", f"/folders/{inner}")
    assert (shown["parentUid"], [each["uid"] for each in shown["parents"]]) == (outer, [outer])
    assert [each["uid"] for each in share.does("GET", f"/folders?parentUid={outer}")] == [inner]
    assert inner not in [each["uid"] for each in share.does("GET", "/folders")]
    # An inner folder has no list of its own: it is as open as the one around it.
    share.shares(f"/folders/{outer}", {"role": "Viewer", "permission": EDIT})
    assert share.does("GET", f"/folders/{inner}", role="VIEWER")["canEdit"]
    board = share.dashboard(inner)
    assert share.status("GET", f"/dashboards/uid/{board}", "VIEWER") == 200
    assert share.does("GET", f"/folders/{outer}/counts") == {
        "folder": 1,
        "dashboard": 1,
        "librarypanel": 0,
        "alertrule": 0,
    }
    hit = next(each for each in share.does("GET", "/search") if each["uid"] == inner)
    assert hit["folderUid"] == outer

    share.is_told(
        400,
        "a folder cannot be moved into itself or into one of its own",
        "POST",
        f"/folders/{outer}/move",
        {"parentUid": inner},
    )
    third = share.folder(parentUid=inner)
    fourth = share.folder(parentUid=third)
    share.is_told(
        400, "Maximum nested folder depth reached: 4", "POST", "/folders", {"title": "x", "parentUid": fourth}
    )
    other = share.folder()
    share.is_told(
        400, "Maximum nested folder depth reached: 4", "POST", f"/folders/{outer}/move", {"parentUid": other}
    )
    share.is_told(400, "parent folder not found", "POST", "/folders", {"title": "x", "parentUid": "none"})
    moved = share.does("POST", f"/folders/{third}/move", {"parentUid": ""})
    assert "parentUid" not in moved
    assert share.does("DELETE", f"/folders/{outer}")["message"] == "Folder deleted"
    assert share.status("GET", f"/dashboards/uid/{board}", "ADMIN") == 404
    assert share.status("GET", f"/folders/{inner}", "ADMIN") == 404
    assert share.status("GET", f"/folders/{fourth}", "ADMIN") == 200


def test_one_title_may_be_in_two_folders_and_once_in_each(share: Share):
    outer = share.folder()
    share.folder(title="Twin", parentUid=outer)
    share.folder(title="Twin")
    twice = {"title": "Twin", "parentUid": outer}
    assert share.ask("POST", "/folders", twice).status == 409
    other = share.folder(title="Single")
    share.does("POST", f"/folders/{other}/move", {"parentUid": outer})
    assert share.ask("PUT", f"/folders/{other}", {"title": "Twin", "overwrite": True}).status == 409


def test_before_grafana_11_folders_are_flat_and_api_keys_have_their_roles_lines_only(room: GrafanaRoom):
    share = Share(room, "10.4")
    outer = share.folder()
    share.is_told(
        400, "Nested folders are not enabled", "POST", "/folders", {"title": "x", "parentUid": outer}
    )
    share.is_told(
        404,
        "To use this service, you need to activate nested folder feature.",
        "POST",
        f"/folders/{outer}/move",
        {"parentUid": ""},
    )
    made = room.aws.create_workspace_api_key(
        workspaceId=share.workspace, keyName="key", keyRole="VIEWER", secondsToLive=600
    )
    path = f"/api/folders/{outer}"
    assert room.ask(share.workspace, path, made["key"]).status == 200
    share.shares(f"/folders/{outer}", {"userId": share.numbers["VIEWER"], "permission": EDIT})
    assert room.ask(share.workspace, path, made["key"]).status == 403
    assert share.status("GET", f"/folders/{outer}", "VIEWER") == 200


def test_stars_are_shown_in_search_and_given_to_what_may_be_read_only(share: Share):
    seen, hidden = share.dashboard(), share.dashboard()
    for board in (seen, hidden):
        told = share.does("POST", f"/user/stars/dashboard/uid/{board}", role="VIEWER")
        assert told == {"message": "Dashboard starred!"}
    share.shares(f"/dashboards/uid/{hidden}")

    starred = share.does("GET", "/search?starred=true", role="VIEWER")
    assert [(each["uid"], each["isStarred"]) for each in starred] == [(seen, True)]
    assert share.does("GET", f"/dashboards/uid/{seen}", role="VIEWER")["meta"]["isStarred"]
    assert not share.does("GET", f"/dashboards/uid/{seen}", role="EDITOR")["meta"]["isStarred"]
    assert share.does("GET", "/user/stars", role="VIEWER") == [seen]
    assert share.status("POST", f"/user/stars/dashboard/uid/{hidden}", "VIEWER") == 403
