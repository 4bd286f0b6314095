"""Messages of any octets, over every transport: an error of DNS or of HTTP, and never anything worse."""

import random
import socket
import struct

import dns.exception
import dns.message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keystead.products.globalresolver.door import message
from resolver.room import addresses
from resolver.test_hardening import framed, query, read_answer, stream
from resolver.upstream import PUBLIC

WHOLE = query("t" * 52)


@st.composite
def messages(draw):
    """Any octets, or a query of which some are changed, cut off or added."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=600))
    wire = bytearray(WHOLE)
    for place in draw(st.lists(st.integers(0, len(wire) - 1), max_size=8)):
        wire[place] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.integers(0, len(wire)))]) + draw(st.binary(max_size=40))


@given(wire=messages())
@settings(max_examples=2000, deadline=None)
def test_reading_a_message_gives_a_query_or_says_that_it_is_none(wire):
    found, answer = _read(wire)

    if found is None:
        assert answer is None or message.code_of(answer) in (message.FORMERR, message.NOTIMP)
    else:
        assert wire.startswith(found.question, message.HEADER_OCTETS)
        assert sum(len(label) + 1 for label in found.labels) <= 254


def _read(wire):
    try:
        return message.parse_query(wire), None
    except message.Malformed as malformed:
        return None, malformed.answer


@given(wire=messages())
@settings(max_examples=2000, deadline=None)
def test_an_upstreams_octets_are_relayed_or_refused(wire):
    asked = message.parse_query(WHOLE)
    if not message.answers_question(wire, asked.question):
        return
    try:
        relayed = message.relayed(asked, wire, keeps_authentic=False)
    except ValueError:
        return
    assert relayed[:2] == WHOLE[:2]


FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(several=st.lists(messages(), min_size=1, max_size=10))
@FEW
def test_a_stream_of_any_messages_goes_on(dns_room, several):
    if not hasattr(dns_room, "fuzzed_view"):
        dns_room.fuzzed_view = dns_room.view()
    with stream(dns_room) as connection:
        connection.sendall(b"".join(framed(wire) for wire in several))
        connection.sendall(framed(query(dns_room.fuzzed_view.token, id=4242)))
        while (answer := read_answer(connection))[:2] != struct.pack("!H", 4242) or answer[3] & 0xF:
            pass

    assert addresses(dns.message.from_wire(answer)) == [PUBLIC]


@given(wire=messages())
@FEW
def test_any_datagram_leaves_the_next_one_its_answer(dns_room, wire):
    host, port = dns_room.authority.ready.do53.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((host, int(port)))
        client.settimeout(10)
        client.send(wire[:1400])
        client.send(struct.pack("!H", 4242) + WHOLE[2:])
        while (answer := client.recv(4096))[:2] != struct.pack("!H", 4242):
            pass

    assert answer[3] & 0xF != message.SERVFAIL


@pytest.mark.parametrize("target", ["/dns-query", "/dns-query?token=x"])
def test_any_body_over_https_is_a_client_error_or_an_answer(dns_room, target):
    drawn = random.Random(8)
    for _ in range(25):
        status, _ = dns_room.doh_raw(drawn.randbytes(drawn.randint(0, 11)), target)
        assert 400 <= status < 500

        wire = bytearray(WHOLE)
        wire[drawn.randrange(len(wire))] = drawn.randrange(256)
        assert _status(dns_room, bytes(wire), target) < 500


def _status(dns_room, wire, target):
    try:
        return dns_room.doh_raw(wire, target)[0]
    except dns.exception.DNSException:
        # Answered: the answer to a broken question may be one that only its sender understands.
        return 200
