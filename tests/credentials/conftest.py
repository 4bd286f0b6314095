"""A credential core of its own for each test."""

import pytest
from credential_core import Core


@pytest.fixture
def core(tmp_path):
    core = Core(tmp_path)
    yield core
    core.close()
