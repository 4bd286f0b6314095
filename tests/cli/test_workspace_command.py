"""`workspace upstream` and `doctor --workspace` as they are typed: what is told, how it ends, and never a token."""

import time
from pathlib import Path
from typing import Any

import pytest
from cli_support import Served

from support.running import client, root_key_of


def workspace(aws: Any) -> str:
    made = aws.create_workspace(
        accountAccessType="CURRENT_ACCOUNT",
        authenticationProviders=["AWS_SSO"],
        permissionType="SERVICE_MANAGED",
        grafanaVersion="10.4",
    )["workspace"]["id"]
    for _ in range(100):
        if aws.describe_workspace(workspaceId=made)["workspace"]["status"] == "ACTIVE":
            return made
        time.sleep(0.05)
    raise AssertionError("the workspace did not settle")


def admin_token(aws: Any, there: str) -> str:
    account = aws.create_workspace_service_account(workspaceId=there, name="keystead", grafanaRole="ADMIN")
    return aws.create_workspace_service_account_token(
        workspaceId=there, serviceAccountId=account["id"], name="t", secondsToLive=600
    )["serviceAccountToken"]["key"]


@pytest.fixture(scope="module")
def aws(served: Served) -> Any:
    return client(served.ready["http"], "grafana", root_key_of(served.data))


def test_an_upstream_is_set_looked_at_and_cleared(served: Served, aws: Any, tmp_path: Path) -> None:
    here, there = workspace(aws), workspace(aws)
    token, url = admin_token(aws, there), f"{served.ready['http']}/_ws/{there}"
    file = tmp_path / "token"
    file.write_text(token + "\n")

    made = served.keystead("workspace", "upstream", "set", here, "--url", url, "--token-file", file)
    shown = served.keystead("workspace", "upstream", "show", here)
    listed = served.keystead("workspace", "upstream", "ls")
    looked = served.keystead("doctor", "--workspace", here)

    assert [each.returncode for each in (made, shown, listed, looked)] == [0] * 4, made.stderr
    assert f"keystead doctor --workspace {here}" in made.stdout
    assert all(here in each.stdout and url in each.stdout for each in (shown, listed))
    assert "administrator: the token may see service accounts there" in looked.stdout
    assert looked.stdout.splitlines()[-1].startswith("0 problems, ")
    assert served.json("workspace", "upstream", "show", here)["url"] == url
    assert not any(token in each.stdout + each.stderr for each in (made, shown, listed, looked))

    aws.delete_workspace(workspaceId=there)
    broken = served.keystead("doctor", "--workspace", here)
    assert (broken.returncode, broken.stdout.startswith("PROBLEM  upstream: ")) == (1, True)
    assert "mend: " in broken.stdout

    cleared = served.keystead("workspace", "upstream", "clear", here)
    assert (cleared.returncode, cleared.stdout) == (0, f"workspace {here} answers by itself again\n")
    assert served.json("workspace", "upstream", "ls") == []
    assert served.keystead("workspace", "upstream", "show", here).returncode == 1
    well = served.keystead("doctor", "--workspace", here)
    assert (well.returncode, "has no upstream" in well.stdout) == (0, True)


def test_what_does_not_answer_is_set_only_unchecked(served: Served, aws: Any, tmp_path: Path) -> None:
    here, file = workspace(aws), tmp_path / "token"
    file.write_text("glsa_nobody")
    command = ("workspace", "upstream", "set", here, "--url", "http://127.0.0.1:9", "--token-file", file)

    refused = served.keystead(*command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nothing was set; --unchecked sets it all the same" in refused.stderr
    assert served.json("workspace", "upstream", "ls") == []

    assert served.keystead(*command, "--unchecked").returncode == 0
    assert served.keystead("doctor", "--workspace", here).returncode == 1
    assert served.keystead("workspace", "upstream", "clear", here).returncode == 0


@pytest.mark.parametrize("verb", [("workspace", "upstream", "show"), ("doctor", "--workspace")])
def test_a_workspace_that_is_not_there_is_named(served: Served, verb: tuple[str, ...]) -> None:
    told = served.keystead(*verb, "g-0123456789")

    assert told.returncode == 1
    assert told.stderr.startswith("keystead: ")
    assert "g-0123456789" in told.stderr


def test_the_token_is_no_argument(served: Served) -> None:
    told = served.keystead(
        "workspace", "upstream", "set", "g-0123456789", "--url", "http://x", "--token", "t"
    )

    assert told.returncode == 2
