"""`/api/plugins`: which panels and data sources there are (facts/grafana.md §8.1); none is installed or set up."""

from collections.abc import Sequence
from typing import Any

from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.pluginlist import PLUGINS, Plugin
from keystead.products.grafana.door.roles import SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.server import full_version

_UNKNOWN = "Plugin not found, no installed plugin with that id"


class PluginRoutes:
    """Answers for plugins."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("GET", "/plugins", SIGNED_IN, self._list),
            Route("GET", "/plugins/{id}/settings", SIGNED_IN, self._settings),
        ]

    def _list(self, ask: Ask) -> Answer:
        wanted, no_core = ask.one("type"), ask.one("core") == "0"
        # All of them are enabled, and none stands inside an app.
        is_none = ask.one("enabled") == "0" or ask.one("embedded") == "1"
        found = [
            each
            for each in PLUGINS
            if not is_none and wanted in ("", each.type) and not (no_core and each.is_core)
        ]
        return Answer([{**_common(ask, each), "category": each.category, "errors": None} for each in found])

    def _settings(self, ask: Ask) -> Answer:
        found = next((each for each in PLUGINS if each.id == ask.path["id"]), None)
        if found is None:
            raise Refusal(404, _UNKNOWN)
        own: dict[str, Any] = {
            "module": f"app/plugins/{found.type}/{found.id}/module",
            "baseUrl": f"public/app/plugins/{found.type}/{found.id}",
            "includes": None,
            "dependencies": {"grafanaDependency": "", "grafanaVersion": "*", "plugins": []},
            "jsonData": None,
        }
        return Answer({**_common(ask, found), **own})


def _common(ask: Ask, plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "type": plugin.type,
        "id": plugin.id,
        "enabled": True,
        "pinned": False,
        "info": {
            "author": {"name": "Grafana Labs", "url": "https://grafana.com"},
            "description": "",
            "links": None,
            "logos": {"small": "", "large": ""},
            "build": {},
            "screenshots": None,
            "version": full_version(ask.workspace),
            "updated": "",
        },
        "latestVersion": "",
        "hasUpdate": False,
        "defaultNavUrl": f"{ask.base}/plugins/{plugin.id}/",
        "state": "",
        "signature": "internal" if plugin.is_core else "valid",
    }
