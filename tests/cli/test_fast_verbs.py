"""The fast verbs import nothing that is slow: what makes them start in under 150 ms."""

import subprocess
import sys

import pytest

SLOW = {
    "botocore",
    "boto3",
    "sqlite3",
    "uvicorn",
    "uvloop",
    "cryptography",
    "msgspec",
    "regex",
    "asyncio",
    "ssl",
}


def imported_by(statement: str) -> set[str]:
    listed = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in listed.stdout.split()}


@pytest.mark.parametrize("module", ["keystead.cli.main", "keystead.cli.environment", "keystead.cli.options"])
def test_fast_verb_imports_no_slow_package(module: str) -> None:
    imported = imported_by(f"import {module}")

    assert imported & SLOW == set()


def test_help_imports_no_verb() -> None:
    imported = imported_by(
        "from click.testing import CliRunner\n"
        "from keystead.cli.main import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0"
    )

    # click's test runner itself imports asyncio's neighbours; the packages are what costs.
    assert imported & (SLOW - {"asyncio", "ssl"}) == set()
