"""`env` and `health`: a shell pointed at this authority stays pointed at it, whatever it was set to before."""

import json
from pathlib import Path

import pytest
from cli_support import KEYSTEAD, MISLEADING, Served, bash, keystead, start

WHO = "aws sts get-caller-identity --output json"


def env_of(data: Path, *flags: str) -> str:
    return f'eval "$({" ".join([*KEYSTEAD, "env", "--data", str(data), *flags])})"'


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("stopped") / "data"
    start(data).stop()
    return data


@pytest.mark.parametrize("flags", [(), ("--secrets",), ("--tls",), ("--tls", "--secrets")], ids=" ".join)
def test_aws_cli_reaches_this_authority_after_env(served: Served, flags: tuple[str, ...]) -> None:
    done = bash(f"{env_of(served.data, *flags)}\n{WHO}", **MISLEADING)

    assert done.stderr == ""
    assert json.loads(done.stdout)["Arn"] == "arn:aws:iam::123456789012:user/admin"


@pytest.fixture
def misleading_home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/admin\nsource_profile = other\n"
        "ignore_configured_endpoint_urls = true\nregion = eu-north-1\n"
    )
    return tmp_path


def test_config_file_of_the_user_changes_nothing(served: Served, misleading_home: Path) -> None:
    done = bash(f"{env_of(served.data)}\n{WHO}", HOME=str(misleading_home))

    assert json.loads(done.stdout)["Arn"] == "arn:aws:iam::123456789012:user/admin"


def test_env_signs_as_a_first_user_who_may_do_everything(served: Served) -> None:
    policies = "aws iam list-attached-user-policies --user-name admin --query AttachedPolicies[].PolicyName"

    done = bash(f"{env_of(served.data)}\n{policies} --output text")

    assert done.stdout == "AdministratorAccess\n"


def test_boto3_without_any_argument_reaches_this_authority_after_env(served: Served) -> None:
    who = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"

    done = bash(f'{env_of(served.data)}\npython -c "{who}"', **MISLEADING)

    assert done.stdout == "123456789012\n"


def test_env_prints_no_secret_unless_asked(served: Served) -> None:
    secret = (served.data / "credentials").read_text().rpartition("=")[2].strip()

    plain, asked = served.keystead("env").stdout, served.keystead("env", "--secrets").stdout

    assert secret not in plain
    assert secret in asked


def test_env_keeps_the_proxy_exceptions_that_are_there(served: Served) -> None:
    said = bash(f"{env_of(served.data)}\necho $NO_PROXY $no_proxy", NO_PROXY="intranet,127.0.0.1")

    assert said.stdout == "intranet,127.0.0.1 intranet,127.0.0.1\n"


def test_env_without_a_server_fails_inside_eval(stopped: Path) -> None:
    said = bash(f"{env_of(stopped)} || echo refused")

    assert said.stdout == "refused\n"
    assert said.stderr == (
        f"keystead: no server runs on {stopped}; start one with `keystead serve --data {stopped}`\n"
    )


def test_env_with_a_bad_setting_fails_inside_eval(served: Served) -> None:
    said = bash(f"{env_of(served.data)} || echo refused", KEYSTEAD_FRUIT="apple")

    assert said.stdout == "refused\n"
    assert said.stderr == "keystead: KEYSTEAD_FRUIT: no such setting\n"


def test_health_tells_a_server_from_none(served: Served, stopped: Path) -> None:
    up, down = served.keystead("health"), keystead("health", "--data", stopped)

    assert (up.returncode, up.stdout) == (0, "ready\n")
    assert (down.returncode, down.stdout) == (1, "no server runs\n")


def test_killed_server_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    server.process.kill()
    server.process.communicate()

    assert (server.data / "ready.json").exists()
    assert server.keystead("health").stdout == "no server runs\n"
    assert server.keystead("env").stdout == "false\n"
