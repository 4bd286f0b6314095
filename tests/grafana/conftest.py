"""One running authority per module here."""

from collections.abc import Iterator

import pytest

from grafana.workspaces import GrafanaRoom
from support.running import RunningAuthority, settings_for


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[GrafanaRoom]:
    """A running authority that the tests of a module share; each makes the workspaces it needs."""
    folder = tmp_path_factory.mktemp("grafana")
    settings = settings_for(
        folder / "data",
        database=shared_database,
        grafana_workspaces_per_region=1000,
        grafana_upstream_connect_seconds=1.0,
        grafana_upstream_answer_seconds=2.0,
        grafana_upstream_idle_seconds=3.0,
        grafana_upstream_connections=8,
    )
    running = RunningAuthority(settings)
    yield GrafanaRoom(running)
    running.stop()


@pytest.fixture(scope="module")
def workspace(room: GrafanaRoom) -> str:
    """A workspace that the tests of a module share."""
    return room.workspace()


@pytest.fixture(scope="module")
def keys(room: GrafanaRoom, workspace: str) -> dict[str, str]:
    """An API key of each role in that workspace."""
    return {role: room.key(workspace, role) for role in ("ADMIN", "EDITOR", "VIEWER")}
