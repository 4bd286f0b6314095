"""Makes a Grafana workspace with boto3 and a service account of each role in it, and tells a shell of them.

Prints `export` lines for `eval`: `WORKSPACE` is its id, and `ADMIN`, `EDITOR` and `VIEWER` are tokens of these
roles. The endpoint and the keys are those of the environment.
"""

import shlex
import time
from typing import Any

import boto3

_WAIT_SECONDS = 30


def active_workspace(grafana: Any) -> str:
    """Return the id of a new workspace that is ACTIVE. Ends the walk if it does not become so in time."""
    workspace = grafana.create_workspace(
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO"],
        permissionType="SERVICE_MANAGED",
    )["workspace"]["id"]
    deadline = time.monotonic() + _WAIT_SECONDS
    while grafana.describe_workspace(workspaceId=workspace)["workspace"]["status"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise SystemExit(f"workspace {workspace} did not become ACTIVE in {_WAIT_SECONDS} s")
        time.sleep(0.05)
    return workspace


def token_of(grafana: Any, workspace: str, role: str) -> str:
    """Return a token, good for an hour, of a new service account with a role."""
    # Names of tokens, as those of accounts, are unique in a workspace.
    name = f"walk-{role.lower()}"
    account = grafana.create_workspace_service_account(workspaceId=workspace, name=name, grafanaRole=role)[
        "id"
    ]
    made = grafana.create_workspace_service_account_token(
        workspaceId=workspace, serviceAccountId=account, name=name, secondsToLive=3600
    )
    return made["serviceAccountToken"]["key"]


def main() -> None:
    """Print what the walk needs."""
    grafana = boto3.client("grafana")
    told = {"WORKSPACE": active_workspace(grafana)}
    told |= {role: token_of(grafana, told["WORKSPACE"], role) for role in ("ADMIN", "EDITOR", "VIEWER")}
    for name, value in told.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
