"""`/api/access-control`: the lists of folders and dashboards in Grafana's newer form (facts/grafana.md §8.9).

Service accounts have no list here: whoever could edit one could mint a token with its role.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from keystead.products.grafana.acl_records import ADMINISTER, EDIT, VIEW, Entry
from keystead.products.grafana.door.acl import actions
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import avatar_url
from keystead.products.grafana.door.sharing import (
    Subject,
    Target,
    change_line,
    checked_subject,
    dashboard_target,
    folder_target,
    items_in,
    lines,
    party,
    replace_list,
    subject_in,
)

_LEVELS: Mapping[str, int] = {"View": VIEW, "Edit": EDIT, "Admin": ADMINISTER}
_NAMES = {level: name for name, level in _LEVELS.items()}
_UPDATED, _REMOVED = "Permission updated", "Permission removed"
Find = Callable[[Ask, str], Target]


class AccessControlRoutes:
    """Answers for lists by resource."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        places: Sequence[tuple[str, Find]] = (("folders", folder_target), ("dashboards", dashboard_target))
        return [route for sort, find in places for route in _of(sort, find)]


def _of(sort: str, find: Find) -> Sequence[Route]:
    read, write = f"{sort}.permissions:read", f"{sort}.permissions:write"
    one = f"/access-control/{sort}/{{uid}}"

    def changing(path: str, subject: Callable[[Ask], Subject]) -> Route:
        handle = partial(_change, find, write, subject)
        return Route("POST", one + path, write, handle, writes=True, guarded=True)

    return [
        Route("GET", f"/access-control/{sort}/description", read, _describe),
        Route("GET", one, read, partial(_show, find, read), guarded=True),
        Route("POST", one, write, partial(_replace, find, write), writes=True, guarded=True),
        changing("/users/{user}", lambda ask: checked_subject(ask, None, _number(ask, "user"), 0)),
        changing("/teams/{team}", lambda ask: checked_subject(ask, None, 0, _number(ask, "team"))),
        changing("/builtInRoles/{role}", lambda ask: checked_subject(ask, ask.path["role"], 0, 0)),
    ]


def _number(ask: Ask, name: str) -> int:
    return ask.number(name, f"{name}Id is invalid")


def _describe(ask: Ask) -> Answer:
    del ask
    assignments = {"users": True, "serviceAccounts": True, "teams": True, "builtInRoles": True}
    return Answer({"assignments": assignments, "permissions": list(_LEVELS)})


def _show(find: Find, action: str, ask: Ask) -> Answer:
    target = find(ask, action)
    found = [_shown(ask, target, entry, is_inherited) for entry, is_inherited in lines(ask, target)]
    return Answer([each for each in found if each is not None] + [_admins(target)])


def _replace(find: Find, action: str, ask: Ask) -> Answer:
    target = find(ask, action)
    wanted: dict[Subject, int] = {}
    for item in items_in(ask, "permissions"):
        subject = subject_in(ask, item, "builtInRole")
        wanted[subject] = _level(item.get("permission"))
    # A line without a level takes that subject off the list.
    replace_list(ask, target, {subject: level for subject, level in wanted.items() if level})
    return Answer({"message": "Permissions updated"})


def _change(find: Find, action: str, subject: Callable[[Ask], Subject], ask: Ask) -> Answer:
    target, level = find(ask, action), _level(ask.body.get("permission"))
    change_line(ask, target, subject(ask), level)
    return Answer({"message": _UPDATED if level else _REMOVED})


def _level(name: object) -> int:
    """Return a level by its name, 0 for "". Raises Refusal 400."""
    if name == "" or name is None:
        return 0
    if not isinstance(name, str) or name not in _LEVELS:
        raise Refusal(400, "invalid permission")
    return _LEVELS[name]


def _shown(ask: Ask, target: Target, entry: Entry, is_inherited: bool) -> dict[str, Any] | None:
    who = party(ask, entry)
    if who is None:
        return None
    shown: dict[str, Any] = {
        "id": entry.object,
        "roleName": f"managed:{_role_name(entry)}:permissions",
        "isManaged": True,
        "isInherited": is_inherited,
        "isServiceAccount": who.is_account,
        "actions": actions(entry.level, of_folder=target.is_folder or is_inherited),
        "permission": _NAMES[entry.level],
    }
    if entry.role:
        return {**shown, "builtInRole": who.name}
    if entry.team:
        return {**shown, "team": who.name, "teamId": entry.team, "teamAvatarUrl": avatar_url(who.name)}
    person = {"userId": entry.person, "userLogin": who.login, "userAvatarUrl": avatar_url(who.name)}
    return {**shown, **person}


def _role_name(entry: Entry) -> str:
    if entry.role:
        return f"builtins:{entry.role.lower()}"
    return f"teams:{entry.team}" if entry.team else f"users:{entry.person}"


def _admins(target: Target) -> dict[str, Any]:
    """Return the line that nobody manages: Admins may everything."""
    return {
        "id": 0,
        "roleName": "basic:admin",
        "isManaged": False,
        "isInherited": False,
        "isServiceAccount": False,
        "builtInRole": "Admin",
        "actions": actions(ADMINISTER, of_folder=target.is_folder),
        "permission": "Admin",
    }
