import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keystead.sessionwire.smux import (
    MAX_REFUSED,
    MAX_STREAMS,
    Command,
    Finished,
    Mux,
    MuxBroken,
    Opened,
    Received,
    encode,
    nop,
)

SYN_3 = bytes([1, 0, 0, 0, 3, 0, 0, 0])
PSH_3 = bytes([1, 2, 2, 0, 3, 0, 0, 0]) + b"hi"
FIN_3 = bytes([1, 1, 0, 0, 3, 0, 0, 0])
"""A client's first stream, by the layout of smux version 1: version, command, length and id, little-endian."""


def test_clients_stream_has_the_bytes_of_version_1() -> None:
    client = Mux(is_client=True)
    stream, syn = client.open()

    assert (stream, syn, client.send(stream, b"hi"), client.close(stream)) == (3, SYN_3, PSH_3, FIN_3)
    assert nop() == bytes([1, 3, 0, 0, 0, 0, 0, 0])


def test_ids_go_up_by_two_from_three_and_two() -> None:
    client, server = Mux(is_client=True), Mux(is_client=False)

    assert [client.open()[0], client.open()[0], server.open()[0], server.open()[0]] == [3, 5, 2, 4]


@given(st.lists(st.integers(1, 9), max_size=30))
def test_frames_are_read_however_they_are_cut(cuts: list[int]) -> None:
    server = Mux(is_client=False)
    stream = SYN_3 + nop() + PSH_3 + FIN_3
    events = []
    for cut in cuts:
        events += server.feed(stream[:cut])
        stream = stream[cut:]
    events += server.feed(stream)

    assert events == [Opened(3), Received(3, b"hi"), Finished(3)]


def test_bytes_and_end_of_an_unknown_stream_are_ignored() -> None:
    assert Mux(is_client=False).feed(PSH_3 + FIN_3) == []


def test_large_write_is_cut_into_frames_of_32_kib() -> None:
    client, server = Mux(is_client=True), Mux(is_client=False)
    stream, syn = client.open()
    opened, *received = server.feed(syn + client.send(stream, bytes(100_000)))

    assert opened == Opened(3)
    assert [len(each.payload) for each in received] == [32768, 32768, 32768, 1696]


@pytest.mark.parametrize("bad", [bytes([2]) + SYN_3[1:], bytes([1, 4]) + SYN_3[2:]])
def test_wrong_version_or_command_ends_the_session(bad: bytes) -> None:
    with pytest.raises(MuxBroken):
        Mux(is_client=False).feed(bad)


def test_streams_beyond_the_limit_are_refused_with_fin() -> None:
    server = Mux(is_client=False)
    events = server.feed(b"".join(encode(Command.SYN, 2 * n + 3) for n in range(MAX_STREAMS + 1)))

    assert len(events) == MAX_STREAMS
    assert server.take_refusals() == encode(Command.FIN, 2 * MAX_STREAMS + 3)
    assert server.take_refusals() == b""


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_any_bytes_are_read_or_end_the_session_and_nothing_more(pieces: list[bytes]) -> None:
    server = Mux(is_client=False)
    try:
        for piece in pieces:
            server.feed(piece)
    except MuxBroken:
        pass
    assert len(server.streams) <= MAX_STREAMS


class TwoEnds(RuleBasedStateMachine):
    """A client sends to a server in pieces of any size, over few streams, and a model says what must arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.client, self.server = Mux(is_client=True), Mux(is_client=False)
        self.wire = b""
        self.sent: dict[int, bytes] = {}
        self.arrived: dict[int, bytes] = {}
        self.finished: set[int] = set()

    @rule()
    def open(self) -> None:
        stream, frame = self.client.open()
        self.sent[stream], self.wire = b"", self.wire + frame

    @rule(data=st.data(), payload=st.binary(max_size=64) | st.just(bytes(40_000)))
    def send(self, data: st.DataObject, payload: bytes) -> None:
        stream = data.draw(st.sampled_from([*sorted(self.sent), 99_999]))
        frames = self.client.send(stream, payload)
        if frames:
            self.sent[stream] += payload
        self.wire += frames

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from([*sorted(self.sent), 99_999]))
        self.wire += self.client.close(stream)

    @rule(count=st.integers(1, 70_000))
    def deliver(self, count: int) -> None:
        piece, self.wire = self.wire[:count], self.wire[count:]
        for event in self.server.feed(piece):
            match event:
                case Opened(stream):
                    assert stream not in self.arrived
                    self.arrived[stream] = b""
                case Received(stream, payload):
                    assert stream not in self.finished
                    self.arrived[stream] += payload
                case Finished(stream):
                    assert self.arrived[stream] == self.sent[stream]
                    self.finished.add(stream)

    @invariant()
    def what_arrives_is_what_was_sent(self) -> None:
        assert all(self.sent[stream].startswith(got) for stream, got in self.arrived.items())
        assert self.server.streams == self.arrived.keys() - self.finished

    @invariant()
    def no_more_than_a_frame_is_held(self) -> None:
        assert len(self.server._rest) < 8 + 65_535


TestTwoEnds = TwoEnds.TestCase


def test_peer_that_asks_for_streams_without_end_is_none_of_this_session() -> None:
    server = Mux(is_client=False)
    syns = b"".join(
        encode(Command.SYN, stream) for stream in range(3, 3 + 2 * (MAX_STREAMS + MAX_REFUSED), 2)
    )

    server.feed(syns)
    with pytest.raises(MuxBroken):
        server.feed(encode(Command.SYN, 1))

    assert len(server.take_refusals()) == MAX_REFUSED * 8
