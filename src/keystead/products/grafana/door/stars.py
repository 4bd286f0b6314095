"""`/api/user/stars`: the dashboards that a service account has starred (facts/grafana.md §8.1).

An API key acts for nobody, so that there is nobody to star for.
"""

from collections.abc import Sequence

from keystead.products.grafana import star_records as rows
from keystead.products.grafana.door import boards, dashboard_records
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.dashboard_records import Dashboard
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route


class StarRoutes:
    """Answers for stars."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        found = [Route("GET", "/user/stars", SIGNED_IN, self._list)]
        for one in ("/user/stars/dashboard/{id}", "/user/stars/dashboard/uid/{uid}"):
            found.append(Route("POST", one, SIGNED_IN, self._star, writes=True))
            found.append(Route("DELETE", one, SIGNED_IN, self._unstar, writes=True))
        return found

    def _list(self, ask: Ask) -> Answer:
        starred = rows.starred(ask.reader, ask.workspace.id, _account(ask))
        found = (boards.find(ask, number=number) for number in sorted(starred))
        return Answer([each.uid for each in found if each is not None])

    def _star(self, ask: Ask) -> Answer:
        account, board = _account(ask), _readable(ask)
        starred = rows.starred(ask.tx, ask.workspace.id, account)
        if board.id not in starred:
            if len(starred) >= rows.MOST_STARS:
                raise Refusal(403, "Quota reached")
            rows.star(ask.tx, ask.workspace.id, account, ask.holder.login, board.id, ask.now_ms)
        return Answer({"message": "Dashboard starred!"})

    def _unstar(self, ask: Ask) -> Answer:
        account, workspace = _account(ask), ask.workspace.id
        if "uid" in ask.path:
            named = dashboard_records.by_uid(ask.tx, workspace, ask.path["uid"])
            number = 0 if named is None else named.id
        else:
            number = ask.number("id", "dashboardId is invalid")
        # A star is its account's own, so it goes even where the dashboard may not be read any more.
        if not rows.unstar(ask.tx, workspace, account, number):
            _readable(ask)
        return Answer({"message": "Dashboard unstarred"})


def _account(ask: Ask) -> int:
    """Return the number of the account that stars are kept of. Raises Refusal 400 for an API key."""
    if not ask.holder.number:
        raise Refusal(400, "Only users and service accounts can star dashboards")
    return ask.holder.number


def _readable(ask: Ask) -> Dashboard:
    """Return the dashboard that the path names. Raises Refusal 400, 404."""
    if "uid" in ask.path:
        return boards.get(ask, uid=ask.path["uid"])
    return boards.get(ask, number=ask.number("id", "dashboardId is invalid"))
