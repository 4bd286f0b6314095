"""Accounts are walls: another account's root sees, names and changes nothing here, whatever it knows of it."""

import pytest

from badinput.rows import rows
from iam.answers import no_key, no_user, refused
from iam.calls import CALLS, perform
from matrix.credentials import OTHER_ACCOUNT, access_key_of_another_account

ABOUT_A_USER = [name for name, call in CALLS.items() if call.members("x").get("UserName") == "x"]
ABOUT_A_KEY = ["DeleteAccessKey", "UpdateAccessKey"]


@pytest.fixture(scope="module")
def stranger(room):
    """The root of another account, as an IAM client."""
    return room.client("iam", access_key_of_another_account(room, "the account root"))


@pytest.mark.parametrize("operation", ABOUT_A_USER)
def test_user_of_another_account_looks_like_none(room, stranger, operation):
    name = room.user()
    before = rows(room.authority)

    with refused("NoSuchEntity", no_user(name)):
        perform(stranger, operation, CALLS[operation].members(name))

    assert before == rows(room.authority)


@pytest.mark.parametrize("operation", ABOUT_A_KEY)
def test_roots_key_of_another_account_looks_like_none(room, stranger, operation):
    # Both roots are called "root": only the account tells them apart.
    key = room.authority.root_key
    members = {**CALLS[operation].members(""), "AccessKeyId": key.id}
    del members["UserName"]

    with refused("NoSuchEntity", no_key(key.id)):
        perform(stranger, operation, members | ({"Status": "Inactive"} if "Status" in members else {}))

    assert room.caller(key)


@pytest.mark.parametrize("operation", ABOUT_A_KEY)
def test_users_key_of_another_account_looks_like_none_under_a_name_that_both_have(room, stranger, operation):
    name = room.user()
    key = room.key(name)
    stranger.create_user(UserName=name)
    members = {**CALLS[operation].members(name), "AccessKeyId": key.id}

    with refused("NoSuchEntity", no_key(key.id)):
        perform(stranger, operation, members | ({"Status": "Inactive"} if "Status" in members else {}))

    assert room.caller(key)


def test_listings_hold_the_callers_account_alone(room, stranger):
    name = room.user("ours")

    stranger.create_user(UserName="theirs")

    assert name not in [user["UserName"] for user in stranger.list_users()["Users"]]
    assert "theirs" not in [user["UserName"] for user in room.iam.list_users()["Users"]]
    theirs = stranger.list_access_keys()["AccessKeyMetadata"]
    assert room.authority.root_key.id not in [key["AccessKeyId"] for key in theirs]


def test_names_markers_and_aliases_are_the_accounts_own(room, stranger):
    made = [room.user("shared") for _ in range(2)]
    for name in made:
        stranger.create_user(UserName=name)
    marker = room.iam.list_users(MaxItems=1)["Marker"]

    with refused("ValidationError", "Invalid Marker."):
        stranger.list_users(Marker=marker)

    arns = [client.get_user(UserName=made[0])["User"]["Arn"] for client in (room.iam, stranger)]
    assert arns[0] == arns[1].replace(OTHER_ACCOUNT, room.authority.settings.account)
    room.iam.create_account_alias(AccountAlias="ours")
    assert stranger.list_account_aliases()["AccountAliases"] == []
