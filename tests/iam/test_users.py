"""Users: created, shown, listed, renamed, moved and deleted, under names that ignore case."""

from datetime import UTC, datetime, timedelta

import pytest

from iam.answers import check_metadata, no_user, refused
from iam.room import ACCOUNT, USER_ARN, Room
from support.running import RunningAuthority, settings_for


def test_created_user_is_shown_whole(room):
    name = room.name()

    response = room.iam.create_user(UserName=name, Path="/team/a/", Tags=[{"Key": "Stage", "Value": "test"}])

    user = response["User"]
    check_metadata(response)
    assert {"Path", "UserName", "UserId", "Arn", "CreateDate", "Tags"} == set(user)
    assert ("/team/a/", name) == (user["Path"], user["UserName"])
    assert f"{USER_ARN}/team/a/{name}" == user["Arn"]
    assert len(user["UserId"]) == 21
    assert user["UserId"].startswith("AIDA")
    assert abs(user["CreateDate"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert user["CreateDate"].microsecond == 0
    assert user["Tags"] == [{"Key": "Stage", "Value": "test"}]


def test_path_is_the_root_when_none_is_given(room):
    user = room.iam.create_user(UserName=room.name())["User"]

    assert user["Path"] == "/"
    assert f"{USER_ARN}/{user['UserName']}" == user["Arn"]
    assert "Tags" not in user


def test_user_is_got_as_it_was_created(room):
    name = room.name()
    created = room.iam.create_user(UserName=name, Tags=[{"Key": "a", "Value": ""}])["User"]

    response = room.iam.get_user(UserName=name)

    check_metadata(response)
    assert created == response["User"]


def test_name_is_found_in_any_case_and_shown_as_stored(room):
    room.iam.create_user(UserName="CamelCase")

    shown = room.iam.get_user(UserName="camelCASE")["User"]["UserName"]

    assert shown == "CamelCase"


def test_name_that_differs_in_case_only_is_taken(room):
    name = room.user()

    with refused("EntityAlreadyExists", f"User with name {name.upper()} already exists.") as caught:
        room.iam.create_user(UserName=name.upper())

    assert isinstance(caught.error, room.iam.exceptions.EntityAlreadyExistsException)


@pytest.mark.parametrize(
    "name", ["caf\u00e9", "cafe\u0301", "user name", "a/b", "a:b", "a*", "\u0130", "a\u200bb"]
)
def test_name_beyond_the_plain_alphabet_is_refused_so_none_can_look_alike(room, name):
    message = (
        "The specified value for userName is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )

    with refused("ValidationError", message):
        room.iam.create_user(UserName=name)


def test_every_allowed_mark_makes_a_name(room):
    room.iam.create_user(UserName="A_z0+=,.@-")

    assert room.iam.get_user(UserName="a_Z0+=,.@-")["User"]["Arn"] == f"{USER_ARN}/A_z0+=,.@-"


def test_new_name_has_at_most_64_characters_and_an_existing_one_128(room):
    too_long = "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
    room.iam.create_user(UserName="n" * 64)

    with refused("ValidationError", too_long + "Member must have length less than or equal to 64"):
        room.iam.create_user(UserName="n" * 65)
    with refused("NoSuchEntity", no_user("n" * 128)):
        room.iam.get_user(UserName="n" * 128)
    with refused("ValidationError", too_long + "Member must have length less than or equal to 128"):
        room.iam.get_user(UserName="n" * 129)


@pytest.mark.parametrize("path", ["", "x", "/x", "x/", "/a b/", "//\u00e9/"])
def test_path_that_is_none_is_refused(room, path):
    name = room.name()

    with pytest.raises(room.iam.exceptions.ClientError) as raised:
        room.unchecked.create_user(UserName=name, Path=path)

    assert raised.value.response["Error"]["Code"] == "ValidationError"
    with refused("NoSuchEntity", no_user(name)):
        room.iam.get_user(UserName=name)


def test_users_are_listed_by_path_prefix_without_tags(room):
    room.iam.create_user(UserName="listed-b", Path="/listed/deep/", Tags=[{"Key": "k", "Value": "v"}])
    room.iam.create_user(UserName="listed-a", Path="/listed/")
    room.user()

    response = room.iam.list_users(PathPrefix="/listed/")

    check_metadata(response)
    assert response["IsTruncated"] is False
    assert "Marker" not in response
    assert [user["UserName"] for user in response["Users"]] == ["listed-a", "listed-b"]
    assert all("Tags" not in user for user in response["Users"])
    assert room.iam.list_users(PathPrefix="/listed/d")["Users"] == response["Users"][1:]


def test_rename_keeps_id_keys_and_tags_and_changes_the_arn_at_once(room):
    old, new = room.user(Tags=[{"Key": "k", "Value": "v"}]), room.name("Renamed")
    key = room.key(old)
    before = room.iam.get_user(UserName=old)["User"]
    assert f"{USER_ARN}/{old}" == room.caller(key)

    check_metadata(room.iam.update_user(UserName=old, NewUserName=new, NewPath="/moved/"))

    after = room.iam.get_user(UserName=new)["User"]
    assert f"{USER_ARN}/moved/{new}" == room.caller(key) == after["Arn"]
    assert (before["UserId"], before["CreateDate"]) == (after["UserId"], after["CreateDate"])
    assert before["Tags"] == after["Tags"]
    assert after["Path"] == "/moved/"
    listed = room.iam.list_access_keys(UserName=new)["AccessKeyMetadata"]
    assert [(key.id, new)] == [(each["AccessKeyId"], each["UserName"]) for each in listed]
    with refused("NoSuchEntity", no_user(old)):
        room.iam.get_user(UserName=old)


def test_freed_name_makes_another_user_with_another_id(room):
    name = room.user()
    first = room.iam.get_user(UserName=name)["User"]["UserId"]
    room.iam.update_user(UserName=name, NewUserName=room.name())

    second = room.iam.create_user(UserName=name)["User"]["UserId"]

    assert first != second


def test_user_may_be_renamed_to_another_case_of_its_own_name(room):
    name = room.user("lower")

    room.iam.update_user(UserName=name, NewUserName=name.upper())

    assert room.iam.get_user(UserName=name)["User"]["UserName"] == name.upper()


def test_update_without_anything_new_changes_nothing(room):
    name = room.user(Path="/kept/")
    before = room.iam.get_user(UserName=name)["User"]

    room.iam.update_user(UserName=name)

    assert before == room.iam.get_user(UserName=name)["User"]


def test_rename_to_a_taken_name_is_refused_and_changes_neither(room):
    name, taken = room.user(), room.user("Taken")

    with refused("EntityAlreadyExists", f"User with name {taken.lower()} already exists."):
        room.iam.update_user(UserName=name, NewUserName=taken.lower(), NewPath="/elsewhere/")

    assert room.iam.get_user(UserName=name)["User"]["Path"] == "/"
    assert room.iam.get_user(UserName=taken)["User"]["UserName"] == taken


def test_deleted_user_is_gone_and_its_name_free(room):
    name = room.user(Tags=[{"Key": "k", "Value": "v"}])

    check_metadata(room.iam.delete_user(UserName=name))

    with refused("NoSuchEntity", no_user(name)):
        room.iam.get_user(UserName=name)
    assert "Tags" not in room.iam.create_user(UserName=name)["User"]


def test_user_with_a_key_is_not_deleted(room):
    name = room.user()
    key = room.key(name)
    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")

    with refused("DeleteConflict", "Cannot delete entity, must delete access keys first."):
        room.iam.delete_user(UserName=name)

    room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)
    room.iam.delete_user(UserName=name)


def test_key_of_a_user_of_the_same_name_made_again_is_not_inherited(room):
    name = room.user()
    key = room.key(name)
    room.iam.delete_access_key(UserName=name, AccessKeyId=key.id)
    room.iam.delete_user(UserName=name)

    room.iam.create_user(UserName=name)

    assert room.iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []
    with refused("InvalidClientTokenId", "The security token included in the request is invalid."):
        room.caller(key)


def test_get_user_without_a_name_shows_the_root_to_the_root(room):
    user = room.iam.get_user()["User"]

    assert (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root") == (user["UserId"], user["Arn"])
    assert "UserName" not in user


def test_boundary_that_names_no_policy_is_refused_and_no_user_made(room):
    name, policy = room.name(), f"arn:aws:iam::{ACCOUNT}:policy/none"

    with refused("NoSuchEntity", f"Policy {policy} does not exist or is not attachable."):
        room.iam.create_user(UserName=name, PermissionsBoundary=policy)

    with refused("NoSuchEntity", no_user(name)):
        room.iam.get_user(UserName=name)


def test_waiter_ends_when_the_user_exists(room):
    waiter = room.iam.get_waiter("user_exists")

    waiter.wait(UserName=room.user(), WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_users_quota_is_exact(tmp_path):
    running = RunningAuthority(settings_for(tmp_path / "data", users_per_account=3))
    try:
        small = Room(running)
        first = small.user()
        small.user()
        with refused("LimitExceeded", "Cannot exceed quota for UsersPerAccount: 3"):
            small.user()
        assert small.iam.get_account_summary()["SummaryMap"]["Users"] == 3
        small.iam.delete_user(UserName=first)
        small.user()
    finally:
        running.stop()
