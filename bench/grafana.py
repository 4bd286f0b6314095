"""The Grafana door: an authenticated GET of a dashboard against the bare server, and what its token costs.

`health` is the same door, asked the one thing that needs no credential: the difference to a dashboard is the token,
its account, the route's permission and the dashboard together, and so an upper bound of what verifying costs.
"""

import http.client
import json
import time
from typing import Any

import boto3
from botocore.config import Config

from bench import servers
from bench.compare import Say
from bench.load import Outcome, Plan, run
from bench.population import require_expected
from bench.results import Results, Series, doubts
from bench.servers import Server
from bench.settings import WARM_UP_ROUNDS, Effort, Place

DASHBOARD, HEALTH = "GET dashboard", "GET health"
_BOARDS = 20
_PANELS = 6
"""A small dashboard of some 2 KiB, as most are."""


def grafana(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill `results.grafana`. Raises LoadFailed and ServerFailed."""
    core, directory = place.server_core, place.directory
    with servers.keystead(directory / "grafana", core) as ours, servers.bare(directory, core) as bare:
        say("making a workspace with dashboards")
        asked = _populate(ours)
        for name in asked:
            results.grafana[name] = {"keystead": Series(), "bare": Series()}
        say(f"{' and '.join(asked)}: ['keystead', 'bare']")
        for number in range(WARM_UP_ROUNDS + effort.rounds):
            for name, requests in asked.items():
                for server in (ours, bare):
                    outcome = measured(server, name, requests, effort.seconds, place.client_core)
                    if number >= WARM_UP_ROUNDS:
                        results.grafana[name][server.name].rounds.append(outcome)
    results.problems += doubts(results.grafana)


def measured(server: Server, name: str, requests: list[bytes], seconds: float, core: int) -> Outcome:
    """Return one round of these requests at a server."""
    plan = Plan(
        server.host,
        server.port,
        server.pid,
        requests,
        seconds,
        deferred_seconds=server.deferred_seconds,
    )
    outcome = run(plan, core)
    require_expected(server, name, outcome)
    return outcome


def _populate(server: Server) -> dict[str, list[bytes]]:
    """Make a workspace, a Viewer's token and dashboards; return the requests of each thing that is asked."""
    aws = aws_client(server)
    workspace = make_workspace(aws)
    editor, viewer = (mint_token(aws, workspace, role) for role in ("EDITOR", "VIEWER"))
    uids = [_board(server, workspace, editor, number) for number in range(_BOARDS)]
    root = f"/_ws/{workspace}/api"
    boards = [get_request(server, f"{root}/dashboards/uid/{uid}", viewer) for uid in uids]
    return {DASHBOARD: boards, HEALTH: [get_request(server, f"{root}/health", viewer)]}


# boto3's clients have no types.
def make_workspace(aws: Any) -> str:
    """Make a workspace and return its id when it is ACTIVE."""
    workspace: str = aws.create_workspace(
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO"],
        permissionType="SERVICE_MANAGED",
    )["workspace"]["id"]
    while aws.describe_workspace(workspaceId=workspace)["workspace"]["status"] != "ACTIVE":
        time.sleep(0.05)
    return workspace


def aws_client(server: Server) -> Any:
    """Return boto3's client of the root for Managed Grafana."""
    return boto3.session.Session().client(
        "grafana",
        endpoint_url=f"http://{server.authority}",
        region_name="us-east-1",
        aws_access_key_id=server.key.key_id,
        aws_secret_access_key=server.key.secret,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def mint_token(aws: Any, workspace: str, role: str) -> str:
    """Make a service account of a role and return its token."""
    account: str = aws.create_workspace_service_account(workspaceId=workspace, name=role, grafanaRole=role)[
        "id"
    ]
    made = aws.create_workspace_service_account_token(
        workspaceId=workspace, serviceAccountId=account, name=role, secondsToLive=3600
    )
    key: str = made["serviceAccountToken"]["key"]
    return key


def _board(server: Server, workspace: str, token: str, number: int) -> str:
    """Save a dashboard and return its uid."""
    panels = [
        {
            "id": panel,
            "type": "timeseries",
            "title": f"Panel {panel}",
            "gridPos": {"x": 0, "y": 8 * panel, "w": 12, "h": 8},
            "targets": [{"refId": "A", "expr": f"sum(rate(requests_total{{job='{panel}'}}[5m])) by (code)"}],
        }
        for panel in range(_PANELS)
    ]
    body = {
        "dashboard": {"title": f"Board {number}", "tags": ["bench"], "panels": panels, "schemaVersion": 38}
    }
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", f"/_ws/{workspace}/api/dashboards/db", json.dumps(body), headers)
        uid: str = json.load(connection.getresponse())["uid"]
        return uid
    finally:
        connection.close()


def get_request(server: Server, path: str, token: str) -> bytes:
    """Return a GET as grafana-client sends it."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {server.authority}\r\nAuthorization: Bearer {token}\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: grafana-client/4.3.2\r\n"
        "Connection: keep-alive\r\n\r\n"
    ).encode()
