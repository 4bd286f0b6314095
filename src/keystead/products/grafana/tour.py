"""Grafana's stop on `keystead tour`: a token opens its workspace within its role until it is deleted."""

import json
import time
import urllib.error
import urllib.request

from keystead.products.grafana.kinds import API_KEY, SERVICE_ACCOUNT_TOKEN
from keystead.products.stops import Guide, Response, Shut, Stop

_ATTEMPTS = 50


def _visit(guide: Guide) -> None:
    workspace, door = _workspace(guide)
    account: str = guide.root.does(
        "grafana",
        "create_workspace_service_account",
        lambda answer: f"service account {answer['id']}, a Viewer",
        workspaceId=workspace,
        name="ci",
        grafanaRole="VIEWER",
    )["id"]
    named = {"workspaceId": workspace, "serviceAccountId": account}
    token = guide.root.does(
        "grafana",
        "create_workspace_service_account_token",
        _shown,
        **named,
        name="ci",
        secondsToLive=3600,
    )["serviceAccountToken"]

    key: str = token["key"]
    guide.opens("the token", "GET /api/search", lambda: _knock(door, "/api/search", key))
    guide.is_shut("the token", "POST /api/folders", lambda: _knock(door, "/api/folders", key, b"{}"))
    guide.root.does("grafana", "delete_workspace_service_account_token", **named, tokenId=token["id"])
    guide.is_shut("the token", "GET /api/search", lambda: _knock(door, "/api/search", key))


def _visit_with_key(guide: Guide) -> None:
    workspace, door = _workspace(guide, grafanaVersion="10.4")
    named = {"workspaceId": workspace, "keyName": "ci"}
    key: str = guide.root.does(
        "grafana", "create_workspace_api_key", _shown_key, **named, keyRole="VIEWER", secondsToLive=3600
    )["key"]

    guide.opens("the key", "GET /api/search", lambda: _knock(door, "/api/search", key))
    guide.is_shut("the key", "POST /api/folders", lambda: _knock(door, "/api/folders", key, b"{}"))
    guide.root.does("grafana", "delete_workspace_api_key", **named)
    guide.is_shut("the key", "GET /api/search", lambda: _knock(door, "/api/search", key))


def _workspace(guide: Guide, **members: str) -> tuple[str, str]:
    """Make a workspace, wait until it is ACTIVE, and return its id and its door's URL."""
    made = guide.root.does(
        "grafana",
        "create_workspace",
        lambda answer: answer["workspace"]["endpoint"],
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO"],
        permissionType="SERVICE_MANAGED",
        **members,
    )
    workspace: str = made["workspace"]["id"]
    door = f"{guide.ready['http']}/_ws/{workspace}"
    _await_active(guide, workspace)
    return workspace, door


def _await_active(guide: Guide, workspace: str) -> None:
    for _ in range(_ATTEMPTS):
        shown = guide.root.does("grafana", "describe_workspace", _status, workspaceId=workspace)
        if _status(shown) == "ACTIVE":
            return
        time.sleep(0.2)


def _status(answer: Response) -> str:
    status: str = answer["workspace"]["status"]
    return status


def _knock(door: str, path: str, key: str, body: bytes | None = None) -> str:
    """Send a plain request, and return what it comes to. Raises Shut in the door's words."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    # The tour's own authority, at its own address; no proxy of this machine has a part in it.
    request = urllib.request.Request(door + path, body, headers)  # noqa: S310 - http, as the ready file says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return f"{answer.status} and {len(answer.read())} bytes"
    except urllib.error.HTTPError as error:
        with error:
            told = json.load(error)
        raise Shut(f"{error.code} {told.get('title') or told['message']}") from None


def _shown(answer: Response) -> str:
    """Return the token without its secret, which the client alone has now."""
    token = answer["serviceAccountToken"]
    return f"token {token['id']}, {len(token['key'])} characters, shown this once"


def _shown_key(answer: Response) -> str:
    """Return the API key without its secret, which the client alone has now."""
    return f"key {answer['keyName']}, {len(answer['key'])} characters, shown this once"


STOPS = [
    Stop(
        SERVICE_ACCOUNT_TOKEN,
        "ManagedGrafana.CreateWorkspaceServiceAccountToken",
        "the Grafana API of its workspace",
        _visit,
    ),
    Stop(
        API_KEY, "ManagedGrafana.CreateWorkspaceApiKey", "the Grafana API of its workspace", _visit_with_key
    ),
]
