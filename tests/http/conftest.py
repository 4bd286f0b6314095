"""A real listener on its own loop and thread, a tiny application behind it, and raw sockets in front."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from keystead.access.doors import RESPOND, HTTPRequest
from keystead.gateway.http.limits import HTTPLimits
from keystead.gateway.http.listeners import HTTPListener
from keystead.gateway.http.questions import answers_nothing_at_once
from keystead.kernel.clock import SystemClock
from keystead.protocol import WireResponse

_JSON = (b"content-type", b"application/json")
PATIENCE = 10.0
"""Seconds after which a test gives up; nothing waits this long when it passes."""


@dataclass
class EchoApp:
    """Answers with what it was asked, and remembers every request it saw."""

    seen: list[str] = field(default_factory=list)
    disconnects: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["raw_path"].decode("latin-1")
        self.seen.append(f"{scope['method']} {path}")
        self.entered.release()
        if path == "/early":
            await self._answer(send, 403, b"early")
            return
        if path == "/noted":
            await self._answer(send, 200, json.dumps(scope["state"]).encode())
            return
        if path == "/fail":
            raise LookupError("canary-in-exception")
        if path == "/two-lines":
            respond = scope["extensions"][RESPOND]["respond"]
            await respond(200, [(b"a", b"1\r\nset-cookie: b")], b"")
        length, is_whole = await self._read_body(receive)
        if not is_whole:
            self.disconnects.release()
            return
        if path == "/wait":
            await self.may_answer.wait()
        if path == "/until-disconnect":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.disconnects.release()
            return
        if path == "/big":
            await self._answer(send, 200, b"x" * 32_000_000)
            return
        await self._answer(send, 200, self._told(scope, length))

    def at_once(self, request: HTTPRequest, describe: Callable[[], Any]) -> Any:
        """Answer as the application does, if that needs no waiting for more of the request."""
        path = request.raw_path.decode("latin-1")
        if path == "/until-disconnect":
            return None
        if path == "/noted":
            describe()["state"]["noted"] = True
            return None
        self.seen.append(f"{request.method} {path}")
        self.entered.release()
        if path == "/fail":
            raise LookupError("canary-in-exception")
        if path == "/two-lines":
            return WireResponse(200, [(b"a", b"1\r\nset-cookie: b")], b"")
        if path == "/early":
            return WireResponse(403, [_JSON], b"early")
        if path == "/big":
            return WireResponse(200, [_JSON], b"x" * 32_000_000)
        whole = WireResponse(200, [_JSON], self._told(describe(), len(request.body)))
        return self._later(whole) if path == "/wait" else whole

    async def _later(self, answer: WireResponse) -> WireResponse:
        await self.may_answer.wait()
        return answer

    def _told(self, scope: Any, length: int) -> bytes:
        told = {
            "method": scope["method"],
            "raw_path": scope["raw_path"].decode("latin-1"),
            "query": scope["query_string"].decode("latin-1"),
            "scheme": scope["scheme"],
            "client": scope["client"][0],
            "http_version": scope["http_version"],
            "body_length": length,
            "headers": [
                [name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]
            ],
        }
        return json.dumps(told).encode()

    async def _read_body(self, receive: Any) -> tuple[int, bool]:
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return length, False
            length += len(message["body"])
            if not message["more_body"]:
                return length, True

    async def _answer(self, send: Any, status: int, body: bytes) -> None:
        headers = [_JSON, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Answer:
    """One response as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)


class Client:
    """A raw connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("rb")

    def send(self, raw: bytes) -> None:
        self.sock.sendall(raw)

    def answer(self, *, to_head: bool = False) -> Answer:
        """Read one response; interim ones are returned like others."""
        status_line = self._file.readline()
        assert status_line.startswith(b"HTTP/1.1 "), status_line
        headers: dict[str, str] = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        length = 0 if to_head else int(headers.get("content-length", "0"))
        return Answer(int(status_line.split()[1]), headers, self._file.read(length))

    def is_closed(self) -> bool:
        """Whether the server has ended the connection and sent nothing more before."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._file.close()
        self.sock.close()


class Server:
    """A started listener and the loop that it runs on."""

    def __init__(self, app: EchoApp, listener: HTTPListener, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.listener = listener
        self.loop = loop
        self.address = listener.address

    @contextmanager
    def connect(self, *, tls: ssl.SSLContext | None = None) -> Iterator[Client]:
        sock = socket.create_connection(self.address, timeout=PATIENCE)
        if tls is not None:
            sock = tls.wrap_socket(sock, server_hostname="localhost")
        client = Client(sock)
        try:
            yield client
        finally:
            client.close()

    def ask(self, raw: bytes) -> Answer:
        with self.connect() as client:
            client.send(raw)
            return client.answer()

    def is_well(self) -> bool:
        return self.ask(b"GET /well HTTP/1.1\r\nHost: a\r\n\r\n").status == 200

    def stop(self, drain_seconds: float = 0.0) -> "Future[bool]":
        return asyncio.run_coroutine_threadsafe(self.listener.stop(drain_seconds), self.loop)

    def let_answer(self) -> None:
        self.loop.call_soon_threadsafe(self.app.may_answer.set)


Serve = Callable[..., Server]


@contextmanager
def _servers(*, at_once: bool) -> Iterator[Serve]:
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    started: list[Server] = []

    def serve(limits: HTTPLimits | None = None, ssl_context: ssl.SSLContext | None = None) -> Server:
        app = EchoApp()
        listener = HTTPListener(
            app,
            "127.0.0.1",
            0,
            clock=SystemClock(),
            limits=limits,
            ssl_context=ssl_context,
            at_once=app.at_once if at_once else answers_nothing_at_once,
        )
        asyncio.run_coroutine_threadsafe(listener.start(), loop).result(PATIENCE)
        started.append(Server(app, listener, loop))
        return started[-1]

    try:
        yield serve
    finally:
        for server in started:
            server.stop().result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture(params=[False, True], ids=["by cycles", "at once"])
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Start listeners that end with the test: some answer whole requests at once, others by cycles alone."""
    with _servers(at_once=request.param) as serve:
        yield serve


@pytest.fixture
def server(serve: Serve) -> Server:
    """A listener with the default limits."""
    return serve()
