"""The agent: keeps its control channel open, pings, and starts the sessions that it is ordered to.

Follows amazon-ssm-agent, `agent/session/controlchannel`. A lost control channel is opened again for ever, less and
less often and never all nodes at once: each wait is up to half as long again.
"""

import asyncio
import contextlib
import json
import logging
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.remote.link import KEEPALIVE, KEEPALIVE_SECONDS, Gone
from keystead.remote.node.calls import AGENT_VERSION, Calls, Refused
from keystead.remote.node.order import Order, read_order
from keystead.remote.node.place import NodeSettings
from keystead.remote.node.sessions import NodeSession
from keystead.remote.sockets import SCHEMA_VERSION, open_socket
from keystead.sessionwire import frames
from keystead.sessionwire.frames import BadFrame, Frame
from keystead.sessionwire.payloads import BadPayload, read_object, text

PING_SECONDS: Final = 300.0
FIRST_DELAY: Final = 0.2
LONGEST_DELAY: Final = 60.0
REPEAT_SECONDS: Final = 1.0
MOST_REPEATS: Final = 3
MOST_SESSIONS: Final = 256


class Agent:
    """One node's agent; `run` ends when it is cancelled, or the node is no longer known."""

    def __init__(
        self, settings: NodeSettings, calls: Calls, context: Any, clock: Clock, entropy: Entropy
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._context = context
        self._clock = clock
        self._entropy = entropy
        self._log = logging.getLogger(__name__)
        self._sessions: dict[str, asyncio.Task[None]] = {}
        self._control: ClientConnection | None = None
        self._acknowledged: dict[str, asyncio.Event] = {}
        self._client_id = calls.new_id()

    async def run(self) -> None:
        """Serve until cancelled."""
        delay = FIRST_DELAY
        try:
            while True:
                began = self._clock.monotonic()
                try:
                    await self._serve()
                except (OSError, ConnectionClosed, Refused, Gone, BadFrame, BadPayload) as error:
                    self._log.warning("control channel: %s", error or type(error).__name__)
                delay = FIRST_DELAY if self._clock.monotonic() - began > LONGEST_DELAY else delay
                await asyncio.sleep(delay * (1 + self._entropy.token_bytes(1)[0] / 512))
                delay = min(delay * 2, LONGEST_DELAY) if self._control is None else FIRST_DELAY
                self._control = None
        finally:
            for job in self._sessions.values():
                job.cancel()
            await asyncio.gather(*self._sessions.values(), return_exceptions=True)

    async def _serve(self) -> None:
        """Keep one control channel until it breaks."""
        socket = await self._open_control()
        self._control = socket
        self._log.info("control channel of %s is open", self._settings.instance_id)
        jobs = [asyncio.ensure_future(job) for job in (self._listen(socket), self._keep_alive(socket))]
        ping = asyncio.ensure_future(self._ping())
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            for job in done:
                job.result()
        finally:
            for job in (*jobs, ping):
                job.cancel()
            await asyncio.gather(*jobs, ping, return_exceptions=True)
            socket.transport.abort()

    async def _open_control(self) -> ClientConnection:
        node = self._settings.instance_id
        token = await self._calls.channel_token("control-channel", node, {})
        url = f"{_sockets(self._settings.endpoint)}/v1/control-channel/{node}?role=subscribe&stream=input"
        first = {
            "Cookie": self._calls.new_id(),
            "MessageSchemaVersion": SCHEMA_VERSION,
            "RequestId": self._calls.new_id(),
            "TokenValue": token,
            "AgentVersion": AGENT_VERSION,
            "PlatformType": "linux",
        }
        headers = await self._calls.socket_headers(url)
        return await open_socket(url, first, headers=headers, context=self._context)

    async def _open_data(self, session_id: str, is_again: bool) -> ClientConnection:
        del is_again
        try:
            token = await self._calls.channel_token("data-channel", session_id, {"ClientId": self._client_id})
        except Refused as refused:
            raise Gone(str(refused)) from refused
        url = f"{_sockets(self._settings.endpoint)}/v1/data-channel/{session_id}?role=publish_subscribe"
        first = {
            "MessageSchemaVersion": SCHEMA_VERSION,
            "RequestId": self._calls.new_id(),
            "TokenValue": token,
            "ClientInstanceId": self._settings.instance_id,
            "ClientId": self._client_id,
        }
        headers = await self._calls.socket_headers(url)
        return await open_socket(url, first, headers=headers, context=self._context)

    async def _listen(self, socket: ClientConnection) -> None:
        async for message in socket:
            if isinstance(message, bytes):
                frame = frames.decode(message)
                if frame.type == frames.INTERACTIVE_SHELL:
                    self._start(read_order(frame.payload))
                elif frame.type == frames.TASK_ACKNOWLEDGE:
                    self._settle(frame)
                elif frame.type == frames.CHANNEL_CLOSED:
                    self._cancel(frame)

    def _start(self, order: Order) -> None:
        if order.session_id in self._sessions or len(self._sessions) >= MOST_SESSIONS:
            return
        self._log.info("session %s of %s begins", order.session_id, order.owner)
        job = asyncio.create_task(self._run_session(order))
        self._sessions[order.session_id] = job
        job.add_done_callback(lambda _: self._sessions.pop(order.session_id, None))

    async def _run_session(self, order: Order) -> None:
        session = NodeSession(order, self._settings, self._open_data, self._clock, self._entropy)
        told = await session.run()
        self._log.info("session %s is over%s", order.session_id, f": {told}" if told else "")
        await self._report(order.session_id, told)

    async def _report(self, session_id: str, told: str) -> None:
        """Tell the authority that a session is over, until it says that it has heard."""
        heard = self._acknowledged.setdefault(session_id, asyncio.Event())
        payload = {
            "SchemaVersion": 1,
            "TaskId": session_id,
            "Topic": frames.TASK_COMPLETE,
            "FinalTaskStatus": "Failed" if told else "Success",
            "IsRoutingFailure": False,
            "AwsAccountId": "",
            "InstanceId": self._settings.instance_id,
            "Output": told,
            "RetryNumber": 0,
        }
        for number in range(MOST_REPEATS):
            payload["RetryNumber"] = number
            with contextlib.suppress(OSError, ConnectionClosed, TimeoutError):
                if self._control is not None:
                    await self._control.send(self._frame(frames.TASK_COMPLETE, json.dumps(payload).encode()))
                async with asyncio.timeout(REPEAT_SECONDS):
                    await heard.wait()
                    break
        self._acknowledged.pop(session_id, None)

    def _settle(self, frame: Frame) -> None:
        heard = self._acknowledged.get(text(read_object(frame.payload), "TaskId"))
        if heard is not None:
            heard.set()

    def _cancel(self, frame: Frame) -> None:
        """End a session that has no data channel yet, or whose end is told here."""
        job = self._sessions.get(text(read_object(frame.payload), "SessionId"))
        if job is not None:
            job.cancel()

    async def _keep_alive(self, socket: ClientConnection) -> None:
        while True:
            await socket.ping(KEEPALIVE)
            await asyncio.sleep(KEEPALIVE_SECONDS)

    async def _ping(self) -> None:
        while True:
            with contextlib.suppress(OSError, Refused):
                await self._calls.ping()
            await asyncio.sleep(PING_SECONDS)

    def _frame(self, type_: str, payload: bytes) -> bytes:
        created = int(self._clock.real_epoch() * 1000)
        return frames.encode(Frame(type_, 0, payload, self._entropy.token_bytes(16), created))


def _sockets(endpoint: str) -> str:
    return endpoint.replace("http", "ws", 1)
