"""Plugins: a list of what panels and data sources are called, which nobody changes."""

import pytest

from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom


@pytest.fixture(scope="module")
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


def ids(desk: Desk, query: str = "") -> list[str]:
    return [each["id"] for each in desk.does("GET", f"/plugins{query}", role="VIEWER")]


def test_panels_and_data_sources_are_listed_once_each_by_name(desk: Desk):
    listed = desk.does("GET", "/plugins?embedded=0", role="VIEWER")

    names = [each["name"] for each in listed]
    assert names == sorted(names)
    assert len({each["id"] for each in listed}) == len(listed)
    assert {"prometheus", "cloudwatch", "timeseries", "text"} <= {each["id"] for each in listed}
    prometheus = next(each for each in listed if each["id"] == "prometheus")
    assert (prometheus["type"], prometheus["category"], prometheus["signature"]) == (
        "datasource",
        "tsdb",
        "internal",
    )


def test_a_query_narrows_the_list(desk: Desk):
    assert "timeseries" in ids(desk, "?type=panel")
    assert "prometheus" not in ids(desk, "?type=panel")
    assert "grafana-x-ray-datasource" in ids(desk, "?core=0")
    assert "prometheus" not in ids(desk, "?core=0")
    assert ids(desk, "?enabled=1") == ids(desk)
    assert ids(desk, "?enabled=0") == ids(desk, "?embedded=1") == ids(desk, "?type=none") == []


def test_settings_of_a_plugin_and_of_none(desk: Desk):
    shown = desk.does("GET", "/plugins/text/settings", role="VIEWER")

    assert (shown["name"], shown["type"], shown["enabled"]) == ("Text", "panel", True)
    told = "Plugin not found, no installed plugin with that id"
    desk.is_told(404, told, "GET", "/plugins/none/settings")
    for path in ("/plugins/text/install", "/plugins/text/settings"):
        assert desk.ask("POST", path, {}).status == 404
