"""Both ends of a channel over a wire that loses, repeats and breaks: nothing is lost or doubled (Hypothesis)."""

import contextlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from keystead.sessionwire import delivery, frames
from keystead.sessionwire.channel import Arrived, Channel, client_channel, node_channel
from keystead.sessionwire.frames import MAX_FRAME_BYTES, BadFrame
from keystead.sessionwire.payloads import BadPayload
from support import sessionpeer as peer
from support.fakes import FixedEntropy, TestClock

ENDS = ("client", "node")
end = st.sampled_from(ENDS)


def other(name: str) -> str:
    return ENDS[1 - ENDS.index(name)]


class Wire(RuleBasedStateMachine):
    """A client, a node, and what is on its way between them."""

    said = Bundle("said")

    @initialize()
    def open(self) -> None:
        self.clock = TestClock()
        self.ends: dict[str, Channel] = {
            "client": client_channel(self.clock, FixedEntropy("c")),
            "node": node_channel(self.clock, FixedEntropy("n")),
        }
        self.way: dict[str, list[bytes]] = {name: [] for name in ENDS}
        self.told: dict[str, list[bytes]] = {name: [] for name in ENDS}
        self.heard: dict[str, list[bytes]] = {name: [] for name in ENDS}

    @rule(name=end, payload=st.binary(max_size=40))
    def say(self, name: str, payload: bytes) -> None:
        if self.ends[name].has_room:
            self.ends[name].send(payload)
            self.told[name].append(payload)

    @rule(name=end, count=st.integers(1, 20))
    def carry(self, name: str, count: int) -> None:
        """Carry some of what `name` says to the other end."""
        self.way[name] += self.ends[name].take()
        now, self.way[name] = self.way[name][:count], self.way[name][count:]
        for raw in now:
            assert peer.read(raw)["is_whole"]
            self._arrives(other(name), raw)

    @rule(name=end, at=st.integers(0, 50))
    def repeat(self, name: str, at: int) -> None:
        """Have a message arrive that will arrive again."""
        self.way[name] += self.ends[name].take()
        if at < len(self.way[name]):
            self._arrives(other(name), self.way[name][at])

    @rule(name=end)
    def lose(self, name: str) -> None:
        """Lose one message of the relay's, whose receiver was away."""
        self.way[name] += self.ends[name].take()
        del self.way[name][:1]

    @rule(name=end)
    def cut(self, name: str) -> None:
        """Break the socket of one end: what was on its way either way is lost, and what waited for it."""
        for way in ENDS:
            self.way[way].clear()
        self.ends[name].reconnected()

    @rule()
    def client_is_away_for_a_while(self) -> None:
        for type_ in (frames.PAUSE_PUBLICATION, frames.START_PUBLICATION):
            self.ends["node"].receive(peer.write(type_, 0, b"", 0))

    @rule(seconds=st.floats(0.01, 2))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for channel in self.ends.values():
            channel.resend()

    @rule(name=end, raw=st.binary(max_size=300))
    def garble(self, name: str, raw: bytes) -> None:
        with contextlib.suppress(BadFrame, BadPayload):
            assert self.ends[name].receive(raw) == []

    @rule(
        name=end, type_=st.sampled_from(["acknowledge", "of_a_later_version", "agent_job"]), raw=st.binary()
    )
    def say_what_nobody_knows(self, name: str, type_: str, raw: bytes) -> None:
        with contextlib.suppress(BadPayload):
            assert self.ends[name].receive(peer.write(type_, 0, raw, 0)) == []

    @rule(name=end, ahead=st.integers(1, 1 << 40), size=st.integers(0, 4096))
    @precondition(lambda self: len(self.told["client"]) < 5)
    def run_far_ahead(self, name: str, ahead: int, size: int) -> None:
        """Send a number that no sender has come to: not kept if it is far, and never heard before its turn."""
        type_ = frames.OUTPUT if name == "client" else frames.INPUT
        channel = self.ends[name]
        number = channel._incoming.expected + delivery.MAX_EARLY + ahead
        before = channel._incoming._early_bytes
        assert channel.receive(peer.write(type_, number, bytes(size), 1)) == []
        assert channel._incoming._early_bytes == before

    @invariant()
    def is_in_order_and_bounded(self) -> None:
        for name in ENDS:
            told, heard = self.told[other(name)], self.heard[name]
            assert heard == told[: len(heard)]
            channel = self.ends[name]
            assert channel._outgoing._bytes <= delivery.MAX_UNACKNOWLEDGED_BYTES + MAX_FRAME_BYTES
            assert channel._incoming._early_bytes <= delivery.MAX_EARLY_BYTES

    def teardown(self) -> None:
        """Let the wire be good again: everything arrives."""
        if not hasattr(self, "ends"):
            return
        for channel in self.ends.values():
            channel.reconnected()
        for _ in range(40):
            for name in ENDS:
                self.carry(name, 100_000)
            self.wait(1.1)
        for name in ENDS:
            assert self.heard[name] == self.told[other(name)]
            assert self.ends[name].is_delivered

    def _arrives(self, name: str, raw: bytes) -> None:
        events = self.ends[name].receive(raw)
        self.heard[name] += [event.payload for event in events if isinstance(event, Arrived)]


TestWire = Wire.TestCase
TestWire.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
