"""Listeners: where they listen, what they say when they cannot, TLS, the graceful end, and silence on stderr."""

import asyncio
import logging
import ssl
from concurrent.futures import wait

import pytest

from keystead.access.tls import load_certificates
from keystead.app.certificates import Names, ensure_certificates, server_context
from keystead.gateway.http.listeners import AddressInUse, CannotListen, HTTPListener
from keystead.kernel.clock import SystemClock

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"


def trusting(certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_address_in_use_names_the_address(serve):
    host, port = serve().address

    async def start_another():
        await HTTPListener(None, host, port, clock=SystemClock()).start()

    with pytest.raises(AddressInUse, match=f"^{host}:{port} is in use$"):
        asyncio.run(start_another())


def test_address_of_another_machine_cannot_be_listened_on():
    async def start():
        await HTTPListener(None, "192.0.2.1", 0, clock=SystemClock()).start()

    with pytest.raises(CannotListen, match=r"^192\.0\.2\.1:0 cannot be listened on: "):
        asyncio.run(start())


def test_stop_closes_idle_connections_and_accepts_no_more(serve):
    server = serve()
    with server.connect() as client, server.connect() as unused:
        client.send(GET)
        assert client.answer().status == 200

        assert server.stop(drain_seconds=10).result(5) is True

        assert client.is_closed()
        assert unused.is_closed()
    with pytest.raises(ConnectionRefusedError), server.connect():
        pass


def test_stop_lets_requests_in_flight_finish(serve):
    server = serve()
    with server.connect() as client:
        client.send(WAIT)
        assert server.app.entered.acquire(timeout=10)

        stopping = server.stop(drain_seconds=10)
        server.let_answer()

        answer = client.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert client.is_closed()
    assert stopping.result(5) is True


def test_stop_lets_a_request_that_is_still_arriving_finish(serve):
    server = serve()
    with server.connect() as uploader, server.connect() as slow:
        uploader.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        assert server.app.entered.acquire(timeout=10)
        slow.send(GET[:-2])
        while server.listener.open_connections < 2:
            server.is_well()

        stopping = server.stop(drain_seconds=10)
        assert not wait([stopping], timeout=0.05).done
        uploader.send(b"world")
        slow.send(GET[-2:])

        assert uploader.answer().told["body_length"] == 10
        assert slow.answer().headers["connection"] == "close"
    assert stopping.result(5) is True


def test_stop_cuts_what_is_not_answered_in_time(serve, caplog):
    server = serve()
    with server.connect() as client:
        client.send(WAIT)
        assert server.app.entered.acquire(timeout=10)

        assert server.stop(drain_seconds=0.05).result(5) is False

        assert client.is_closed()
    assert caplog.records == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_https_is_served_like_http(serve, tmp_path, version):
    certificates = ensure_certificates(tmp_path, names=Names(), clock=SystemClock())
    server = serve(ssl_context=server_context(certificates))
    context = trusting(certificates)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])

    with server.connect(tls=context) as client:
        client.send(GET)
        assert client.answer().told["scheme"] == "https"
        assert client.sock.selected_alpn_protocol() == "http/1.1"
        client.send(b"GET https://a/b HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().told["raw_path"] == "/b"
        client.send(b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
        assert client.answer().status == 400
        assert client.is_closed()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_before_1_2_is_refused(serve, tmp_path):
    certificates = ensure_certificates(tmp_path, names=Names(), clock=SystemClock())
    server = serve(ssl_context=server_context(certificates))
    context = trusting(certificates)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises((ssl.SSLError, ConnectionResetError)), server.connect(tls=context):
        pass


def test_new_certificate_is_shown_while_open_connections_stay(serve, tmp_path):
    old = ensure_certificates(tmp_path / "old", names=Names(), clock=SystemClock())
    new = ensure_certificates(tmp_path / "new", names=Names(), clock=SystemClock())
    context = server_context(old)
    server = serve(ssl_context=context)

    with server.connect(tls=trusting(old)) as before:
        load_certificates(context, new)

        with server.connect(tls=trusting(new)) as after:
            after.send(GET)
            assert after.answer().status == 200
        before.send(GET)
        assert before.answer().status == 200


def test_silent_and_foreign_clients_of_https_leave_it_serving(serve, tmp_path):
    certificates = ensure_certificates(tmp_path, names=Names(), clock=SystemClock())
    server = serve(ssl_context=server_context(certificates))

    with server.connect() as silent, server.connect() as plain:
        silent.send(b"\x16\x03")
        plain.send(GET)
        with server.connect(tls=trusting(certificates)) as client:
            client.send(GET)
            assert client.answer().status == 200
        assert plain.is_closed()


def test_nothing_is_printed_and_no_log_shows_a_request(serve, capfd, caplog):
    server = serve()
    caplog.set_level(logging.DEBUG)

    server.ask(b"GET /canary?X-Amz-Signature=canary HTTP/1.1\r\nHost: a\r\n\r\n")
    server.ask(b"GET /canary#canary HTTP/1.1\r\nHost: canary\r\n\r\n")
    server.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: canary\r\n\r\n")
    server.ask(b"canary\r\n\r\n")

    assert "canary" not in caplog.text
    assert {record.name for record in caplog.records} - {"asyncio"} == {"keystead.http"}
    assert capfd.readouterr() == ("", "")


def test_failing_application_answers_500_without_detail_and_logs_only_where(serve, caplog):
    answer = serve().ask(b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.status == 500
    assert b"canary" not in answer.body
    assert "a request failed: LookupError" in caplog.text
    assert "conftest.py" in caplog.text
    assert "canary" not in "".join(
        line for line in caplog.text.splitlines() if "raise LookupError" not in line
    )
