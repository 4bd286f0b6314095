"""`/api/dashboards/home` and `/api/dashboards/ids`: where to begin, and uids of numbers (facts/grafana.md §8.4)."""

from collections.abc import Sequence
from typing import Any

from keystead.products.grafana.door import boards
from keystead.products.grafana.door.asking import Answer, Ask
from keystead.products.grafana.door.dashboards import dashboard_url
from keystead.products.grafana.door.preferences import homes_of
from keystead.products.grafana.door.roles import SIGNED_IN, may
from keystead.products.grafana.door.routes import Route

_NO_TIME = "0001-01-01T00:00:00Z"
_LISTS = {"showStarred": True, "showRecentlyViewed": False, "showSearch": False, "maxItems": 30}


class HomeRoutes:
    """Answers where to begin."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("GET", "/dashboards/home", SIGNED_IN, self._home),
            Route("GET", "/dashboards/ids/{ids}", "dashboards:read", self._uids),
        ]

    def _home(self, ask: Ask) -> Answer:
        found = (boards.find(ask, uid=uid) for uid in homes_of(ask))
        home = next((each for each in found if each is not None), None)
        if home is not None:
            return Answer({"redirectUri": dashboard_url(ask, home)})
        return Answer({"meta": _meta(ask), "dashboard": _dashboard()})

    def _uids(self, ask: Ask) -> Answer:
        """Answer the uids of numbers in their order; what is no dashboard's number is left out, as Grafana does."""
        texts = ask.path["ids"].split(",")
        numbers = (int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19)
        found = (boards.find(ask, number=number) for number in numbers)
        return Answer([each.uid for each in found if each is not None])


def _meta(ask: Ask) -> dict[str, Any]:
    can_edit = may(ask.holder.role, "dashboards:write")
    return {
        "isHome": True,
        "canSave": False,
        "canEdit": can_edit,
        "canAdmin": False,
        "canStar": False,
        "canDelete": False,
        "slug": "",
        "url": "",
        "expires": _NO_TIME,
        "created": _NO_TIME,
        "updated": _NO_TIME,
        "updatedBy": "",
        "createdBy": "",
        "version": 0,
        "hasAcl": False,
        "isFolder": False,
        "folderId": 0,
        "folderUid": "",
        "folderTitle": "General",
        "folderUrl": "",
        "provisioned": False,
        "provisionedExternalId": "",
        "annotationsPermissions": None,
    }


def _dashboard() -> dict[str, Any]:
    """Return the dashboard that those see who have chosen none: what they starred."""
    place = {"h": 15, "w": 24, "x": 0, "y": 0}
    panel = {"id": 1, "type": "dashlist", "title": "Starred dashboards", "gridPos": place, "options": _LISTS}
    return {
        "title": "Home",
        "tags": [],
        "timezone": "browser",
        "schemaVersion": 38,
        "version": 0,
        "panels": [panel],
        "templating": {"list": []},
        "time": {"from": "now-6h", "to": "now"},
    }
