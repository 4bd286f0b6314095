"""Signatures of every form at the S3 door, and bodies that are not what was signed."""

import base64
import hashlib
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

import pytest

from badinput.wire import deliver, signed
from s3.conftest import Room

ACL_FOR_EVERYBODY = (
    b"<AccessControlPolicy><AccessControlList><Grant><Grantee>"
    b"<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission>"
    b"</Grant></AccessControlList></AccessControlPolicy>"
)


def fetch(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    # Version 2 signs the type, so that urllib must not make one up.
    request = urllib.request.Request(url, body, {"Content-Type": ""}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_of_both_versions(room: Room, version: str) -> None:
    client = room.client(signature_version=version)
    name = {"Bucket": room.name, "Key": "a b/ü"}

    put = client.generate_presigned_url("put_object", Params=name)
    assert fetch(put, "PUT", b"hello")[0] == 200
    get = client.generate_presigned_url("get_object", Params=name)
    assert fetch(get) == (200, b"hello")
    assert fetch(client.generate_presigned_url("head_object", Params=name), "HEAD")[0] == 200
    assert fetch(get.replace("a%20b", "a%20c"))[0] == 403
    assert fetch(client.generate_presigned_url("delete_object", Params=name), "DELETE")[0] == 204
    assert fetch(get)[0] == 404


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_ends_with_its_key_and_with_its_time(room: Room, version: str) -> None:
    client = room.client(signature_version=version)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"1")
    url = client.generate_presigned_url("get_object", Params={"Bucket": room.name, "Key": "k"}, ExpiresIn=60)
    assert fetch(url)[0] == 200

    room.authority.command("clock-advance", seconds=timedelta(seconds=70).total_seconds())
    expired = fetch(url)
    room.authority.command("clock-reset")
    room.authority.command("creds-deactivate", id=room.key.id)

    assert expired[0] == 403
    assert b"Request has expired" in expired[1]
    assert fetch(url)[0] == 403


@pytest.mark.parametrize(
    ("made_for", "method", "more", "body"),
    [
        ("get_object", "GET", "&%61cl", None),
        ("get_object", "GET", "&t%61gging=", None),
        ("get_object", "GET", "&%76ersionId={version}", None),
        ("put_object", "PUT", "&%61cl", ACL_FOR_EVERYBODY),
        ("put_object", "PUT", "&%74agging", b"<Tagging><TagSet/></Tagging>"),
        ("put_object", "PUT", "&p%61rtNumber=1&upload%49d={upload}", b"part"),
        ("delete_object", "DELETE", "&version%49d={version}", None),
    ],
)
def test_a_signature_of_version_2_covers_subresources_however_they_are_spelt(
    make_room, made_for: str, method: str, more: str, body: bytes | None
) -> None:
    room = make_room(versioning="Enabled", allows_public_overrides=True)
    name = {"Bucket": room.name, "Key": "k"}
    before = room.s3.put_object(**name, Body=b"1")["VersionId"]
    upload = room.s3.create_multipart_upload(**name)["UploadId"]
    url = room.client(signature_version="s3").generate_presigned_url(made_for, Params=name)

    answer = fetch(url + more.format(version=before, upload=upload), method, body)

    assert (answer[0], b"<Code>SignatureDoesNotMatch</Code>" in answer[1]) == (403, True)
    assert fetch(url, method, body)[0] in (200, 204)


def put(room: Room, body: bytes, **headers: str) -> Any:
    return signed(
        room.authority.url,
        room.key,
        body,
        method="PUT",
        target=f"/{room.name}/k",
        service="s3",
        headers=headers,
    )


def holds_nothing(room: Room) -> bool:
    return room.s3.list_objects_v2(Bucket=room.name)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"x", {"X-Amz-Content-SHA256": "0" * 64}, 400, "XAmzContentSHA256Mismatch"),
        (
            b"x",
            {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "Content-MD5": "A" * 22 + "=="},
            400,
            "BadDigest",
        ),
        (b"x", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "Content-MD5": "AA"}, 400, "InvalidDigest"),
        (
            b"x",
            {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "X-Amz-Checksum-Crc32": "AAAAAA=="},
            400,
            "BadDigest",
        ),
        (
            b"1\r\nx\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
            {
                "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                "X-Amz-Trailer": "x-amz-checksum-crc32",
                "X-Amz-Decoded-Content-Length": "1",
            },
            400,
            "BadDigest",
        ),
        (
            b"1\r\nx\r\n0\r\n\r\n",
            {
                "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                "X-Amz-Trailer": "x-amz-checksum-crc32",
                "X-Amz-Decoded-Content-Length": "1",
            },
            400,
            "MalformedTrailerError",
        ),
        (
            b"1;chunk-signature=" + b"0" * 64 + b"\r\nx\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n",
            {
                "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                "X-Amz-Decoded-Content-Length": "1",
            },
            403,
            "SignatureDoesNotMatch",
        ),
        (
            b"2\r\nx",
            {
                "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                "X-Amz-Decoded-Content-Length": "2",
            },
            400,
            "IncompleteBody",
        ),
        (
            b"x",
            {"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
            411,
            "MissingContentLength",
        ),
    ],
)
def test_a_body_that_is_not_what_was_said_is_not_stored(room: Room, body, headers, status, code) -> None:
    reply = deliver(put(room, body, **headers))

    assert (reply.status, reply.text("Code")) == (status, code), reply.body
    assert holds_nothing(room)


def test_a_forged_signature_with_an_unsigned_trailer(room: Room) -> None:
    sent = put(
        room,
        b"1\r\nx\r\n0\r\n\r\n",
        **{
            "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "X-Amz-Decoded-Content-Length": "1",
        },
    )
    signature = sent.header("Authorization")[-64:]

    forged = sent.altered(signature, "0" * 64)

    assert deliver(forged).status == 403
    credential = f"{room.key.id}/20260101/us-east-1/s3/aws4_request".replace("/", "%2F")
    in_query = forged.without("Authorization").with_target(f"/{room.name}/k?X-Amz-Credential={credential}")
    assert deliver(in_query).status in (400, 403)
    assert holds_nothing(room)


def test_another_spelling_of_a_signed_path_is_refused(room: Room) -> None:
    sent = put(room, b"x", **{"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})

    assert deliver(sent.with_target("/" + sent.target)).status == 403
    assert holds_nothing(room)


def test_two_mechanisms_at_once(room: Room) -> None:
    sent = put(room, b"x", **{"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    url = room.client(signature_version="s3v4").generate_presigned_url(
        "put_object", Params={"Bucket": room.name, "Key": "k"}
    )

    reply = deliver(sent.with_target(sent.target + "?" + url.partition("?")[2]))

    assert (reply.status, reply.text("Code")) == (400, "InvalidArgument")


def test_entity_bombs_and_foreign_encodings_are_refused(room: Room) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>'
    for body in (bomb, bomb.decode().encode("utf-16"), b"<Delete>", b"<Other/>"):
        sent = signed(
            room.authority.url,
            room.key,
            body,
            method="POST",
            target=f"/{room.name}?delete=",
            service="s3",
            headers={
                "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
                "Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode(),
            },
        )

        reply = deliver(sent)

        assert (reply.status, reply.text("Code")) == (400, "MalformedXML"), reply.body
