"""A listening address that serves one ASGI application: started and stopped inside our own event loop.

uvicorn's `Server` would take the signal handlers, print, and own the loop; only its configuration, its shared state
and its protocol are used here. One sweep per listener judges every connection's deadlines and renews `Date`.
"""

import asyncio
import contextlib
import errno
import logging
import ssl
from email.utils import formatdate
from typing import Final, cast

from uvicorn._types import ASGI3Application
from uvicorn.config import Config

from keystead.access.doors import AddressInUse, CannotListen
from keystead.gateway.http.discretion import LOGGER_NAME, keep_discreet
from keystead.gateway.http.limits import HTTPLimits
from keystead.gateway.http.questions import (
    AtOnce,
    TakesWebsocket,
    answers_nothing_at_once,
    takes_no_websocket,
)
from keystead.gateway.http.response_head import ListenerState
from keystead.gateway.http.server_protocol import ServerProtocol
from keystead.gateway.http.websocket import MAX_MESSAGE_BYTES
from keystead.kernel.clock import Clock

_POLL_SECONDS: Final = 0.01
_BACKLOG: Final = 2048


class HTTPListener:
    """One address; HTTPS if `ssl_context` is given, HTTP otherwise, and alike in everything else.

    A certificate is swapped by loading a new chain into the same context: handshakes from then on use it, open
    connections stay. A listener is started once and stopped once.
    """

    def __init__(
        self,
        app: ASGI3Application,
        host: str,
        port: int,
        *,
        clock: Clock,
        limits: HTTPLimits | None = None,
        ssl_context: ssl.SSLContext | None = None,
        takes_websocket: TakesWebsocket = takes_no_websocket,
        at_once: AtOnce = answers_nothing_at_once,
    ) -> None:
        """`at_once` and `takes_websocket` are asked first: without them every request is a plain one for `app`."""
        self._app = app
        self._at_once = at_once
        self._takes_websocket = takes_websocket
        self._host = host
        self._port = port
        self._clock = clock
        self._limits = limits or HTTPLimits()
        self._ssl_context = ssl_context
        self._config = _configure(app)
        self._state = ListenerState()
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that are really bound; the port is a free one if 0 was asked for."""
        if self._server is None:
            raise RuntimeError("the listener has not been started")
        name = self._server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._state.connections)

    @property
    def answered_requests(self) -> int:
        """How many requests the application has answered since the start."""
        return self._state.total_requests

    async def start(self) -> None:
        """Accept connections. Raises AddressInUse, or CannotListen for any other reason of the system's."""
        logging.getLogger(LOGGER_NAME).addFilter(keep_discreet)  # Added once, however many listeners start.
        loop = asyncio.get_running_loop()
        self._renew_date()
        is_tls = self._ssl_context is not None
        try:
            self._server = await loop.create_server(
                lambda: self._protocol(loop),
                self._host,
                self._port,
                ssl=self._ssl_context,
                backlog=_BACKLOG,
                ssl_handshake_timeout=self._limits.head_seconds if is_tls else None,
                ssl_shutdown_timeout=self._limits.linger_seconds if is_tls else None,
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse(self._host, self._port, "is in use") from error
            raise CannotListen(self._host, self._port, f"cannot be listened on: {error.strerror}") from error
        self._sweep = loop.call_later(self._limits.sweep_seconds, self._sweep_connections)

    def _protocol(self, loop: asyncio.AbstractEventLoop) -> ServerProtocol:
        return ServerProtocol(
            self._app, self._config, self._state, loop, self._limits, self._takes_websocket, self._at_once
        )

    async def stop(self, drain_seconds: float) -> bool:
        """Stop accepting, let requests that have begun be answered for up to `drain_seconds`, then cut the rest.

        Idle connections are closed at once. Returns whether every request was answered in time.
        """
        if self._server is None:
            return True
        loop = asyncio.get_running_loop()
        self._server.close()
        for connection in tuple(self._state.connections):
            # Of a WebSocket that is closing already uvicorn's protocol raises InvalidState, which is one of these.
            with contextlib.suppress(AssertionError):
                connection.shutdown()
        deadline = loop.time() + drain_seconds
        while self._is_busy() and loop.time() < deadline:
            await asyncio.sleep(_POLL_SECONDS)
        is_drained = not self._is_busy()
        if not is_drained:
            await self._cut()
        if self._sweep is not None:
            self._sweep.cancel()
        await self._server.wait_closed()
        return is_drained

    def _is_busy(self) -> bool:
        return bool(self._state.connections or self._state.tasks)

    async def _cut(self) -> None:
        tasks = tuple(self._state.tasks)
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sweep_connections(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(self._limits.sweep_seconds, self._sweep_connections)
        self._renew_date()
        now = loop.time()
        # uvicorn types a connection by protocols of libraries that need not be installed.
        for connection in cast("tuple[object, ...]", tuple(self._state.connections)):
            # A WebSocket's protocol takes the place of ours and has its own pings.
            if isinstance(connection, ServerProtocol):
                connection.check_deadlines(now)

    def _renew_date(self) -> None:
        """Set the Date of the answers to come; SDKs correct their clocks by it, so it is the machine's time."""
        self._state.set_date(formatdate(self._clock.real_epoch(), usegmt=True))


def _configure(app: ASGI3Application) -> Config:
    config = Config(
        app,
        http=ServerProtocol,
        ws="none",
        loop="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=MAX_MESSAGE_BYTES,
        # A peer whose reader is slow answers no ping either: that must slow it down, not cut it off.
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
    )
    config.load()
    return config
