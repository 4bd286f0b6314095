"""Hostile input costs its sender an error, and nobody else anything."""

import random
import socket
import ssl
import struct
import time

import dns.message
import pytest

from resolver.room import addresses, code, token_option
from resolver.upstream import PUBLIC


def stream(dns_room):
    """A DoT connection."""
    address, port = dns_room.authority.ready.dot.rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(dns_room.ca))
    plain = socket.create_connection((address, int(port)), 10)
    return context.wrap_socket(plain, server_hostname="localhost")


def framed(wire: bytes) -> bytes:
    return struct.pack("!H", len(wire)) + wire


def read_answer(connection) -> bytes:
    head = connection.recv(2)
    while len(head) < 2:
        head += connection.recv(2 - len(head))
    body = b""
    while len(body) < int.from_bytes(head, "big"):
        body += connection.recv(int.from_bytes(head, "big") - len(body))
    return body


def query(token: str, name: str = "www.example.com", **more) -> bytes:
    return dns.message.make_query(name, "A", use_edns=True, options=[token_option(token)], **more).to_wire()


def test_malformed_messages_leave_their_siblings_on_the_connection_alone(dns_room):
    view, drawn = dns_room.view(), random.Random(5)
    whole = query(view.token, id=7)
    with stream(dns_room) as connection:
        for _ in range(300):
            wire = bytearray(whole)
            for _ in range(drawn.randint(1, 6)):
                wire[drawn.randrange(len(wire))] = drawn.randrange(256)
            cut = bytes(wire[: drawn.randint(0, len(wire))]) if drawn.random() < 0.5 else bytes(wire)
            connection.sendall(framed(cut))
        connection.sendall(framed(query(view.token, id=4242)))

        while (answer := read_answer(connection))[:2] != struct.pack("!H", 4242):
            assert len(answer) >= 12

    assert addresses(dns.message.from_wire(answer)) == [PUBLIC]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda wire: wire[:2] + b"\x78\x00" + wire[4:], "NOTIMP"),
        (lambda wire: wire[:4] + b"\x00\x02" + wire[6:], "FORMERR"),
        (lambda wire: wire[:12] + b"\xc0\x0c" + wire[14:], "FORMERR"),
        (lambda wire: wire[:-1], "FORMERR"),
        (lambda wire: wire + b"\0", "FORMERR"),
    ],
)
def test_what_is_no_query_is_told_so(dns_room, change, expected):
    view = dns_room.view()

    with stream(dns_room) as connection:
        connection.sendall(framed(change(query(view.token))))
        answer = read_answer(connection)

    assert dns.message.from_wire(answer, question_only=True).rcode().name == expected


@pytest.mark.parametrize(
    ("kind", "klass", "expected"),
    [("AXFR", "IN", "REFUSED"), ("ANY", "IN", "NOTIMP"), ("A", "CH", "REFUSED")],
)
def test_questions_that_are_not_for_a_door_are_not_forwarded(dns_room, kind, klass, expected):
    view = dns_room.view()
    before = len(dns_room.upstream.asked)
    wire = dns.message.make_query(
        "www.example.com", kind, klass, use_edns=True, options=[token_option(view.token)]
    ).to_wire()

    with stream(dns_room) as connection:
        connection.sendall(framed(wire))
        answer = dns.message.from_wire(read_answer(connection))

    assert (code(answer), len(dns_room.upstream.asked)) == (expected, before)


def test_queries_in_flight_at_once_are_each_answered_once(dns_room):
    view = dns_room.view()
    names = [f"n{number}.example.com" for number in range(400)]

    with stream(dns_room) as connection:
        connection.sendall(b"".join(framed(query(view.token, name, id=n)) for n, name in enumerate(names)))
        answers = [dns.message.from_wire(read_answer(connection)) for _ in names]

    assert sorted(answer.id for answer in answers) == list(range(400))
    assert all(addresses(answer) == [PUBLIC] for answer in answers)


def test_answer_that_was_cut_over_udp_is_whole_over_tls(dns_room):
    assert addresses(dns_room.dot("cut.example.com", dns_room.view().token)) == [PUBLIC]


@pytest.mark.parametrize("name", ["mute.example.com", "bad.example.com"])
def test_upstream_that_does_not_answer_the_question_is_a_server_failure(dns_room, name):
    assert code(dns_room.dot(name, dns_room.view().token)) == "SERVFAIL"


def test_half_open_and_silent_connections_do_not_hold_up_others(dns_room):
    view = dns_room.view()
    address, port = dns_room.authority.ready.dot.rsplit(":", 1)
    idle = [socket.create_connection((address, int(port)), 10) for _ in range(300)]
    slow = [stream(dns_room) for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(b"\x01")
        took = []
        with stream(dns_room) as connection:
            for _ in range(50):
                began = time.monotonic()
                connection.sendall(framed(query(view.token)))
                read_answer(connection)
                took.append(time.monotonic() - began)
    finally:
        for connection in [*idle, *slow]:
            connection.close()

    assert sorted(took)[-2] < 2


@pytest.mark.parametrize(
    ("target", "options", "status"),
    [
        ("/dns-query", (), 400),
        ("/dns-query?dns=", (), 400),
        ("/dns-query?dns=!!!!", (), 400),
        ("/dns-query?dns=AA%3D%3D", (), 400),
        ("/dns-query?dns=@&dns=@", (), 400),
        ("/other?dns=@", (), 404),
        ("/dns-query/../x?dns=@", ("--path-as-is",), 404),
        ("/dns-query?dns=@", ("-X", "PUT"), 405),
        ("/dns-query", ("-X", "POST", "-H", "content-type: text/plain", "-d", "x"), 415),
        # Over HTTP/2 such a stream is reset by the server before we see it.
        pytest.param("/dns-query?dns=" + "A" * 66_000, ("--http1.1",), 414, id="long"),
        pytest.param("/dns-query/" + "A" * 100_000 + "?dns=@", ("--http1.1",), 414, id="longer"),
    ],
)
def test_requests_that_are_not_of_doh_get_a_client_error(dns_room, target, options, status):
    found, answer = dns_room.doh_get("www.example.com", target, *options)

    assert (found, answer) == (status, None)


def test_body_that_is_too_large_is_refused(dns_room):
    found, answer = dns_room.doh_raw(b"\0" * 70_000, "/dns-query")

    assert (found, answer) == (413, None)
