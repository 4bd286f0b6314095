"""Objects and pages that are held in memory: whoever asks is judged each time, and sees what was acknowledged."""

import http.client

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from s3.buckets import make_bucket, make_key
from s3.conftest import Room
from support.running import Key


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


def _signed(room: Room, key: Key, region: str = "us-east-1", **headers: str) -> dict[str, str]:
    """Return the fields of a signed GET of the object `k`."""
    request = AWSRequest("GET", f"{room.authority.url}/{room.name}/k", headers=headers)
    S3SigV4Auth(Credentials(key.id, key.secret), "s3", region).add_auth(request)
    return dict(request.headers)


def _ask(room: Room, fields: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Send a GET of the object `k`, and return status and fields."""
    connection = http.client.HTTPConnection(room.authority.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", f"/{room.name}/k", headers=fields)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    finally:
        connection.close()


def test_a_request_that_was_answered_is_judged_again_when_it_is_sent_again(room: Room) -> None:
    other = make_key(room.authority, room.bucket)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")

    def status(fields: dict[str, str]) -> int:
        return _ask(room, fields)[0]

    fields = _signed(room, other)
    assert [status(fields) for _ in range(3)] == [200] * 3
    # The same request with another signature, of another region, by a key of another bucket, and by nobody.
    assert status(fields | {"Authorization": fields["Authorization"][:-4] + "0000"}) == 403
    assert status(_signed(room, other, "eu-west-1")) == 400
    assert status(_signed(room, make_key(room.authority, make_bucket(room.authority)))) == 403
    assert status({}) == 403
    assert status(fields) == 200

    room.authority.client("lightsail").delete_bucket_access_key(bucketName=room.name, accessKeyId=other.id)
    assert status(fields) == 403


def test_a_request_grows_stale_however_often_it_was_answered(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")
    fields = _signed(room, room.key)
    assert [_ask(room, fields)[0] for _ in range(2)] == [200] * 2

    clock = room.authority.authority.clock
    later = clock.real_epoch() + 3600
    monkeypatch.setattr(type(clock), "real_epoch", lambda _: later)
    assert _ask(room, fields)[0] == 403


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", "*", 304),
        ("If-Match", '"other"', 412),
        ("Range", "bytes=1-2", 206),
        ("Range", "bytes=9-", 416),
        ("x-amz-expected-bucket-owner", "999999999999", 403),
        ("Origin", "https://example.com", 200),
    ],
)
def test_what_a_header_asks_for_is_not_what_was_answered_without_it(
    room: Room, name: str, value: str, status: int
) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"xxx")

    def answered(**headers: str) -> tuple[int, dict[str, str]]:
        return _ask(room, _signed(room, room.key, **headers))

    assert [answered()[0] for _ in range(2)] == [200, 200]
    assert answered(**{name: value})[0] == status
    assert "x-amz-checksum-crc32" not in answered()[1]
    assert "x-amz-checksum-crc32" in answered(**{"x-amz-checksum-mode": "ENABLED"})[1]
    assert len({answered()[1]["x-amz-request-id"] for _ in range(3)}) == 3
