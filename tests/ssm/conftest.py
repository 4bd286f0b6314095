"""One running authority per module here."""

from collections.abc import Iterator

import pytest

from ssm.room import NodeRoom
from support.running import RunningAuthority, settings_for


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[NodeRoom]:
    """A running authority that the tests of a module share."""
    data = tmp_path_factory.mktemp("ssm") / "data"
    running = RunningAuthority(settings_for(data, database=shared_database))
    yield NodeRoom(running)
    running.stop()
