"""`/api/org`: the one organisation of a workspace, its name and its address (facts/grafana.md §8.8)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import spelt

SORT = "organisation"
_READ = "orgs:read"
_NAME = "Main Org."
_LONGEST_NAME, _LONGEST_LINE = 190, 255
"""As long as Grafana's columns are."""
_NO_ADDRESS = dict.fromkeys(("address1", "address2", "city", "zipCode", "state", "country"), "")


class OrganisationRoutes:
    """Answers for the organisation."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        found = [Route("GET", "/user/orgs", SIGNED_IN, self._mine)]
        for path in ("/org", "/orgs/1"):
            found += [
                Route("GET", path, _READ, self._show),
                Route("PUT", path, "orgs:write", self._rename, writes=True),
                Route("PUT", path + "/address", "orgs:write", self._move, writes=True),
            ]
        return found

    def _show(self, ask: Ask) -> Answer:
        return Answer({"id": 1, **_kept(ask)})

    def _mine(self, ask: Ask) -> Answer:
        return Answer([{"orgId": 1, "name": _kept(ask)["name"], "role": spelt(ask.holder.role)}])

    def _rename(self, ask: Ask) -> Answer:
        name = ask.text("name").strip()
        if not name or len(name) > _LONGEST_NAME:
            raise Refusal(400, "bad request data")
        _keep(ask, {"name": name})
        return Answer({"message": "Organization updated"})

    def _move(self, ask: Ask) -> Answer:
        address = {line: ask.text(line, "") for line in _NO_ADDRESS}
        if any(len(line) > _LONGEST_LINE for line in address.values()):
            raise Refusal(400, "bad request data")
        _keep(ask, {"address": address})
        return Answer({"message": "Address updated"})


def _kept(ask: Ask) -> dict[str, Any]:
    """Return the organisation's name and address, as they were set or else at first."""
    found = rows.by_uid(ask.reader, ask.workspace.id, SORT, SORT)
    return {"name": _NAME, "address": _NO_ADDRESS, **({} if found is None else found.body)}


def _keep(ask: Ask, changed: dict[str, Any]) -> None:
    found = rows.by_uid(ask.tx, ask.workspace.id, SORT, SORT)
    if found is None:
        rows.add(ask, SORT, SORT, SORT, changed)
        return
    after = replace(found, body={**found.body, **changed}, updated_at=ask.now_ms)
    rows.put(ask.tx, ask.workspace.id, SORT, after)
