"""A second reading of the wire, written from the published offsets alone and sharing nothing with the product.

It takes frames apart by hand, as the Go programs do, so that a mistake in our struct shows as a disagreement.
"""

import hashlib
import json
import uuid


def read(raw: bytes) -> dict[str, object]:
    """Take a frame apart by the offsets of `messageparser.go`."""
    number = lambda start, end: int.from_bytes(raw[start:end], "big")  # noqa: E731
    header = number(0, 4)
    least, most = raw[64:72], raw[72:80]
    payload = raw[header + 4 :]
    return {
        "type": raw[4:36].decode().rstrip(" \0"),
        "schema": number(36, 40),
        "created": number(40, 48),
        "sequence": int.from_bytes(raw[48:56], "big", signed=True),
        "flags": number(56, 64),
        "id": str(uuid.UUID(bytes=most + least)),
        "is_whole": raw[80:112] == hashlib.sha256(payload).digest(),
        "payload_type": number(112, 116),
        "payload_length": number(116, 120),
        "payload": payload,
    }


def write(type_: str, sequence: int, payload: bytes, payload_type: int, *, flags: int = 0) -> bytes:
    """Put a frame together field by field, with a random id."""
    message_id = uuid.uuid4().bytes
    head = (116).to_bytes(4, "big") + type_.encode() + b" " * (32 - len(type_)) + (1).to_bytes(4, "big")
    head += (1503434274948).to_bytes(8, "big") + sequence.to_bytes(8, "big", signed=True)
    head += flags.to_bytes(8, "big") + message_id[8:] + message_id[:8]
    head += hashlib.sha256(payload).digest() + payload_type.to_bytes(4, "big")
    return head + len(payload).to_bytes(4, "big") + payload


def acknowledge(raw: bytes) -> bytes:
    """Acknowledge a frame as the plugin does."""
    of = read(raw)
    told = {
        "AcknowledgedMessageType": of["type"],
        "AcknowledgedMessageId": of["id"],
        "AcknowledgedMessageSequenceNumber": of["sequence"],
        "IsSequentialMessage": True,
    }
    return write("acknowledge", 0, json.dumps(told).encode(), 0, flags=3)
