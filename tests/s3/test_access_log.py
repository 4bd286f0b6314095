"""Access logs: what was asked of a bucket stands, in AWS's format, in the bucket that its setting names."""

import re
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from s3.conftest import Room

# A field is bracketed, quoted, or has no spaces: "Amazon S3 server access log format".
_FIELD = re.compile(r'\[[^\]]*\]|"[^"]*"|\S+')
_KEY = re.compile(r"logs/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}")


def deliver(room: Room) -> None:
    authority = room.authority.authority
    workers = [worker for parts in authority.parts for worker in parts.workers]
    log = next(each for each in workers if each.name == "s3-access-log")

    async def work() -> None:
        await log.work()

    room.authority.run(work())


def keep_log(room: Room, destination: str, prefix: str = "logs/") -> None:
    room.authority.client("lightsail").update_bucket(
        bucketName=room.name,
        accessLogConfig={"enabled": True, "destination": destination, "prefix": prefix},
    )


def objects(room: Room) -> list[str]:
    listed = room.authority.client("s3").list_objects_v2(Bucket=room.name, Prefix="logs/")
    return [each["Key"] for each in listed.get("Contents", [])]


def lines(room: Room) -> list[list[str]]:
    s3 = room.authority.client("s3")
    bodies = [s3.get_object(Bucket=room.name, Key=key)["Body"].read().decode() for key in objects(room)]
    return [_FIELD.findall(line) for body in bodies for line in body.splitlines()]


@pytest.fixture
def logs(make_room) -> Room:
    return make_room()


def test_each_request_is_a_line_in_the_documented_order(room: Room, logs: Room) -> None:
    keep_log(room, logs.name)
    room.s3.put_object(Bucket=room.name, Key="a b", Body=b"12345")
    room.s3.get_object(Bucket=room.name, Key="a b", Range="bytes=0-1")["Body"].read()
    room.s3.list_objects_v2(Bucket=room.name)
    room.s3.delete_object(Bucket=room.name, Key="a b")
    with pytest.raises(ClientError, match="NoSuchKey"):
        room.s3.get_object(Bucket=room.name, Key="a b")

    deliver(room)

    found = lines(logs)
    assert [_KEY.fullmatch(key) is not None for key in objects(logs)] == [True]
    assert [(each[6], each[7], each[9], each[10]) for each in found] == [
        ("REST.PUT.OBJECT", "a%20b", "200", "-"),
        ("REST.GET.OBJECT", "a%20b", "206", "-"),
        ("REST.GET.BUCKET", "-", "200", "-"),
        ("REST.DELETE.OBJECT", "a%20b", "204", "-"),
        ("REST.GET.OBJECT", "a%20b", "404", "NoSuchKey"),
    ]
    assert {len(each) for each in found} == {26}
    assert {(each[1], each[3], each[4]) for each in found} == {(room.name, "127.0.0.1", room.key.id)}
    assert found[1][11] == "2"
    assert found[0][8] == f'"PUT /{room.name}/a%20b HTTP/1.1"'
    assert {(each[19], each[21]) for each in found} == {("SigV4", "AuthHeader")}


def test_strangers_and_refusals_are_lines_and_no_signature_is_in_one(room: Room, logs: Room) -> None:
    keep_log(room, logs.name)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")
    for version in ("s3", "s3v4"):
        url = room.client(signature_version=version).generate_presigned_url(
            "get_object", Params={"Bucket": room.name, "Key": "k"}
        )
        urllib.request.urlopen(url, timeout=10).close()
    stranger = urllib.request.Request(
        f"{room.authority.url}/{room.name}/k", headers={"User-Agent": 'a" 200 - "b'}
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(stranger, timeout=10)

    deliver(room)

    found = lines(logs)
    assert [(each[9], each[10], each[19]) for each in found[1:]] == [
        ("200", "-", "SigV2"),
        ("200", "-", "SigV4"),
        ("403", "AccessDenied", "-"),
    ]
    assert found[3][16] == '"a? 200 - ?b"'
    assert [len(each) for each in found] == [26] * 4
    assert "Signature=-" in found[1][8]
    assert "X-Amz-Signature=-" in found[2][8]


def test_no_spelling_of_a_parameter_brings_its_secret_into_the_log(room: Room, logs: Room) -> None:
    keep_log(room, logs.name)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")
    url = room.s3.generate_presigned_url("get_object", Params={"Bucket": room.name, "Key": "k"})
    path, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    secrets = [value for name, _, value in pairs if "Signature" in name and len(value) > 10]
    spelt = "&".join(f"{name.replace('S', '%53').replace('g', '%67')}={value}" for name, _, value in pairs)
    referring = urllib.request.Request(f"{path}?{spelt}", headers={"Referer": url})

    assert urllib.request.urlopen(referring, timeout=10).read() == b"x"
    deliver(room)

    told = " ".join(lines(logs)[-1])
    assert secrets
    assert not [secret for secret in secrets if secret in told]


def test_a_log_may_lie_in_its_own_bucket_and_makes_no_line_of_itself(room: Room) -> None:
    keep_log(room, room.name)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")

    deliver(room)
    before = room.authority.look(lambda reader: reader.one("SELECT count(*) FROM lightsail_object"))
    deliver(room)

    assert before == room.authority.look(lambda reader: reader.one("SELECT count(*) FROM lightsail_object"))
    assert [each[6] for each in lines(room)] == ["REST.PUT.OBJECT"]


def test_nothing_is_kept_for_a_log_that_is_off_or_has_no_place_any_more(room: Room, logs: Room) -> None:
    lightsail = room.authority.client("lightsail")
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")
    deliver(room)
    keep_log(room, logs.name)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"x")
    lightsail.update_bucket(bucketName=room.name, accessLogConfig={"enabled": False})

    deliver(room)

    assert objects(logs) == []


def test_many_lines_are_several_objects(room: Room, logs: Room) -> None:
    keep_log(room, logs.name)
    room.s3.put_object(Bucket=room.name, Key="k" * 1000, Body=b"x")
    for _ in range(70):
        room.s3.head_object(Bucket=room.name, Key="k" * 1000)

    deliver(room)

    assert len(objects(logs)) > 1
    assert len(lines(logs)) == 71
