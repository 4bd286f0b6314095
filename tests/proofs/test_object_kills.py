"""The short form of `python -m prove.objects`, always the same kills."""

from pathlib import Path

from prove.objects import prove


def test_objects_that_were_acknowledged_survive_kills_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    proof = prove(tmp_path, rounds=3, seed=20_2611)

    assert proof.report.broken == []
    # Without changes acknowledged, and changes under way when the server died, nothing was shown.
    assert proof.ledger.acknowledged["PutObject"] > 0
    assert proof.ledger.acknowledged["DeleteObject"] > 0
    assert proof.ledger.unseen.total() > 0
    assert proof.report.sweeps > 0
