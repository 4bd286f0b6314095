"""The engine: unbound as a child, which resolves for the door and ends with it."""

import subprocess

from keystead.products.globalresolver.door.house import LOG_FILE
from resolver.room import DNSRoom, addresses
from resolver.upstream import PUBLIC, Upstream
from support.running import RunningAuthority, settings_for


def test_unbound_runs_as_a_child_asks_the_upstream_and_ends_with_the_door(tmp_path):
    upstream = Upstream()
    running = RunningAuthority(
        settings_for(tmp_path / "data", upstream=(upstream.address,), dns_engine="unbound")
    )
    try:
        room = DNSRoom(running, upstream)
        view = room.view(dnssecValidation="DISABLED")
        answer = room.dot("www.example.com", view.token)
        asked = list(upstream.names())
    finally:
        running.stop()
        upstream.close()

    assert addresses(answer) == [PUBLIC]
    assert "www.example.com." in asked
    children = subprocess.run(
        ["pgrep", "-f", str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    assert children.stdout == ""


def test_stop_loses_no_line_of_the_query_log(tmp_path):
    upstream = Upstream()
    running = RunningAuthority(settings_for(tmp_path / "data", upstream=(upstream.address,)))
    try:
        room = DNSRoom(running, upstream)
        view = room.view(room.resolver(observabilityRegion="us-east-1")["id"])
        for _ in range(5):
            room.dot("www.example.com", view.token)
    finally:
        running.stop()
        upstream.close()

    assert len((tmp_path / "data" / LOG_FILE).read_text().splitlines()) == 5
