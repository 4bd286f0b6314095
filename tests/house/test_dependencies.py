"""Every dependency is pinned and accounted for."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def named(requirements: list[str]) -> set[str]:
    return {found[0].lower() for line in requirements if (found := NAME.match(line))}


def test_what_setup_installs_is_pinned() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = named(PROJECT["dependencies"] + extras["test"] + extras["lint"] + extras["tour"])

    pinned = named((ROOT / "constraints.txt").read_text().splitlines())

    assert wanted - pinned == set()


def test_every_dependency_has_its_reasons_written_down() -> None:
    wanted = named(PROJECT["dependencies"]).union(*map(named, PROJECT["optional-dependencies"].values()))

    told = set(re.findall(r"^\| `([^`]+)`", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE))

    assert wanted - told == set()
    assert told - wanted == set()
