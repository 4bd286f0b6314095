"""Sequence, acknowledgement and retransmission of stream messages: one half per direction, without any socket.

Follows amazon-ssm-agent, `agent/session/datachannel`, and aws/session-manager-plugin, `src/datachannel`. There is
no window on this wire, so flow control is what the socket refuses to take; what we add is a bound on what is
unacknowledged (`Outgoing.has_room`), so that a slow reader costs its sender no memory.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from keystead.sessionwire.frames import Frame

FIRST_RTT: Final = 0.1
FIRST_RTO: Final = 0.2
LONGEST_RTO: Final = 1.0
CLOCK_GRANULARITY: Final = 0.01
RESEND_TICK: Final = 0.1
"""How often somebody asks what is `due`, in seconds."""
ENOUGH_TRIES: Final = 4
MAX_UNACKNOWLEDGED_BYTES: Final = 2 * 1024 * 1024
MAX_UNACKNOWLEDGED: Final = 4096
MAX_EARLY: Final = 10_000
"""How many messages may wait for an earlier one, as the real plugin; and how many bytes, ours."""
MAX_EARLY_BYTES: Final = 8 * 1024 * 1024


@dataclass(slots=True)
class _Sent:
    raw: bytes
    first_at: float
    last_at: float
    tries: int = 1
    since_reconnection: int = 0


class RoundTrip:
    """The time out, from the round trips seen: RFC 6298 with the agent's bounds. Seconds."""

    def __init__(self) -> None:
        self._average = FIRST_RTT
        self._variation = 0.0
        self.timeout = FIRST_RTO

    def saw(self, seconds: float) -> None:
        """Take one round trip into account."""
        self._variation = 0.75 * self._variation + 0.25 * abs(self._average - seconds)
        self._average = 0.875 * self._average + 0.125 * seconds
        self.timeout = min(self._average + max(CLOCK_GRANULARITY, 4 * self._variation), LONGEST_RTO)


class Outgoing:
    """What was sent and is not acknowledged yet. Sequence numbers begin at 0 and survive reconnections."""

    def __init__(self) -> None:
        self.next_sequence = 0
        self.trip = RoundTrip()
        self._sent: OrderedDict[int, _Sent] = OrderedDict()
        self._bytes = 0
        self._suspect_below = 0
        self._is_answered = True

    @property
    def has_room(self) -> bool:
        """Whether more may be sent before the peer has acknowledged."""
        return self._bytes < MAX_UNACKNOWLEDGED_BYTES and len(self._sent) < MAX_UNACKNOWLEDGED

    @property
    def is_empty(self) -> bool:
        """Whether everything is acknowledged."""
        return not self._sent

    def sent(self, raw: bytes, now: float) -> None:
        """Keep the message with `next_sequence` until it is acknowledged."""
        self._sent[self.next_sequence] = _Sent(raw, now, now)
        self._bytes += len(raw)
        self.next_sequence += 1

    def acknowledged(self, sequence: int, now: float) -> None:
        """Let go of a message; one that is unknown, or was let go of before, changes nothing."""
        entry = self._sent.pop(sequence, None)
        if entry is None:
            return
        self._bytes -= len(entry.raw)
        if entry.tries == 1:
            self.trip.saw(now - entry.first_at)
        self._is_answered = self._is_answered or sequence >= self._suspect_below

    def due(self, now: float) -> bytes | None:
        """Return the oldest message if it was sent longer ago than the time out, to be sent again.

        The real plugin never acknowledges again what it has, so a message whose acknowledgement was lost with a
        connection would be sent for ever. It is let go of when it was resent `ENOUGH_TRIES` times over the new
        connection, which loses nothing in its middle, and a later message was acknowledged over it.
        """
        while self._sent:
            sequence, oldest = next(iter(self._sent.items()))
            if now - oldest.last_at <= self.trip.timeout:
                return None
            is_suspect = sequence < self._suspect_below and self._is_answered
            if not is_suspect or oldest.since_reconnection < ENOUGH_TRIES:
                oldest.tries += 1
                oldest.since_reconnection += 1
                oldest.last_at = now
                return oldest.raw
            del self._sent[sequence]
            self._bytes -= len(oldest.raw)
        return None

    def again(self, now: float) -> list[bytes]:
        """Return everything unacknowledged, in order: what was on its way when a connection broke is lost."""
        self._suspect_below = self.next_sequence
        self._is_answered = False
        for entry in self._sent.values():
            entry.tries += 1
            entry.since_reconnection = 1
            entry.last_at = now
        return [entry.raw for entry in self._sent.values()]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrived message: those that are next in order, and whether to acknowledge it."""

    frames: tuple[Frame, ...]
    acknowledge: bool


class Incoming:
    """Puts arrived messages in order. Duplicates are acknowledged again: the first acknowledgement may be lost."""

    def __init__(self) -> None:
        self.expected = 0
        self._early: dict[int, Frame] = {}
        self._early_bytes = 0

    def take(self, frame: Frame) -> Taken:
        """Return what can be used now that `frame` is here. What does not fit the buffer is left to be resent."""
        if frame.sequence < self.expected or frame.sequence in self._early:
            return Taken((), frame.sequence >= 0)
        if frame.sequence > self.expected:
            return Taken((), self._keep(frame))
        ready = [frame]
        self.expected += 1
        while (early := self._early.pop(self.expected, None)) is not None:
            self._early_bytes -= len(early.payload)
            ready.append(early)
            self.expected += 1
        return Taken(tuple(ready), acknowledge=True)

    def _keep(self, frame: Frame) -> bool:
        is_near = frame.sequence - self.expected <= MAX_EARLY
        if not is_near or self._early_bytes + len(frame.payload) > MAX_EARLY_BYTES:
            return False
        self._early[frame.sequence] = frame
        self._early_bytes += len(frame.payload)
        return True
