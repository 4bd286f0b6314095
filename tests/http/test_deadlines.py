"""Clients that are slow or silent: let go in time, while others are served."""

import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from keystead.gateway.http.limits import HTTPLimits

QUICK = HTTPLimits(
    head_seconds=0.2,
    keep_alive_seconds=0.2,
    body_grace_seconds=0.2,
    body_window_seconds=0.1,
    linger_seconds=0.1,
    write_stall_seconds=0.2,
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    ],
    ids=["request line", "header", "no body", "body", "chunk"],
)
def test_request_that_stops_half_way_times_out(serve, raw):
    server = serve(replace(QUICK, keep_alive_seconds=30.0))
    with server.connect() as client:
        client.send(raw)

        answer = client.answer()

        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert client.is_closed()
    assert server.is_well()


def test_silence_after_continue_times_out_and_frees_the_application(serve):
    server = serve(replace(QUICK, keep_alive_seconds=30.0))
    with server.connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert client.answer().status == 100

        assert client.answer().status == 408

    assert server.app.disconnects.acquire(timeout=10)


def test_body_in_single_bytes_below_the_least_rate_times_out(serve):
    server = serve(replace(QUICK, min_body_bytes_per_second=100_000))
    with server.connect() as client:
        client.sock.settimeout(0.01)
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        received = b""
        while not received:
            client.send(b"x")
            try:
                received = client.sock.recv(100)
            except TimeoutError:
                continue

        assert received.startswith(b"HTTP/1.1 408 ")
    assert server.app.disconnects.acquire(timeout=10)


def test_body_at_the_least_rate_may_take_many_windows(serve):
    server = serve(
        replace(QUICK, min_body_bytes_per_second=1, body_grace_seconds=0.4, body_window_seconds=0.4)
    )
    with server.connect() as client:
        client.sock.settimeout(0.02)
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n")
        for _ in range(49):
            client.send(b"x")
            with pytest.raises(TimeoutError):
                client.sock.recv(1)
        client.sock.settimeout(10)
        client.send(b"x")

        assert client.sock.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", GET], ids=["nothing sent", "only line ends", "after an answer"]
)
def test_idle_connection_is_closed(serve, raw):
    server = serve(replace(QUICK, head_seconds=30.0))
    with server.connect() as client:
        client.send(raw)
        if raw == GET:
            assert client.answer().status == 200

        assert client.is_closed()


def test_client_that_leaves_its_answer_unread_is_cut(serve):
    server = serve(QUICK)
    with server.connect() as client:
        client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.app.entered.acquire(timeout=10)
        while server.listener.open_connections:
            threading.Event().wait(0.01)

        assert received_until_cut(client) < 32_000_000
    assert server.is_well()


def received_until_cut(client):
    received = 0
    try:
        while piece := client.sock.recv(1_000_000):
            received += len(piece)
    except ConnectionResetError:
        pass
    return received


def test_slow_application_is_not_the_clients_fault(serve):
    server = serve(QUICK)
    with server.connect() as client, server.connect() as clock:
        client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.app.entered.acquire(timeout=10)
        assert clock.is_closed()  # Every deadline has passed by then.
        server.let_answer()

        assert client.answer().status == 200


def test_two_hundred_half_open_requests_do_not_keep_others_waiting(serve):
    server = serve(HTTPLimits(head_seconds=1.0))
    with ExitStack() as stack:
        slow = [stack.enter_context(server.connect()) for _ in range(200)]
        for client in slow:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-")

        assert all(server.is_well() for _ in range(50))
        assert [client.answer().status for client in slow] == [408] * 200
    assert server.is_well()


def test_connections_past_the_limit_are_turned_away(serve):
    server = serve(HTTPLimits(max_connections=2))
    with server.connect() as first, server.connect() as second:
        first.send(GET)
        second.send(GET)
        assert [first.answer().status, second.answer().status] == [200, 200]

        with server.connect() as third:
            assert third.answer().status == 503
            assert third.is_closed()
        first.send(GET)
        assert first.answer().status == 200
