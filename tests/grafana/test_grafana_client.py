"""curl, grafana-client, mcp-grafana and Ansible, unmodified, each in its environment, walk through workspaces."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from grafana.workspaces import GrafanaRoom

CHECKOUT = Path(__file__).parents[2]
CLIENTS, WALKS = CHECKOUT / ".clients", CHECKOUT / "clients"
ROLES = ("ADMIN", "EDITOR", "VIEWER")


def walk(room: GrafanaRoom, workspace: str, command: Sequence[object], **environment: str) -> None:
    """Run a walk with a token of each role in its environment. Fails with what it said."""
    keys: Mapping[str, str] = {role: room.key(workspace, role) for role in ROLES}
    plain = {"NO_PROXY": "*", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    walked = subprocess.run(
        [str(each) for each in command],
        env=plain | keys | environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert walked.returncode == 0, walked.stdout + walked.stderr


def url_of(room: GrafanaRoom, workspace: str) -> str:
    return f"{room.authority.url}/_ws/{workspace}"


def mcp_grafana(room: GrafanaRoom, workspace: str) -> None:
    folder = CLIENTS / "mcp" / "bin"
    program = folder / "mcp-grafana"
    walk(
        room,
        workspace,
        [folder / "python", WALKS / "mcp_grafana_walk.py", program, url_of(room, workspace)],
    )


def ansible(room: GrafanaRoom, workspace: str, scratch: Path) -> None:
    folder = CLIENTS / "ansible"
    command = [folder / "bin" / "ansible-playbook", WALKS / "ansible_grafana.yml"]
    walk(
        room,
        workspace,
        [*command, "-e", f"url={url_of(room, workspace)}", "-e", f"playdir={scratch}"],
        HOME=str(scratch),
        ANSIBLE_COLLECTIONS_PATH=str(folder / "collections"),
        # The modules run with the interpreter that Ansible itself has.
        ANSIBLE_PYTHON_INTERPRETER=str(folder / "bin" / "python"),
    )


@pytest.mark.parametrize("version", ["10.4", "12.4"])
def test_curl_is_told_what_each_role_may_in_grafanas_words(room: GrafanaRoom, version: str):
    workspace = room.workspace(version)

    walk(room, workspace, ["bash", WALKS / "grafana_curl.sh", url_of(room, workspace)])


@pytest.mark.parametrize("version", ["9.4", "10.4", "12.4"])
def test_grafana_client_does_within_each_role_what_it_may(room: GrafanaRoom, version: str):
    workspace = room.workspace(version)
    python = CLIENTS / "grafana" / "bin" / "python"

    walk(room, workspace, [python, WALKS / "grafana_client_walk.py", url_of(room, workspace)])


@pytest.mark.parametrize("version", ["10.4", "12.4"])
def test_mcp_grafana_does_within_each_role_what_it_may(room: GrafanaRoom, version: str):
    mcp_grafana(room, room.workspace(version))


def test_ansible_changes_once_and_takes_away(room: GrafanaRoom, tmp_path: Path):
    workspace = room.workspace("10.4")

    ansible(room, workspace, tmp_path)

    assert room.ask(workspace, "/api/folders", room.key(workspace)).body == []
