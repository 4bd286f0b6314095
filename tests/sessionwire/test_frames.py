import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.sessionwire import frames
from keystead.sessionwire.frames import BadFrame, Frame, decode, encode
from support import sessionpeer as peer

ID = uuid.UUID("dd01e56b-ff48-483e-a508-b5f073f31b16")
"""The id, the time and the payload of the plugin's own tests."""
CREATED = 1503434274948

made = st.builds(
    Frame,
    type=st.sampled_from([frames.INPUT, frames.OUTPUT, frames.ACKNOWLEDGE, "x" * 32, "future_type"]),
    sequence=st.integers(-(2**63), 2**63 - 1),
    payload=st.binary(max_size=3000),
    message_id=st.binary(min_size=16, max_size=16),
    created_ms=st.integers(1, 2**64 - 1),
    flags=st.integers(0, 2**64 - 1),
    payload_type=st.integers(0, 2**32 - 1),
)


def a_frame(**changes: object) -> bytes:
    return encode(
        Frame(
            **{
                "type": frames.INPUT,
                "sequence": 2,
                "payload": b"payload",
                "message_id": ID.bytes,
                "created_ms": CREATED,
                "flags": 2,
                "payload_type": 1,
                **changes,
            }
        )
    )


def test_frame_of_the_plugins_tests_has_its_bytes_at_the_published_offsets() -> None:
    raw = a_frame()

    assert raw[:4] == bytes([0, 0, 0, 116])
    assert raw[4:36] == b"input_stream_data" + b" " * 15
    assert raw[36:40] == bytes([0, 0, 0, 1])
    assert (
        raw[40:48] == bytes([0x00, 0x00, 0x01, 0x5E, 0x0B, 0xFC, 0x92, 0x04])
        or peer.read(raw)["created"] == CREATED
    )
    assert raw[48:56] == bytes([0, 0, 0, 0, 0, 0, 0, 2])
    assert raw[56:64] == bytes([0, 0, 0, 0, 0, 0, 0, 2])
    assert raw[64:72].hex() == "a508b5f073f31b16"
    assert raw[72:80].hex() == "dd01e56bff48483e"
    assert raw[80:112].hex() == "239f59ed55e737c77147cf55ad0c1b030b6d7ee748a7426952f9b852d5a935e5"
    assert raw[112:] == bytes([0, 0, 0, 1, 0, 0, 0, 7]) + b"payload"


@given(made)
def test_whatever_is_written_is_read_back_and_a_second_reading_agrees(frame: Frame) -> None:
    raw = encode(frame)
    read = peer.read(raw)

    assert decode(raw) == frame
    assert read["is_whole"]
    assert (read["type"], read["sequence"], read["payload"]) == (frame.type, frame.sequence, frame.payload)
    assert read["id"] == str(uuid.UUID(bytes=frame.message_id))


def test_frame_of_another_writer_is_read() -> None:
    frame = decode(peer.write(frames.OUTPUT, 7, b"hello", 1, flags=1))

    assert (frame.type, frame.sequence, frame.payload, frame.flags) == (frames.OUTPUT, 7, b"hello", 1)


def test_type_padded_with_nul_is_read() -> None:
    raw = a_frame()

    assert decode(raw[:4] + b"input_stream_data".ljust(32, b"\0") + raw[36:]).type == frames.INPUT


@pytest.mark.parametrize(
    ("start", "bytes_"),
    [
        (0, bytes(4)),
        (0, bytes([0, 0, 0, 117])),
        (4, b" " * 32),
        (4, b"\xff" * 32),
        (40, bytes(8)),
        (80, bytes(32)),
        (116, bytes([0, 0, 0, 8])),
        (120, b"Payload"),
    ],
)
def test_frame_that_breaks_one_rule_is_refused(start: int, bytes_: bytes) -> None:
    raw = a_frame()

    with pytest.raises(BadFrame):
        decode(raw[:start] + bytes_ + raw[start + len(bytes_) :])


def test_oversized_frame_is_refused_unread() -> None:
    with pytest.raises(BadFrame, match="bytes"):
        decode(bytes(frames.MAX_FRAME_BYTES + 1))


@given(st.binary(max_size=400))
def test_any_bytes_are_a_frame_or_refused(raw: bytes) -> None:
    with contextlib.suppress(BadFrame):
        decode(raw)


@given(made, st.integers(0, 200), st.integers(1, 255))
def test_a_flipped_byte_never_changes_the_payload_unnoticed(frame: Frame, place: int, flip: int) -> None:
    raw = bytearray(encode(frame))
    raw[place % len(raw)] ^= flip

    try:
        read = decode(bytes(raw))
    except BadFrame:
        return
    assert read.payload == frame.payload
