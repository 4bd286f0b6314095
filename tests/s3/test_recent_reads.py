"""Objects and pages that are held in memory: whoever asks is judged each time, and sees what was acknowledged."""

import pytest
from botocore.exceptions import ClientError

from s3.buckets import make_key
from s3.conftest import Room


def _keys(room: Room, **asked: object) -> list[str]:
    return [item["Key"] for item in room.s3.list_objects_v2(Bucket=room.name, **asked).get("Contents", [])]


def test_a_page_shows_each_change_once_it_is_acknowledged(room: Room) -> None:
    shown = []
    for number in range(5):
        room.s3.put_object(Bucket=room.name, Key=f"k{number}", Body=b"x")
        shown.append((_keys(room), _keys(room), len(_keys(room, MaxKeys=2))))
    room.s3.delete_object(Bucket=room.name, Key="k0")

    assert shown == [
        ([f"k{each}" for each in range(number + 1)],) * 2 + (min(2, number + 1),) for number in range(5)
    ]
    assert _keys(room) == ["k1", "k2", "k3", "k4"]


def test_an_object_that_was_read_is_read_as_it_is_now(room: Room) -> None:
    seen = []
    for body in (b"one", b"two", b"three"):
        room.s3.put_object(Bucket=room.name, Key="k", Body=body)
        seen += [room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() for _ in range(2)]
    room.s3.delete_object(Bucket=room.name, Key="k")

    assert seen == [b"one", b"one", b"two", b"two", b"three", b"three"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        room.s3.get_object(Bucket=room.name, Key="k")


def test_pages_of_one_bucket_are_not_those_of_another_of_the_same_query(make_room) -> None:
    first, second = make_room(), make_room()
    first.s3.put_object(Bucket=first.name, Key="first", Body=b"")
    second.s3.put_object(Bucket=second.name, Key="second", Body=b"")

    assert (_keys(first), _keys(second), _keys(first)) == (["first"], ["second"], ["first"])
    with pytest.raises(ClientError, match="AccessDenied"):
        second.s3.list_objects_v2(Bucket=first.name)


def test_a_deleted_key_does_not_get_the_page_that_it_was_shown(room: Room) -> None:
    other = make_key(room.authority, room.bucket)
    client = room.client(other)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")
    client.list_objects_v2(Bucket=room.name)
    client.get_object(Bucket=room.name, Key="k")

    room.authority.client("lightsail").delete_bucket_access_key(bucketName=room.name, accessKeyId=other.id)

    for ask in (
        lambda: client.list_objects_v2(Bucket=room.name),
        lambda: client.get_object(Bucket=room.name, Key="k"),
    ):
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            ask()
    assert _keys(room) == ["k"]
