"""The AWS operations on workspace API keys, the older credential of Grafana 8 to 10."""

from datetime import timedelta

from keystead.gateway.call import Call
from keystead.products.grafana.accounts import Accounts
from keystead.products.grafana.arns import WORKSPACE
from keystead.products.grafana.desk import Desk
from keystead.products.grafana.errors import invalid
from keystead.types import grafana as g

_ROLES = ("ADMIN", "EDITOR", "VIEWER")


class KeyOperations:
    """The operations on API keys. There is none that lists them."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._accounts = accounts

    @g.CreateWorkspaceApiKey("write", resource=WORKSPACE)
    def create_workspace_api_key(
        self, call: Call, request: g.CreateWorkspaceApiKeyRequest
    ) -> g.CreateWorkspaceApiKeyResponse:
        """Mint an API key: it is told here and never again."""
        workspace = self._desk.with_keys(call, request["workspaceId"])
        if request["keyRole"] not in _ROLES:
            raise invalid("keyRole", "keyRole must be ADMIN, EDITOR or VIEWER.")
        life = timedelta(seconds=request["secondsToLive"])
        key, secret = self._accounts.mint_key(
            call.tx, workspace, request["keyName"], request["keyRole"], life
        )
        # Revealed to who asked for it; the journal hides it.
        return {"keyName": key.name, "key": secret.reveal().decode(), "workspaceId": workspace.id}

    @g.DeleteWorkspaceApiKey("write", resource=WORKSPACE)
    def delete_workspace_api_key(
        self, call: Call, request: g.DeleteWorkspaceApiKeyRequest
    ) -> g.DeleteWorkspaceApiKeyResponse:
        """Revoke an API key by its name."""
        workspace = self._desk.with_keys(call, request["workspaceId"])
        self._accounts.revoke_key(call.tx, workspace.id, request["keyName"])
        return {"keyName": request["keyName"], "workspaceId": workspace.id}
