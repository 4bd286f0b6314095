"""Walks grafana-client, unmodified, through one workspace with the tokens of three roles.

Usage: `grafana_client_walk.py URL [--upstream]`, the tokens by the environment variables ADMIN, EDITOR and VIEWER.
With `--upstream` the workspace stands before another Grafana, which does not know our service accounts: none of
them can be a member of a team there.
Prints one line per step; the exit status tells whether each was allowed or refused as its role has it.
"""

import os
import sys
from collections.abc import Callable

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError
from grafana_client.model import PersonalPreferences

LAST_WITH_KEYS = 10


def expect(claim: bool) -> None:
    """Raise AssertionError unless a claim holds; the traceback shows which."""
    if not claim:
        raise AssertionError


def refused(status: int, call: Callable[[], object]) -> None:
    """Expect a call to be refused with this status."""
    try:
        call()
    except GrafanaClientError as error:
        expect(error.status_code == status)
    else:
        raise AssertionError(f"{status} was expected")


def walk(url: str) -> None:
    """Go the whole way. Raises AssertionError at the first step that ends otherwise."""
    admin, editor, viewer = (
        GrafanaApi.from_url(url, credential=os.environ[role]) for role in ("ADMIN", "EDITOR", "VIEWER")
    )
    expect(admin.version.split(".")[0].isdigit())
    expect(admin.health.check())
    expect(viewer.organization.get_current_organization()["id"] == 1)
    if "--upstream" not in sys.argv:
        walk_oneself(admin, editor, viewer)

    folder = editor.folder.create_folder("Walked")
    expect(folder["uid"] in [each["uid"] for each in viewer.folder.get_all_folders()])
    refused(403, lambda: viewer.folder.create_folder("Refused"))
    print("folders: an Editor creates, a Viewer lists, and may not create")

    board = {"title": "Board", "tags": ["walk"], "panels": [], "schemaVersion": 38}
    saved = editor.dashboard.update_dashboard({"dashboard": board, "folderUid": folder["uid"]})
    shown = viewer.dashboard.get_dashboard(saved["uid"])
    kept = {name: value for name, value in shown["dashboard"].items() if name not in ("id", "uid", "version")}
    expect(kept == board)
    expect(shown["meta"]["folderUid"] == folder["uid"])
    stale = {"dashboard": {**shown["dashboard"], "version": 0}, "folderUid": folder["uid"]}
    refused(412, lambda: editor.dashboard.update_dashboard(stale))
    again = {"dashboard": {"title": "Board"}, "folderUid": folder["uid"]}
    refused(412, lambda: editor.dashboard.update_dashboard(again))
    changed = {"dashboard": {**shown["dashboard"], "description": "second"}, "folderUid": folder["uid"]}
    expect(editor.dashboard.update_dashboard(changed)["version"] == 2)
    versions = editor.dashboard_versions.get_dashboard_versions(shown["dashboard"]["id"])
    expect([each["version"] for each in versions] == [2, 1])
    refused(403, lambda: viewer.dashboard.update_dashboard({"dashboard": {"title": "Refused"}}))
    found = viewer.search.search_dashboards(query="boa", tag="walk")
    expect([each["uid"] for each in found] == [saved["uid"]])
    print("dashboards: saved as posted, both 412s, versions, search, and a Viewer may not save")

    source = {
        "name": "Prometheus main",
        "type": "prometheus",
        "access": "proxy",
        "url": "http://localhost:9090",
        "secureJsonData": {"password": "not to be seen again"},
    }
    made = admin.datasource.create_datasource(source)["datasource"]
    expect(made["secureJsonFields"] == {"password": True})
    expect("not to be seen again" not in str(admin.datasource.get_datasource_by_uid(made["uid"])))
    expect(viewer.datasource.find_datasource(source["name"])["uid"] == made["uid"])
    refused(403, lambda: editor.datasource.create_datasource({**source, "name": "refused"}))
    refused(409, lambda: admin.datasource.create_datasource(source))
    expect(admin.datasource.delete_datasource_by_uid(made["uid"])["message"] == "Data source deleted")
    print("data sources: an Admin creates, a Viewer reads, secrets never come back")

    account = admin.serviceaccount.create({"name": "Walker", "role": "Viewer"})
    token = admin.serviceaccount.create_token(account["id"], {"name": "walk", "secondsToLive": 60})
    walker = GrafanaApi.from_url(url, credential=token["key"])
    expect(walker.organization.get_current_organization()["id"] == 1)
    # It pages until an empty page: one beyond the end has to be empty.
    pages = admin.serviceaccount.search()
    expect("Walker" in [each["name"] for page in pages for each in page["serviceAccounts"]])
    refused(403, lambda: editor.serviceaccount.search())
    admin.serviceaccount.delete_token(account["id"], token["id"])
    refused(401, walker.organization.get_current_organization)
    admin.serviceaccount.delete(account["id"])
    print("service accounts: a token minted here opens the door until it is deleted")

    walk_contents(admin, editor, viewer, saved["uid"])
    walk_teams(admin, editor)
    walk_permissions(admin, viewer, folder["uid"])

    editor.dashboard.delete_dashboard(saved["uid"])
    refused(404, lambda: viewer.dashboard.get_dashboard(saved["uid"]))
    editor.folder.delete_folder(folder["uid"])
    refused(404, lambda: admin.folder.get_folder(folder["uid"]))
    # Only an Admin, whose scope is every folder, is told that there is none.
    refused(403, lambda: editor.folder.get_folder(folder["uid"]))
    print("what was deleted is not found")


def walk_permissions(admin: GrafanaApi, viewer: GrafanaApi, folder: str) -> None:
    """Let Viewers edit a folder, then not even see it, then as it was."""
    usual = [{"role": "Editor", "permission": 2}, {"role": "Viewer", "permission": 1}]

    def has(*items: dict[str, object]) -> None:
        admin.folder.update_folder_permissions(folder, {"items": list(items)})
        expect(len(admin.folder.get_folder_permissions(folder)) == len(items))

    has({"role": "Viewer", "permission": 2})
    made = viewer.dashboard.update_dashboard({"dashboard": {"title": "A Viewer's"}, "folderUid": folder})
    viewer.dashboard.delete_dashboard(made["uid"])
    has()
    refused(403, lambda: viewer.folder.get_folder(folder))
    expect(folder not in [each["uid"] for each in viewer.folder.get_all_folders()])
    has(*usual)
    expect(viewer.folder.get_folder(folder)["uid"] == folder)
    print("permissions: a Viewer edits where a folder lets it, and sees nothing where no line names it")


def walk_contents(admin: GrafanaApi, editor: GrafanaApi, viewer: GrafanaApi, board: str) -> None:
    """Annotations, library elements and snapshots."""
    made = editor.annotations.add_annotation(
        dashboard_uid=board, text="deployed", tags=["deploy"], time_from=1000, time_to=2000
    )["id"]
    expect([each["id"] for each in viewer.annotations.find_annotations(tags=["deploy"])] == [made])
    # An empty list of tags clears them.
    editor.annotations.partial_update_annotation(made, tags=[])
    expect(viewer.annotations.find_annotations(tags=["deploy"]) == [])
    refused(403, lambda: viewer.annotations.delete_annotations_by_id(made))
    editor.annotations.delete_annotations_by_id(made)
    refused(404, lambda: editor.annotations.delete_annotations_by_id(made))

    element = editor.libraryelement.create_library_element({"type": "text"}, name="Shared", kind=1)["result"]
    expect(viewer.libraryelement.get_library_element(element["uid"])["result"]["name"] == "Shared")
    refused(403, lambda: viewer.libraryelement.delete_library_element(element["uid"]))
    editor.libraryelement.delete_library_element(element["uid"])

    key = editor.snapshots.create_new_snapshot({"title": "S"}, name="S")["key"]
    expect(viewer.snapshots.get_snapshot_by_key(key)["dashboard"] == {"title": "S"})
    editor.snapshots.delete_snapshot_by_key(key)
    refused(404, lambda: admin.snapshots.get_snapshot_by_key(key))
    print("annotations, library elements and snapshots: an Editor writes, a Viewer reads")


def walk_oneself(admin: GrafanaApi, editor: GrafanaApi, viewer: GrafanaApi) -> None:
    """The organisation's name, one's own teams, stars and home, keys of a snapshot, and the list of plugins."""
    admin.organization.update_current_organization({"name": "Walked"})
    expect(viewer.organization.get_current_organization()["name"] == "Walked")
    refused(403, lambda: editor.organization.update_current_organization({"name": "Refused"}))

    account = admin.serviceaccount.create({"name": "Oneself", "role": "Viewer"})["id"]
    key = admin.serviceaccount.create_token(account, {"name": "oneself", "secondsToLive": 60})["key"]
    oneself = GrafanaApi.from_url(sys.argv[1].rstrip("/") + "/", credential=key)
    team = admin.teams.add_team({"name": "Oneself"})["teamId"]
    expect(oneself.user.get_actual_user_teams() == [])
    admin.teams.add_team_member(team, account)
    expect([each["id"] for each in oneself.user.get_actual_user_teams()] == [team])

    home = editor.dashboard.update_dashboard({"dashboard": {"title": "At home"}})
    expect(oneself.dashboard.get_home_dashboard()["meta"]["isHome"])
    star = f"/user/stars/dashboard/uid/{home['uid']}"
    expect(oneself.client.POST(star)["message"] == "Dashboard starred!")
    expect(oneself.client.GET("/user/stars") == [home["uid"]])
    expect(viewer.client.GET("/user/stars") == [])
    admin.organization.update_preferences(PersonalPreferences(homeDashboardUID=home["uid"]))
    expect(home["uid"] in oneself.dashboard.get_home_dashboard()["redirectUri"])
    editor.dashboard.delete_dashboard(home["uid"])
    expect(oneself.client.GET("/user/stars") == [])

    made = editor.snapshots.create_new_snapshot({"title": "S"}, name="S")
    viewer.snapshots.delete_snapshot_by_delete_key(made["deleteKey"])
    refused(404, lambda: viewer.snapshots.get_snapshot_by_key(made["key"]))
    expect(viewer.plugin.by_id("prometheus")["type"] == "datasource")
    if int(admin.version.split(".")[0]) <= LAST_WITH_KEYS:
        made = admin.client.POST("/auth/keys", json={"name": "walked", "role": "Viewer"})
        by_key = GrafanaApi.from_url(sys.argv[1].rstrip("/") + "/", credential=made["key"])
        expect(by_key.organization.get_current_organization()["name"] == "Walked")
        admin.client.DELETE(f"/auth/keys/{made['id']}")
        refused(401, by_key.organization.get_current_organization)
    admin.teams.delete_team(team)
    admin.serviceaccount.delete(account)
    print("oneself: teams, stars and home; an Admin names the organisation")


def walk_teams(admin: GrafanaApi, editor: GrafanaApi) -> None:
    """Teams, the organisation's users, and preferences."""
    team = admin.teams.add_team({"name": "Walkers", "email": "w@example.com"})["teamId"]
    expect([each["id"] for each in admin.teams.search_teams("Walk")] == [team])
    if "--upstream" not in sys.argv:
        walk_members(admin, team)
    refused(409, lambda: admin.teams.add_team({"name": "Walkers"}))
    refused(403, lambda: editor.teams.delete_team(team))
    admin.teams.delete_team(team)
    refused(404, lambda: admin.teams.get_team(team))
    expect(admin.organization.get_current_organization_users() == [])
    admin.organization.update_preferences(PersonalPreferences(theme="dark"))
    expect(admin.organization.get_preferences()["theme"] == "dark")
    refused(403, editor.organization.get_preferences)
    print("teams, users and preferences: an Admin manages, an Editor may not")


def walk_members(admin: GrafanaApi, team: int) -> None:
    """A service account joins a team and leaves it."""
    account = admin.serviceaccount.create({"name": "Member", "role": "Viewer"})["id"]
    admin.teams.add_team_member(team, account)
    expect([each["userId"] for each in admin.teams.get_team_members(team)] == [account])
    admin.teams.remove_team_member(team, account)


if __name__ == "__main__":
    # It writes `api` right behind the path that it is given.
    walk(sys.argv[1].rstrip("/") + "/")
