"""`tour`: the whole claim in one command, for everybody, and undisturbed by the shell it is started from."""

import os
import re
import subprocess
import sys
from pathlib import Path

from cli_support import KEYSTEAD, MISLEADING, bash, clean_environment, keystead

from keystead.config.settings import Settings
from keystead.products.product import discover
from keystead.products.stops import discover_stops
from matrix.expectations import DOORLESS

LIAR = """
from keystead.products.stops import Stop

def visit(guide):
    guide.root.is_refused("AccessDenied", "sts", "get_caller_identity")

STOPS = [Stop("liar.key", "Liar.CreateKey", "nothing", visit)]
"""
TOUR_WITH_ANOTHER_FOLDER = """
import sys
import keystead.products
keystead.products.__path__.append(sys.argv.pop())
from keystead.cli.main import main
main()
"""


def test_tour_ends_well_whatever_the_shell_is_set_to(tmp_path: Path) -> None:
    done = bash(
        f"cd {tmp_path} && {' '.join(KEYSTEAD)} tour",
        **MISLEADING,
        KEYSTEAD_HTTP="nonsense",
        TMPDIR=str(tmp_path),
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "Every door opened and shut as it must." in done.stdout
    kinds = re.findall(r"^(\S+): minted by ", done.stdout, re.MULTILINE)
    assert kinds[0] == "iam.access-key"
    # Readable in a terminal: a policy among the parameters is cut.
    assert max(map(len, done.stdout.splitlines())) < 220
    assert os.listdir(tmp_path) == []
    # What a secret access key looks like: 40 characters of base64 in a row.
    assert re.findall(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])", done.stdout) == []


def test_tour_has_a_row_for_each_kind() -> None:
    kinds = {kind.name for product in discover() for kind in product.kinds(Settings())}

    # Issued for services that this authority does not have: there is no door to visit.
    assert kinds - DOORLESS == {stop.kind for stop in discover_stops()}


def test_tour_without_boto3_says_what_to_install(tmp_path: Path) -> None:
    # An interpreter that cannot import boto3: a module of that name that fails, found first.
    (tmp_path / "boto3.py").write_text("raise ImportError('not here')\n")

    refused = keystead("tour", PYTHONPATH=str(tmp_path))

    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == (
        "keystead: the tour is made with boto3, which is not installed: "
        f"{sys.executable} -m pip install 'keystead[tour]'\n"
    )


def test_door_that_opens_when_it_must_not_fails_the_tour(tmp_path: Path) -> None:
    (tmp_path / "liar").mkdir()
    (tmp_path / "liar" / "__init__.py").touch()
    (tmp_path / "liar" / "tour.py").write_text(LIAR)

    done = subprocess.run(
        [sys.executable, "-P", "-c", TOUR_WITH_ANOTHER_FOLDER, "tour", tmp_path],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    told = "NOT AS IT MUST BE, as root: sts.get_caller_identity answered success in place of AccessDenied"
    assert told in done.stdout
    (row,) = (line.split() for line in done.stdout.splitlines() if line.startswith("liar.key  "))
    assert row[-3:] == ["no", "no", "-"]
