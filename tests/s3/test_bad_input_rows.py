"""Rows of the table of bad input at the S3 door that nothing else shows: whole, and with nothing changed."""

import base64
import gzip
import hashlib
import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from badinput.wire import deliver, form, signed
from s3.conftest import Room

BOMB = gzip.compress(bytes(10_000_000))
MIB = 1 << 20


def test_a_bucket_key_makes_no_bucket(room: Room, make_room) -> None:
    other = make_room()
    before = room.authority.look(lambda reader: reader.all("SELECT name FROM lightsail_bucket ORDER BY name"))

    for name in ("a-name-nobody-has", other.name):
        with pytest.raises(ClientError, match="AccessDenied"):
            room.s3.create_bucket(Bucket=name)
    # As AWS answers the owner in us-east-1; rclone asks this before its first upload.
    assert room.s3.create_bucket(Bucket=room.name)["Location"] == f"/{room.name}"

    after = room.authority.look(lambda reader: reader.all("SELECT name FROM lightsail_bucket ORDER BY name"))
    assert before == after


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate", "br"])
def test_a_compressed_request_of_the_api_is_refused_unread(room: Room, encoding: str) -> None:
    sent = signed(room.authority.url, room.key, form("GetCallerIdentity", "sts"), service="sts")

    reply = deliver(sent.adding("Content-Encoding", encoding).with_body(BOMB))

    assert reply.status == 415


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_compressed_object_is_kept_as_it_was_sent(room: Room, encoding: str) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=BOMB, ContentEncoding=encoding)

    got = room.s3.get_object(Bucket=room.name, Key="k")

    assert (got["ContentEncoding"].replace(" ", ""), got["Body"].read()) == (
        encoding.replace(" ", ""),
        BOMB,
    )


def test_a_compressed_document_is_none(room: Room) -> None:
    document = gzip.compress(b"<Delete><Object><Key>k</Key></Object></Delete>")
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"kept")
    headers = {
        "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
        "Content-MD5": base64.b64encode(hashlib.md5(document).digest()).decode(),
        "Content-Encoding": "gzip",
    }
    target = f"/{room.name}?delete="

    reply = deliver(
        signed(
            room.authority.url,
            room.key,
            document,
            method="POST",
            target=target,
            headers=headers,
            service="s3",
        )
    )

    assert (reply.status, reply.text("Code")) == (400, "MalformedXML")
    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == b"kept"


def test_a_million_parts_are_refused_and_fill_no_memory(room: Room) -> None:
    named = {"Bucket": room.name, "Key": "k"}
    upload = room.s3.create_multipart_upload(**named)["UploadId"]
    part = b"<Part><PartNumber>1</PartNumber><ETag>&quot;0&quot;</ETag></Part>"
    length = 1_000_000 * len(part)
    sent = signed(
        room.authority.url,
        room.key,
        b"",
        method="POST",
        target=f"/{room.name}/k?uploadId={upload}",
        headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
        service="s3",
    )
    parts = urlsplit(sent.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.putrequest("POST", sent.target, skip_host=True)
    for name, value in sent.headers:
        if name.lower() != "content-length":
            connection.putheader(name, value)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    # The server is in this process; proc(5): its peak is set back to what is resident now.
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak_kib()

    try:
        for _ in range(length // (1000 * len(part))):
            connection.send(part * 1000)
    except (BrokenPipeError, ConnectionResetError):
        pass  # Refused before all of it was sent.
    answer = connection.getresponse()
    told = answer.read()
    connection.close()

    assert (answer.status, b"<Code>MalformedXML</Code>" in told) == (400, True)
    assert _peak_kib() - before <= 50 * 1024
    assert "Parts" not in room.s3.list_parts(**named, UploadId=upload)


def _peak_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def test_a_link_in_the_store_is_reached_by_no_key(room: Room, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not an object")
    objects = room.authority.settings.data / "objects"
    folder = objects / "ab" / "cd"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "link"
    link.symlink_to(secret)

    try:
        for key in ("link", "ab/cd/link", "objects/ab/cd/link", "../objects/ab/cd/link"):
            with pytest.raises(ClientError, match="NoSuchKey"):
                room.s3.get_object(Bucket=room.name, Key=key)
            room.s3.put_object(Bucket=room.name, Key=key, Body=b"x" * 100_000)
            room.s3.delete_object(Bucket=room.name, Key=key)
        assert link.is_symlink()
        assert secret.read_bytes() == b"not an object"
    finally:
        link.unlink()
