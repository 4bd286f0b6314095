"""One session of the plugin: joins the channel, finds out what kind it is, runs it, and says how it ended.

Follows aws/session-manager-plugin, `src/sessionmanagerplugin/session/session.go`.
"""

import asyncio
import os
import ssl
import sys
from pathlib import Path
from typing import Final

from websockets.asyncio.client import ClientConnection

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.remote.forwarding import GENTLE, SWIFT
from keystead.remote.link import Gone, Link, Lost
from keystead.remote.plugin.arguments import VERSION, Invocation
from keystead.remote.plugin.calls import SessionCalls
from keystead.remote.plugin.modes import Mode, Ports, Raw, Shell
from keystead.remote.plugin.terminal import put_now
from keystead.remote.sockets import SCHEMA_VERSION, open_socket, trust
from keystead.sessionwire import payloads
from keystead.sessionwire.channel import Arrived, Closed, Event, client_channel
from keystead.sessionwire.frames import PayloadType
from keystead.sessionwire.payloads import id_text

PATIENCE_SECONDS: Final = 60.0
OUR_AGENT: Final = "9999"
"""The third part of our agent's version: it takes larger messages than the real one."""
EXIT_CODE_VARIABLE: Final = "KEYSTEAD_PLUGIN_EXIT_CODE"
CA_VARIABLE: Final = "AWS_CA_BUNDLE"
_UNTRUSTED: Final = (
    f"Next: set {CA_VARIABLE} to the authority's CA certificate (tls/ca.pem in its data directory), "
    "as `keystead env` does.\n"
)


class PluginSession:
    """Runs once. `run` returns the exit status."""

    def __init__(self, invocation: Invocation, clock: Clock, entropy: Entropy) -> None:
        self._invocation = invocation
        self._entropy = entropy
        self._calls = SessionCalls(invocation)
        bundle = os.environ.get(CA_VARIABLE, "")
        self._context = trust(Path(bundle) if bundle else None)
        self._client_id = id_text(entropy.token_bytes(16))
        self._link = Link(
            client_channel(clock, entropy), self._connect, self._hear, patience_seconds=PATIENCE_SECONDS
        )
        self._url, self._token = invocation.stream_url, invocation.token
        self._mode: Mode | None = None
        self._using: asyncio.Task[None] | None = None
        self._asked: payloads.HandshakeRequest | None = None
        self._end: str | None = None

    async def run(self) -> int:
        """Join, use and leave the session."""
        session_id = self._invocation.session_id
        _say(f"\nStarting session with SessionId: {session_id}\n")
        try:
            await self._link.run()
        except Gone as gone:
            if not self._link.has_begun:
                _say(f"\nCannot open the channel of session {session_id}: {gone}\n", sys.stderr.fileno())
                return 1
            _say(f"\nSession: {session_id} timed out.\n")
            return 0
        except Lost as lost:
            hint = _UNTRUSTED if isinstance(lost.__cause__, ssl.SSLCertVerificationError) else ""
            _say(f"\nSession {session_id} cannot be reached: {lost}\n{hint}", sys.stderr.fileno())
            if not self._link.has_begun:
                # As the CLI does without a plugin: nobody would use it, and its shell would wait on the node.
                await self._calls.terminate()
            return 1
        finally:
            await self._stop_using()
        if self._end:
            _say(f"\n\nSessionId: {session_id} : {self._end}\n\n")
        else:
            _say(f"\n\nExiting session with sessionId: {session_id}.\n\n")
        return self._status()

    def _status(self) -> int:
        """Return a command's own exit status where that was asked for: the real plugin always ends with 0."""
        code = self._mode.exit_code if isinstance(self._mode, Shell) else None
        return code if code is not None and os.environ.get(EXIT_CODE_VARIABLE) == "1" else 0

    async def _connect(self, is_again: bool) -> ClientConnection:
        if is_again:
            self._url, self._token = await self._calls.resume()
        first = {
            "MessageSchemaVersion": SCHEMA_VERSION,
            "RequestId": id_text(self._entropy.token_bytes(16)),
            # Revealed to the door that issued it, which takes it once.
            "TokenValue": self._token.reveal().decode(),
            "ClientId": self._client_id,
            "ClientVersion": VERSION,
        }
        self._token = Secret(b"")
        headers = await self._calls.socket_headers(self._url)
        return await open_socket(self._url, first, headers=headers, context=self._context)

    async def _hear(self, event: Event) -> None:
        if isinstance(event, Closed):
            self._end = event.output
        elif isinstance(event, Arrived):
            await self._take(event)

    async def _take(self, arrived: Arrived) -> None:
        match arrived.payload_type:
            case PayloadType.HANDSHAKE_REQUEST:
                await self._answer(payloads.read_handshake_request(arrived.payload))
            case PayloadType.HANDSHAKE_COMPLETE:
                if message := payloads.read_handshake_complete(arrived.payload):
                    _say(f"{message}\n")
                self._use(self._mode_of(self._asked))
            case _:
                if self._mode is None:
                    # Output without a handshake: a shell.
                    self._use(Shell(self._link))
                if self._mode is not None:
                    await self._mode.hear(arrived)

    async def _answer(self, asked: payloads.HandshakeRequest) -> None:
        known = (
            payloads.STANDARD_STREAM,
            payloads.INTERACTIVE_COMMANDS,
            payloads.NON_INTERACTIVE_COMMANDS,
            payloads.PORT,
        )
        self._asked = asked
        statuses = {
            name: payloads.ACTION_OK
            if name == payloads.SESSION_TYPE and asked.session_type in known
            else payloads.ACTION_UNSUPPORTED
            for name in asked.actions
        }
        response = payloads.HandshakeResponse(VERSION, statuses)
        await self._link.send(payloads.handshake_response(response), PayloadType.HANDSHAKE_RESPONSE)

    def _mode_of(self, asked: payloads.HandshakeRequest | None) -> Mode:
        if asked is None or asked.session_type != payloads.PORT:
            return Shell(self._link)
        pace = SWIFT if asked.agent_version.split(".")[2:3] == [OUR_AGENT] else GENTLE
        if payloads.text(asked.properties, "type") == "LocalPortForwarding":
            return Ports(self._link, self._invocation.session_id, asked.properties, pace)
        return Raw(self._link, pace)

    def _use(self, mode: Mode) -> None:
        if self._mode is None:
            self._mode = mode
            self._using = asyncio.create_task(mode.run())
            self._using.add_done_callback(self._used)

    def _used(self, using: asyncio.Task[None]) -> None:
        """The user is done, or the mode could not go on; the session is over either way."""
        if not using.cancelled() and (error := using.exception()) is not None:
            self._end = f"{error}"
        self._link.end()

    async def _stop_using(self) -> None:
        if self._using is not None:
            self._using.cancel()
            await asyncio.gather(self._using, return_exceptions=True)


def _say(text: str, descriptor: int | None = None) -> None:
    put_now(sys.stdout.fileno() if descriptor is None else descriptor, text.encode())
