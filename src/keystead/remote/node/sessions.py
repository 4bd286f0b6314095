"""One session on the node, from the order to its end: channel, handshake, what runs in it, and what is told of it.

Follows amazon-ssm-agent, `agent/session/plugins/sessionplugin` and `agent/session/datachannel`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.remote.link import Gone, Link, Lost
from keystead.remote.node.calls import AGENT_VERSION
from keystead.remote.node.commands import Command
from keystead.remote.node.destinations import Destinations
from keystead.remote.node.order import Order
from keystead.remote.node.place import NodeSettings
from keystead.remote.node.ports import BadPort, Forwarding
from keystead.remote.node.terminals import Terminal
from keystead.remote.node.users import NoSuchUser, find
from keystead.sessionwire import frames, payloads
from keystead.sessionwire.channel import Arrived, Closed, Event, node_channel
from keystead.sessionwire.frames import PayloadType
from keystead.sessionwire.payloads import BadPayload

HANDSHAKE_SECONDS: Final = 15.0
DRAIN_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 120.0
"""How long a session outlives its last socket, in the hope of another."""
WATCH_SECONDS: Final = 1.0
IDLE_GRACE_SECONDS: Final = 60.0
"""How much longer than said a session may be idle here: the authority ends it first, and tells its user."""
TIMED_OUT: Final = (
    "Handshake timed out. Please ensure that you have the latest version of the session manager plugin."
)

OpenData = Callable[[str, bool], Awaitable[ClientConnection]]


class Running(Protocol):
    """What runs in a session."""

    async def run(self) -> int:
        """Carry it to its end."""
        ...

    async def hear(self, arrived: Arrived) -> None:
        """Take what the client sends."""
        ...


class NodeSession:
    """A session, run as a task. Its result is the text for the user, empty when all went well."""

    def __init__(
        self, order: Order, settings: NodeSettings, open_data: OpenData, clock: Clock, entropy: Entropy
    ) -> None:
        self._order = order
        self._settings = settings
        self._open_data = open_data
        self._clock = clock
        self._link = Link(
            node_channel(clock, entropy),
            lambda is_again: open_data(order.session_id, is_again),
            self._hear,
            patience_seconds=PATIENCE_SECONDS,
        )
        self._running: Running | None = None
        self._response: asyncio.Future[payloads.HandshakeResponse] | None = None

    async def run(self) -> str:
        """Run the session to its end and return the text for the user."""
        carrying = asyncio.ensure_future(self._link.run())
        working = asyncio.ensure_future(self._work())
        watching = asyncio.ensure_future(self._watch())
        try:
            await asyncio.wait([carrying, working, watching], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                told = working.result()
                await self._link.drain(DRAIN_SECONDS)
                self._tell_state("Terminating")
            else:
                told = watching.result() if watching.done() else ""
        finally:
            self._link.end()
            for job in (working, watching):
                job.cancel()
            ended = await asyncio.gather(carrying, working, watching, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, Gone | Lost):
                logging.getLogger(__name__).warning("session %s ended by %r", self._order.session_id, error)
        return told

    async def _work(self) -> str:
        self._tell_state("Connected")
        try:
            running = self._prepare()
        except (NoSuchUser, BadPort) as error:
            return str(error)
        if self._needs_handshake:
            refusal = await self._shake_hands(running)
            if refusal:
                return refusal
        self._running = running
        code = await running.run()
        if code and isinstance(running, Forwarding):
            return "Connection to destination port failed, check SSM Agent logs."
        return ""

    def _prepare(self) -> Running:
        order, settings = self._order, self._settings
        if order.session_type == payloads.PORT:
            if not settings.forwards_ports:
                raise BadPort("this node forwards no ports")
            return Forwarding(self._link, order, Destinations(settings.denied_networks))
        user = find(order.run_as or settings.run_as, settings.shell)
        match order.session_type:
            case payloads.STANDARD_STREAM:
                return Terminal(self._link, [settings.shell], user)
            case payloads.INTERACTIVE_COMMANDS:
                return Terminal(self._link, [settings.shell, "-c", order.command()], user)
            case payloads.NON_INTERACTIVE_COMMANDS:
                return Command(self._link, order.command(), user, separates_errors=order.separates_errors)
            case other:
                raise BadPort(f"this node runs no session of type {other}")

    @property
    def _needs_handshake(self) -> bool:
        """Shells begin with their output, as the real agent's do; the others tell the client what they are."""
        return self._order.session_type in (payloads.PORT, payloads.NON_INTERACTIVE_COMMANDS)

    async def _shake_hands(self, running: Running) -> str:
        """Return why the client cannot go on, empty if it can."""
        began = self._clock.monotonic()
        self._response = asyncio.get_running_loop().create_future()
        asked = payloads.HandshakeRequest(AGENT_VERSION, self._order.session_type, self._order.properties)
        await self._link.send(payloads.handshake_request(asked), PayloadType.HANDSHAKE_REQUEST)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                response = await self._response
        except TimeoutError:
            return TIMED_OUT
        if response.statuses.get(payloads.SESSION_TYPE) != payloads.ACTION_OK:
            return "; ".join(response.errors) or "The client cannot run a session of this type."
        if isinstance(running, Forwarding):
            running.client_version = response.client_version
        self._running = running
        took = self._clock.monotonic() - began
        await self._link.send(payloads.handshake_complete(took), PayloadType.HANDSHAKE_COMPLETE)
        return ""

    async def _hear(self, event: Event) -> None:
        if not isinstance(event, Arrived):
            if isinstance(event, Closed):
                logging.getLogger(__name__).info("session %s was closed", self._order.session_id)
            return
        response = self._response
        if event.payload_type == PayloadType.HANDSHAKE_RESPONSE:
            if response is not None and not response.done():
                response.set_result(payloads.read_handshake_response(event.payload))
        elif self._running is not None:
            try:
                await self._running.hear(event)
            except BadPayload:
                logging.getLogger(__name__).warning("session %s: bad input", self._order.session_id)

    async def _watch(self) -> str:
        """Return why the session has lasted long enough: a second look beside the authority's own."""
        began = self._clock.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = self._clock.monotonic()
            if now - began > self._order.most_seconds:
                return "The session has reached its maximum duration."
            if now - self._link.channel.last_data_at > self._order.idle_seconds + IDLE_GRACE_SECONDS:
                return "The session was idle for too long."

    def _tell_state(self, state: str) -> None:
        self._link.tell(frames.AGENT_SESSION_STATE, payloads.session_state(self._order.session_id, state))
