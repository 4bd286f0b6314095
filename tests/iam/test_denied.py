"""Without policies a user may do nothing but ask who it is; AWS's text says what was denied, and on what."""

import pytest

from iam.answers import denied, refused
from iam.calls import CALLS, perform
from iam.room import USER_ARN


@pytest.fixture(scope="module")
def plain(room):
    """A user with a key and no permission, and another user that it might want to touch."""
    name, other = room.user("plain", Path="/team/"), room.user("other", Path="/team/")
    return room.client("iam", room.key(name)), f"{USER_ARN}/team/{name}", other


def test_every_operation_is_in_the_table(room):
    declared = room.authority.authority.gateway()._router.table.services["iam"].entries

    assert set(CALLS) == set(declared)


@pytest.mark.parametrize("operation", CALLS)
def test_user_without_a_policy_is_denied(room, plain, operation):
    client, arn, other = plain
    call = CALLS[operation]

    with refused("AccessDenied", denied(arn, f"iam:{operation}", call.resource(other))):
        perform(client, operation, call.members(other))

    assert room.iam.get_user(UserName=other)["User"]["Path"] == "/team/"


@pytest.mark.parametrize("operation", ["CreateAccessKey", "GetUser", "ListAccessKeys"])
def test_resource_of_a_call_without_a_name_is_the_caller(plain, operation):
    client, arn, _ = plain

    with refused("AccessDenied", denied(arn, f"iam:{operation}", arn)):
        perform(client, operation, {})


def test_resource_of_a_listing_is_the_path_that_is_listed(plain):
    client, arn, _ = plain

    with refused("AccessDenied", denied(arn, "iam:ListUsers", f"{USER_ARN}/team/")):
        client.list_users(PathPrefix="/team/")


def test_denied_caller_does_not_learn_whether_a_user_exists(plain):
    client, arn, _ = plain

    with refused("AccessDenied", denied(arn, "iam:GetUser", f"{USER_ARN}/nobody")):
        client.get_user(UserName="nobody")


def test_denied_caller_may_ask_who_it_is(room):
    name = room.user()

    assert f"{USER_ARN}/{name}" == room.caller(room.key(name))


def test_user_may_not_ask_whose_account_a_key_is(room):
    name = room.user()
    sts = room.client("sts", room.key(name))

    with refused("AccessDenied", denied(f"{USER_ARN}/{name}", "sts:GetAccessKeyInfo", None)):
        sts.get_access_key_info(AccessKeyId="AKIARZPUZDIKAAAAAAAA")
