"""Every kind of credential at every door in every condition ends as the one table says."""

import pytest

from matrix.credentials import FOREIGN, MAKERS, WAYS
from matrix.doors import ASKED_FOR, KNOCKS, outcome
from matrix.expectations import CALLER_IDENTITY, CONDITIONS, DOORLESS, DOORS, MATRIX, Row
from matrix.render import PAGE, main
from matrix.shown import OTHER_ACCOUNT, Shown

CASES = [
    pytest.param(row, condition, way, id=f"{row}, {condition} {way}")
    for row in MATRIX
    for condition in CONDITIONS
    for way in WAYS[row.kind][condition]
]


@pytest.fixture(scope="module")
def asked_for(room):
    """The user that the doors are asked for."""
    room.iam.create_user(UserName=ASKED_FOR)


@pytest.fixture
def clock(room):
    """The movable clock, which is the machine's again afterwards."""
    yield
    room.authority.command("clock-reset")


@pytest.mark.parametrize(("row", "condition", "way"), CASES)
def test_credential_ends_at_the_door_as_the_table_says(room, asked_for, clock, row: Row, condition, way):
    knock = KNOCKS[row.door]
    held = MAKERS[row.kind](room, row.holder)
    # It has been used: what is held in memory of a good credential must not outlive it.
    assert row.outcomes["right audience"] == outcome(knock(room, Shown(held.key)))

    shown = WAYS[row.kind][condition][way](room, held)

    assert row.outcomes[condition] == outcome(knock(room, shown))


@pytest.mark.parametrize("row", MATRIX, ids=str)
def test_credential_of_another_account_opens_nothing_of_this_one(room, asked_for, row: Row):
    key = FOREIGN[row.kind](room, row.holder)

    reply = KNOCKS[row.door](room, Shown(key))

    assert row.outcomes["other account"] == outcome(reply)
    if row.door == CALLER_IDENTITY and reply.status == 200:
        assert reply.text("GetCallerIdentityResult/Account") == OTHER_ACCOUNT
        assert room.authority.settings.account.encode() not in reply.body


def test_table_has_every_kind_at_every_door_in_every_condition(room):
    kinds = {kind.name for kind in room.authority.authority.kinds} - DOORLESS

    assert {(kind, door) for kind in kinds for door in DOORS} == {(row.kind, row.door) for row in MATRIX}
    assert all(set(row.outcomes) == set(CONDITIONS) for row in MATRIX)
    assert kinds == set(WAYS) == set(MAKERS) == set(FOREIGN)
    assert all(set(ways) == set(CONDITIONS) for ways in WAYS.values())
    assert set(DOORS) == set(KNOCKS)
    for ways in WAYS.values():
        assert [condition for condition in CONDITIONS if not ways[condition]] == ["other account"]


def test_page_in_the_docs_is_what_the_table_says():
    assert main(["--check"]) == 0, f"write {PAGE.name} anew"
