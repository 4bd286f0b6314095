"""Fixtures that tests of several areas use."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.running import RunningAuthority, settings_for


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[RunningAuthority]:
    """A fresh authority of its own for one test, in a test directory."""
    running = RunningAuthority(settings_for(tmp_path / "data"))
    yield running
    running.stop()
