"""`/api/search`: folders first, then dashboards, each by title (facts/grafana.md §8.5)."""

from collections.abc import Callable, Sequence
from typing import Any

from keystead.products.grafana import star_records
from keystead.products.grafana.acl_records import EDIT, VIEW
from keystead.products.grafana.door import dashboard_records, folder_records
from keystead.products.grafana.door.acl import Rights
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.dashboard_records import Dashboard
from keystead.products.grafana.door.dashboards import dashboard_url
from keystead.products.grafana.door.folder_records import Folder
from keystead.products.grafana.door.folders import folder_url
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.uids import slug

_MOST = 5000
_DASHBOARD = "dash-db"
_NUMBERS = ("dashboardIds", "folderIds")
_SORTS = {"alpha-asc": False, "alpha-desc": True}


class SearchRoutes:
    """Answers searches."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("GET", "/search", SIGNED_IN, self._search),
            Route("GET", "/search/sorting", SIGNED_IN, self._sorting),
        ]

    def _search(self, ask: Ask) -> Answer:
        limit = ask.count("limit", 1000, most=10**9)
        if limit > _MOST:
            message = (
                f"Limit is above maximum allowed ({_MOST}), use page parameter to access hits beyond limit"
            )
            raise Refusal(422, message)
        rights, needs = Rights.of_everything(ask), EDIT if ask.one("permission") == "Edit" else VIEW
        found = [
            *_folders(ask, lambda folder: rights.on_folder(folder) >= needs),
            *_dashboards(ask, lambda dashboard: rights.on_dashboard(dashboard) >= needs),
        ]
        starred = star_records.starred(ask.reader, ask.workspace.id, ask.holder.number)
        for hit in found:
            hit["isStarred"] = hit["type"] == _DASHBOARD and hit["id"] in starred
        if ask.one("starred") == "true":
            found = [hit for hit in found if hit["isStarred"]]
        if ask.one("sort") in _SORTS:
            found.sort(key=lambda hit: hit["title"].lower(), reverse=_SORTS[ask.one("sort")])
        page = ask.count("page", 1, most=10**6)
        return Answer(found[(page - 1) * limit : page * limit])

    def _sorting(self, ask: Ask) -> Answer:
        del ask
        names = {"alpha-asc": "Alphabetically (A–Z)", "alpha-desc": "Alphabetically (Z–A)"}
        options = [
            {"name": name, "displayName": shown, "description": f"Sort results {shown}", "meta": ""}
            for name, shown in names.items()
        ]
        return Answer({"sortOptions": options})


def _folders(ask: Ask, is_open: Callable[[Folder], bool]) -> list[dict[str, Any]]:
    narrowed = ("tag", "dashboardIds", "dashboardUIDs", "dashboardUID", "folderIds", "folderUIDs")
    if ask.one("type", "dash-folder") != "dash-folder" or any(name in ask.query for name in narrowed):
        return []
    wanted = ask.one("query").lower()
    every = folder_records.listed(ask.reader, ask.workspace.id)
    fitting = (folder for folder in every if wanted in folder.title.lower() and is_open(folder))
    outer = {folder.id: folder for folder in every}
    return [_folder_hit(ask, folder, outer.get(folder.parent)) for folder in fitting]


def _dashboards(ask: Ask, is_open: Callable[[Dashboard], bool]) -> list[dict[str, Any]]:
    if ask.one("type", _DASHBOARD) != _DASHBOARD:
        return []
    folders = {folder.id: folder for folder in folder_records.listed(ask.reader, ask.workspace.id)}
    numbers, in_folders = (_numbers(ask, name) for name in _NUMBERS)
    uids = {uid for name in ("dashboardUIDs", "dashboardUID") for uid in ask.query.get(name, [])}
    if numbers is not None and uids:
        raise Refusal(400, "search supports UIDs or IDs, not both")
    folder_uids = ask.query.get("folderUIDs")
    tags, wanted = set(ask.query.get("tag", [])), ask.one("query").lower()

    def fits(dashboard: Dashboard) -> bool:
        folder = folders.get(dashboard.folder)
        folder_names = {folder.uid} if folder is not None else {"", "general"}
        return (
            wanted in dashboard.title.lower()
            and tags <= set(dashboard.tags)
            and (numbers is None or dashboard.id in numbers)
            and (not uids or dashboard.uid in uids)
            and (in_folders is None or dashboard.folder in in_folders)
            and (folder_uids is None or not folder_names.isdisjoint(folder_uids))
        )

    every = dashboard_records.listed(ask.reader, ask.workspace.id)
    return [
        _dashboard_hit(ask, each, folders.get(each.folder)) for each in every if fits(each) and is_open(each)
    ]


def _numbers(ask: Ask, name: str) -> set[int] | None:
    texts = [part for value in ask.query.get(name, []) for part in value.split(",")]
    # Beyond 18 digits nothing has such a number, and Python refuses to read thousands of them.
    plain = (text for text in texts if text.isascii() and text.isdigit() and len(text) < 19)
    return {int(text) for text in plain} if texts else None


def _hit(number: int, uid: str, title: str, kind: str) -> dict[str, Any]:
    return {
        "id": number,
        "uid": uid,
        "title": title,
        "uri": f"db/{slug(title)}",
        "slug": "",
        "type": kind,
        "isStarred": False,
        "sortMeta": 0,
    }


def _folder_hit(ask: Ask, folder: Folder, outer: Folder | None) -> dict[str, Any]:
    hit = _hit(folder.id, folder.uid, folder.title, "dash-folder")
    return {**hit, "url": folder_url(ask, folder), "tags": [], **_place(ask, outer)}


def _place(ask: Ask, folder: Folder | None) -> dict[str, Any]:
    """Return how a hit says in which folder it lies."""
    if folder is None:
        return {}
    return {
        "folderId": folder.id,
        "folderUid": folder.uid,
        "folderTitle": folder.title,
        "folderUrl": folder_url(ask, folder),
    }


def _dashboard_hit(ask: Ask, dashboard: Dashboard, folder: Folder | None) -> dict[str, Any]:
    hit = _hit(dashboard.id, dashboard.uid, dashboard.title, _DASHBOARD)
    return {**hit, "url": dashboard_url(ask, dashboard), "tags": dashboard.tags, **_place(ask, folder)}
