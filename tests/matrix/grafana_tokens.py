"""How Grafana's credentials are made for the matrix, and how a workspace is knocked at with what is shown."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from iam.room import Room
from matrix.expectations import GRAFANA_KINDS
from matrix.shown import OTHER_ACCOUNT, Held, Shown, make_other_account
from support.running import Key

_TOKEN, _API_KEY = GRAFANA_KINDS
_LIFE = 2_592_000


@dataclass(frozen=True)
class GrafanaReply:
    """What a workspace answered: the status, and Grafana's word for what was wrong."""

    status: int
    code: str


def workspace(room: Room, name: str) -> str:
    """Return the id of a workspace, made when it is first asked for."""
    aws = room.client("grafana")
    for each in aws.list_workspaces()["workspaces"]:
        if each["name"] == name:
            return each["id"]
    made = aws.create_workspace(
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO"],
        permissionType="SERVICE_MANAGED",
        workspaceName=name,
        grafanaVersion="10.4",
    )["workspace"]["id"]
    while aws.describe_workspace(workspaceId=made)["workspace"]["status"] != "ACTIVE":
        pass
    return made


def _token(room: Room, holder: str) -> Held:
    aws, first = room.client("grafana"), workspace(room, "first")
    accounts = aws.list_workspace_service_accounts(workspaceId=first)["serviceAccounts"]
    account = (
        accounts[0]
        if accounts
        else aws.create_workspace_service_account(workspaceId=first, name="robot", grafanaRole="ADMIN")
    )
    name = room.name("token")
    key = aws.create_workspace_service_account_token(
        workspaceId=first, serviceAccountId=account["id"], name=name, secondsToLive=_LIFE
    )["serviceAccountToken"]["key"]
    return Held(Key(_credential_id(room, _TOKEN), key), name)


def _api_key(room: Room, holder: str) -> Held:
    first, name = workspace(room, "first"), room.name("key")
    key = room.client("grafana").create_workspace_api_key(
        workspaceId=first, keyName=name, keyRole="ADMIN", secondsToLive=_LIFE
    )["key"]
    return Held(Key(_credential_id(room, _API_KEY), key), name)


def _credential_id(room: Room, kind: str) -> str:
    """Return the id by which the operator knows what was minted last."""
    listed = room.authority.command("creds-ls", limit=1000, kind=kind)["credentials"]
    return listed[-1]["id"]


def _of_another_account(kind_name: str, room: Room, holder: str) -> Key:
    authority = room.authority.authority
    kind = next(kind for kind in authority.kinds if kind.name == kind_name)

    def mint(tx: Any) -> Key:
        minted = authority.issuer.mint(
            tx, kind, account=OTHER_ACCOUNT, owner="g-ffffffffff", audience="g-ffffffffff"
        )
        return Key(minted.credential.id, minted.secret.reveal().decode())

    make_other_account(room)
    return room.authority.run(authority.store.write(mint))


def at_another_workspace(room: Room, held: Held) -> Shown:
    """Show it at another workspace of the same account."""
    return Shown(held.key, audience=workspace(room, "second"))


def deleted_by_api(room: Room, held: Held) -> Shown:
    """Delete it by the AWS API: a key by name, a token by its number."""
    aws, first = room.client("grafana"), workspace(room, "first")
    if held.key.id.startswith("gkey-"):
        aws.delete_workspace_api_key(workspaceId=first, keyName=held.user_name)
        return Shown(held.key)
    account = aws.list_workspace_service_accounts(workspaceId=first)["serviceAccounts"][0]["id"]
    named = {"workspaceId": first, "serviceAccountId": account}
    listed = aws.list_workspace_service_account_tokens(**named)["serviceAccountTokens"]
    number = next(each["id"] for each in listed if each["name"] == held.user_name)
    aws.delete_workspace_service_account_token(**named, tokenId=number)
    return Shown(held.key)


def at_a_workspace(room: Room, shown: Shown) -> GrafanaReply:
    """Ask a workspace for its organisation, with the secret as the token."""
    named = shown.audience if shown.audience.startswith("g-") else workspace(room, "first")
    request = urllib.request.Request(f"{room.authority.url}/_ws/{named}/api/org")
    request.add_header("Authorization", f"Bearer {shown.key.secret}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return GrafanaReply(answer.status, "")
    except urllib.error.HTTPError as error:
        with error:
            return GrafanaReply(error.code, json.load(error).get("messageId", ""))


MAKERS: Mapping[str, Callable[[Room, str], Held]] = {_TOKEN: _token, _API_KEY: _api_key}
FOREIGN: Mapping[str, Callable[[Room, str], Key]] = {
    kind: partial(_of_another_account, kind) for kind in GRAFANA_KINDS
}
