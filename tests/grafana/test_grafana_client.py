"""grafana-client, unmodified and in an environment of its own, walks through workspaces of each version."""

import os
import subprocess
from pathlib import Path

import pytest

from grafana.workspaces import GrafanaRoom

CHECKOUT = Path(__file__).parents[2]
ROLES = ("ADMIN", "EDITOR", "VIEWER")


@pytest.mark.parametrize("version", ["9.4", "10.4", "12.4"])
def test_grafana_client_does_within_each_role_what_it_may(room: GrafanaRoom, version: str):
    workspace = room.workspace(version)
    environment = {role: room.key(workspace, role) for role in ROLES} | {
        "NO_PROXY": "*",
        "PATH": os.environ["PATH"],
    }

    walked = subprocess.run(
        [
            CHECKOUT / ".clients" / "grafana" / "bin" / "python",
            CHECKOUT / "clients" / "grafana_client_walk.py",
            f"{room.authority.url}/_ws/{workspace}",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert walked.returncode == 0, walked.stdout + walked.stderr
