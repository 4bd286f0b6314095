"""Preferences of the organisation, of oneself and of teams (facts/grafana.md §8.8)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from keystead.products.grafana.door import boards, dashboard_records
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, is_object
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.teams import SORT as TEAM

SORT = "preference"
_THEMES = ("", "light", "dark", "system")
_TEXTS = ("theme", "timezone", "weekStart", "language", "locale", "homeDashboardUID")
_OBJECTS = ("navbar", "queryHistory", "cookiePreferences")
Whose = Callable[[Ask], str]
"""The name under which the preferences that a request is about are kept."""


class PreferenceRoutes:
    """Answers for preferences."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        places: tuple[tuple[str, str, str, Whose], ...] = (
            ("/org/preferences", "orgs.preferences:read", "orgs.preferences:write", _organisation),
            ("/user/preferences", SIGNED_IN, SIGNED_IN, _oneself),
            ("/teams/{id}/preferences", "teams:read", "teams:write", _team),
        )
        found: list[Route] = []
        for path, read, write, whose in places:
            found.append(Route("GET", path, read, partial(_show, whose)))
            found.append(Route("PUT", path, write, partial(_keep, whose, is_whole=True), writes=True))
            if whose is not _team:
                found.append(Route("PATCH", path, write, partial(_keep, whose, is_whole=False), writes=True))
        return found


def homes_of(ask: Ask) -> list[str]:
    """Return the uids of the home dashboards that are chosen for the caller: its own, its teams', everybody's."""
    workspace, oneself = ask.workspace.id, str(ask.holder.number)
    teams = (each for each in rows.listed(ask.reader, workspace, TEAM) if oneself in each.body["members"])
    names = [_oneself(ask), *(f"team-{each.id}" for each in teams), _organisation(ask)]
    kept = (rows.by_uid(ask.reader, workspace, SORT, name) for name in names)
    chosen = (each.body.get("homeDashboardUID", "") for each in kept if each is not None)
    return [uid for uid in chosen if uid]


def _organisation(ask: Ask) -> str:
    del ask
    return "organisation"


def _oneself(ask: Ask) -> str:
    return f"person-{ask.holder.person}"


def _team(ask: Ask) -> str:
    """Return the name under which a team's preferences are kept. Raises Refusal 400, 404."""
    number = ask.number("id", "teamId is invalid")
    if rows.by_id(ask.reader, ask.workspace.id, TEAM, number) is None:
        raise Refusal(404, "Team not found")
    return f"team-{number}"


def _show(whose: Whose, ask: Ask) -> Answer:
    found = rows.by_uid(ask.reader, ask.workspace.id, SORT, whose(ask))
    return Answer({} if found is None else _shown(ask, found.body))


def _keep(whose: Whose, ask: Ask, *, is_whole: bool) -> Answer:
    """Keep the given preferences: in place of all that there were, or over them."""
    name, given = whose(ask), _given(ask)
    found = rows.by_uid(ask.tx, ask.workspace.id, SORT, name)
    if found is None:
        rows.add(ask, SORT, name, name, given)
    else:
        body = given if is_whole else {**found.body, **given}
        rows.put(ask.tx, ask.workspace.id, SORT, replace(found, body=body, updated_at=ask.now_ms))
    return Answer({"message": "Preferences updated"})


def _given(ask: Ask) -> dict[str, Any]:
    """Return the preferences in a body. Raises Refusal 400, 404.

    A dashboard that the caller may not read is as good as none: its uid would be told, or that there is one.
    """
    given: dict[str, Any] = {name: ask.text(name) for name in _TEXTS if ask.body.get(name) is not None}
    for name in _OBJECTS:
        value = ask.body.get(name)
        if value is not None:
            if not is_object(value):
                raise Refusal(400, "bad request data")
            given[name] = value
    if given.get("theme", "") not in _THEMES:
        raise Refusal(400, "Invalid theme")
    number = ask.whole("homeDashboardId")
    if number and "homeDashboardUID" not in given:
        board = boards.find(ask, number=number)
        given["homeDashboardUID"] = "" if board is None else board.uid
        if board is None:
            raise Refusal(404, "Dashboard not found")
    home = given.get("homeDashboardUID", "")
    if home and boards.find(ask, uid=home) is None:
        raise Refusal(404, "Dashboard not found")
    return given


def _shown(ask: Ask, body: dict[str, Any]) -> dict[str, Any]:
    home = body.get("homeDashboardUID", "")
    board = dashboard_records.by_uid(ask.reader, ask.workspace.id, home) if home else None
    shown = {name: value for name, value in body.items() if value not in ("", {})}
    return {**shown, "homeDashboardId": 0 if board is None else board.id}
