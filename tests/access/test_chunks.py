"""aws-chunked bodies: every cut of a right one gives its content, and every wrong one is refused."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.access.sigv4 import BrokenChunks, ChunkedBody, ChunkSignatures, Presented, SigningKey, Verified

KEY = SigningKey(b"k" * 32)
SEED = "5" * 64
TIME, SCOPE = "20150830T123600Z", "20150830/us-east-1/s3/aws4_request"
EMPTY = hashlib.sha256(b"").hexdigest()


def verified() -> Verified:
    date, region, service, end = SCOPE.split("/")
    presented = Presented("AKIA", date, region, service, end, SCOPE, TIME, 0.0, (), SEED, {}, "header")
    return Verified(presented, KEY, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")


def sign(algorithm: str, previous: str, rest: str) -> str:
    text = f"{algorithm}\n{TIME}\n{SCOPE}\n{previous}\n{rest}".encode()
    return hmac.new(b"k" * 32, text, hashlib.sha256).hexdigest()


def signed_body(chunks: list[bytes], trailer: bytes | None = None) -> bytes:
    previous, body = SEED, b""
    for chunk in [*chunks, b""]:
        digest = hashlib.sha256(chunk).hexdigest()
        previous = sign("AWS4-HMAC-SHA256-PAYLOAD", previous, f"{EMPTY}\n{digest}")
        body += b"%x;chunk-signature=%b\r\n" % (len(chunk), previous.encode())
        body += chunk + b"\r\n" if chunk else b""
    if trailer is not None:
        signature = sign("AWS4-HMAC-SHA256-TRAILER", previous, hashlib.sha256(trailer + b"\n").hexdigest())
        body += trailer + b"\n\r\n" + b"x-amz-trailer-signature:" + signature.encode() + b"\r\n"
    return body + b"\r\n"


def unsigned_body(chunks: list[bytes], trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    return framed + b"0\r\n" + (trailer + b"\r\n" if trailer else b"") + b"\r\n"


def read(body: ChunkedBody, sent: list[bytes]) -> bytes:
    content = b"".join(bytes(piece) for part in sent for piece in body.feed(part))
    if not body.is_complete:
        raise BrokenChunks("malformed")
    return content


def signed(*, has_trailers: bool = False) -> ChunkedBody:
    return ChunkedBody(ChunkSignatures(verified()), has_trailers=has_trailers)


def cut(body: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(body) + 1) for place in places})
    return [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)], strict=True)]


CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=4)
PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@given(CHUNKS, PLACES)
def test_signed_chunks_cut_anywhere(chunks: list[bytes], places: list[int]) -> None:
    assert read(signed(), cut(signed_body(chunks), places)) == b"".join(chunks)


@given(CHUNKS, PLACES)
def test_unsigned_chunks_with_a_trailer_cut_anywhere(chunks: list[bytes], places: list[int]) -> None:
    body = ChunkedBody(None, has_trailers=True)

    content = read(body, cut(unsigned_body(chunks, b"x-amz-checksum-crc32:AAAAAA=="), places))

    assert (content, body.trailers) == (b"".join(chunks), {b"x-amz-checksum-crc32": b"AAAAAA=="})


@given(CHUNKS, PLACES)
def test_a_signed_trailer_cut_anywhere(chunks: list[bytes], places: list[int]) -> None:
    body = signed(has_trailers=True)

    read(body, cut(signed_body(chunks, b"x-amz-checksum-crc32:AAAAAA=="), places))

    assert body.trailers == {b"x-amz-checksum-crc32": b"AAAAAA=="}


@given(CHUNKS.filter(bool), st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_of_a_signed_body_is_never_read_as_right(
    chunks: list[bytes], place: int, change: int
) -> None:
    sent = bytearray(signed_body(chunks))
    sent[place % len(sent)] ^= change

    try:
        content = read(signed(), [bytes(sent)])
    except BrokenChunks:
        return
    # What may change unnoticed is the framing's own spelling, never the content.
    assert content == b"".join(chunks)


@given(CHUNKS, st.integers(0, 10_000))
def test_a_truncated_body_is_not_complete(chunks: list[bytes], length: int) -> None:
    sent = signed_body(chunks)

    body = signed()
    with pytest.raises(BrokenChunks):
        read(body, [sent[: length % len(sent)]])


@given(st.lists(st.binary(max_size=64), max_size=6))
def test_any_bytes_are_refused_or_read(pieces: list[bytes]) -> None:
    for body in (signed(has_trailers=True), ChunkedBody(None, has_trailers=True)):
        try:
            read(body, pieces)
        except BrokenChunks:
            continue
        assert body.is_complete


@pytest.mark.parametrize(
    "sent",
    [
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"10000000000000000\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\na:1\r\na:2\r\n\r\n",
        b"0\r\n\r\nmore",
        b"5" * 5000,
    ],
)
def test_malformed_framing(sent: bytes) -> None:
    with pytest.raises(BrokenChunks, match="malformed"):
        read(ChunkedBody(None, has_trailers=True), [sent])


def test_chunks_that_swap_places_are_refused() -> None:
    first, second = signed_body([b"a" * 8]), signed_body([b"b" * 8])

    with pytest.raises(BrokenChunks, match="signature"):
        read(signed(), [first.replace(b"a" * 8, b"b" * 8)])
    assert first != second


def test_fields_after_the_trailers_signature_are_refused() -> None:
    sent = signed_body([b"x"], b"x-amz-checksum-crc32:AAAAAA==")

    with pytest.raises(BrokenChunks, match="malformed"):
        read(signed(has_trailers=True), [sent[:-2] + b"x-amz-meta-late:1\r\n\r\n"])
