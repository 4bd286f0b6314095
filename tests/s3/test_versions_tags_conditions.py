"""Versions, tags, lists, conditions, checksums and ranges through boto3."""

import threading

import pytest
from botocore.exceptions import ClientError

from s3.conftest import Room


def refused(call, **parameters) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_versions_are_kept_and_a_marker_hides_them(make_room) -> None:
    room = make_room(versioning="Enabled")
    name = {"Bucket": room.name, "Key": "k"}
    first = room.s3.put_object(**name, Body=b"1")["VersionId"]
    second = room.s3.put_object(**name, Body=b"2")["VersionId"]

    marker = room.s3.delete_object(**name)

    assert marker["DeleteMarker"] is True
    assert refused(room.s3.get_object, **name) == (404, "NoSuchKey")
    assert refused(room.s3.get_object, **name, VersionId=marker["VersionId"]) == (405, "MethodNotAllowed")
    assert room.s3.get_object(**name, VersionId=first)["Body"].read() == b"1"
    listed = room.s3.list_object_versions(Bucket=room.name)
    assert [each["VersionId"] for each in listed["Versions"]] == [second, first]
    assert [each["IsLatest"] for each in listed["DeleteMarkers"]] == [True]
    room.s3.delete_object(**name, VersionId=marker["VersionId"])
    assert room.s3.get_object(**name)["Body"].read() == b"2"


def test_versions_are_listed_page_by_page(make_room) -> None:
    room = make_room(versioning="Enabled")
    made = [
        (key, room.s3.put_object(Bucket=room.name, Key=key, Body=b"")["VersionId"])
        for key in ("a", "b", "b", "b", "c")
    ]
    pages = room.s3.get_paginator("list_object_versions").paginate(
        Bucket=room.name, PaginationConfig={"PageSize": 2}
    )

    found = [(each["Key"], each["VersionId"]) for page in pages for each in page["Versions"]]

    assert found == [made[0], made[3], made[2], made[1], made[4]]


def test_tags(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    room.s3.put_object(**name, Body=b"1", Tagging="a=1&b=two%20words")
    assert room.s3.get_object_tagging(**name)["TagSet"] == [
        {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"},
    ]  # fmt: skip

    room.s3.put_object_tagging(**name, Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    assert room.s3.get_object(**name)["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "1"
    room.s3.delete_object_tagging(**name)
    assert room.s3.get_object_tagging(**name)["TagSet"] == []


def test_acl_and_attributes(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    room.s3.put_object(**name, Body=b"1")

    room.s3.put_object_acl(**name, ACL="public-read")

    assert len(room.s3.get_object_acl(**name)["Grants"]) == 2
    attributes = room.s3.get_object_attributes(**name, ObjectAttributes=["ETag", "ObjectSize", "Checksum"])
    assert attributes["ObjectSize"] == 1
    assert attributes["Checksum"]["ChecksumType"] == "FULL_OBJECT"


def test_list_in_a_document_is_the_owners_and_everybodys_or_is_refused(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    room.s3.put_object(**name, Body=b"1", ACL="public-read")
    read = room.s3.get_object_acl(**name)
    open_list = {"Owner": read["Owner"], "Grants": read["Grants"]}
    stranger = {"Grantee": {"Type": "CanonicalUser", "ID": "a" * 64}, "Permission": "FULL_CONTROL"}

    room.s3.put_object_acl(**name, AccessControlPolicy={**open_list, "Grants": read["Grants"][:1]})
    with pytest.raises(ClientError, match="NotImplemented"):
        room.s3.put_object_acl(**name, AccessControlPolicy={**open_list, "Grants": [stranger]})
    closed = room.s3.get_object_acl(**name)["Grants"]
    room.s3.put_object_acl(**name, AccessControlPolicy=open_list)

    assert (closed, room.s3.get_object_acl(**name)["Grants"]) == (read["Grants"][:1], read["Grants"])


def test_one_of_many_writers_creates_a_key(room: Room) -> None:
    outcomes: list[int] = []
    start = threading.Barrier(32)

    def write(number: int) -> None:
        start.wait(20)
        try:
            room.s3.put_object(Bucket=room.name, Key="k", Body=b"%d" % number, IfNoneMatch="*")
            outcomes.append(200)
        except ClientError as error:
            outcomes.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(32)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()

    assert sorted(outcomes) == [200, *[412] * 31]


def test_conditions(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    etag = room.s3.put_object(**name, Body=b"1")["ETag"]

    assert refused(room.s3.put_object, **name, Body=b"2", IfMatch='"0"') == (412, "PreconditionFailed")
    assert refused(room.s3.get_object, **name, IfMatch='"0"') == (412, "PreconditionFailed")
    assert refused(room.s3.get_object, **name, IfNoneMatch=etag)[0] == 304
    room.s3.put_object(**name, Body=b"2", IfMatch=etag)
    assert room.s3.get_object(**name)["Body"].read() == b"2"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("bytes=1-2", b"bc"),
        ("bytes=3-", b"de"),
        ("bytes=-2", b"de"),
        ("bytes=2-99", b"cde"),
        ("pages=1-2", b"abcde"),
    ],
)
def test_ranges(room: Room, span: str, expected: bytes) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"abcde")

    assert room.s3.get_object(Bucket=room.name, Key="k", Range=span)["Body"].read() == expected


@pytest.mark.parametrize("span", ["bytes=5-", "bytes=-0", "bytes=9-10"])
def test_ranges_beyond_the_end(room: Room, span: str) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"abcde")

    assert refused(room.s3.get_object, Bucket=room.name, Key="k", Range=span) == (416, "InvalidRange")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums_are_kept_and_shown(room: Room, algorithm: str) -> None:
    stored = room.s3.put_object(Bucket=room.name, Key="k", Body=b"abc", ChecksumAlgorithm=algorithm)

    read = room.s3.get_object(Bucket=room.name, Key="k", ChecksumMode="ENABLED")

    assert read["Body"].read() == b"abc"
    assert read[f"Checksum{algorithm}"] == stored[f"Checksum{algorithm}"]


def test_a_wrong_checksum_stores_nothing(room: Room) -> None:
    answer = refused(
        room.s3.put_object, Bucket=room.name, Key="k", Body=b"abc", ChecksumSHA256="A" * 43 + "="
    )

    assert answer == (400, "BadDigest")
    assert room.s3.list_objects_v2(Bucket=room.name)["KeyCount"] == 0


def test_many_keys_are_deleted_at_once(room: Room) -> None:
    for key in ("a", "b/..//c", "d "):
        room.s3.put_object(Bucket=room.name, Key=key, Body=b"")

    deleted = room.s3.delete_objects(
        Bucket=room.name, Delete={"Objects": [{"Key": key} for key in ("a", "b/..//c", "d ", "not there")]}
    )

    assert len(deleted["Deleted"]) == 4
    assert room.s3.list_objects_v2(Bucket=room.name)["KeyCount"] == 0


@pytest.mark.parametrize(
    "key", ["a//b", "../..", "/lead", "trail/", "é", "e\u0301", "a b+c", "%2F", "\x01", "?x=1&y", "k" * 1024]
)
def test_keys_mean_what_they_say(room: Room, key: str) -> None:
    room.s3.put_object(Bucket=room.name, Key=key, Body=key.encode())

    assert room.s3.get_object(Bucket=room.name, Key=key)["Body"].read() == key.encode()
    assert [each["Key"] for each in room.s3.list_objects_v2(Bucket=room.name)["Contents"]] == [key]
