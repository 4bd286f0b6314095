"""Real processes for the tests of this folder: see `rig`."""

import gc
import warnings
from collections.abc import Iterator

import pytest

from ssmdoor.rig import rig

__all__ = ["rig"]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect what a test's loop left half closed here, and not in the middle of somebody else's test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
