"""The short form of `python -m prove.revoke`: a hundred revokes, each under 32 parallel mints."""

from pathlib import Path

import uvloop
from prove.revoke import prove


def test_nothing_asked_for_before_a_revoke_is_done_after_its_acknowledgement(tmp_path: Path) -> None:
    report = uvloop.run(prove(tmp_path, rounds=100, seed=20_2611))

    assert report.broken == []
    # Requests that were authenticated in time and refused in their transaction: without any, nothing was shown.
    assert report.caught > 0
