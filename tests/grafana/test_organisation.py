"""The organisation of a workspace: what an Admin calls it is what everybody reads."""

import pytest

from badinput.rows import rows
from grafana.desks import Desk
from grafana.workspaces import GrafanaRoom

NOWHERE = {"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""}


@pytest.fixture
def desk(room: GrafanaRoom) -> Desk:
    return Desk(room)


@pytest.mark.parametrize("path", ["/org", "/orgs/1"])
def test_name_and_address_are_kept_and_shown(desk: Desk, path: str):
    assert desk.does("GET", "/org") == {"id": 1, "name": "Main Org.", "address": NOWHERE}

    assert desk.does("PUT", path, {"name": " Plant 7 "}) == {"message": "Organization updated"}
    lines = {"address1": "Quay 1", "city": "Hamburg", "zipCode": None, "unheard-of": 1}
    assert desk.does("PUT", f"{path}/address", lines) == {"message": "Address updated"}

    address = {**NOWHERE, "address1": "Quay 1", "city": "Hamburg"}
    for each in ("/org", "/orgs/1"):
        shown = desk.does("GET", each, role="VIEWER")
        assert shown == {"id": 1, "name": "Plant 7", "address": address}
    assert desk.does("GET", "/user/orgs", role="EDITOR") == [
        {"orgId": 1, "name": "Plant 7", "role": "Editor"}
    ]
    desk.does("PUT", f"{path}/address", {})
    assert desk.does("GET", "/org") == {"id": 1, "name": "Plant 7", "address": NOWHERE}
    # Another workspace has an organisation of its own.
    assert Desk(desk.room).does("GET", "/org")["name"] == "Main Org."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/org", {}),
        ("/org", {"name": ""}),
        ("/org", {"name": "  "}),
        ("/org", {"name": 7}),
        ("/org", {"name": "a\0b"}),
        ("/org", {"name": "n" * 191}),
        ("/org/address", {"city": ["Hamburg"]}),
        ("/org/address", {"city": "c" * 256}),
    ],
)
def test_what_is_no_name_or_address_changes_nothing(desk: Desk, path: str, body: object):
    before = rows(desk.room.authority)

    desk.is_told(400, "bad request data", "PUT", path, body)

    assert rows(desk.room.authority) == before


def test_only_an_admin_changes_it_and_no_other_organisation_is_there(desk: Desk):
    before = rows(desk.room.authority)

    for role in ("EDITOR", "VIEWER"):
        for path in ("/org", "/org/address", "/orgs/1"):
            assert desk.ask("PUT", path, {"name": "mine"}, role).status == 403
    for path in ("/orgs/2", "/orgs/01", "/orgs/1/x"):
        assert desk.ask("PUT", path, {"name": "another"}).status == 404

    assert rows(desk.room.authority) == before
