"""Doors behind the real listener: streams both ways, WebSockets, and who the client is said to be."""

import asyncio
import threading
import time
from contextlib import contextmanager
from socket import create_connection
from types import SimpleNamespace

import pytest
import uvloop
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from keystead.access.doors import FIRST_MESSAGE_BYTES, SOURCE_ADDRESS, HTTPDoor
from keystead.config.values import networks
from keystead.gateway.http.asgi import Application
from keystead.gateway.http.listeners import HTTPListener
from keystead.gateway.http.websocket import UNACCEPTED_BYTES
from keystead.kernel.clock import SystemClock

PATIENCE = 10.0
GATEWAY = SimpleNamespace(names_operation=lambda method, raw_path, query: False)
"""Every request here is for a door; the API is never asked."""


async def _echo(scope, receive, send):
    """Send back each piece of a body, or each message of a WebSocket, as it comes."""
    source = scope["state"][SOURCE_ADDRESS].encode()
    if scope["type"] == "websocket":
        await receive()
        if scope["raw_path"].endswith(b"/late") and (await receive())["type"] == "websocket.disconnect":
            return
        first = {FIRST_MESSAGE_BYTES: 100} if scope["raw_path"].endswith(b"/short") else {}
        await send({"type": "websocket.accept", **first})
        await send({"type": "websocket.send", "bytes": source + b" " + scope["raw_path"]})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": message["bytes"]})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-source", source)]})
    while True:
        message = await receive()
        await send({"type": "http.response.body", "body": message["body"], "more_body": message["more_body"]})
        if not message["more_body"]:
            return


DOORS = [
    HTTPDoor("socket", _echo, prefixes=(b"/v1/data-channel/",), takes_websockets=True),
    HTTPDoor("plain", _echo, takes_the_rest=True),
]


@pytest.fixture
def port():
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    application = Application(GATEWAY, networks("127.0.0.0/8"), DOORS)
    listener = HTTPListener(
        application, "127.0.0.1", 0, clock=SystemClock(), takes_websocket=application.takes_websocket
    )
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result(PATIENCE)
    yield listener.address[1]
    asyncio.run_coroutine_threadsafe(listener.stop(0), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


@contextmanager
def _socket(port, path, **options):
    with connect(f"ws://127.0.0.1:{port}{path}", open_timeout=PATIENCE, **options) as socket:
        yield socket


def test_websocket_door_gets_the_raw_path_and_the_client_that_a_trusted_proxy_names(port):
    with _socket(
        port, "/v1/data-channel/a%2Fb", additional_headers={"X-Forwarded-For": "192.0.2.7"}
    ) as socket:
        assert socket.recv(PATIENCE) == b"192.0.2.7 /v1/data-channel/a%2Fb"


def test_websocket_door_answers_each_message(port):
    with _socket(port, "/v1/data-channel/s") as socket:
        socket.recv(PATIENCE)
        for message in (b"one", b"x" * 300_000, b""):
            socket.send(message)
            assert socket.recv(PATIENCE) == message


def test_message_beyond_the_limit_ends_the_websocket_and_no_other(port):
    with _socket(port, "/v1/data-channel/s") as socket, _socket(port, "/v1/data-channel/t") as other:
        for each in (socket, other):
            each.recv(PATIENCE)
        socket.send(b"x" * (1024 * 1024 + 1))
        with pytest.raises(ConnectionClosed, match="1009"):
            socket.recv(PATIENCE)

        other.send(b"still here")
        assert other.recv(PATIENCE) == b"still here"


def test_first_message_is_as_short_as_a_door_says_and_the_next_as_long_as_any(port):
    with _socket(port, "/v1/data-channel/short") as socket, _socket(port, "/v1/data-channel/short") as other:
        for each in (socket, other):
            each.recv(PATIENCE)
        socket.send([b"x" * 60, b"x" * 41])
        with pytest.raises(ConnectionClosed, match="1009"):
            socket.recv(PATIENCE)

        for message in (b"x" * 100, b"y" * 300_000, b"z" * 1024 * 1024):
            other.send(message)
            assert other.recv(PATIENCE) == message


def test_large_messages_may_follow_the_first_in_one_piece(port):
    messages = [b"x" * 100, b"y" * 101, b"z" * 300_000]
    with _socket(port, "/v1/data-channel/short") as socket:
        socket.recv(PATIENCE)
        frames = [Frame(Opcode.BINARY, each).serialize(mask=True) for each in messages]
        socket.socket.sendall(b"".join(frames))

        assert [socket.recv(PATIENCE) for _ in messages] == messages


@pytest.mark.parametrize(
    "early",
    [Frame(Opcode.BINARY, bytes(UNACCEPTED_BYTES + 1)).serialize(mask=True), b"\xff" * 64, b"\x81\x05hello"],
    ids=["large", "garbage", "unmasked"],
)
def test_client_that_does_not_wait_to_be_accepted_is_cut_off(port, early):
    upgrade = (
        b"GET /v1/data-channel/late HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with create_connection(("127.0.0.1", port), PATIENCE) as raw:
        raw.sendall(upgrade)
        # What comes in one piece with the head is dropped; this is the next piece.
        time.sleep(0.2)
        raw.sendall(early)

        assert raw.recv(65536) == b""


def test_pieces_without_a_byte_are_not_kept(port):
    empty = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
    with _socket(port, "/v1/data-channel/s") as socket:
        socket.recv(PATIENCE)
        begin, end = Frame(Opcode.BINARY, b"a", fin=False), Frame(Opcode.CONT, b"b")
        socket.socket.sendall(begin.serialize(mask=True) + empty * 50_000 + end.serialize(mask=True))

        assert socket.recv(PATIENCE) == b"ab"


def test_compression_is_not_negotiated(port):
    with _socket(port, "/v1/data-channel/s", compression="deflate") as socket:
        assert socket.protocol.extensions == []


def test_upgrade_at_a_door_without_websockets_is_a_plain_request(port):
    with pytest.raises(InvalidStatus) as refused, _socket(port, "/b/k"):
        pass

    assert refused.value.response.status_code == 200
