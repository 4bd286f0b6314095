"""Requests that another reader could understand differently: refused, closed, never run."""

import pytest

HOST = b"Host: a\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def get(*fields: bytes, target: bytes = b"/") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


REFUSED_BY_HEAD = {
    "transfer-encoding xchunked": (400, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "transfer-encoding chunked, identity": (
        400,
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ),
    "transfer-encoding identity": (400, POST + b"Transfer-Encoding: identity\r\n\r\n"),
    "transfer-encoding empty": (400, POST + b"Transfer-Encoding:\r\n\r\n"),
    "transfer-encoding twice": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "transfer-encoding gzip, chunked": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "transfer-encoding in HTTP/1.0": (
        400,
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "length then transfer-encoding": (
        400,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "transfer-encoding then length": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    "two lengths that differ": (400, POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    "two lengths that agree": (400, POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "list of lengths": (400, POST + b"Content-Length: 5, 5\r\n\r\nhello"),
    "length +5": (400, POST + b"Content-Length: +5\r\n\r\nhello"),
    "length -1": (400, POST + b"Content-Length: -1\r\n\r\n"),
    "length 0x5": (400, POST + b"Content-Length: 0x5\r\n\r\nhello"),
    "length empty": (400, POST + b"Content-Length:\r\n\r\n"),
    "length 2**64": (400, POST + b"Content-Length: 18446744073709551616\r\n\r\n"),
    "length past every operation's": (413, POST + b"Content-Length: 5435817985\r\n\r\n"),
    "host longer than a name": (400, get(b"Host: " + b"a" * 262)),
    "folded header": (400, get(b"Host: a", b"X-A: 1", b" X-B: 2")),
    "header folded by tab": (400, get(b"Host: a", b"X-A: 1", b"\tX-B: 2")),
    "first header folded": (400, get(b" Host: a")),
    "header name with space": (400, get(b"Host: a", b"X A: 1")),
    "space before colon": (400, get(b"Host: a", b"X-A : 1")),
    "header without name": (400, get(b"Host: a", b": 1")),
    "header without colon": (400, get(b"Host: a", b"X-A")),
    "bare CR in header": (400, get(b"Host: a", b"X-A: 1\r2")),
    "bare LF between headers": (400, get(b"Host: a", b"X-A: 1\nX-B: 2")),
    "bare LF everywhere": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "NUL in header": (400, get(b"Host: a", b"X-A: 1\x002")),
    "control character in header": (400, get(b"Host: a", b"X-A: 1\x012")),
    "non-ASCII header name": (400, get(b"Host: a", b"X\xff: 1")),
    "no Host": (400, get(b"X-A: 1")),
    "two Hosts": (400, get(b"Host: a", b"Host: b")),
    "the same Host twice": (400, get(b"Host: a", b"host: a")),
    "empty Host": (400, get(b"Host:")),
    "Host with a path": (400, get(b"Host: a/b")),
    "Host with user": (400, get(b"Host: u@a")),
    "list in Host": (400, get(b"Host: a, b")),
    "target of another host": (400, get(b"Host: a", target=b"http://b/x")),
    "target with user": (400, get(b"Host: a", target=b"http://a@a/x")),
    "target of another scheme": (400, get(b"Host: a", target=b"https://a/x")),
    "target with fragment": (400, get(b"Host: a", target=b"/x#y?z")),
    "target without slash": (400, get(b"Host: a", target=b"x/y")),
    "target with NUL": (400, get(b"Host: a", target=b"/\x00")),
    "target with raw bytes": (400, get(b"Host: a", target=b"/\xff")),
    "target with space": (400, get(b"Host: a", target=b"/a b")),
    "OPTIONS *": (405, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "GET *": (405, get(b"Host: a", target=b"*")),
    "CONNECT": (405, b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    "TRACE": (405, b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "PROPFIND": (501, b"PROPFIND / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "lower-case method": (400, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "HTTP/0.9": (505, b"GET /\r\n\r\n"),
    "HTTP/2.0 in an HTTP/1 line": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "HTTP/1.2": (400, b"GET / HTTP/1.2\r\n" + HOST + b"\r\n"),
    "HTTP/2 preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS to the plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "unknown Expect": (417, get(b"Host: a", b"Expect: 200-ok")),
    "one header of 64 KiB": (431, get(b"Host: a", b"X-A: " + b"a" * 65536)),
    "headers of 33 KiB in all": (431, get(b"Host: a", *[b"X-A: " + b"a" * 1000] * 33)),
    "200 headers": (431, get(b"Host: a", *[b"X-A: 1"] * 200)),
    "head of a megabyte": (431, get(b"Host: a", *[b"X-A: " + b"a" * 1000] * 1000)),
    "target of 17 KiB": (414, get(b"Host: a", target=b"/" + b"a" * 17 * 1024)),
}


@pytest.mark.parametrize(("status", "raw"), REFUSED_BY_HEAD.values(), ids=REFUSED_BY_HEAD)
def test_bad_head_is_refused_and_ends_the_connection(server, status, raw):
    with server.connect() as client:
        client.send(raw + NEXT)

        answer = client.answer()

        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert client.is_closed()
    assert server.app.seen == []
    assert server.is_well()


@pytest.mark.parametrize("name", ["bare CR in header", "folded header", "two Hosts", "one header of 64 KiB"])
def test_bad_head_is_refused_alike_when_it_comes_in_small_pieces(server, name):
    status, raw = REFUSED_BY_HEAD[name]
    step = max(1, len(raw) // 40)
    with server.connect() as client:
        for start in range(0, len(raw), step):
            client.send(raw[start : start + step])

        assert client.answer().status == status
    assert server.app.seen == []


BAD_CHUNKS = {
    "size +5": b"+5\r\nhello\r\n0\r\n\r\n",
    "size 0x5": b"0x5\r\nhello\r\n0\r\n\r\n",
    "size -5": b"-5\r\nhello\r\n0\r\n\r\n",
    "size 2**64": b"10000000000000000\r\nhello\r\n0\r\n\r\n",
    "size with space": b"5 \r\nhello\r\n0\r\n\r\n",
    "size empty": b"\r\nhello\r\n0\r\n\r\n",
    "size ended by LF": b"5\nhello\r\n0\r\n\r\n",
    "data without CRLF": b"5\r\nhello0\r\n\r\n",
    "data ended by LF": b"5\r\nhello\n0\r\n\r\n",
    "data longer than size": b"5\r\nhello!\r\n0\r\n\r\n",
    "LF in extension": b"5;a\nhello\r\n0\r\n\r\n",
    "length in trailer": b"5\r\nhello\r\n0\r\nContent-Length: 6\r\n\r\n",
    "fold in trailer": b"5\r\nhello\r\n0\r\nX-A: 1\r\n X-B: 2\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_bad_chunk_is_refused_and_the_application_sees_a_disconnect(server, chunks):
    with server.connect() as client:
        client.send(CHUNKED + chunks + NEXT)

        assert client.answer().status == 400
        assert client.is_closed()
    assert server.app.disconnects.acquire(timeout=10)
    assert server.app.seen == ["POST /"]
    assert server.is_well()


@pytest.mark.parametrize(
    "flood",
    [
        b"5;" + b"a" * 400_000,
        b"0" * 400_000 + b"5",
        b"0\r\nX-A: " + b"a" * 400_000,
        b"0\r\n" + b"X-A: 1\r\n" * 50_000,
    ],
    ids=["extension", "zeros before the size", "one trailing field", "trailing fields"],
)
def test_flood_of_chunk_framing_is_refused(server, flood):
    with server.connect() as client:
        client.send(CHUNKED + flood)

        assert client.answer().status == 400
    assert server.is_well()


def test_trailing_fields_do_not_join_the_header_fields(server):
    raw = CHUNKED + b"5\r\nhello\r\n0\r\nAuthorization: smuggled\r\n\r\n"

    told = server.ask(raw).told

    assert told["body_length"] == 5
    assert [name for name, _ in told["headers"]] == ["host", "transfer-encoding"]


def test_refusal_of_head_request_has_no_body(server):
    with server.connect() as client:
        client.send(b"HEAD / HTTP/1.1\r\nX-A: 1\r\n\r\n")

        assert client.answer(to_head=True).status == 400
        assert client.is_closed()


def test_method_not_allowed_says_what_is(server):
    assert "POST" in server.ask(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").headers["allow"]


def test_refusal_quotes_nothing_of_the_request(server):
    answer = server.ask(b"GET /canary?X-Amz-Signature=canary HTTP/1.1\r\nHost: canary/\r\n\r\n")

    assert answer.status == 400
    assert b"canary" not in answer.body
    assert "canary" not in repr(answer.headers)


def test_refusal_waits_for_the_answers_before_it(server):
    with server.connect() as client:
        client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n")
        server.let_answer()

        assert client.answer().told["raw_path"] == "/wait"
        assert client.answer().status == 400
        assert client.is_closed()


def test_bad_body_of_a_queued_request_is_refused_in_its_turn(server):
    with server.connect() as client:
        client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + CHUNKED + b"+5\r\nhello\r\n")
        server.let_answer()

        assert client.answer().told["raw_path"] == "/wait"
        assert client.answer().status == 400
        assert client.is_closed()
    assert server.app.seen == ["GET /wait"]


def test_request_after_connection_close_is_not_run(server):
    with server.connect() as client:
        client.send(b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + NEXT)

        assert client.answer().status == 200
        assert client.is_closed()
    assert server.app.seen == ["GET /last"]


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.0"])
def test_body_of_a_request_with_upgrade_is_not_read_as_a_request(server, upgrade):
    raw = b"POST /upgraded HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %s\r\nContent-Length: %d\r\n\r\n"
    with server.connect() as client:
        client.send(raw % (upgrade, len(NEXT)) + NEXT + NEXT)

        answer = client.answer()

        assert answer.told["body_length"] == len(NEXT)
        assert client.is_closed()
    assert server.app.seen == ["POST /upgraded"]


def test_more_pipelined_requests_than_granted_are_refused(server):
    with server.connect() as client:
        client.send(get(b"Host: a", target=b"/wait") * 1000)
        server.let_answer()

        statuses = [client.answer().status for _ in range(34)]

        assert statuses == [200] * 33 + [400]
        assert client.is_closed()
    assert len(server.app.seen) == 33


def test_header_that_would_begin_another_is_never_sent(server):
    answer = server.ask(b"GET /two-lines HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.status == 500
    assert "set-cookie" not in answer.headers
    assert server.is_well()
