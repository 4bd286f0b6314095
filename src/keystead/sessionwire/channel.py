"""One end of a data channel, whole: frames in, events out, and what is to be sent when. No socket, no clock.

A socket's owner feeds what arrives (`receive`), sends what `take` returns in order, and asks for `resend` every
`RESEND_TICK` seconds. The same object outlives its sockets: `reconnected` says that a new one is there.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.sessionwire import frames, payloads
from keystead.sessionwire.delivery import Incoming, Outgoing
from keystead.sessionwire.frames import Flags, Frame, PayloadType

MAX_WAITING: Final = 16_384
"""How many messages may wait for a socket that takes none (ours); real peers have fewer than that on their way."""
_ACK_FLAGS: Final = int(Flags.SYN | Flags.FIN)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A stream message, in order."""

    payload_type: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side, or the door, ended the channel; `output` is for the user."""

    output: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The client is away: nothing should be read for it (`True`), or it is back (`False`)."""

    is_paused: bool


Event = Arrived | Closed | Paused


class Channel:
    """The state machine of one end. `sends` and `receives` are the stream types of this end's directions."""

    def __init__(self, clock: Clock, entropy: Entropy, *, sends: str, receives: str) -> None:
        self._clock = clock
        self._new_id: Callable[[], bytes] = lambda: entropy.token_bytes(16)
        self._sends = sends
        self._receives = receives
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._queue: deque[bytes] = deque()
        self.is_paused = False
        self.is_closed = False
        self.last_data_at = clock.monotonic()

    @property
    def has_room(self) -> bool:
        """Whether more of the stream may be sent; acknowledgements always may."""
        return self._outgoing.has_room and not self.is_paused

    @property
    def is_delivered(self) -> bool:
        """Whether the peer has acknowledged everything."""
        return self._outgoing.is_empty

    def send(self, payload: bytes, payload_type: int = PayloadType.OUTPUT) -> None:
        """Queue one stream message. The first of a node carries SYN, as the real agent's does."""
        self.last_data_at = self._clock.monotonic()
        first = self._sends == frames.OUTPUT and self._outgoing.next_sequence == 0
        sequence = self._outgoing.next_sequence
        raw = self._frame(self._sends, payload, sequence, int(Flags.SYN) if first else 0, payload_type)
        self._outgoing.sent(raw, self._clock.monotonic())
        self._queue.append(raw)

    def tell(self, type_: str, payload: bytes) -> None:
        """Queue a message outside the stream, such as an agent's session state."""
        self._queue.append(self._frame(type_, payload, 0, 0, 0))

    def take(self) -> list[bytes]:
        """Return what is to be sent now, in order, once."""
        taken = list(self._queue)
        self._queue.clear()
        return taken

    def receive(self, raw: bytes) -> list[Event]:
        """Return what a message brings. Raises BadFrame and BadPayload; the sender is then no peer of ours."""
        frame = frames.decode(raw)
        match frame.type:
            case self._receives:
                return self._stream(frame)
            case frames.ACKNOWLEDGE:
                self._acknowledged(frame)
                return []
            case frames.CHANNEL_CLOSED:
                self.is_closed = True
                return [Closed(payloads.read_channel_closed(frame.payload).output)]
            case frames.PAUSE_PUBLICATION:
                self.is_paused = True
                return [Paused(is_paused=True)]
            case frames.START_PUBLICATION:
                return self._resumed()
            case _:
                # A type of a later version: the real ends ignore it too.
                return []

    def resend(self) -> None:
        """Queue the oldest unacknowledged message again if its time is over."""
        if not self.is_paused and (raw := self._outgoing.due(self._clock.monotonic())) is not None:
            self._queue.append(raw)

    def reconnected(self) -> None:
        """Queue everything unacknowledged again; what waited for the socket that is gone, is in it."""
        self._queue.clear()
        self._queue.extend(self._outgoing.again(self._clock.monotonic()))

    def _stream(self, frame: Frame) -> list[Event]:
        self.last_data_at = self._clock.monotonic()
        if len(self._queue) >= MAX_WAITING:
            # Its sender reads nothing, and would have each acknowledgement kept here: left to be sent again.
            return []
        taken = self._incoming.take(frame)
        if taken.acknowledge:
            payload = payloads.acknowledgement(frame)
            self._queue.append(self._frame(frames.ACKNOWLEDGE, payload, 0, _ACK_FLAGS, 0))
        return [Arrived(each.payload_type, each.payload) for each in taken.frames]

    def _acknowledged(self, frame: Frame) -> None:
        told = payloads.read_acknowledgement(frame.payload)
        if told.type == self._sends:
            self._outgoing.acknowledged(told.sequence, self._clock.monotonic())

    def _resumed(self) -> list[Event]:
        was_paused, self.is_paused = self.is_paused, False
        if was_paused:
            # The peer dropped and is back: what the door had no socket for is lost.
            self._queue.extend(self._outgoing.again(self._clock.monotonic()))
        return [Paused(is_paused=False)]

    def _frame(self, type_: str, payload: bytes, sequence: int, flags: int, payload_type: int) -> bytes:
        created = max(1, int(self._clock.real_epoch() * 1000))
        return frames.encode(
            Frame(type_, sequence, payload, self._new_id(), created, flags, int(payload_type))
        )


def client_channel(clock: Clock, entropy: Entropy) -> Channel:
    """Return a client's end: it sends input and receives output."""
    return Channel(clock, entropy, sends=frames.INPUT, receives=frames.OUTPUT)


def node_channel(clock: Clock, entropy: Entropy) -> Channel:
    """Return a node's end: it sends output and receives input."""
    return Channel(clock, entropy, sends=frames.OUTPUT, receives=frames.INPUT)
