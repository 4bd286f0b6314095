"""Changelog fragments are named and written so that a release can move them."""

import re
from pathlib import Path

import pytest

FRAGMENTS = sorted((Path(__file__).parents[2] / "changelog.d").iterdir())
NAME = re.compile(r"[0-9]+\.(security|removed|deprecated|added|changed|fixed)\.md")


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda fragment: fragment.name)
def test_a_fragment_names_its_issue_and_is_a_list(fragment: Path) -> None:
    assert NAME.fullmatch(fragment.name)
    assert all(line.startswith("- ") for line in fragment.read_text().splitlines())
