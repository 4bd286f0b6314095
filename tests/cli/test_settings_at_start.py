"""Where a setting comes from: flag over environment over file over default; what is unknown is an error."""

from pathlib import Path

import pytest
from cli_support import KEYSTEAD, bash, keystead, start


@pytest.mark.parametrize(
    ("flags", "environment", "toml", "expected"),
    [
        (["--region", "eu-west-1"], {"KEYSTEAD_REGION": "eu-west-2"}, 'region = "eu-west-3"', "eu-west-1"),
        ([], {"KEYSTEAD_REGION": "eu-west-2"}, 'region = "eu-west-3"', "eu-west-2"),
        ([], {}, 'region = "eu-west-3"', "eu-west-3"),
        ([], {}, "", "us-east-1"),
    ],
    ids=["flag", "environment", "file", "default"],
)
def test_nearest_source_wins(
    tmp_path: Path, flags: list[str], environment: dict[str, str], toml: str, expected: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "keystead.toml").write_text(toml)

    server = start(data, *flags, **environment)
    region = server.ready["region"]
    server.stop()

    assert expected == region


def test_data_directory_comes_from_the_environment_too(made: Path) -> None:
    listed = keystead("creds", "ls", KEYSTEAD_DATA=str(made))

    assert "iam.access-key" in listed.stdout


def test_default_data_directory_is_in_the_present_folder(tmp_path: Path) -> None:
    said = bash(f"cd {tmp_path} && {' '.join(KEYSTEAD)} init")

    assert said.returncode == 0
    assert (tmp_path / "keystead-data" / "keystead.db").exists()


def test_unknown_variable_is_named(made: Path) -> None:
    refused = keystead("creds", "ls", "--data", made, KEYSTEAD_FRUIT="apple")

    assert (refused.returncode, refused.stderr) == (1, "keystead: KEYSTEAD_FRUIT: no such setting\n")


def test_unknown_key_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "keystead.toml").write_text('fruit = "apple"\n')

    refused = keystead("init", "--data", tmp_path)

    assert refused.returncode == 1
    assert refused.stderr == f"keystead: {tmp_path / 'keystead.toml'}: fruit: no such setting\n"


def test_unusable_value_is_named_with_its_source(made: Path) -> None:
    refused = keystead("serve", "--data", made, "--http", "4650")

    assert refused.returncode == 1
    assert refused.stderr == "keystead: http (flag): '4650': not HOST:PORT\n"
