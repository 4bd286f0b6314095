"""Hostile requests at the S3 door, sent raw: each is refused, none answers 5xx, and none leaves a byte behind."""

import base64
import hashlib
import hmac
import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from badinput.wire import Reply, Sent, deliver, signed
from s3.conftest import Room

UNSIGNED = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
EMPTY = hashlib.sha256(b"").hexdigest()


class _Signer(S3SigV4Auth):
    """botocore's signer for S3, over a hash of the test's choice."""

    def __init__(self, room: Room, claimed: str) -> None:
        super().__init__(Credentials(room.key.id, room.key.secret), "s3", "us-east-1")
        self._claimed = claimed

    def payload(self, request: AWSRequest) -> str:
        return self._claimed


def put(
    room: Room, target: str, body: bytes = b"content", claimed: str = "UNSIGNED-PAYLOAD", **headers: str
) -> Sent:
    """Return a signed PUT of the room's key; keyword names are header names with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("PUT", room.authority.url + target, {"Content-Type": "text/plain", **named}, body)
    request.headers["Host"] = urlsplit(room.authority.url).netloc
    _Signer(room, claimed).add_auth(request)
    return Sent(room.authority.url, "PUT", target, tuple(request.headers.items()), body)


def code(reply: Reply) -> str:
    return reply.document.findtext("Code") or ""


@pytest.fixture
def empty(room: Room) -> Iterator[Room]:
    """A room whose bucket has to be empty at the end too."""
    yield room
    assert room.s3.list_object_versions(Bucket=room.name).get("Versions", []) == []
    assert room.s3.list_multipart_uploads(Bucket=room.name).get("Uploads", []) == []
    count = "SELECT count(*) FROM lightsail_object WHERE bucket = ?"
    assert room.authority.look(lambda reader: reader.one(count, (room.bucket.id,))) == (0,)


def signing_key(room: Room, day: str) -> bytes:
    made = b"AWS4" + room.key.secret.encode()
    for part in (day, "us-east-1", "s3", "aws4_request"):
        made = hmac.digest(made, part.encode(), hashlib.sha256)
    return made


def chunked(room: Room, chunks: list[bytes], *, forge: int | None = None, end: bool = True) -> Sent:
    """Return a PUT in signed chunks; chunk number `forge` has another's signature."""
    headers = {
        "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "X-Amz-Decoded-Content-Length": str(sum(map(len, chunks))),
        "Content-Encoding": "aws-chunked",
    }
    head = signed(
        room.authority.url,
        room.key,
        b"",
        method="PUT",
        target=f"/{room.name}/k",
        headers=headers,
        service="s3",
    )
    stamp = head.header("X-Amz-Date")
    key, previous = signing_key(room, stamp[:8]), head.header("Authorization").rpartition("Signature=")[2]
    scope, body = f"{stamp[:8]}/us-east-1/s3/aws4_request", b""
    for number, chunk in enumerate([*chunks, b""]):
        if not chunk and not end:
            break
        text = "\n".join(
            ("AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, EMPTY, hashlib.sha256(chunk).hexdigest())
        )
        previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        shown = "0" * 64 if number == forge else previous
        body += f"{len(chunk):x};chunk-signature={shown}\r\n".encode() + chunk + b"\r\n"
    return head.with_body(body)


def test_honest_chunks_are_taken(room: Room) -> None:
    assert deliver(chunked(room, [b"a" * 9000, b"b" * 100])).status == 200

    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == b"a" * 9000 + b"b" * 100


@pytest.mark.parametrize("forge", [0, 1, 2])
def test_forged_chunk_signature(empty: Room, forge: int) -> None:
    reply = deliver(chunked(empty, [b"a" * 9000, b"b" * 100], forge=forge))

    assert (reply.status, code(reply)) == (403, "SignatureDoesNotMatch")


def test_altered_chunk(empty: Room) -> None:
    sent = chunked(empty, [b"a" * 9000])

    reply = deliver(sent.with_body(sent.body.replace(b"a" * 9000, b"a" * 8999 + b"x")))

    assert (reply.status, code(reply)) == (403, "SignatureDoesNotMatch")


def test_chunks_without_their_end(empty: Room) -> None:
    reply = deliver(chunked(empty, [b"a" * 9000], end=False))

    assert (reply.status, code(reply)) == (400, "IncompleteBody")


@pytest.mark.parametrize("size", [b"-1", b"+5", b"0x5", b"5 ", b"ffffffffffffffffff", b"g", b"", b"5" * 300])
def test_chunk_size_that_is_none(empty: Room, size: bytes) -> None:
    body = size + b"\r\nhello\r\n0\r\n\r\n"

    sent = put(
        empty,
        f"/{empty.name}/k",
        body,
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        x_amz_decoded_content_length="5",
    )
    reply = deliver(sent)

    assert 400 <= reply.status < 500


def test_body_cut_short_is_not_kept(empty: Room) -> None:
    sent = put(empty, f"/{empty.name}/k", b"x" * 200_000)
    parts = urlsplit(sent.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.putrequest("PUT", sent.target, skip_host=True)
    for name, value in sent.headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", "200000")
    connection.endheaders(b"x" * 150_000)
    connection.close()

    assert "Contents" not in empty.s3.list_objects_v2(Bucket=empty.name)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("Content_MD5", base64.b64encode(b"0" * 16).decode(), "BadDigest"),
        ("Content_MD5", "short", "InvalidDigest"),
        ("x_amz_checksum_crc32", "AAAAAA==", "BadDigest"),
        ("x_amz_checksum_crc32c", "AAAAAA==", "BadDigest"),
        ("x_amz_checksum_crc64nvme", "AAAAAAAAAAA=", "BadDigest"),
        ("x_amz_checksum_sha1", base64.b64encode(b"0" * 20).decode(), "BadDigest"),
        ("x_amz_checksum_sha256", base64.b64encode(b"0" * 32).decode(), "BadDigest"),
        ("x_amz_checksum_sha256", "not base64", "InvalidRequest"),
        ("claimed", "0" * 64, "XAmzContentSHA256Mismatch"),
    ],
)
def test_digest_of_something_else(empty: Room, name: str, value: str, wanted: str) -> None:
    reply = deliver(put(empty, f"/{empty.name}/k", **{name: value}))

    assert (400, wanted) == (reply.status, code(reply))


def test_digest_of_something_else_leaves_the_former_object(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"former")

    deliver(put(room, f"/{room.name}/k", Content_MD5=base64.b64encode(b"0" * 16).decode()))

    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == b"former"


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("..", ".."),
        ("../../etc/passwd", "../../etc/passwd"),
        ("%2e%2e/x", "../x"),
        ("%2Fleading", "/leading"),
        ("/second", "/second"),
        ("a%2F%2Fb", "a//b"),
        ("CON", "CON"),
        ("a%5Cb", "a\\b"),
        ("trailing/", "trailing/"),
        ("k" * 1024, "k" * 1024),
        ("e%CC%81", "e\u0301"),
        ("%C3%A9", "\u00e9"),
        ("%01%7F", "\x01\x7f"),
    ],
)
def test_key_is_bytes_and_never_a_path(room: Room, key: str, kept: str) -> None:
    sent = put(room, f"/{room.name}/{key}", kept.encode())

    assert deliver(sent).status == 200

    asked = "SELECT key FROM lightsail_object WHERE bucket = ?"
    rows = room.authority.look(lambda reader: reader.all(asked, (room.bucket.id,)))
    assert [(kept.encode(),)] == [(bytes(row[0]),) for row in rows]
    data = room.authority.settings.data
    assert not [path for path in data.rglob("*") if path.name in (kept, "passwd", "leading", "CON")]


@pytest.mark.parametrize(
    ("key", "wanted"), [("a%00b", None), ("k" * 1025, "KeyTooLongError"), ("%FF%FE", "InvalidURI")]
)
def test_key_that_is_none(empty: Room, key: str, wanted: str | None) -> None:
    reply = deliver(put(empty, f"/{empty.name}/{key}"))

    assert reply.status == 400
    assert wanted is None or wanted == code(reply)


@pytest.mark.parametrize("target", ["//{}/k", "/./{}/k", "/x/../{}/k", "/{}//k", "/{}/k/", "/{}/%6bk"])
def test_signature_is_of_one_path_only(empty: Room, target: str) -> None:
    sent = put(empty, f"/{empty.name}/k").with_target(target.format(empty.name))

    assert deliver(sent).status in (400, 403)


def presigned(room: Room, key: str = "k", seconds: int = 60) -> str:
    return room.s3.generate_presigned_url(
        "get_object", Params={"Bucket": room.name, "Key": key}, ExpiresIn=seconds
    )


def fetch(room: Room, url: str, **headers: str) -> Reply:
    parts = urlsplit(url)
    return deliver(
        Sent(
            room.authority.url,
            "GET",
            f"{parts.path}?{parts.query}",
            (("Host", parts.netloc), *headers.items()),
        )
    )


def by_v4(room: Room, seconds: int = 60) -> str:
    request = AWSRequest("GET", f"{room.authority.url}/{room.name}/k")
    S3SigV4QueryAuth(Credentials(room.key.id, room.key.secret), "s3", "us-east-1", expires=seconds).add_auth(
        request
    )
    return request.url


@pytest.mark.parametrize("make", [presigned, by_v4], ids=["v2", "v4"])
@pytest.mark.parametrize("end", ["deactivated", "deleted"])
def test_presigned_url_is_good_until_its_key_is_not(room: Room, make, end: str) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    url = make(room)
    before = fetch(room, url)

    if end == "deactivated":
        room.authority.command("creds-deactivate", id=room.key.id)
    else:
        lightsail = room.authority.client("lightsail")
        lightsail.delete_bucket_access_key(bucketName=room.name, accessKeyId=room.key.id)
    after = fetch(room, url)

    assert (before.status, before.body) == (200, b"v")
    assert (after.status, code(after)) == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize("make", [presigned, by_v4], ids=["v2", "v4"])
def test_two_ways_of_signing_at_once(room: Room, make) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    sent = signed(
        room.authority.url,
        room.key,
        b"",
        method="GET",
        target=f"/{room.name}/k",
        headers=UNSIGNED,
        service="s3",
    )

    reply = fetch(room, make(room), Authorization=sent.header("Authorization"))

    assert (reply.status, code(reply)) == (400, "InvalidArgument")


def test_presigned_url_of_more_than_a_week(room: Room) -> None:
    reply = fetch(room, by_v4(room, 604_801))

    assert (reply.status, code(reply)) == (400, "AuthorizationQueryParametersError")


def test_presigned_url_for_one_key_opens_no_other(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="other", Body=b"v")

    for make in (presigned, by_v4):
        assert fetch(room, make(room).replace("/k?", "/other?")).status == 403


BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<Delete><Object><Key>&c;</Key></Object></Delete>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<Delete><Object><Key>&x;</Key></Object></Delete>"""


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        OUTSIDE,
        b"<Delete>",
        b"not xml",
        "<Delete><Object><Key>k</Key></Object></Delete>".encode("utf-16"),
        b"<Delete/>",
        b"<Other><Object><Key>k</Key></Object></Other>",
        b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>",
        b"<a>" * 100_000,
    ],
    ids=["bomb", "outside", "open", "text", "utf-16", "nothing", "other", "1001", "deep"],
)
def test_document_that_is_none(room: Room, document: bytes) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"kept")
    digest = base64.b64encode(hashlib.md5(document).digest()).decode()
    sent = signed(
        room.authority.url,
        room.key,
        document,
        method="POST",
        target=f"/{room.name}?delete=",
        headers={**UNSIGNED, "Content-MD5": digest, "Content-Type": "application/xml"},
        service="s3",
    )

    reply = deliver(sent)

    assert reply.status == 400
    assert code(reply) in ("MalformedXML", "MissingRequestBodyError")
    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == b"kept"
