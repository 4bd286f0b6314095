"""What each role may do: actions and their scopes. The one place that decides, and that answers "why 403".

Follows facts/grafana.md §5: each role includes those above it. Folders and dashboards have the permissions that
Grafana gives new ones: everybody views, Editors edit, Admins administer.
"""

from collections.abc import Mapping

VIEWER, EDITOR, ADMIN = "VIEWER", "EDITOR", "ADMIN"
RANKS = {VIEWER: 1, EDITOR: 2, ADMIN: 3}
SIGNED_IN = ""
"""As a route's action: whoever is admitted may."""
SERVER_ADMIN = "server admin"
"""As a route's action: no token of a workspace ever may."""
EDITOR_ROLE = "editor role"
"""As a route's action: an Editor or Admin may, without an action that Grafana has a name for."""

_VIEWER: Mapping[str, list[str]] = {
    "orgs:read": [""],
    "datasources:read": ["datasources:*"],
    "datasources:query": ["datasources:*"],
    "datasources.id:read": ["datasources:*"],
    "annotations:read": ["annotations:type:*"],
    "library.panels:read": ["folders:*"],
    "folders:read": ["folders:*"],
    "dashboards:read": ["dashboards:*", "folders:*"],
}
_EDITOR: Mapping[str, list[str]] = {
    "folders:create": [""],
    "folders:write": ["folders:*"],
    "folders:delete": ["folders:*"],
    "dashboards:create": ["folders:*"],
    "dashboards:write": ["dashboards:*", "folders:*"],
    "dashboards:delete": ["dashboards:*", "folders:*"],
    "datasources:explore": [""],
    "annotations:create": ["annotations:type:*"],
    "annotations:write": ["annotations:type:*"],
    "annotations:delete": ["annotations:type:*"],
    "library.panels:create": ["folders:*"],
    "library.panels:write": ["folders:*"],
    "library.panels:delete": ["folders:*"],
}
_ADMIN: Mapping[str, list[str]] = {
    "datasources:create": [""],
    "datasources:write": ["datasources:*"],
    "datasources:delete": ["datasources:*"],
    "org.users:read": ["users:*"],
    "org.users:add": ["users:*"],
    "org.users:write": ["users:*"],
    "org.users:remove": ["users:*"],
    "orgs.preferences:read": [""],
    "orgs.preferences:write": [""],
    "teams:create": [""],
    "teams:read": ["teams:*"],
    "teams:write": ["teams:*"],
    "teams:delete": ["teams:*"],
    "teams.permissions:read": ["teams:*"],
    "teams.permissions:write": ["teams:*"],
    "serviceaccounts:create": [""],
    "serviceaccounts:read": ["serviceaccounts:*"],
    "serviceaccounts:write": ["serviceaccounts:*"],
    "serviceaccounts:delete": ["serviceaccounts:*"],
}
GRANTS: Mapping[str, Mapping[str, list[str]]] = {
    VIEWER: _VIEWER,
    EDITOR: {**_VIEWER, **_EDITOR},
    ADMIN: {**_VIEWER, **_EDITOR, **_ADMIN},
}


def may(role: str, action: str) -> bool:
    """Return whether a role may do what a route needs; a role that is unknown may nothing."""
    grants = GRANTS.get(role)
    if grants is None or action == SERVER_ADMIN:
        return False
    if action == EDITOR_ROLE:
        return RANKS[role] >= RANKS[EDITOR]
    return action == SIGNED_IN or action in grants
