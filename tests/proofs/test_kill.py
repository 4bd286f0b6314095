"""The short form of `python -m prove.kill`, always the same kills."""

from pathlib import Path

from prove.kill import kill_init, prove


def test_what_was_acknowledged_survives_kills_under_load(tmp_path: Path) -> None:
    proof = prove(tmp_path, rounds=4, rekeys=1, inits=0, seed=20_2611)

    assert proof.report.broken == []
    # Without changes acknowledged, and changes under way when the server died, nothing was shown.
    assert proof.ledger.acknowledged.total() > 0
    assert proof.ledger.unseen.total() > 0


def test_a_data_directory_whose_making_was_killed_is_finished_by_the_next_start(tmp_path: Path) -> None:
    stages = ("root.key", "keystead.db", "root-credentials", "credentials", "tls", "tls/server.key")

    assert kill_init(tmp_path / "data", stages) == []
