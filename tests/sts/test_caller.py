"""STS: who is calling, and whose account a key id carries."""

import pytest

from iam.answers import check_metadata, refused
from iam.room import ACCOUNT, USER_ARN
from support.running import Key


def test_root_is_its_account(room):
    response = room.sts.get_caller_identity()

    check_metadata(response)
    del response["ResponseMetadata"]
    assert {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"} == response


def test_user_is_its_unique_id_and_arn(room):
    name = room.user(Path="/a/b/")
    user = room.iam.get_user(UserName=name)["User"]

    response = room.client("sts", room.key(name)).get_caller_identity()

    check_metadata(response)
    del response["ResponseMetadata"]
    assert {"UserId": user["UserId"], "Account": ACCOUNT, "Arn": f"{USER_ARN}/a/b/{name}"} == response


def test_account_of_a_new_key_is_read_from_its_id(room):
    key = room.key(room.user())

    response = room.sts.get_access_key_info(AccessKeyId=key.id)

    check_metadata(response)
    assert response["Account"] == ACCOUNT


@pytest.mark.parametrize(
    ("key_id", "account"), [("ASIAY34FZKBOKMUTVV7A", "609629065308"), ("AKIARZPUZDIKAAAAAAAA", ACCOUNT)]
)
def test_account_of_any_key_id_is_read_without_a_look_up(room, key_id, account):
    assert account == room.sts.get_access_key_info(AccessKeyId=key_id)["Account"]


@pytest.mark.parametrize("key_id", ["AKIA0000000000000000", "akiarzpuzdikaaaaaaaa", "AKIARZPUZDIKAAAAAAAAA"])
def test_id_without_the_layout_carries_no_account(room, key_id):
    with refused("ValidationError", f"Invalid Access Key ID {key_id}."):
        room.sts.get_access_key_info(AccessKeyId=key_id)


def test_key_id_that_is_none_is_refused_and_repeated(room):
    message = (
        "1 validation error detected: Value 'not-a-key-id-at-all' at 'accessKeyId' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w]*"
    )

    with refused("ValidationError", message):
        room.sts.get_access_key_info(AccessKeyId="not-a-key-id-at-all")


def test_wrong_secret_is_refused(room):
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )

    with refused("SignatureDoesNotMatch", message):
        room.caller(Key(room.authority.root_key.id, "wrong/secret"))


@pytest.mark.parametrize("message", ["x", "a" * 10240])
def test_no_encoded_message_is_ours(room, message):
    with pytest.raises(room.sts.exceptions.InvalidAuthorizationMessageException) as raised:
        room.sts.decode_authorization_message(EncodedMessage=message)

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
