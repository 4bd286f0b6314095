"""`account`: tenants made by the operator, whose keys go into files and nowhere else."""

import stat
from pathlib import Path

import pytest
from cli_support import Served, bash, keystead

from support.running import client, key_in

OTHER = "210987654321"


def caller(served: Served, file: Path) -> str:
    return client(served.ready["http"], "sts", key_in(file)).get_caller_identity()["Arn"]


def test_root_key_is_in_a_private_file_and_nowhere_else(served: Served) -> None:
    made = served.keystead("account", "create", OTHER)

    file = served.data / "accounts" / OTHER / "root-credentials"
    key = key_in(file)
    assert made.returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert key.secret not in made.stdout + made.stderr
    assert caller(served, file) == f"arn:aws:iam::{OTHER}:root"
    journal = served.keystead("audit", "tail", "--count", 50).stdout
    assert "CreateAccount" in journal
    assert "CreateRootAccessKey" in journal
    assert key.secret not in journal


def test_id_is_drawn_and_env_signs_as_that_root(served: Served) -> None:
    made = served.json("account", "create")

    assert len(made["account"]) == 12
    env = served.keystead("env", "--account", made["account"]).stdout
    assert f"AWS_SHARED_CREDENTIALS_FILE={made['credentials']}" in env
    arn = bash(f"{env}\naws sts get-caller-identity --query Arn --output text").stdout.strip()
    assert arn == f"arn:aws:iam::{made['account']}:root"


def test_new_accounts_are_listed_behind_the_first_even_if_the_clock_was_moved(served: Served) -> None:
    served.keystead("clock", "advance", "-400d")
    try:
        made = served.json("account", "create")
    finally:
        served.keystead("clock", "reset")

    listed = [row["account"] for row in served.json("account", "ls")]
    assert listed[0] == served.ready["account"] == "123456789012"
    assert made["account"] == listed[-1]
    assert served.json("account", "show", made["account"])["users"] == 0


def test_file_is_where_the_operator_says_and_never_written_over(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "their-key"

    made = served.json("account", "create", "--credentials", file)

    assert made["credentials"] == str(file)
    assert not (served.data / "accounts" / made["account"]).exists()
    again = served.keystead("account", "create", "--credentials", file)
    assert again.returncode == 1
    assert "is not written over" in again.stderr
    file.unlink()
    assert served.keystead("account", "key", made["account"], "--credentials", file).returncode == 0
    assert caller(served, file) == f"arn:aws:iam::{made['account']}:root"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "123456789012"), "already exists"),
        (("create", "12345"), "12 digits"),
        (("create", "../../../../x"), "12 digits"),
        (("show", "999999999999"), "no account 999999999999"),
        (("key", "999999999999"), "does not exist"),
        (("key", "../x"), "does not exist"),
    ],
)
def test_refused_in_one_line_that_says_why(served: Served, arguments: tuple[str, ...], says: str) -> None:
    done = served.keystead("account", *arguments)

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("account", ["999999999999", "../x"])
def test_env_of_an_unknown_account_prints_false(served: Served, account: str) -> None:
    done = served.keystead("env", "--account", account)

    assert done.stdout == "false\n"
    assert done.returncode == 1


def test_without_a_server_accounts_are_made_all_the_same(made: Path) -> None:
    assert keystead("account", "create", OTHER, "--data", made).returncode == 0

    assert key_in(made / "accounts" / OTHER / "root-credentials").id.startswith("AKIA")
