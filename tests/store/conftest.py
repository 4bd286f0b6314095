"""Every test that asks for `engine` runs on each of them, whatever `--engine` says."""

import pytest
from engines import Engine, Postgres, SQLite


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return SQLite() if request.param == "sqlite" else Postgres(request.getfixturevalue("cluster"))
