"""Access keys: what each operation answers, and that a change is known to the very next request."""

from datetime import UTC, datetime, timedelta

import pytest

from iam.answers import NO_TOKEN, check_metadata, no_key, no_user, refused
from iam.room import USER_ARN

NOT_A_STATUS = (
    "1 validation error detected: Value at 'status' failed to satisfy constraint: "
    "Member must satisfy enum value set: [Active, Inactive]"
)
NEVER_MADE = "AKIARZPUZDIKAAAAAAAA"


def ids_of(room, name: str) -> list[str]:
    return [each["AccessKeyId"] for each in room.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]]


def test_new_key_signs_as_its_user_at_once(room):
    name = room.user(Path="/team/")

    key = room.key(name)

    assert f"{USER_ARN}/team/{name}" == room.caller(key)


def test_fifty_keys_are_each_used_the_moment_they_exist(room):
    name = room.user()

    for _ in range(50):
        key = room.key(name)
        assert f"{USER_ARN}/{name}" == room.caller(key)
        room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)


def test_switched_off_key_is_refused_by_the_very_next_request(room):
    name = room.user()
    key = room.key(name)
    sts = room.client("sts", key)
    sts.get_caller_identity()

    for _ in range(3):
        check_metadata(room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive"))
        with refused("InvalidClientTokenId", NO_TOKEN):
            sts.get_caller_identity()

        check_metadata(room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Active"))
        assert sts.get_caller_identity()["Arn"] == f"{USER_ARN}/{name}"


def test_deleted_key_is_refused_by_the_very_next_request(room):
    name = room.user()
    key = room.key(name)
    sts = room.client("sts", key)
    sts.get_caller_identity()

    check_metadata(room.iam.delete_access_key(UserName=name, AccessKeyId=key.id))

    with refused("InvalidClientTokenId", NO_TOKEN):
        sts.get_caller_identity()
    assert ids_of(room, name) == []


def test_inactive_key_can_be_deleted(room):
    name = room.user()
    key = room.key(name)
    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")

    room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)

    assert ids_of(room, name) == []


def test_switching_to_the_state_it_has_is_no_error(room):
    name = room.user()
    key = room.key(name)

    for status in ("Active", "Inactive", "Inactive"):
        room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status=status)

    assert room.iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Inactive"


def test_one_key_of_two_goes_and_the_other_stays_good(room):
    name = room.user()
    kept, gone = room.key(name), room.key(name)

    room.iam.delete_access_key(UserName=name, AccessKeyId=gone.id)

    assert [kept.id] == ids_of(room, name)
    assert f"{USER_ARN}/{name}" == room.caller(kept)


@pytest.mark.parametrize("status", ["Expired", "Disabled", "active", ""])
def test_status_that_cannot_be_set_is_refused_and_the_key_stays_good(room, status):
    name = room.user()
    key = room.key(name)

    with refused("ValidationError", NOT_A_STATUS):
        room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status=status)

    assert f"{USER_ARN}/{name}" == room.caller(key)


def test_keys_are_listed_in_order_of_creation_without_secrets(room):
    name = room.user("Listed")
    keys = [room.key(name), room.key(name)]
    room.iam.update_access_key(UserName=name, AccessKeyId=keys[0].id, Status="Inactive")

    response = room.iam.list_access_keys(UserName=name.upper())

    check_metadata(response)
    assert response["IsTruncated"] is False
    listed = response["AccessKeyMetadata"]
    assert [key.id for key in keys] == [each["AccessKeyId"] for each in listed]
    assert [each["Status"] for each in listed] == ["Inactive", "Active"]
    assert {each["UserName"] for each in listed} == {name}
    assert all({"UserName", "AccessKeyId", "Status", "CreateDate"} == set(each) for each in listed)


def test_user_without_keys_lists_none(room):
    response = room.iam.list_access_keys(UserName=room.user())

    assert (response["AccessKeyMetadata"], response["IsTruncated"]) == ([], False)


@pytest.mark.parametrize("operation", ["update_access_key", "delete_access_key"])
def test_key_of_another_user_looks_like_none_and_stays_intact(room, operation):
    owner, other = room.user(), room.user()
    key = room.key(owner)
    members = {"Status": "Inactive"} if operation == "update_access_key" else {}

    with refused("NoSuchEntity", no_key(key.id)):
        getattr(room.iam, operation)(UserName=other, AccessKeyId=key.id, **members)
    with refused("NoSuchEntity", no_key(key.id)):
        getattr(room.iam, operation)(AccessKeyId=key.id, **members)

    assert f"{USER_ARN}/{owner}" == room.caller(key)


@pytest.mark.parametrize("operation", ["update_access_key", "delete_access_key"])
def test_unknown_user_or_key_is_no_such_entity(room, operation):
    members = {"AccessKeyId": NEVER_MADE} | ({"Status": "Active"} if operation == "update_access_key" else {})

    with refused("NoSuchEntity", no_user("nobody")):
        getattr(room.iam, operation)(UserName="nobody", **members)
    with refused("NoSuchEntity", no_key(NEVER_MADE)):
        getattr(room.iam, operation)(UserName=room.user(), **members)


def test_key_id_that_is_none_is_refused(room):
    name = room.user()
    message = "The specified value for accessKeyId is invalid. It must contain only alphanumeric characters."

    with refused("ValidationError", message):
        room.iam.delete_access_key(UserName=name, AccessKeyId="AKIA-NOT-A-KEY-ID-01")


def test_key_that_was_never_used_says_so(room):
    name = room.user("Never")
    key = room.key(name)

    response = room.iam.get_access_key_last_used(AccessKeyId=key.id)

    check_metadata(response)
    assert response["UserName"] == name
    assert response["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}


def test_last_use_tells_date_service_and_region(room):
    name = room.user()
    key = room.key(name)

    room.client("sts", key, region="eu-west-3").get_caller_identity()
    first = room.iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]
    with pytest.raises(room.iam.exceptions.ClientError, match="AccessDenied"):
        room.client("iam", key).get_user()
    second = room.iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]

    assert (first["ServiceName"], first["Region"]) == ("sts", "eu-west-3")
    assert (second["ServiceName"], second["Region"]) == ("iam", "us-east-1")
    assert abs(second["LastUsedDate"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert second["LastUsedDate"].microsecond == 0


def test_client_of_any_region_reaches_iam_and_sts(room):
    # With an endpoint of its own, botocore signs IAM requests for the client's region, not for us-east-1.
    root = room.authority.root_key

    for region in ("us-east-1", "eu-central-1", "ap-southeast-2"):
        assert "Users" in room.client("iam", root, region=region).list_users()
        assert "Arn" in room.client("sts", root, region=region).get_caller_identity()


def test_refused_signature_is_no_use(room):
    key = room.key(room.user())
    wrong = type(key)(key.id, "x" * 40)

    with pytest.raises(room.iam.exceptions.ClientError, match="SignatureDoesNotMatch"):
        room.caller(wrong)

    last = room.iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]
    assert "LastUsedDate" not in last


def test_last_use_of_an_unknown_key_is_no_such_entity(room):
    with refused("NoSuchEntity", no_key(NEVER_MADE)):
        room.iam.get_access_key_last_used(AccessKeyId=NEVER_MADE)


def test_expired_key_is_refused_shown_as_expired_and_not_revived_by_a_switch(room):
    name = room.user()
    key = room.key(name)
    room.authority.command("creds-expire", id=key.id, at=datetime.now(UTC).isoformat())

    with refused("InvalidClientTokenId", NO_TOKEN):
        room.caller(key)

    assert room.iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Expired"
    with refused("InvalidInput", f"The Access Key with id {key.id} has expired and cannot be activated."):
        room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Active")
    with refused("InvalidClientTokenId", NO_TOKEN):
        room.caller(key)
    room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)
