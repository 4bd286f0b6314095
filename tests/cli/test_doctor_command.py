"""`doctor`: every fault is found, named, and comes with what mends it."""

import dataclasses
import json
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cli_support import Served, bash, keystead

from keystead.app.examination.examine import examine
from keystead.app.examination.finding import Finding
from keystead.app.examination.machine import file_system
from keystead.config.settings import Settings
from keystead.config.values import Address

FREE = Address("127.0.0.1", 0)
ANYWHERE = {"http": FREE, "https": FREE, "doh": FREE, "dot": FREE}


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A directory of this test's own."""
    return Path(shutil.copytree(made, tmp_path / "data"))


def findings(data: Path, environment: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Finding]:
    settings = dataclasses.replace(Settings(data=data, **ANYWHERE), **changes)
    # Of several findings on one subject the first stands here.
    return {found.subject: found for found in reversed(examine(settings, environment or {}))}


def test_fresh_directory_has_no_problem(data: Path) -> None:
    assert "problem" not in {found.verdict for found in findings(data).values()}


def test_every_finding_but_the_good_ones_has_a_remedy(data: Path) -> None:
    (data / "keystead.db").chmod(0o644)
    (data / "root.key").unlink()

    found = findings(data).values()

    assert all(bool(each.remedy) == (each.verdict != "ok") for each in found)


def test_missing_directory_is_the_first_problem(tmp_path: Path) -> None:
    told = keystead("doctor", "--data", tmp_path / "none")

    assert told.returncode == 1
    assert told.stdout.splitlines()[:2] == [
        f"PROBLEM  data directory: {tmp_path / 'none'} holds no authority",
        f"         mend: keystead init --data {tmp_path / 'none'}",
    ]


@pytest.mark.parametrize(
    "name", [".", "keystead.db", "root-credentials", "credentials", "tls/ca.key", "tls/server.key"]
)
def test_file_open_to_others_is_a_problem_with_its_command(data: Path, name: str) -> None:
    path = data / name
    path.chmod(path.stat().st_mode | 0o044)

    found = findings(data)["file modes"]

    assert ("problem", f"{path} is open to others") == (found.verdict, found.told)
    assert bash(found.remedy).returncode == 0
    assert findings(data)["file modes"].verdict == "ok"


def test_root_key_open_to_others_is_a_problem(data: Path) -> None:
    (data / "root.key").chmod(0o640)

    assert findings(data)["root key"].remedy == f"chmod 600 {data / 'root.key'}"


def test_missing_root_key_is_a_problem(data: Path) -> None:
    (data / "root.key").unlink()

    assert findings(data)["root key"].verdict == "problem"


def test_root_key_of_another_database_is_a_problem(data: Path, tmp_path: Path) -> None:
    keystead("init", "--data", tmp_path / "other")
    shutil.copy(tmp_path / "other" / "root.key", data / "root.key")

    assert findings(data)["root key and database"].verdict == "problem"


def test_damaged_database_is_a_problem(data: Path) -> None:
    with (data / "keystead.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)

    assert findings(data)["database"].verdict == "problem"


def test_file_that_is_no_database_is_a_problem(data: Path) -> None:
    (data / "keystead.db").write_bytes(b"not a database, but longer than the header of one" * 100)

    assert findings(data)["database"].verdict == "problem"


def test_missing_certificate_key_is_a_problem(data: Path) -> None:
    (data / "tls" / "server.key").unlink()

    assert findings(data)["certificate"].verdict == "problem"


def test_certificate_for_other_names_is_a_warning(data: Path) -> None:
    found = findings(data, public_host="keys.example.com")["certificate names"]

    assert (found.verdict, found.told) == ("warning", "it does not name keys.example.com")


def test_star_of_one_label_is_told_and_of_two_is_not(made: Path, tmp_path: Path) -> None:
    keystead("init", "--data", tmp_path / "two", "--domain", "keys.test")

    one, two = findings(made), findings(tmp_path / "two", domain="keys.test")

    assert "--domain" in one["certificate names"].told
    assert "--domain" not in two["certificate names"].told


@pytest.mark.parametrize("listener", ["http", "https", "doh", "dot", "do53"])
def test_taken_port_is_a_problem_that_names_it(data: Path, listener: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        found = findings(data, **{listener: Address("127.0.0.1", port)})[f"{listener} address"]

    assert found.verdict == "problem"
    assert f"sport = :{port}" in found.remedy
    assert f"--{listener} 127.0.0.1:0" in found.remedy


def test_frozen_test_clock_is_a_warning(tmp_path: Path) -> None:
    keystead("init", "--test", "--data", tmp_path / "data")
    keystead("clock", "freeze", "--data", tmp_path / "data")

    found = findings(tmp_path / "data")["test clock"]

    assert found.verdict == "warning"
    assert found.remedy == f"keystead clock reset --data {tmp_path / 'data'}"


def test_database_written_later_than_now_means_a_slow_clock(data: Path) -> None:
    path = data / "keystead.db"
    later = path.stat().st_mtime + 3600
    os.utime(path, (later, later))

    assert findings(data)["clock"].verdict == "problem"


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("/var/lib/keys", "ext4"), ("/mnt/a b/keys", "nfs4"), ("/run/keys", "tmpfs"), ("/runner", "overlay")],
)
def test_file_system_is_that_of_the_nearest_mount(tmp_path: Path, folder: str, expected: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 0:20 / / rw - overlay overlay rw\n"
        "23 22 8:1 / /var rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
        "24 22 0:5 / /mnt/a\\040b rw shared:2 master:3 - nfs4 host:/x rw\n"
        "25 22 0:6 / /run rw - tmpfs tmpfs rw\n"
    )

    assert expected == file_system(Path(folder), mounts)


def shell_of(served: Served, **environment: str) -> list[str]:
    """What doctor says of a shell that was set up with `env`, then changed."""
    ready = served.ready
    good = {
        "AWS_ENDPOINT_URL": ready["http"],
        "AWS_SHARED_CREDENTIALS_FILE": str(served.data / "credentials"),
        "AWS_PROFILE": "default",
        "AWS_CONFIG_FILE": "/dev/null",
    }
    examined = examine(Settings(data=served.data, **ANYWHERE), good | environment)
    return [found.told for found in examined if found.subject == "shell" and found.verdict == "warning"]


def test_shell_after_env_is_in_order(served: Served) -> None:
    assert shell_of(served) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_IAM", "https://iam.amazonaws.com"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/home/somebody/.aws/credentials"),
        ("AWS_PROFILE", "work"),
        ("AWS_DEFAULT_PROFILE", "work"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
    ],
)
def test_variable_that_misleads_the_next_command_is_found(served: Served, name: str, value: str) -> None:
    (told,) = shell_of(served, **{name: value})

    assert name in told


def test_config_file_that_misleads_the_next_command_is_found(served: Served, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nrole_arn = arn:aws:iam::111122223333:role/x\n")

    (told,) = shell_of(served, AWS_CONFIG_FILE=str(tmp_path / "config"))

    assert "role_arn" in told


def test_no_secret_of_the_shell_is_repeated(served: Served) -> None:
    told = shell_of(
        served, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="canary-in-a-mine"
    )

    assert "canary" not in " ".join(told)


def test_doctor_beside_a_running_server_finds_it_healthy(served: Served) -> None:
    told = served.json("doctor")

    verdicts = {finding["subject"]: finding["verdict"] for finding in told}
    assert verdicts["http address"] == verdicts["dot address"] == verdicts["database"] == "ok"
    assert served.keystead("doctor").returncode == 0


def test_json_and_text_say_the_same(data: Path) -> None:
    (data / "root-credentials").chmod(0o604)

    told = keystead("doctor", "--data", data, "--json")

    assert told.returncode == 1
    assert {"subject", "verdict", "told", "remedy"} == set(json.loads(told.stdout)[0])
    problems = [finding["told"] for finding in json.loads(told.stdout) if finding["verdict"] == "problem"]
    assert problems == [f"{data / 'root-credentials'} is open to others"]
