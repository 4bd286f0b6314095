"""What each role may do: actions and their scopes. The one place that decides, and that answers "why 403".

Follows facts/grafana.md §5: each role includes those above it. What a Viewer or Editor may do with a folder or
dashboard is said by its list, in `acl`. Of such actions only the Admin's wildcards are here, and, with no scope,
those that a role usually has somewhere: they decide how a refusal is told.
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
    "library.panels:read": ["folders:uid:general"],
    "folders:read": ["folders:uid:general"],
    "dashboards:read": [],
}
_EDITOR: Mapping[str, list[str]] = {
    "folders:create": [""],
    "folders:write": [],
    "folders:delete": [],
    "dashboards:create": ["folders:uid:general"],
    "dashboards:write": [],
    "dashboards:delete": [],
    "datasources:explore": [""],
    "annotations:create": ["annotations:type:*"],
    "annotations:write": ["annotations:type:*"],
    "annotations:delete": ["annotations:type:*"],
    "library.panels:create": ["folders:uid:general"],
    "library.panels:write": ["folders:uid:general"],
    "library.panels:delete": ["folders:uid:general"],
}
_OF_FOLDERS = (
    "folders:read",
    "folders:create",
    "folders:write",
    "folders:delete",
    "folders.permissions:read",
    "folders.permissions:write",
    "library.panels:read",
    "library.panels:create",
    "library.panels:write",
    "library.panels:delete",
)
_OF_DASHBOARDS = (
    "dashboards:read",
    "dashboards:create",
    "dashboards:write",
    "dashboards:delete",
    "dashboards.permissions:read",
    "dashboards.permissions:write",
)
_ADMIN: Mapping[str, list[str]] = {
    **{action: ["folders:*"] for action in _OF_FOLDERS},
    **{action: ["dashboards:*", "folders:*"] for action in _OF_DASHBOARDS},
    "datasources:create": [""],
    "datasources:write": ["datasources:*"],
    "datasources:delete": ["datasources:*"],
    "org.users:read": ["users:*"],
    "org.users:add": ["users:*"],
    "org.users:write": ["users:*"],
    "org.users:remove": ["users:*"],
    "orgs:write": [""],
    "apikeys:read": ["apikeys:*"],
    "apikeys:create": [""],
    "apikeys:delete": ["apikeys:*"],
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
