"""`GrafanaRoom`: a running authority, workspaces in it, and requests at their doors."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from iam.room import Room
from support.running import RunningAuthority

HOUR = 3600


class Reply(NamedTuple):
    """What a door answered: the status, and the JSON body."""

    status: int
    body: Any


class GrafanaRoom(Room):
    """A running authority with a client for Managed Grafana."""

    def __init__(self, authority: RunningAuthority) -> None:
        super().__init__(authority)
        self.aws = self.client("grafana")

    def workspace(self, version: str = "10.4", **members: object) -> str:
        """Make a workspace, wait until it is ACTIVE, and return its id."""
        made = self.aws.create_workspace(
            accountAccessType="CURRENT_ACCOUNT",
            authenticationProviders=["AWS_SSO"],
            permissionType="SERVICE_MANAGED",
            grafanaVersion=version,
            **members,
        )["workspace"]
        self.settle(made["id"])
        return made["id"]

    def settle(self, workspace: str) -> None:
        """Wait until a workspace is ACTIVE, as Terraform does."""
        for _ in range(100):
            if self.aws.describe_workspace(workspaceId=workspace)["workspace"]["status"] == "ACTIVE":
                return
            time.sleep(0.05)
        raise AssertionError("the workspace did not settle")

    def account(self, workspace: str, role: str = "ADMIN", name: str = "") -> str:
        """Make a service account and return its id."""
        return self.aws.create_workspace_service_account(
            workspaceId=workspace, name=name or self.name("robot"), grafanaRole=role
        )["id"]

    def mint(self, workspace: str, account: str, seconds: int = HOUR, name: str = "") -> dict[str, str]:
        """Mint a token: id, name and key."""
        return self.aws.create_workspace_service_account_token(
            workspaceId=workspace,
            serviceAccountId=account,
            name=name or self.name("token"),
            secondsToLive=seconds,
        )["serviceAccountToken"]

    def key(self, workspace: str, role: str = "ADMIN") -> str:  # type: ignore[override]
        """Make a service account of a role and return a token's key."""
        return self.mint(workspace, self.account(workspace, role))["key"]

    def ask(
        self,
        workspace: str,
        path: str,
        key: str = "",
        *,
        method: str = "GET",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request to a workspace's door, as a plain client."""
        raw = None if body is None else json.dumps(body).encode()
        headers = dict(headers or {}) | ({} if body is None else {"Content-Type": "application/json"})
        url = f"{self.authority.url}/_ws/{workspace}{path}"
        return self.ask_url(url, key, method=method, raw=raw, headers=headers)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the authority, for whoever wants to see more than a body."""
        return http.client.HTTPConnection(self.authority.url.removeprefix("http://"), timeout=20)

    def ask_url(
        self,
        url: str,
        key: str = "",
        *,
        method: str = "GET",
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request as it is."""
        _, _, authority, path = url.split("/", 3)
        connection = http.client.HTTPConnection(authority, timeout=20)
        shown = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            connection.request(method, "/" + path, raw, shown | dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, json.load(answer))
        finally:
            connection.close()
