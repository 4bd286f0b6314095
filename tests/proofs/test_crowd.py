"""The short form of `python -m prove.crowd`: a thousand half-open connections and a hundred slow senders."""

from pathlib import Path

from bench.measure import percentile
from prove.crowd import prove


def test_a_crowd_that_says_nothing_does_not_hold_up_others(tmp_path: Path) -> None:
    took, stayed = prove(tmp_path, 1000)

    # Ten times the line of the long form: the machine of a test is anybody's.
    assert percentile(sorted(took), 0.99) < 2
    assert stayed > 0
