"""The AWS operations on service accounts and their tokens."""

from datetime import timedelta
from typing import Any

from keystead.credentials import shelf
from keystead.credentials.usage import Usage
from keystead.gateway.call import Call
from keystead.products.grafana import account_records as rows
from keystead.products.grafana.account_records import ServiceAccount, Token
from keystead.products.grafana.accounts import Accounts
from keystead.products.grafana.arns import WORKSPACE
from keystead.products.grafana.desk import Desk, number_in
from keystead.products.grafana.listing import Listing
from keystead.products.grafana.times import as_datetime, ending_at
from keystead.store.interface import Reader
from keystead.types import grafana as g


class ServiceAccountOperations:
    """The operations on service accounts and their tokens."""

    def __init__(self, desk: Desk, listing: Listing, accounts: Accounts, usage: Usage) -> None:
        self._desk = desk
        self._listing = listing
        self._accounts = accounts
        self._usage = usage

    @g.CreateWorkspaceServiceAccount("write", resource=WORKSPACE)
    def create_workspace_service_account(
        self, call: Call, request: g.CreateWorkspaceServiceAccountRequest
    ) -> g.CreateWorkspaceServiceAccountResponse:
        """Make a service account with a role."""
        workspace = self._desk.with_accounts(call, request["workspaceId"])
        made = self._accounts.create(call.tx, workspace, request["name"], request["grafanaRole"])
        return {
            "id": str(made.id),
            "name": made.name,
            "grafanaRole": request["grafanaRole"],
            "workspaceId": workspace.id,
        }

    @g.DeleteWorkspaceServiceAccount("write", resource=WORKSPACE)
    def delete_workspace_service_account(
        self, call: Call, request: g.DeleteWorkspaceServiceAccountRequest
    ) -> g.DeleteWorkspaceServiceAccountResponse:
        """Delete a service account with its tokens."""
        workspace = self._desk.with_accounts(call, request["workspaceId"])
        self._accounts.remove(call.tx, workspace.id, number_in(request["serviceAccountId"]))
        return {"serviceAccountId": request["serviceAccountId"], "workspaceId": workspace.id}

    @g.ListWorkspaceServiceAccounts("read", resource=WORKSPACE)
    def list_workspace_service_accounts(
        self, call: Call, request: g.ListWorkspaceServiceAccountsRequest
    ) -> g.ListWorkspaceServiceAccountsResponse:
        """List a workspace's service accounts by login."""
        workspace = self._desk.with_accounts(call, request["workspaceId"])
        found, following = self._listing.page(
            call,
            workspace.id,
            request,
            lambda after, limit: rows.accounts(call.reader, workspace.id, after, limit),
            lambda account: account.login,
        )
        shown = [_shown_account(account) for account in found]
        return {"serviceAccounts": shown, "workspaceId": workspace.id, "nextToken": following}

    @g.CreateWorkspaceServiceAccountToken("write", resource=WORKSPACE)
    def create_workspace_service_account_token(
        self, call: Call, request: g.CreateWorkspaceServiceAccountTokenRequest
    ) -> g.CreateWorkspaceServiceAccountTokenResponse:
        """Mint a token: its key is told here and never again."""
        workspace = self._desk.with_accounts(call, request["workspaceId"])
        life = timedelta(seconds=request["secondsToLive"])
        account = number_in(request["serviceAccountId"])
        token, secret = self._accounts.mint(call.tx, workspace, account, request["name"], life)
        return {
            "serviceAccountToken": {
                "id": str(token.id),
                "name": token.name,
                # Revealed to who asked for it; the journal hides it.
                "key": secret.reveal().decode(),
            },
            "serviceAccountId": str(token.service_account),
            "workspaceId": workspace.id,
        }

    @g.DeleteWorkspaceServiceAccountToken("write", resource=WORKSPACE)
    def delete_workspace_service_account_token(
        self, call: Call, request: g.DeleteWorkspaceServiceAccountTokenRequest
    ) -> g.DeleteWorkspaceServiceAccountTokenResponse:
        """Revoke a token: the next request with it is refused."""
        workspace = self._desk.with_accounts(call, request["workspaceId"])
        account, number = number_in(request["serviceAccountId"]), number_in(request["tokenId"])
        self._accounts.revoke(call.tx, workspace.id, account, number)
        return {
            "tokenId": request["tokenId"],
            "serviceAccountId": request["serviceAccountId"],
            "workspaceId": workspace.id,
        }

    @g.ListWorkspaceServiceAccountTokens("read", resource=WORKSPACE)
    def list_workspace_service_account_tokens(
        self, call: Call, request: g.ListWorkspaceServiceAccountTokensRequest
    ) -> g.ListWorkspaceServiceAccountTokensResponse:
        """List an account's tokens by name, expired ones too, without their keys."""
        workspace = self._desk.with_accounts(call, request["workspaceId"])
        account = rows.get_account(call.reader, workspace.id, number_in(request["serviceAccountId"]))
        found, following = self._listing.page(
            call,
            f"{workspace.id}|{account.id}",
            request,
            lambda after, limit: rows.tokens(call.reader, workspace.id, account.id, after, limit),
            lambda token: token.name,
        )
        shown = (self._shown_token(call.reader, token) for token in found)
        return {
            "serviceAccountTokens": [each for each in shown if each is not None],
            "serviceAccountId": str(account.id),
            "workspaceId": workspace.id,
            "nextToken": following,
        }

    # None for a token whose credential an operator revoked: then there is none any more.
    def _shown_token(self, reader: Reader, token: Token) -> Any:
        found, used = shelf.find(reader, token.credential), self._usage.last(reader, token.credential)
        if found is None:
            return None
        return {
            "id": str(token.id),
            "name": token.name,
            "createdAt": as_datetime(found.credential.created_at),
            "expiresAt": ending_at(found.credential.expires_at),
            "lastUsedAt": None if used is None else as_datetime(used.used_at),
        }


def _shown_account(account: ServiceAccount) -> Any:
    return {
        "id": str(account.id),
        "name": account.name,
        # The model has a string here.
        "isDisabled": "true" if account.is_disabled else "false",
        "grafanaRole": account.role,
    }
