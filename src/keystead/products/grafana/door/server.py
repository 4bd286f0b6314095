"""The server and oneself: health, front-end settings, user, permissions (facts/grafana.md §8.1)."""

from collections.abc import Sequence
from typing import Any

from keystead.products.grafana import account_records as rows
from keystead.products.grafana.door import dashboard_records, datasource_records, folder_records
from keystead.products.grafana.door.acl import managed_scopes
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.roles import ADMIN, GRANTS, SERVER_ADMIN, SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.serviceaccounts import avatar_url
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.records import Workspace

_SHORT_USERS_FROM = 11
# Routes of Grafana's own administrator, whom no workspace lends to anybody.
_SERVER_ADMIN_ROUTES = (
    ("GET", "/users"),
    ("GET", "/users/{id}"),
    ("GET", "/users/lookup"),
    ("GET", "/orgs"),
    ("POST", "/orgs"),
    ("DELETE", "/orgs/{id}"),
    ("POST", "/admin/users"),
    ("DELETE", "/admin/users/{id}"),
    ("PUT", "/admin/users/{id}/permissions"),
    ("GET", "/admin/settings"),
    ("GET", "/admin/stats"),
)


def health(workspace: Workspace) -> dict[str, str]:
    """Return what everybody may ask. Clients split the version at its dots, into exactly three."""
    return {"commit": "keystead", "database": "ok", "version": full_version(workspace)}


def full_version(workspace: Workspace) -> str:
    """Return a version of three numbers."""
    return f"{workspace.version}.1" if workspace.version.count(".") == 1 else workspace.version


class ServerRoutes:
    """Answers for what concerns the server and whoever asks."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("GET", "/frontend/settings", SIGNED_IN, self._settings),
            Route("GET", "/user", SIGNED_IN, self._user),
            Route("POST", "/user/using/{id}", SIGNED_IN, self._use),
            Route("GET", "/access-control/user/permissions", SIGNED_IN, self._permissions),
            Route("GET", "/access-control/user/actions", SIGNED_IN, self._actions),
            *(Route(method, path, SERVER_ADMIN, self._nothing) for method, path in _SERVER_ADMIN_ROUTES),
        ]

    def _settings(self, ask: Ask) -> Answer:
        sources = datasource_records.listed(ask.reader, ask.workspace.id)
        version = full_version(ask.workspace)
        return Answer(
            {
                "buildInfo": {
                    "version": version,
                    "commit": "keystead",
                    "buildstamp": 0,
                    "edition": "Open Source",
                    "env": "production",
                    "hasUpdate": False,
                    "latestVersion": version,
                    "hideVersion": False,
                },
                "appUrl": ask.root + "/",
                "appSubUrl": ask.base,
                "datasources": {each.name: _source(each) for each in sources},
                "defaultDatasource": next((each.name for each in sources if each.is_default), ""),
                "panels": {},
                "featureToggles": {},
                "licenseInfo": {},
                "unifiedAlertingEnabled": False,
                "namespace": "default",
            }
        )

    def _user(self, ask: Ask) -> Answer:
        holder = ask.holder
        account = rows.find_account(ask.reader, ask.workspace.id, holder.number)
        if account is None:
            # An API key acts for nobody.
            raise Refusal(404, "user not found")
        shown: dict[str, Any] = {
            "isGrafanaAdmin": False,
            "orgId": 1,
            "name": account.name,
            "email": "",
            "login": account.login,
        }
        if ask.workspace.major >= _SHORT_USERS_FROM:
            return Answer({**shown, "uid": f"service-account:{account.id}"})
        return Answer(
            {
                **shown,
                "id": account.id,
                "theme": "",
                "isDisabled": account.is_disabled,
                "isExternal": False,
                "authLabels": [],
                "createdAt": shown_time(account.created_at),
                "updatedAt": shown_time(account.updated_at),
                "avatarUrl": avatar_url(account.name),
            }
        )

    def _use(self, ask: Ask) -> Answer:
        if ask.path["id"] != "1":
            raise Refusal(401, "Not a valid organization")
        return Answer({"message": "Active organization changed"})

    def _permissions(self, ask: Ask) -> Answer:
        return Answer(_scopes(ask))

    def _actions(self, ask: Ask) -> Answer:
        return Answer(dict.fromkeys(_scopes(ask), True))

    def _nothing(self, ask: Ask) -> Answer:
        del ask
        return Answer([])


def _scopes(ask: Ask) -> dict[str, list[str]]:
    """Return what the caller may do: action and scopes, by its role and by the lists that name it."""
    scopes = {action: list(found) for action, found in GRANTS[ask.holder.role].items()}
    if ask.holder.role != ADMIN:
        workspace = ask.workspace.id
        boards, folders = (each.listed(ask.reader, workspace) for each in (dashboard_records, folder_records))
        for action, found in managed_scopes(ask, boards, folders).items():
            scopes.setdefault(action, []).extend(found)
    return {action: found for action, found in scopes.items() if found}


def _source(source: datasource_records.DataSource) -> dict[str, Any]:
    """Return a data source for the front end, where Grafana itself would tell passwords."""
    body = source.body
    return {
        "id": source.id,
        "uid": source.uid,
        "type": body["type"],
        "name": source.name,
        "url": body["url"],
        "isDefault": source.is_default,
        "access": body["access"],
        "readOnly": False,
        "jsonData": body["jsonData"],
    }
