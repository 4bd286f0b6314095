"""uvicorn's HTTP/1.1 protocol, made strict: limits, deadlines, one meaning per request, and a graceful end.

uvicorn and httptools parse, queue and stream; this class adds what they lack (DESIGN section 9). It refuses every
request that another reader could understand differently, *before* an application task exists for it, and
answers refusals in their turn. Deadlines are not timers: `check_deadlines` is called by the listener's sweep,
because a timer set and cancelled per request costs more than everything else here together.
"""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import unquote

import httptools
from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from keystead.access.doors import RESPOND, HTTPRequest, Message
from keystead.gateway.http import eager
from keystead.gateway.http.body_parser import body_parser
from keystead.gateway.http.body_rate import BodyRate
from keystead.gateway.http.cycle import Cycle
from keystead.gateway.http.discretion import LOGGER_NAME
from keystead.gateway.http.ending import LingeringTransport
from keystead.gateway.http.judging import CHUNKED, JudgingProtocol, too_large_head
from keystead.gateway.http.limits import HTTPLimits
from keystead.gateway.http.questions import (
    AtOnce,
    TakesWebsocket,
    answers_nothing_at_once,
    takes_no_websocket,
)
from keystead.gateway.http.refusal import Refusal
from keystead.gateway.http.response_head import ListenerState, response_head
from keystead.gateway.http.websocket import protocol_class
from keystead.protocol import WireResponse

# What of the current message has been read.
_NOTHING: Final = 0
_HEAD: Final = 1
_BODY: Final = 2

_BROKEN: Final = WireResponse(
    500, [(b"content-type", b"text/plain; charset=utf-8")], b"Internal Server Error"
)


class ServerProtocol(JudgingProtocol):
    """One client connection."""

    def __init__(
        self,
        app: ASGI3Application,
        config: Config,
        state: ListenerState,
        loop: asyncio.AbstractEventLoop,
        limits: HTTPLimits,
        takes_websocket: TakesWebsocket = takes_no_websocket,
        at_once: AtOnce = answers_nothing_at_once,
    ) -> None:
        super().__init__(config, state, loop, limits)
        self.logger = logging.getLogger(LOGGER_NAME)
        # Request lines hold presigned signatures and tokens: nobody's logging configuration may turn this on.
        self.access_log = False
        self._app = app  # Given rather than taken from `config`, where uvicorn may have wrapped it.
        self._state = state
        self._at_once = at_once
        self._max_piece_bytes = limits.max_target_bytes + limits.max_header_bytes

        self._reading = _NOTHING
        self._takes_websocket = takes_websocket
        self._upgrades = False  # This request goes on as a WebSocket.
        self._leaves_parser = False  # What follows the head is not for the parser that read it.

        self._head_began_at = 0.0
        self._received_bytes = 0  # Since the head was complete, chunk framing included.
        self._body_bytes = 0
        self._body_rate = BodyRate(limits)

        # Of the request that is being read, or was read last.
        self._method = self._version = ""
        self._head: Mapping[bytes, bytes] = {}
        self._keeps_alive = False
        # The body so far of a request whose head was in the piece that is being read, until somebody has it: it may
        # turn out to be all here, and then to need no cycle. None at all other times.
        self._unopened: bytes | None = None
        # Its scope, if a door was asked to answer at once: what the door noted in it is there when it is called.
        self._shown: HTTPScope | None = None
        # A cycle was made for it, which starts when the piece has been read.
        self._unstarted: RequestResponseCycle | None = None
        self._answering: RequestResponseCycle | None = None  # Set only while others are queued behind it.
        self._keeps_alive_after_body: bool | None = None  # Set while the body is awaited in further pieces.
        self._owed: Refusal | None = None  # Due once the requests before it are answered.
        self._idle_since = 0.0

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        if len(self.connections) > self._limits.max_connections:
            self._refuse(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections."))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn tells only the newest request; the one being answered would wait for ever.
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        self._answering = None
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        if len(data) <= self._max_piece_bytes:
            self._read(data)
            self._start_request()
            return
        # No piece holds more than the longest head, so a flood of header fields is noticed while it is small.
        view = memoryview(data)
        for start in range(0, len(data), self._max_piece_bytes):
            self._read(view[start : start + self._max_piece_bytes])
            self._start_request()

    def shutdown(self) -> None:
        """Answer what has begun to arrive, start nothing new, then close."""
        self._is_draining = True
        if self._lingers_until:
            self.transport.close()
        elif self._is_in_flight():
            self.cycle.keep_alive = False
        elif self._reading == _NOTHING:
            self.transport.close()

    # Reading

    def _read(self, piece: bytes | memoryview) -> None:
        if self._is_deaf:
            return
        self._piece_bytes = len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_past_upgrade(piece, upgrade.args[0])
            return
        except httptools.HttpParserError as error:
            self._refuse(self._fault_of(error))
            return
        if self._reading != _NOTHING:
            self._await_rest()

    def _fault_of(self, error: httptools.HttpParserError) -> Refusal:
        cause = error.__context__
        if isinstance(cause, Refusal):
            return cause
        if self._reading == _HEAD:
            self._judge_headers()
        if self._fault is not None:
            return self._fault
        if isinstance(error, httptools.HttpParserCallbackError):
            # Not the client's doing. Only the class is logged: the text could quote the request.
            self.logger.error("reading a request failed with %s", type(cause).__name__)
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "The request could not be read.")
        return Refusal(HTTPStatus.BAD_REQUEST, "The request is malformed.")

    def _read_past_upgrade(self, piece: bytes | memoryview, end_of_head: int) -> None:
        """Take an `Upgrade` that is not for WebSocket as if it were not there (RFC 9110 section 7.8)."""
        if self._upgrades:
            self.ws_protocol_class = protocol_class()
            self.handle_websocket_upgrade()
            return
        rest = piece[end_of_head:]
        if self._framing is not None:
            # The parser believes that the rest speaks another protocol and would read the body as the next
            # request: Java's client sends `Upgrade: h2c` with a body. Another parser reads this body; the
            # connection ends with it.
            self.cycle.keep_alive = False
            self._leaves_parser = False
            self.parser = body_parser(self, self._framing)
        if rest or self._reading != _NOTHING:
            self._read(rest)

    def _await_rest(self) -> None:
        """Note what has arrived of a message that is not complete yet."""
        if self._reading == _HEAD:
            self._head_began_at = self._head_began_at or self.loop.time()
            self._head_bytes += self._piece_bytes
            if len(self.url) > self._limits.max_target_bytes:
                self._refuse(Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "The request target is too long."))
            # The first piece may also hold the end of the message before, hence the factor; a complete head is
            # judged exactly.
            elif self._head_bytes > 2 * self._max_piece_bytes:
                self._refuse(too_large_head())
            return
        if self._unopened is not None:
            self._open()
        if self._keeps_alive_after_body is None:
            self._guard_response()
        self._received_bytes += self._piece_bytes
        self._body_rate.add(self._piece_bytes)
        # Chunk extensions and trailing fields are no body, and no limit of an application sees them.
        if self._received_bytes > 10 * self._body_bytes + 2 * self._max_piece_bytes:
            self._refuse(Refusal(HTTPStatus.BAD_REQUEST, "Too much chunk framing for this body."))

    # Parser callbacks. All of a request's path that is ours; they replace uvicorn's rather than call them, which
    # would parse the target twice and ask the parser twice.

    def on_message_begin(self) -> None:
        if self._unopened is not None:
            self._open()
        self._reading = _HEAD
        self._head_began_at = 0.0
        self._host = self._framing = self._fault = None
        self._upgrades = self._leaves_parser = False
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        method = self.parser.get_method()
        self._version = version = self.parser.get_http_version()
        self._head = self._judge_headers()
        self._check_head(method, version)
        self._method = method.decode()
        self._reading = _BODY
        self._received_bytes = self._body_bytes = self._head_bytes = 0
        if self.parser.should_upgrade():
            self._begin_upgrade(method)
            if self._upgrades:
                return
        self._keeps_alive = version == "1.1" and self.parser.should_keep_alive() and not self._is_draining
        self._unopened = b""
        if self._leaves_parser or self._framing == CHUNKED or self._is_in_flight():
            self._open()

    def _open(self) -> Cycle:
        """Return the cycle of a request that is not answered at once; it starts, or waits for those before it."""
        body, self._unopened = self._unopened, None
        earlier = self.cycle
        self.scope, self._shown = self._shown or self._describe(), None
        self.cycle = cycle = Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            False,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            self._keeps_alive,
            self.on_response_complete,
        )
        cycle.head = self._head
        cycle.date_line = self._state.date_line
        if body:
            self._feed(cycle, body)
        if self._reading == _NOTHING:
            self._end_body(cycle)
        self.scope["extensions"] = {RESPOND: {"respond": cycle.respond, "cycle": cycle}}
        # Fields after a chunked body must not join the header fields that the application trusts.
        self.headers = []
        if not earlier or earlier.response_complete:
            self._unstarted = cycle
            return cycle
        self.flow.pause_reading()
        if not self.pipeline:
            self._answering = earlier
        self.pipeline.appendleft((cycle, self._app))
        return cycle

    def _begin_upgrade(self, method: bytes) -> None:
        """Decide who reads what follows the head of a request to upgrade."""
        self.scope = self._describe()
        self._upgrades = self._is_for_websocket(method)
        self._leaves_parser = self._upgrades or self._framing is not None

    def _is_for_websocket(self, method: bytes) -> bool:
        """Whether this request to upgrade is one that a door takes; nobody else's answer may be awaited."""
        if method != b"GET" or self._framing is not None or self._is_in_flight():
            return False
        # uvicorn types a scope member by member; to the application it is the dictionary that it is.
        return self._get_upgrade() == b"websocket" and self._takes_websocket(cast("Message", self.scope))

    def _start_request(self) -> None:
        """Have the request that began in the piece just read answered: at once, if all of it is here."""
        if self._unopened is not None:
            if self._answer_at_once(self._unopened):
                return
            self._open()
        cycle, self._unstarted = self._unstarted, None
        if cycle is not None:
            self._start_asgi_task(cycle, self._app)

    def _answer_at_once(self, body: bytes) -> bool:
        """Have a request that is all here answered without a cycle; return whether it was, or will be."""
        if self.expect_100_continue or self.flow.write_paused:
            return False
        raw_path, _, query = self.url.partition(b"?")
        peer = self.client[0] if self.client else ""
        is_secure = self.scheme == "https"
        request = HTTPRequest(self._method, raw_path, query, self.headers, self._head, body, peer, is_secure)
        try:
            answer = self._at_once(request, self._show)
            if isinstance(answer, WireResponse):
                self._write(answer)
        except Exception as error:
            self.logger.error("answering a request failed", exc_info=error)
            answer = _BROKEN
            self._write(answer)
        if answer is None:
            return False
        if isinstance(answer, WireResponse):
            self._unopened = self._shown = None
        else:
            cycle = self._open()
            self._unstarted = None
            task = eager.start(self.loop, cycle.run_asgi(cycle.application_of(answer)))
            if task is not None:
                task.add_done_callback(self.tasks.discard)
                self.tasks.add(task)
        return True

    def _show(self) -> Message:
        self._shown = self._describe()
        # As in _is_for_websocket: the dictionary that it is.
        return cast("Message", self._shown)

    def _write(self, answer: WireResponse) -> None:
        """Send the whole answer to a request that has no cycle."""
        status, headers, body = answer.status, answer.headers, answer.body
        head = response_head(status, self._state.date_line, headers, len(body), keeps_alive=self._keeps_alive)
        self.transport.write(head if self._method == "HEAD" else head + body)
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if not self._keeps_alive:
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._unopened is not None:
            self._unopened += body
        elif not self.cycle.response_complete:
            self._feed(self.cycle, body)

    def _feed(self, cycle: RequestResponseCycle, body: bytes) -> None:
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self._leaves_parser:
            return  # Only the head is complete, see _read_past_upgrade.
        self._reading = _NOTHING
        if self._unopened is not None:
            return
        if self._keeps_alive_after_body is not None:
            self._unguard_response()
        if not self.cycle.response_complete:
            self._end_body(self.cycle)

    @staticmethod
    def _end_body(cycle: RequestResponseCycle) -> None:
        cycle.more_body = False
        cycle.message_event.set()

    def _describe(self) -> HTTPScope:
        """Return the ASGI scope. `raw_path` and `query_string` are the bytes as sent, for signatures."""
        raw_path, _, query_string = self.url.partition(b"?")
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self._version,
            "method": self._method,
            "scheme": self.scheme or "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query_string,
            "root_path": "",
            "headers": self.headers,
            "client": self.client,
            "server": self.server,
            "state": {},
        }

    # Answering

    def on_response_complete(self) -> None:
        """Go on with the next request; uvicorn's own would also set a timer here."""
        self.server_state.total_requests += 1
        if self._lingers_until or self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._answering = cycle if self.pipeline else None
            self._start_asgi_task(cycle, app)
        elif self._owed is not None:
            self._answer(self._owed)
        elif self._is_draining and self._reading == _NOTHING:
            self.transport.close()
        else:
            self._answering = None
            self._idle_since = self.loop.time()

    def _guard_response(self) -> None:
        """See to it that an answer given before its request's body has arrived ends the connection.

        What would follow on it is the body, or after an unmet `Expect: 100-continue` perhaps not.
        """
        self._keeps_alive_after_body = self.cycle.keep_alive
        self.cycle.keep_alive = False
        self.cycle.transport = LingeringTransport(self)
        self._body_rate.begin(self.loop.time())

    def _unguard_response(self) -> None:
        # Once an answer has said that the connection ends, it does.
        if not self.cycle.response_started:
            self.cycle.keep_alive = bool(self._keeps_alive_after_body) and not self._is_draining
            self.cycle.transport = self.transport
        self._keeps_alive_after_body = None

    def _refuse(self, refusal: Refusal) -> None:
        """Give up reading; answer with the refusal when the requests before it have been answered."""
        self.logger.info("refused with %d: %s", refusal.status, refusal.reason)
        self._is_deaf = True
        if self._unopened is not None:
            if self._reading == _BODY:
                self._unopened = None
                self._reading = _NOTHING
            else:  # It is complete, and comes first.
                self._open()
        is_in_flight = self._is_in_flight()
        if self._reading == _BODY:
            cycle = self.cycle
            if self.pipeline and self.pipeline[0][0] is cycle:
                self.pipeline.popleft()
            else:
                is_in_flight = False
                cycle.disconnected = True
                cycle.message_event.set()
                if cycle.response_started:
                    self.transport.close()
                    return
        self._reading = _NOTHING
        if is_in_flight:
            self._owed = refusal
        else:
            self._answer(refusal)

    def _answer(self, refusal: Refusal) -> None:
        if not self.transport.is_closing():
            with_body = self.parser.get_method() != b"HEAD"
            self.transport.write(refusal.render(self.server_state.default_headers, with_body=with_body))
            self.linger()

    def linger(self) -> None:
        """See EndingProtocol: nothing is read any more."""
        self._reading = _NOTHING
        super().linger()

    def _is_in_flight(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    # Deadlines

    def check_deadlines(self, now: float) -> None:
        """Refuse or cut a client that is too slow. `now` is the loop's time; the listener calls this."""
        if self.is_ending(now):
            return
        if self._reading == _HEAD:
            if now - self._head_began_at > self._limits.head_seconds:
                self._refuse(Refusal(HTTPStatus.REQUEST_TIMEOUT, "The header fields took too long."))
        elif self._reading == _BODY:
            self._check_body_rate(now)
        elif not self._is_in_flight() and now - self._idle_since > self._limits.keep_alive_seconds:
            self.transport.close()

    def _check_body_rate(self, now: float) -> None:
        if self.cycle.waiting_for_100_continue or self.flow.read_paused:
            # It is the application that is not ready, so the client owes nothing yet.
            self._body_rate.begin(now)
        elif self._body_rate.is_too_slow(now):
            self._refuse(Refusal(HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly."))
