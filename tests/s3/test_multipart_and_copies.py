"""Multipart uploads and copies through boto3."""

import base64
import hashlib
import io
from typing import Any

import pytest
from awscrt import checksums
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from s3.conftest import Room

MIB = 1024 * 1024
PART = 5 * MIB
CONFIG = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
BIG = hashlib.sha256(b"seed").digest() * (12 * MIB // 32)


def upload(room: Room, key: str = "big") -> None:
    room.s3.upload_fileobj(io.BytesIO(BIG), room.name, key, Config=CONFIG)


def test_an_object_uploaded_in_parts_is_read_back(room: Room) -> None:
    upload(room)

    answer = room.s3.get_object(Bucket=room.name, Key="big")

    assert answer["ETag"].endswith('-3"')
    assert answer["Body"].read() == BIG


def test_ranges_across_parts_and_parts_by_number(room: Room) -> None:
    upload(room)

    across = room.s3.get_object(Bucket=room.name, Key="big", Range=f"bytes={5 * MIB - 3}-{5 * MIB + 2}")
    second = room.s3.get_object(Bucket=room.name, Key="big", PartNumber=2)

    assert across["Body"].read() == BIG[5 * MIB - 3 : 5 * MIB + 3]
    assert across["ContentRange"] == f"bytes {5 * MIB - 3}-{5 * MIB + 2}/{len(BIG)}"
    assert second["Body"].read() == BIG[5 * MIB : 10 * MIB]
    assert second["PartsCount"] == 3


def test_copies_of_large_objects_share_what_they_are(room: Room) -> None:
    upload(room)

    room.s3.copy_object(Bucket=room.name, Key="copy", CopySource={"Bucket": room.name, "Key": "big"})
    room.s3.delete_object(Bucket=room.name, Key="big")

    answer = room.s3.get_object(Bucket=room.name, Key="copy")
    assert answer["Body"].read() == BIG
    assert answer["ETag"] == f'"{hashlib.md5(BIG).hexdigest()}"'


def test_copy_of_parts(room: Room) -> None:
    upload(room)
    made = room.s3.create_multipart_upload(Bucket=room.name, Key="copy")["UploadId"]
    ranges = [f"bytes=0-{5 * MIB - 1}", f"bytes={5 * MIB}-{len(BIG) - 1}"]
    parts = []
    for number, span in enumerate(ranges, 1):
        copied = room.s3.upload_part_copy(
            Bucket=room.name, Key="copy", UploadId=made, PartNumber=number,
            CopySource={"Bucket": room.name, "Key": "big"}, CopySourceRange=span,
        )["CopyPartResult"]  # fmt: skip
        parts.append({"PartNumber": number, "ETag": copied["ETag"]})

    room.s3.complete_multipart_upload(
        Bucket=room.name, Key="copy", UploadId=made, MultipartUpload={"Parts": parts}
    )

    assert room.s3.get_object(Bucket=room.name, Key="copy")["Body"].read() == BIG


def test_a_completion_asked_for_again_answers_the_same(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    made = room.s3.create_multipart_upload(**name)["UploadId"]
    part = room.s3.upload_part(**name, UploadId=made, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC64NVME")
    asked = {
        **name,
        "UploadId": made,
        "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    }

    first, second = (room.s3.complete_multipart_upload(**asked) for _ in range(2))

    assert first["ETag"] == second["ETag"]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([(2, True), (1, True)], "InvalidPartOrder"),
        ([(1, True), (2, True)], "EntityTooSmall"),
        ([(1, False)], "InvalidPart"),
        ([(3, True)], "InvalidPart"),
    ],
)
def test_a_wrong_list_completes_nothing(room: Room, parts, code: str) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    made = room.s3.create_multipart_upload(**name, ChecksumAlgorithm="CRC32")["UploadId"]
    etags = {
        number: room.s3.upload_part(**name, UploadId=made, PartNumber=number, Body=b"x")["ETag"]
        for number in (1, 2)
    }
    listed = [
        {"PartNumber": number, "ETag": etags.get(number, '"0"') if right else f'"{"0" * 32}"'}
        for number, right in parts
    ]

    with pytest.raises(ClientError, match=code):
        room.s3.complete_multipart_upload(**name, UploadId=made, MultipartUpload={"Parts": listed})

    assert room.s3.list_objects_v2(Bucket=room.name)["KeyCount"] == 0
    assert len(room.s3.list_parts(**name, UploadId=made)["Parts"]) == 2


def test_an_aborted_upload_is_gone(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    made = room.s3.create_multipart_upload(**name)["UploadId"]
    assert [each["UploadId"] for each in room.s3.list_multipart_uploads(Bucket=room.name)["Uploads"]] == [
        made
    ]

    room.s3.abort_multipart_upload(**name, UploadId=made)

    assert "Uploads" not in room.s3.list_multipart_uploads(Bucket=room.name)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        room.s3.list_parts(**name, UploadId=made)


def test_copying_with_new_metadata_onto_itself(room: Room) -> None:
    source = {"Bucket": room.name, "Key": "k"}
    room.s3.put_object(**source, Body=b"1", Metadata={"a": "1"})
    with pytest.raises(ClientError, match="InvalidRequest"):
        room.s3.copy_object(**source, CopySource=source)

    room.s3.copy_object(**source, CopySource=source, Metadata={"a": "2"}, MetadataDirective="REPLACE")

    assert room.s3.head_object(**source)["Metadata"] == {"a": "2"}


def test_another_bucket_is_no_source(room: Room, make_room) -> None:
    other = make_room()
    other.s3.put_object(Bucket=other.name, Key="k", Body=b"theirs")

    for name in (other.name, "never-existed"):
        with pytest.raises(ClientError, match="AccessDenied"):
            room.s3.copy_object(Bucket=room.name, Key="k", CopySource={"Bucket": name, "Key": "k"})


def test_an_upload_that_declares_no_algorithm_takes_parts_with_any(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    made = room.s3.create_multipart_upload(**name)["UploadId"]
    first = room.s3.upload_part(
        **name, UploadId=made, PartNumber=1, Body=b"a" * PART, ChecksumAlgorithm="CRC32"
    )
    second = room.s3.upload_part(**name, UploadId=made, PartNumber=2, Body=b"b", ChecksumAlgorithm="SHA256")
    listed = [
        {"PartNumber": 1, "ETag": first["ETag"], "ChecksumCRC32": "AAAAAA=="},
        {"PartNumber": 2, "ETag": second["ETag"]},
    ]

    with pytest.raises(ClientError) as wrong:
        room.s3.upload_part(**name, UploadId=made, PartNumber=3, Body=b"c", ChecksumCRC32="AAAAAA==")
    done = room.s3.complete_multipart_upload(**name, UploadId=made, MultipartUpload={"Parts": listed})

    whole = base64.b64encode(checksums.crc64nvme(b"a" * PART + b"b").to_bytes(8, "big")).decode()
    assert wrong.value.response["Error"]["Code"] == "BadDigest"
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    assert room.s3.get_object(**name, ChecksumMode="ENABLED")["Body"].read() == b"a" * PART + b"b"


def test_an_upload_that_declares_one_takes_no_other(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    made = room.s3.create_multipart_upload(**name, ChecksumAlgorithm="CRC64NVME")["UploadId"]

    with pytest.raises(ClientError) as wrong:
        room.s3.upload_part(**name, UploadId=made, PartNumber=1, Body=b"c", ChecksumAlgorithm="CRC32")

    assert wrong.value.response["Error"]["Code"] == "InvalidRequest"


def test_parts_of_an_object_are_pages_of_its_attributes(room: Room) -> None:
    name = {"Bucket": room.name, "Key": "k"}
    made = room.s3.create_multipart_upload(**name, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = [
        room.s3.upload_part(**name, UploadId=made, PartNumber=each, Body=body, ChecksumAlgorithm="SHA256")
        for each, body in ((1, b"a" * PART), (2, b"b"))
    ]
    listed = [
        {"PartNumber": each, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
        for each, part in enumerate(parts, 1)
    ]
    room.s3.complete_multipart_upload(**name, UploadId=made, MultipartUpload={"Parts": listed})

    def ask(**more: int) -> Any:
        return room.s3.get_object_attributes(**name, ObjectAttributes=["ObjectParts"], **more)["ObjectParts"]

    assert ask(MaxParts=1)["IsTruncated"] is True
    second = ask(PartNumberMarker=1)
    assert (second["TotalPartsCount"], second["IsTruncated"]) == (2, False)
    assert second["Parts"] == [
        {"PartNumber": 2, "Size": 1, "ChecksumSHA256": parts[1]["ChecksumSHA256"]},
    ]
    for wrong in ({"MaxParts": -1}, {"PartNumberMarker": -1}, {"MaxParts": 2**40}):
        with pytest.raises(ClientError) as refused:
            ask(**wrong)
        assert refused.value.response["Error"]["Code"] == "InvalidArgument"
