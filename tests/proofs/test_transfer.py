"""The short form of `python -m prove.transfer`: bodies of 96 MiB, and eight uploads at once."""

from pathlib import Path

from prove.transfer import prove


def test_large_bodies_come_back_whole_and_do_not_fill_the_memory(tmp_path: Path) -> None:
    steps = prove(tmp_path, mib=96, clients=8, each_mib=8)

    assert [text for step in steps for text in step.broken] == []
    assert [step.name for step in steps if not step.holds] == []
