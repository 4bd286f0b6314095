"""Objects put, read, listed and deleted through unmodified boto3, with a bucket's own key."""

import pytest
from botocore.exceptions import ClientError

from s3.conftest import Room


def test_what_was_put_is_read_back(room: Room) -> None:
    room.s3.put_object(
        Bucket=room.name, Key="a/b.txt", Body=b"hello", ContentType="text/plain", Metadata={"x": "1"}
    )

    answer = room.s3.get_object(Bucket=room.name, Key="a/b.txt")

    assert answer["Body"].read() == b"hello"
    assert (answer["ContentType"], answer["Metadata"], answer["ETag"]) == (
        "text/plain",
        {"x": "1"},
        '"5d41402abc4b2a76b9719d911017c592"',
    )


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 3_000_000])
def test_bodies_of_every_size(room: Room, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    room.s3.put_object(Bucket=room.name, Key="k", Body=body[:size])

    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == body[:size]
    assert room.s3.head_object(Bucket=room.name, Key="k")["ContentLength"] == size


def test_a_deleted_object_is_gone(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"1")

    room.s3.delete_object(Bucket=room.name, Key="k")

    with pytest.raises(ClientError, match="NoSuchKey"):
        room.s3.get_object(Bucket=room.name, Key="k")


def test_listing_with_a_delimiter(room: Room) -> None:
    for key in ("a/1", "a/2", "b", "c/1"):
        room.s3.put_object(Bucket=room.name, Key=key, Body=b"")

    answer = room.s3.list_objects_v2(Bucket=room.name, Delimiter="/")

    assert [item["Key"] for item in answer["Contents"]] == ["b"]
    assert [group["Prefix"] for group in answer["CommonPrefixes"]] == ["a/", "c/"]


def test_a_bucket_key_opens_no_other_bucket(room: Room, make_room) -> None:
    other = make_room()

    for name in (other.name, "never-existed"):
        with pytest.raises(ClientError, match="AccessDenied"):
            room.s3.put_object(Bucket=name, Key="k", Body=b"1")


def test_a_bucket_key_sees_its_own_bucket_only(room: Room, make_room) -> None:
    make_room()

    assert [each["Name"] for each in room.s3.list_buckets()["Buckets"]] == [room.name]


def test_a_bucket_key_is_unknown_to_iam(room: Room) -> None:
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        room.authority.client("iam", room.key).list_users()


def test_a_deactivated_key_is_refused_at_once(room: Room) -> None:
    room.s3.list_objects_v2(Bucket=room.name)

    room.authority.command("creds-deactivate", id=room.key.id)

    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        room.s3.list_objects_v2(Bucket=room.name)


def test_the_account_root_reaches_its_buckets(room: Room) -> None:
    root = room.authority.client("s3")
    root.put_object(Bucket=room.name, Key="k", Body=b"1")

    assert root.list_objects_v2(Bucket=room.name)["KeyCount"] == 1
