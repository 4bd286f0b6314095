"""smux version 1: many byte streams over one, as port forwarding carries them inside Output payloads.

Follows github xtaci/smux, `frame.go` and `session.go` of version 1: little-endian headers of 8 bytes, no window per
stream. Pure: bytes in, events out; frames may span any number of messages.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

VERSION: Final = 1
MAX_SENT_BYTES: Final = 32768
MAX_STREAMS: Final = 1024
"""How many streams one session may have open (ours); more are refused with FIN."""
MAX_REFUSED: Final = 1024
"""How many more a peer may ask for at once (ours); who asks for more of them is no peer of this session."""
KEEPALIVE_SECONDS: Final = 10.0
DEAD_AFTER_SECONDS: Final = 30.0
_HEADER: Final = struct.Struct("<BBHI")


class Command(IntEnum):
    """What a frame does to its stream; NOP belongs to none."""

    SYN = 0
    FIN = 1
    PSH = 2
    NOP = 3


class MuxBroken(ValueError):
    """The byte stream is no smux of version 1; the session cannot go on."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The peer opened a stream."""

    stream: int


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes of a stream arrived."""

    stream: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """The peer closed a stream, both ways: real peers do not half-close."""

    stream: int


Event = Opened | Received | Finished


class Mux:
    """One end. A client's stream ids are 3, 5, 7, …; a server's 2, 4, …"""

    def __init__(self, *, is_client: bool) -> None:
        self._next = 3 if is_client else 2
        self._rest = bytearray()
        self._open: set[int] = set()
        self.refused: list[bytes] = []

    @property
    def streams(self) -> frozenset[int]:
        """The streams that are open."""
        return frozenset(self._open)

    def open(self) -> tuple[int, bytes]:
        """Return a new stream's id and the frame that tells the peer of it."""
        stream = self._next
        self._next += 2
        self._open.add(stream)
        return stream, encode(Command.SYN, stream)

    def send(self, stream: int, payload: bytes) -> bytes:
        """Return the frames that carry `payload`; nothing for a stream that is not open."""
        if stream not in self._open:
            return b""
        return b"".join(
            encode(Command.PSH, stream, payload[start : start + MAX_SENT_BYTES])
            for start in range(0, len(payload), MAX_SENT_BYTES)
        )

    def close(self, stream: int) -> bytes:
        """Return the frame that closes a stream; nothing if it is closed already."""
        if stream not in self._open:
            return b""
        self._open.discard(stream)
        return encode(Command.FIN, stream)

    def feed(self, arrived: bytes) -> list[Event]:
        """Return what `arrived` says. Raises MuxBroken.

        Answers to be sent (a stream refused because there are too many) are left in `refused`.
        """
        self._rest += arrived
        events: list[Event] = []
        position, end = 0, len(self._rest)
        while end - position >= _HEADER.size:
            version, command, length, stream = _HEADER.unpack_from(self._rest, position)
            if version != VERSION or command > Command.NOP:
                raise MuxBroken(f"version {version}, command {command}")
            if end - position - _HEADER.size < length:
                break
            start = position + _HEADER.size
            position = start + length
            if (event := self._judge(command, stream, start, position)) is not None:
                events.append(event)
        del self._rest[:position]
        return events

    def take_refusals(self) -> bytes:
        """Return the answers that are to be sent, once."""
        answers, self.refused = b"".join(self.refused), []
        return answers

    def _judge(self, command: int, stream: int, start: int, end: int) -> Event | None:
        match command:
            case Command.SYN if stream not in self._open:
                return self._opened(stream)
            case Command.FIN if stream in self._open:
                self._open.discard(stream)
                return Finished(stream)
            case Command.PSH if stream in self._open and end > start:
                return Received(stream, bytes(self._rest[start:end]))
            case _:
                # NOP, and what is of a stream that is unknown or closed: ignored, as by the real peers.
                return None

    def _opened(self, stream: int) -> Event | None:
        if len(self._open) >= MAX_STREAMS:
            if len(self.refused) >= MAX_REFUSED:
                raise MuxBroken("streams without end")
            self.refused.append(encode(Command.FIN, stream))
            return None
        self._open.add(stream)
        return Opened(stream)


def encode(command: Command, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame; at most 65535 bytes of payload."""
    return _HEADER.pack(VERSION, command, len(payload), stream) + payload


def nop() -> bytes:
    """Return the frame that only says that its sender lives."""
    return encode(Command.NOP, 0)
