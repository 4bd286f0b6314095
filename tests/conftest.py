"""Fixtures that tests of several areas use."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.postgres import Cluster

if TYPE_CHECKING:
    from support.running import RunningAuthority

_ENGINES = ("sqlite", "postgres")
_OF_OPERATIONS = {"resolver", "seeds"} | {
    folder.name
    for folder in (Path(__file__).parents[1] / "src/keystead/products").iterdir()
    if folder.is_dir()
}
"""Folders whose tests are about operations: those of the products, the two of DNS, and the seeds' contracts."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=["usual", *_ENGINES, "both"],
        default="usual",
        help="where authorities under test keep their rows; usual: the operations' tests, in a folder named after"
        " their product, in resolver or seeds, on both engines, others on SQLite (the store's own always on both)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "only_on(engine): the test is about this engine, or about no engine at all"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever stands on the fixture `database` or `shared_database` once per engine asked for."""
    for name, scope in (("database", "function"), ("shared_database", "module")):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, _engines(metafunc), indirect=True, scope=scope)


def _engines(metafunc: pytest.Metafunc) -> list[str]:
    """Return the engines for a test: those asked for, of those that it is about."""
    asked = metafunc.config.getoption("--engine")
    wanted = list(_ENGINES) if asked == "both" else [asked]
    if asked == "usual":
        wanted = list(_ENGINES) if metafunc.definition.path.parent.name in _OF_OPERATIONS else ["sqlite"]
    only = metafunc.definition.get_closest_marker("only_on")
    # One about another engine than is asked for still runs, on its own: it must not vanish unseen.
    return wanted if only is None else [only.args[0]]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private PostgreSQL cluster, started by the first test that needs it."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting `database` for an authority of one test's own."""
    yield from _lent(request)


@pytest.fixture(scope="module")
def shared_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The setting `database` for an authority that the tests of a module share."""
    yield from _lent(request)


def _lent(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    cluster = request.getfixturevalue("cluster")
    url = cluster.lend()
    yield url
    cluster.take_back(url)


@pytest.fixture
def authority(tmp_path: Path, database: str) -> "Iterator[RunningAuthority]":
    """A fresh authority of its own for one test, in a test directory."""
    # Here, so that tests of the lower layers need not import the whole house.
    from support.running import RunningAuthority, settings_for

    running = RunningAuthority(settings_for(tmp_path / "data", database=database))
    yield running
    running.stop()
