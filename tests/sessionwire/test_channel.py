import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.sessionwire import delivery, frames, payloads
from keystead.sessionwire.channel import (
    MAX_WAITING,
    Arrived,
    Channel,
    Closed,
    Paused,
    client_channel,
    node_channel,
)
from keystead.sessionwire.frames import BadFrame, PayloadType
from support import sessionpeer as peer
from support.fakes import FixedEntropy, TestClock


def ends() -> tuple[TestClock, Channel, Channel]:
    clock = TestClock()
    return clock, client_channel(clock, FixedEntropy("client")), node_channel(clock, FixedEntropy("node"))


def arrived(channel: Channel, messages: list[bytes]) -> list[bytes]:
    events = [event for raw in messages for event in channel.receive(raw)]
    return [event.payload for event in events if isinstance(event, Arrived)]


def test_stream_message_is_delivered_and_acknowledged() -> None:
    _, client, node = ends()
    client.send(b"ls\r")

    assert arrived(node, client.take()) == [b"ls\r"]
    assert arrived(client, node.take()) == []
    assert client.is_delivered


def test_acknowledgement_has_both_flags_and_names_the_message() -> None:
    _, _, node = ends()
    raw = peer.write(frames.INPUT, 0, b"x", 1)
    node.receive(raw)
    (answer,) = node.take()

    read, of = peer.read(answer), peer.read(raw)
    assert (read["type"], read["flags"], read["sequence"], read["payload_type"]) == ("acknowledge", 3, 0, 0)
    assert payloads.read_acknowledgement(answer[120:]) == payloads.Acknowledgement(
        frames.INPUT, str(of["id"]), 0
    )


def test_acknowledgement_of_another_writer_lets_the_message_go() -> None:
    _, client, _ = ends()
    client.send(b"x")
    (raw,) = client.take()
    client.receive(peer.acknowledge(raw))

    assert client.is_delivered


def test_first_output_of_a_node_carries_syn_and_input_carries_none() -> None:
    _, client, node = ends()
    for end in (client, node):
        end.send(b"a")
        end.send(b"b")

    assert [peer.read(raw)["flags"] for raw in client.take() + node.take()] == [0, 0, 1, 0]


def test_messages_out_of_order_are_delivered_in_order() -> None:
    _, client, node = ends()
    for letter in (b"a", b"b", b"c"):
        client.send(letter)
    a, b, c = client.take()

    assert [arrived(node, [c]), arrived(node, [b]), arrived(node, [a])] == [[], [], [b"a", b"b", b"c"]]


def test_duplicate_is_acknowledged_again_and_not_delivered_again() -> None:
    _, client, node = ends()
    client.send(b"a")
    (raw,) = client.take()
    arrived(node, [raw])
    node.take()

    assert arrived(node, [raw]) == []
    assert [peer.read(each)["type"] for each in node.take()] == ["acknowledge"]


def test_only_the_oldest_is_resent_and_only_after_its_time_out() -> None:
    clock, client, _ = ends()
    client.send(b"a")
    client.send(b"b")
    sent = client.take()
    clock.advance(delivery.FIRST_RTO)
    client.resend()
    before = client.take()
    clock.advance(0.01)
    client.resend()

    assert (before, client.take()) == ([], sent[:1])


def test_time_out_follows_the_round_trips_and_stays_under_a_second() -> None:
    trip = delivery.RoundTrip()
    trip.saw(0.1)
    calm = trip.timeout
    for _ in range(20):
        trip.saw(5.0)

    assert calm == pytest.approx(0.11)
    assert trip.timeout == delivery.LONGEST_RTO


def test_reconnection_sends_what_is_unacknowledged_once_and_in_order() -> None:
    _, client, node = ends()
    for letter in (b"a", b"b", b"c"):
        client.send(letter)
    first, *_ = client.take()
    arrived(node, [first])
    arrived(client, node.take())
    client.reconnected()

    assert arrived(node, client.take()) == [b"b", b"c"]


def test_acknowledgement_lost_in_a_reconnection_is_not_waited_for_for_ever() -> None:
    """The real plugin never acknowledges a duplicate: later messages tell that it had arrived."""
    clock, _, node = ends()
    node.send(b"a")
    node.take()
    node.reconnected()
    node.take()
    node.send(b"b")
    *_, last = node.take()
    node.receive(peer.acknowledge(last))
    for _ in range(delivery.ENOUGH_TRIES):
        clock.advance(1.1)
        node.resend()

    assert len(node.take()) == delivery.ENOUGH_TRIES - 1
    assert node.is_delivered


def test_paused_node_sends_nothing_again_until_it_is_started() -> None:
    clock, client, node = ends()
    node.send(b"a")
    node.take()
    paused = node.receive(peer.write(frames.PAUSE_PUBLICATION, 0, b"", 0))
    clock.advance(5)
    node.resend()
    silent = node.take()
    started = node.receive(peer.write(frames.START_PUBLICATION, 0, b"", 0))

    assert (paused, silent, started) == ([Paused(is_paused=True)], [], [Paused(is_paused=False)])
    assert arrived(client, node.take()) == [b"a"]


def test_end_of_the_channel_brings_its_text() -> None:
    _, client, _ = ends()
    end = payloads.channel_closed(payloads.ChannelClosed("s", "revoked", "", 1))

    assert client.receive(peer.write(frames.CHANNEL_CLOSED, 0, end, 0)) == [Closed("revoked")]
    assert client.is_closed


def test_unknown_type_is_ignored_and_a_corrupt_digest_is_not() -> None:
    _, client, _ = ends()
    raw = peer.write(frames.OUTPUT, 0, b"payload", 1)

    assert client.receive(peer.write("of_a_later_version", 0, b"?", 0)) == []
    with pytest.raises(BadFrame):
        client.receive(raw[:-1] + b"D")


def test_slow_reader_costs_its_sender_no_more_than_the_bound() -> None:
    _, client, _ = ends()
    while client.has_room:
        client.send(bytes(16384))

    assert client._outgoing._bytes <= delivery.MAX_UNACKNOWLEDGED_BYTES + 16384 + 120


def test_messages_far_ahead_are_neither_kept_nor_acknowledged() -> None:
    _, _, node = ends()
    node.receive(peer.write(frames.INPUT, delivery.MAX_EARLY + 1, b"x", 1))
    for sequence in range(1, 20):
        node.receive(peer.write(frames.INPUT, sequence, bytes(1024 * 1000), 1))

    assert node._incoming._early_bytes <= delivery.MAX_EARLY_BYTES
    assert len(node.take()) == delivery.MAX_EARLY_BYTES // (1024 * 1000)


steps = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=5),
        st.sampled_from(["lose", "swap", "repeat", "deliver", "tick", "reconnect"]),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(to_node=steps, seed=st.randoms(use_true_random=False))
def test_everything_arrives_once_and_in_order_over_any_network(to_node: list[bytes | str], seed) -> None:
    """Loss with a connection, lost answers, duplicates and reordering; after them the network heals."""
    clock, client, node = ends()
    sent: list[bytes] = []
    got: list[bytes] = []
    wire: list[bytes] = []

    def exchange(messages: list[bytes]) -> None:
        got.extend(arrived(node, messages))
        answers = node.take()
        arrived(client, [each for each in answers if seed.random() < 0.7])

    for step in to_node:
        match step:
            case bytes():
                client.send(step)
                sent.append(step)
            case "lose":
                client.take()
                client.reconnected()
            case "swap":
                wire = client.take() + wire
            case "repeat":
                wire += wire
            case "deliver":
                exchange(wire + client.take())
                wire = []
            case "tick":
                clock.advance(0.3)
                client.resend()
            case _:
                client.reconnected()
    exchange(wire)
    client.reconnected()
    got.extend(arrived(node, client.take()))
    arrived(client, node.take())

    assert got == sent
    assert client.is_delivered


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_message_is_taken_or_refused_by_an_end(messages: list[bytes]) -> None:
    _, _, node = ends()
    for raw in messages:
        try:
            node.receive(raw)
            node.receive(peer.write(frames.INPUT, len(raw), raw, PayloadType.OUTPUT))
            node.receive(peer.write(frames.ACKNOWLEDGE, 0, raw, 0))
        except (BadFrame, payloads.BadPayload):
            continue


@pytest.mark.parametrize("is_new", [False, True])
def test_peer_that_reads_nothing_has_no_acknowledgements_without_end_kept_for_it(is_new: bool) -> None:
    _, _, node = ends()
    for number in range(MAX_WAITING + 1000):
        node.receive(peer.write(frames.INPUT, number if is_new else 0, b"", 1))

    assert len(node.take()) == MAX_WAITING
    # What was left is taken when it is sent again.
    number = MAX_WAITING if is_new else 1
    assert arrived(node, [peer.write(frames.INPUT, number, b"x", 1)]) == [b"x"]
    assert len(node.take()) == 1
