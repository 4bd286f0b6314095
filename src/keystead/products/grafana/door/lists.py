"""`…/permissions` of a folder or dashboard: its list in Grafana's older form (facts/grafana.md §8.3, §8.4)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from keystead.products.grafana.acl_records import ADMINISTER, EDIT, VIEW, Entry
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, whole_in
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import avatar_url
from keystead.products.grafana.door.sharing import (
    Subject,
    Target,
    dashboard_target,
    folder_target,
    items_in,
    lines,
    party,
    replace_list,
    subject_in,
)
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.uids import slug

LEVELS = {VIEW: "View", EDIT: "Edit", ADMINISTER: "Admin"}
Find = Callable[[Ask, str], Target]


class ListRoutes:
    """Answers for the lists of folders and dashboards."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        places: Sequence[tuple[str, str, Find]] = (
            ("/folders/{uid}", "folders", folder_target),
            ("/dashboards/uid/{uid}", "dashboards", dashboard_target),
            ("/dashboards/id/{id}", "dashboards", dashboard_target),
        )
        found: list[Route] = []
        for path, sort, find in places:
            read, write = f"{sort}.permissions:read", f"{sort}.permissions:write"
            one = path + "/permissions"
            found.append(Route("GET", one, read, partial(_show, find, read), guarded=True))
            found.append(Route("POST", one, write, partial(_replace, find, write), writes=True, guarded=True))
        return found


def _show(find: Find, action: str, ask: Ask) -> Answer:
    target = find(ask, action)
    shown = [_shown(ask, target, entry, is_inherited) for entry, is_inherited in lines(ask, target)]
    return Answer([each for each in shown if each is not None])


def _replace(find: Find, action: str, ask: Ask) -> Answer:
    target = find(ask, action)
    wanted: dict[Subject, int] = {}
    for item in items_in(ask, "items"):
        subject, level = _line_in(ask, item)
        if subject in wanted:
            raise Refusal(400, "each role, user and team may be named once")
        wanted[subject] = level
    replace_list(ask, target, wanted)
    return Answer({"message": "Dashboard permissions updated", "id": target.id, "title": target.title})


def _line_in(ask: Ask, item: Mapping[str, Any]) -> tuple[Subject, int]:
    """Return whom an item of a request names, and the level. Raises Refusal 400, 404."""
    level = whole_in(item, "permission")
    if level not in LEVELS:
        raise Refusal(400, "invalid permission")
    return subject_in(ask, item, "role"), level


def _shown(ask: Ask, target: Target, entry: Entry, is_inherited: bool) -> dict[str, Any] | None:
    who = party(ask, entry)
    if who is None:
        return None
    # An inherited line is shown as that of the folder that it is of.
    outer = next((each for each in target.around if each.id == entry.object), None)
    is_folder = target.is_folder or outer is not None
    is_person, is_team = entry.person != 0, entry.team != 0
    shown = {
        "created": shown_time(entry.created_at),
        "updated": shown_time(entry.updated_at),
        "userId": entry.person,
        "userLogin": who.login,
        "userEmail": who.email if is_person else "",
        "userAvatarUrl": avatar_url(who.name) if is_person else "",
        "teamId": entry.team,
        "teamEmail": who.email if is_team else "",
        "teamAvatarUrl": avatar_url(who.name) if is_team else "",
        "team": who.name if is_team else "",
        "permission": entry.level,
        "permissionName": LEVELS[entry.level],
        "uid": target.uid if outer is None else outer.uid,
        "title": target.title if outer is None else outer.title,
        "slug": slug(target.title if outer is None else outer.title),
        "isFolder": is_folder,
        "url": target.url,
        "inherited": is_inherited,
        "folderId" if is_folder else "dashboardId": entry.object,
    }
    return {**shown, "role": who.name} if entry.role else shown
