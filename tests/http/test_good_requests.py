"""Requests that are odd but right: served, with the bytes that signatures are computed over left alone."""

import pytest


def test_raw_path_and_query_are_the_bytes_as_sent(server):
    raw = b"GET /a%2Fb//../c%20d/?x=%2f&y=a+b&z?=1 HTTP/1.1\r\nHost: a\r\n\r\n"

    told = server.ask(raw).told

    assert told["raw_path"] == "/a%2Fb//../c%20d/"
    assert told["query"] == "x=%2f&y=a+b&z?=1"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://a:4650/b%2Fc?d=e", "/b%2Fc", "d=e"),
        (b"http://A:4650/", "/", ""),
        (b"HTTP://a:4650", "/", ""),
        (b"http://a:4650?d=/e", "/", "d=/e"),
        (b"//a/b", "//a/b", ""),
        (b"/http://b/c", "/http://b/c", ""),
    ],
)
def test_target_is_read_as_path_and_query(server, target, path, query):
    told = server.ask(b"GET " + target + b" HTTP/1.1\r\nHost: a:4650\r\n\r\n").told

    assert (told["raw_path"], told["query"]) == (path, query)


@pytest.mark.parametrize(
    "host", [b"a", b"a.b-c_d:80", b"127.0.0.1:4650", b"[::1]:4650", b"xn--bcher-kva.localhost"]
)
def test_host_may_be_a_name_or_an_address(server, host):
    assert server.ask(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").status == 200


def test_http_1_0_is_answered_and_closed(server):
    with server.connect() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")

        assert client.answer().told["http_version"] == "1.0"
        assert client.is_closed()


def test_chunked_body_arrives_whole_however_it_is_cut(server):
    with server.connect() as client:
        raw = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw += b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        for start in range(len(raw)):
            client.send(raw[start : start + 1])

        assert client.answer().told["body_length"] == 11


def test_large_body_arrives_whole(server):
    body = b"x" * 3_000_000
    with server.connect() as client:
        client.send(b"PUT /o HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert client.answer().told["body_length"] == len(body)

        client.send(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().told["raw_path"] == "/next"


def test_head_within_the_limits_is_served_though_body_and_next_request_come_with_it(server):
    fields = b"".join(b"X-%d: %s\r\n" % (i, b"a" * 300) for i in range(98))
    raw = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n" + fields + b"\r\n" + b"x" * 60000

    with server.connect() as client:
        client.send(raw * 3)

        assert [client.answer().told["body_length"] for _ in range(3)] == [60000] * 3


def test_pipelined_requests_are_answered_in_order(server):
    with server.connect() as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(10)))

        assert [client.answer().told["raw_path"] for _ in range(10)] == [f"/{i}" for i in range(10)]


def test_continue_is_sent_when_the_application_reads(server):
    with server.connect() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
        assert client.answer().status == 100

        client.send(b"hello")
        answer = client.answer()
        assert answer.told["body_length"] == 5
        assert "connection" not in answer.headers

        client.send(b"GET /kept HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().told["raw_path"] == "/kept"


def test_unread_body_that_was_to_be_continued_ends_the_connection(server):
    with server.connect() as client:
        client.send(b"PUT /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")

        answer = client.answer()

        assert (answer.status, answer.headers["connection"]) == (403, "close")
        assert client.is_closed()


def test_early_answer_reaches_a_client_that_is_still_sending(server):
    with server.connect() as client:
        client.send(b"PUT /early HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 1_000_000)
        client.send(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 500_000)

        answer = client.answer()

        assert (answer.status, answer.headers["connection"]) == (403, "close")
        assert client.is_closed()
    assert server.app.seen == ["PUT /early"]


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_upgrade_that_is_not_taken_does_not_break_the_requests(server, upgrade):
    with server.connect() as client:
        raw = b"GET /%s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
        client.send(raw % b"1" + raw % b"2")
        assert [client.answer().told["raw_path"] for _ in range(2)] == ["/1", "/2"]

        client.send(b"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().told["raw_path"] == "/3"


def test_body_after_an_upgrade_may_come_later(server):
    with server.connect() as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        assert server.app.entered.acquire(timeout=10)
        client.send(b"5\r\nhello\r\n")
        client.send(b"0\r\n\r\n")

        assert client.answer().told["body_length"] == 5
        assert client.is_closed()


def test_peer_address_is_not_taken_from_forwarded_headers(server):
    raw = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n\r\n"

    assert server.ask(raw).told["client"] == "127.0.0.1"


def test_answer_carries_date_and_does_not_name_the_server(server):
    headers = server.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").headers

    assert headers["date"].endswith(" GMT")
    assert "server" not in headers


def test_vanished_client_is_told_to_the_application_that_answers_it(server):
    with server.connect() as client:
        client.send(
            b"GET /until-disconnect HTTP/1.1\r\nHost: a\r\n\r\nGET /queued HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        assert server.app.entered.acquire(timeout=10)

    assert server.app.disconnects.acquire(timeout=10)
    assert "GET /queued" not in server.app.seen


def test_what_is_noted_when_asked_is_there_when_called_and_nowhere_else(server):
    noted = server.ask(b"GET /noted HTTP/1.1\r\nHost: a\r\n\r\n").told

    with server.connect() as client:
        client.send(b"GET /noted HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().told == noted
        client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /noted HTTP/1.1\r\nHost: a\r\n\r\n")
        server.let_answer()
        assert client.answer().status == 200
        # It waited for the one before it, so nobody was asked.
        assert client.answer().told == {}
