"""`/api/teams`: teams and their members, who are the organisation's users or service accounts (facts §8.8)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana import account_records, acl_records
from keystead.products.grafana.account_records import ServiceAccount
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.acl import TEAM as SORT
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.item_records import Item
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import avatar_url
from keystead.products.grafana.door.uids import new_uid

_MOST_MEMBERS = 1_000
_READ, _WRITE = "teams:read", "teams:write"
_LEVELS = (0, 4)
"""A member's permission: 0 Member, 4 Admin."""


class TeamRoutes:
    """Answers for teams."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        one, members = "/teams/{id}", "/teams/{id}/members"
        read, write = "teams.permissions:read", "teams.permissions:write"
        return [
            Route("GET", "/user/teams", SIGNED_IN, self._mine),
            Route("GET", "/teams/search", _READ, self._search),
            Route("POST", "/teams", "teams:create", self._create, writes=True),
            Route("GET", one, _READ, self._show),
            Route("PUT", one, _WRITE, self._change, writes=True),
            Route("DELETE", one, "teams:delete", self._remove, writes=True),
            Route("GET", members, read, self._members),
            Route("POST", members, write, self._join, writes=True),
            Route("PUT", members + "/{user}", write, self._promote, writes=True),
            Route("DELETE", members + "/{user}", write, self._leave, writes=True),
        ]

    def _mine(self, ask: Ask) -> Answer:
        oneself = str(ask.holder.number)
        mine = (
            (each, each.body["members"].get(oneself))
            for each in rows.listed(ask.reader, ask.workspace.id, SORT)
        )
        shown = [{**_shown(ask, each), "permission": level} for each, level in mine if level is not None]
        return Answer(shown)

    def _search(self, ask: Ask) -> Answer:
        name, query = ask.one("name"), ask.one("query").lower()
        found = [
            each
            for each in rows.listed(ask.reader, ask.workspace.id, SORT)
            if name in ("", each.name) and query in each.name.lower()
        ]
        page, size = ask.count("page", 1), ask.count("perpage", 1000)
        shown = [_shown(ask, each) for each in found[(page - 1) * size : page * size]]
        return Answer({"totalCount": len(found), "teams": shown, "page": page, "perPage": size})

    def _create(self, ask: Ask) -> Answer:
        name = _name_in(ask)
        if rows.by_name(ask.tx, ask.workspace.id, SORT, name) is not None:
            raise Refusal(409, "Team name taken")
        body: dict[str, Any] = {"email": _member(ask, "email"), "members": {}}
        made = rows.add(ask, SORT, new_uid(self._entropy), name, body)
        return Answer({"teamId": made.id, "message": "Team created", "uid": made.uid})

    def _show(self, ask: Ask) -> Answer:
        return Answer(_shown(ask, _named(ask)))

    def _change(self, ask: Ask) -> Answer:
        team, name = _named(ask), _name_in(ask)
        namesake = rows.by_name(ask.tx, ask.workspace.id, SORT, name)
        if namesake is not None and namesake.id != team.id:
            raise Refusal(400, "Team name taken")
        self._put(ask, replace(team, name=name, body={**team.body, "email": _member(ask, "email")}))
        return Answer({"message": "Team updated"})

    def _remove(self, ask: Ask) -> Answer:
        number = ask.number("id", "teamId is invalid")
        if rows.by_id(ask.tx, ask.workspace.id, SORT, number) is None:
            raise Refusal(404, "Failed to delete Team. ID not found")
        rows.remove(ask.tx, ask.workspace.id, SORT, number)
        acl_records.remove_team(ask.tx, ask.workspace.id, number)
        return Answer({"message": "Team deleted"})

    def _members(self, ask: Ask) -> Answer:
        team = _named(ask)
        found = ((_account(ask, int(number)), level) for number, level in team.body["members"].items())
        return Answer([_shown_member(team, each, level) for each, level in found if each is not None])

    def _join(self, ask: Ask) -> Answer:
        team, number = _named(ask), ask.whole("userId")
        if _account(ask, number) is None:
            raise Refusal(404, "User not found")
        members: dict[str, int] = team.body["members"]
        if str(number) in members:
            raise Refusal(400, "User is already added to this team")
        if len(members) >= _MOST_MEMBERS:
            raise Refusal(403, "Quota reached")
        self._put(ask, replace(team, body={**team.body, "members": {**members, str(number): 0}}))
        return Answer({"message": "Member added to Team"})

    def _promote(self, ask: Ask) -> Answer:
        team, number, level = _named(ask), _member_named(ask), ask.whole("permission")
        if level not in _LEVELS:
            raise Refusal(400, "bad request data")
        self._put(ask, replace(team, body={**team.body, "members": {**team.body["members"], number: level}}))
        return Answer({"message": "Team member updated"})

    def _leave(self, ask: Ask) -> Answer:
        team, number = _named(ask), _member_named(ask)
        left = {each: level for each, level in team.body["members"].items() if each != number}
        self._put(ask, replace(team, body={**team.body, "members": left}))
        return Answer({"message": "Team Member removed"})

    @staticmethod
    def _put(ask: Ask, team: Item) -> None:
        after = replace(team, version=team.version + 1, updated_at=ask.now_ms)
        rows.put(ask.tx, ask.workspace.id, SORT, after)


def _named(ask: Ask) -> Item:
    found = rows.by_id(ask.reader, ask.workspace.id, SORT, ask.number("id", "teamId is invalid"))
    if found is None:
        raise Refusal(404, "Team not found")
    return found


def _member_named(ask: Ask) -> str:
    """Return the number of the member that the path names, as text. Raises Refusal 400, 404."""
    number = str(ask.number("user", "userId is invalid"))
    if number not in _named(ask).body["members"]:
        raise Refusal(404, "Team member not found")
    return number


def _account(ask: Ask, number: int) -> ServiceAccount | None:
    return account_records.find_account(ask.reader, ask.workspace.id, number)


def _member(ask: Ask, name: str) -> str:
    """Return a text of the body; Go clients write the first letter in upper case."""
    return ask.text(name, "") or ask.text(name.capitalize(), "")


def _name_in(ask: Ask) -> str:
    name = _member(ask, "name").strip()
    if not name:
        raise Refusal(400, "bad request data")
    return name


def _shown(ask: Ask, team: Item) -> dict[str, Any]:
    present = [each for each in team.body["members"] if _account(ask, int(each)) is not None]
    return {
        "id": team.id,
        "uid": team.uid,
        "orgId": 1,
        "name": team.name,
        "email": team.body["email"],
        "avatarUrl": avatar_url(team.name),
        "memberCount": len(present),
        "permission": 0,
        "accessControl": None,
    }


def _shown_member(team: Item, account: ServiceAccount, level: int) -> dict[str, Any]:
    return {
        "orgId": 1,
        "teamId": team.id,
        "userId": account.id,
        "auth_module": "",
        "email": "",
        "name": account.name,
        "login": account.login,
        "avatarUrl": avatar_url(account.name),
        "labels": [],
        "permission": level,
    }
