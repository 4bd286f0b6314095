"""The frame of a data or control channel: one binary WebSocket message, big-endian, a header of 120 bytes.

Follows aws/session-manager-plugin, `src/message/messageparser.go`. The header's own length counts neither itself
nor the payload's: 116. A message id has the halves of its UUID swapped, and a type is padded with spaces.
"""

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final

HEADER_LENGTH: Final = 116
"""What a header says of itself; the payload begins four bytes after."""
PAYLOAD_OFFSET: Final = HEADER_LENGTH + 4
SCHEMA_VERSION: Final = 1
MAX_FRAME_BYTES: Final = 1024 * 1024
"""Larger frames end a channel (ours: the real ones are of a few kilobytes)."""

INPUT: Final = "input_stream_data"
OUTPUT: Final = "output_stream_data"
ACKNOWLEDGE: Final = "acknowledge"
CHANNEL_CLOSED: Final = "channel_closed"
START_PUBLICATION: Final = "start_publication"
PAUSE_PUBLICATION: Final = "pause_publication"
AGENT_SESSION_STATE: Final = "agent_session_state"
INTERACTIVE_SHELL: Final = "interactive_shell"
TASK_COMPLETE: Final = "agent_task_complete"
TASK_ACKNOWLEDGE: Final = "agent_task_acknowledge"

_UNDIGESTED: Final = frozenset({START_PUBLICATION, PAUSE_PUBLICATION})
_HEADER: Final = struct.Struct(">I32sIQqQ16s32sII")
_TYPE_BYTES: Final = 32


class BadFrame(ValueError):
    """A message is not a frame; the text says which rule it broke, and holds nothing of the payload."""


class Flags(IntFlag):
    """Bits of a frame's flags. An acknowledgement carries both."""

    NONE = 0
    SYN = 1
    FIN = 2


class PayloadType(IntEnum):
    """What the payload of a stream message is; 1 is also what a client types."""

    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    ENC_CHALLENGE_REQUEST = 8
    ENC_CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. `created_ms` is its sender's time in milliseconds; `message_id` the 16 bytes of a UUID.

    `payload_type` stays a number: a type that nobody knows yet is relayed like any other.
    """

    type: str
    sequence: int
    payload: bytes
    message_id: bytes
    created_ms: int
    flags: int = 0
    payload_type: int = 0
    schema_version: int = SCHEMA_VERSION


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes. Raises ValueError for a type that is not 1 to 32 ASCII characters."""
    name = frame.type.encode("ascii")
    if not 0 < len(name) <= _TYPE_BYTES or len(frame.message_id) != 16:
        raise ValueError("a frame's type has 1 to 32 characters and its id 16 bytes")
    return (
        _HEADER.pack(
            HEADER_LENGTH,
            name.ljust(_TYPE_BYTES),
            frame.schema_version,
            frame.created_ms,
            frame.sequence,
            frame.flags,
            _swapped(frame.message_id),
            hashlib.sha256(frame.payload).digest(),
            frame.payload_type,
            len(frame.payload),
        )
        + frame.payload
    )


def decode(raw: bytes) -> Frame:
    """Return the frame that `raw` holds. Raises BadFrame.

    The length, the digest and every field that a receiver of AWS's checks must hold. Messages of later versions
    may have a longer header; none has been seen, and none is taken.
    """
    if len(raw) > MAX_FRAME_BYTES:
        raise BadFrame(f"a frame of {len(raw)} bytes")
    if len(raw) < PAYLOAD_OFFSET:
        raise BadFrame("shorter than a header")
    length, name, version, created, sequence, flags, message_id, digest, kind, size = _HEADER.unpack_from(raw)
    if length != HEADER_LENGTH:
        raise BadFrame(f"a header length of {length}")
    payload = raw[PAYLOAD_OFFSET:]
    if size != len(payload):
        raise BadFrame(f"a payload length of {size} for {len(payload)} bytes")
    if created == 0:
        raise BadFrame("no creation date")
    type_ = _type_of(name)
    if size and type_ not in _UNDIGESTED and hashlib.sha256(payload).digest() != digest:
        raise BadFrame("the digest is not the payload's")
    return Frame(type_, sequence, payload, _swapped(message_id), created, flags, kind, version)


def _type_of(padded: bytes) -> str:
    name = padded.strip(b"\0 ")
    if not name or not name.isascii():
        raise BadFrame("no message type")
    return name.decode("ascii")


def _swapped(message_id: bytes) -> bytes:
    return message_id[8:] + message_id[:8]
