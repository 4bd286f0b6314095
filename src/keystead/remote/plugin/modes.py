"""What a client does with a session, by its type: a shell on the terminal, ports, or bytes in and out.

Follows aws/session-manager-plugin, `src/sessionmanagerplugin/session/{shellsession,portsession}`, texts included.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Generator
from typing import Any, Final, Protocol

from keystead.remote.forwarding import Connection, Pace, Streams
from keystead.remote.link import Link
from keystead.remote.plugin.terminal import Input, put, put_now, raw_terminal, terminal_size
from keystead.sessionwire import payloads
from keystead.sessionwire.channel import Arrived
from keystead.sessionwire.frames import PayloadType

SIZE_SECONDS: Final = 0.5
END_OF_INPUT: Final = b"\x04"
CONNECT_FAILED: Final = "Connection to destination port failed, check SSM Agent logs.\n"
_SIGNALS: Final = {signal.SIGINT: b"\x03", signal.SIGQUIT: b"\x1c", signal.SIGTSTP: b"\x1a"}


class Mode(Protocol):
    """A way to use a session. `run` ends when the user is done; `hear` takes what the node sends."""

    async def run(self) -> None:
        """Carry the user's side."""
        ...

    async def hear(self, arrived: Arrived) -> None:
        """Take what the node sends."""
        ...


class Shell:
    """Keys to the node, its output to the terminal."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._is_raw = asyncio.Event()
        self.exit_code: int | None = None

    async def run(self) -> None:
        """Carry keys and sizes until cancelled."""
        try:
            await self._carry()
        finally:
            self._is_raw.set()

    async def _carry(self) -> None:
        descriptor = sys.stdin.fileno()
        with raw_terminal(descriptor) as is_terminal, _signals_as_keys(self._link):
            self._is_raw.set()
            sizes = asyncio.ensure_future(self._tell_sizes())
            try:
                source = Input(descriptor)
                while piece := await source.read():
                    await self._link.send(b"\r" if piece == b"\n" else piece)
                if not is_terminal:
                    await self._link.send(END_OF_INPUT)
                await asyncio.Event().wait()
            finally:
                sizes.cancel()

    async def hear(self, arrived: Arrived) -> None:
        """Show output and errors; keep how a command ended."""
        # Whoever types at the sight of a prompt types into a raw terminal: a cooked one changes carriage returns.
        await self._is_raw.wait()
        match arrived.payload_type:
            case PayloadType.OUTPUT:
                await put(sys.stdout.fileno(), arrived.payload)
            case PayloadType.STDERR | PayloadType.ERROR:
                await put(sys.stderr.fileno(), arrived.payload)
            case PayloadType.EXIT_CODE:
                self.exit_code = payloads.read_exit_code(arrived.payload)
            case _:
                return

    async def _tell_sizes(self) -> None:
        told = None
        while True:
            size = terminal_size()
            if size != told:
                await self._link.send(payloads.size(size), PayloadType.SIZE)
                told = size
            await asyncio.sleep(SIZE_SECONDS)


class Raw:
    """Bytes in and out, as ssh's ProxyCommand wants them."""

    def __init__(self, link: Link, pace: Pace) -> None:
        self._link = link
        self._pace = pace

    async def run(self) -> None:
        """Carry standard input until its end."""
        source = Input(sys.stdin.fileno())
        while piece := await source.read(self._pace.bytes_at_once):
            await self._link.send(piece)
            if self._pace.pause_seconds:
                await asyncio.sleep(self._pace.pause_seconds)
        await self._link.send(payloads.flag(payloads.TERMINATE_SESSION), PayloadType.FLAG)
        await asyncio.Event().wait()

    async def hear(self, arrived: Arrived) -> None:
        """Write what the port says."""
        if arrived.payload_type == PayloadType.OUTPUT:
            await put(sys.stdout.fileno(), arrived.payload)
        elif arrived.payload_type == PayloadType.FLAG:
            _complain(arrived.payload)


class Ports:
    """A local port, or a Unix socket, whose connections go to the node's port."""

    def __init__(self, link: Link, session_id: str, properties: Any, pace: Pace) -> None:
        self._session_id = session_id
        self._socket = payloads.text(properties, "localUnixSocket")
        self._port = int(payloads.text(properties, "localPortNumber") or "0")
        self._is_unix = payloads.text(properties, "localConnectionType") == "socket" and bool(self._socket)
        self._link = link
        self._streams = Streams(link, is_client=True, pace=pace)
        self._done = asyncio.Event()

    async def run(self) -> None:
        """Listen until the user interrupts; then the session is over for both."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._done.set)
        server = await self._listen()
        try:
            async with server:
                await self._done.wait()
        finally:
            await self._streams.close()
        await self._link.send(payloads.flag(payloads.TERMINATE_SESSION), PayloadType.FLAG)
        await self._link.drain(1)

    async def hear(self, arrived: Arrived) -> None:
        """Take bytes of the streams."""
        if arrived.payload_type == PayloadType.OUTPUT:
            await self._streams.hear(arrived.payload)
        elif arrived.payload_type == PayloadType.FLAG:
            _complain(arrived.payload)

    async def _listen(self) -> asyncio.Server:
        if self._is_unix:
            server = await asyncio.start_unix_server(self._accept, self._socket)
            where = f"Unix socket {self._socket}"
        else:
            server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
            where = f"Port {server.sockets[0].getsockname()[1]}"
        _say(f"{where} opened for sessionId {self._session_id}.\nWaiting for connections...\n")
        return server

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _say(f"\nConnection accepted for session [{self._session_id}]\n")
        connection: Connection = reader, writer
        with contextlib.suppress(asyncio.CancelledError):
            await self._streams.offer(connection)


def _complain(flag: bytes) -> None:
    if payloads.read_flag(flag) == payloads.CONNECT_TO_PORT_ERROR:
        put_now(sys.stderr.fileno(), CONNECT_FAILED.encode())


def _say(text: str) -> None:
    put_now(sys.stdout.fileno(), text.encode())


@contextlib.contextmanager
def _signals_as_keys(link: Link) -> Generator[None]:
    """Send the bytes of the keys that a signal stands for; the shell's own job control takes them."""
    loop = asyncio.get_running_loop()
    sending: set[asyncio.Task[None]] = set()

    def send(key: bytes) -> None:
        job = loop.create_task(link.send(key))
        sending.add(job)
        job.add_done_callback(sending.discard)

    for number, key in _SIGNALS.items():
        loop.add_signal_handler(number, send, key)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
