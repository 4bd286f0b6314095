"""The record of decisions: a number names one of them."""

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions.md"


def test_each_decision_has_a_number_of_its_own() -> None:
    numbers = re.findall(r"^\| (\d+) \|", DECISIONS.read_text(), re.MULTILINE)

    assert len(numbers) > 50
    assert len(set(numbers)) == len(numbers)
