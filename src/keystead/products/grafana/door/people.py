"""`/api/org/users`: the users to whom `UpdatePermissions` gave a role, and whom the door shows (facts §8.8).

They are the identity provider's: the door changes their role or takes it away, in the same records, and makes none.
"""

import re
from collections.abc import Sequence
from typing import Any

from keystead.products.grafana import acl_records
from keystead.products.grafana import permission_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.roles import EDITOR, VIEWER
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import avatar_url, spelt
from keystead.products.grafana.permission_records import Permission

_READ = "org.users:read"
_NEW_SPELLING_FROM = 10
_ROLES = {"Viewer": VIEWER, "Editor": EDITOR, "Admin": "ADMIN"}
_NEVER = "2000-01-01T00:00:00Z"


class PeopleRoutes:
    """Answers for the organisation's users."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        found = [
            Route("GET", "/org/users/search", _READ, self._search),
            Route("GET", "/org/users/lookup", _READ, self._lookup),
        ]
        for path in ("/org/users", "/orgs/1/users"):
            one = path + "/{user}"
            found += [
                Route("GET", path, _READ, self._list),
                Route("POST", path, "org.users:add", self._add, writes=True),
                Route("PATCH", one, "org.users:write", self._change, writes=True),
                Route("DELETE", one, "org.users:remove", self._remove, writes=True),
            ]
        return found

    def _list(self, ask: Ask) -> Answer:
        wanted, limit = ask.one("query").lower(), ask.count("limit", 1000)
        return Answer([_shown(each) for each in _people(ask) if wanted in each.user_id.lower()][:limit])

    def _search(self, ask: Ask) -> Answer:
        wanted = ask.one("query").lower()
        found = [_shown(each) for each in _people(ask) if wanted in each.user_id.lower()]
        page, size = ask.count("page", 1), ask.count("perpage", 1000)
        name = "orgUsers" if ask.workspace.major >= _NEW_SPELLING_FROM else "OrgUsers"
        shown = found[(page - 1) * size : page * size]
        return Answer({"totalCount": len(found), name: shown, "page": page, "perPage": size})

    def _lookup(self, ask: Ask) -> Answer:
        wanted, found = ask.one("query").lower(), (_shown(each) for each in _people(ask))
        names = ("userId", "uid", "login", "avatarUrl")
        return Answer([{name: each[name] for name in names} for each in found if wanted in each["login"]])

    def _add(self, ask: Ask) -> Answer:
        login = ask.text("loginOrEmail", "")
        if not login:
            raise Refusal(400, "bad request data")
        if any(each.user_id == login for each in _people(ask)):
            raise Refusal(409, "User is already member of this organization")
        raise Refusal(404, "User not found")

    def _change(self, ask: Ask) -> Answer:
        before, role = _named(ask), _ROLES.get(ask.text("role", ""))
        if role is None:
            raise Refusal(400, "Invalid role specified")
        rows.put(ask.tx, ask.workspace.id, before._replace(role=role))
        return Answer({"message": "Organization user updated"})

    def _remove(self, ask: Ask) -> Answer:
        person = _named(ask)
        rows.remove(ask.tx, ask.workspace.id, person)
        acl_records.remove_person(ask.tx, ask.workspace.id, number_of(person))
        return Answer({"message": "User removed from organization"})


def _people(ask: Ask) -> list[Permission]:
    found = rows.permissions(ask.reader, ask.workspace.id)
    return [each for each in found if each.user_type == "SSO_USER"]


def _named(ask: Ask) -> Permission:
    number = ask.number("user", "userId is invalid")
    found = [each for each in _people(ask) if number_of(each) == number]
    # Of two that have one number neither is meant for certain.
    if len(found) != 1:
        raise Refusal(404, "User not found")
    return found[0]


def number_of(person: Permission) -> int:
    """Return the number that clients know a person by: of the last 12 hex digits of the id's UUID.

    The identity provider gives no numbers. Service accounts have small ones, so that no two are the same.
    """
    digits = re.sub(r"[^0-9a-f]", "", person.user_id.lower()[-36:])
    return (1 << 48) + int(digits[-12:] or "0", 16)


def _shown(person: Permission) -> dict[str, Any]:
    return {
        "orgId": 1,
        "userId": number_of(person),
        "uid": person.user_id,
        "email": "",
        "name": person.user_id,
        "avatarUrl": avatar_url(person.user_id),
        "login": person.user_id,
        "role": spelt(person.role),
        # Nobody signs in here: there is no login to show.
        "lastSeenAt": _NEVER,
        "lastSeenAtAge": "",
        "isDisabled": False,
        "authLabels": [],
    }
