"""The fixture of every folder of behaviour tests: each one's conftest imports it."""

from collections.abc import Iterator

import pytest

from iam.room import Room
from support.running import RunningAuthority, settings_for


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[Room]:
    """A running authority that the tests of a module share; each makes the users it needs."""
    folder = tmp_path_factory.mktemp("shared")
    running = RunningAuthority(settings_for(folder / "data", database=shared_database))
    yield Room(running)
    running.stop()
