"""Real processes for the tests of this folder: see `rig`."""

import gc
import warnings
from collections.abc import Iterator

import pytest

from ssmdoor.rig import rig

__all__ = ["rig"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a peer whose loop is cut in the middle of a session leave its socket to the collector."""
    for item in items:
        if "ssmdoor" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect what a test's loop left half closed here, and not in the middle of somebody else's test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
