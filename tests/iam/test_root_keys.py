"""The account root's own keys: what the absence of UserName means to a caller that has no name."""

import pytest

from iam.answers import NO_TOKEN, no_key, refused
from iam.room import ACCOUNT, Room
from support.running import Key

ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:root"
QUOTA = "Cannot exceed quota for AccessKeysPerUser: 2"


@pytest.fixture
def own(authority):
    """An authority of one test: its root has few keys to spare."""
    return Room(authority)


def second_key(own: Room) -> Key:
    made = own.iam.create_access_key()["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def test_key_without_user_name_is_the_callers_and_has_no_name(own):
    made = own.iam.create_access_key()["AccessKey"]

    assert {"AccessKeyId", "SecretAccessKey", "Status", "CreateDate"} == set(made)
    assert own.caller(Key(made["AccessKeyId"], made["SecretAccessKey"])) == ROOT_ARN


def test_roots_keys_are_listed_without_a_name(own):
    second = second_key(own)

    listed = own.iam.list_access_keys()["AccessKeyMetadata"]

    assert [own.authority.root_key.id, second.id] == [each["AccessKeyId"] for each in listed]
    assert all("UserName" not in each for each in listed)
    assert "UserName" not in own.iam.get_access_key_last_used(AccessKeyId=second.id)


def test_root_has_at_most_two_keys_inactive_ones_included(own):
    second = second_key(own)
    own.iam.update_access_key(AccessKeyId=second.id, Status="Inactive")

    with refused("LimitExceeded", QUOTA):
        own.iam.create_access_key()

    own.iam.delete_access_key(AccessKeyId=second.id)
    second_key(own)


def test_roots_quota_leaves_the_users_alone(own):
    second_key(own)
    name = own.user()

    own.key(name)
    own.key(name)

    with refused("LimitExceeded", QUOTA):
        own.key(name)


def test_key_that_deletes_itself_is_answered_once_and_then_refused(own):
    second = second_key(own)
    client = own.client("iam", second)

    response = client.delete_access_key(AccessKeyId=second.id)

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    with refused("InvalidClientTokenId", NO_TOKEN):
        client.delete_access_key(AccessKeyId=second.id)
    assert own.caller(own.authority.root_key) == ROOT_ARN


def test_key_that_switches_itself_off_cannot_switch_itself_on(own):
    second = second_key(own)
    client = own.client("iam", second)

    client.update_access_key(AccessKeyId=second.id, Status="Inactive")

    with refused("InvalidClientTokenId", NO_TOKEN):
        client.update_access_key(AccessKeyId=second.id, Status="Active")


def test_roots_key_is_none_of_a_users(own):
    name, root_key = own.user(), own.authority.root_key

    with refused("NoSuchEntity", no_key(root_key.id)):
        own.iam.delete_access_key(UserName=name, AccessKeyId=root_key.id)

    assert own.caller(root_key) == ROOT_ARN


def test_summary_tells_whether_the_root_has_keys(own):
    name = own.user()
    own.key(name)

    assert own.iam.get_account_summary()["SummaryMap"]["AccountAccessKeysPresent"] == 1
