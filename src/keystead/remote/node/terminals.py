"""A shell or an interactive command on a pseudo-terminal.

Follows amazon-ssm-agent, `agent/session/plugins/sessionplugin` and `shell`. What the terminal says is read only as
fast as the session takes it; a UTF-8 character that is cut by a read is held back until it is whole.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Sequence
from typing import Final

from keystead.remote.link import Link
from keystead.remote.node.users import RunAs
from keystead.sessionwire.channel import Arrived
from keystead.sessionwire.frames import PayloadType
from keystead.sessionwire.payloads import Size, read_size

READ_BYTES: Final = 16 * 1024
FIRST_SIZE: Final = Size(80, 24)
HANG_UP_SECONDS: Final = 2.0


class Terminal:
    """One child on a pseudo-terminal. `run` ends with it; `hear` takes what the client sends."""

    def __init__(self, link: Link, argv: Sequence[str], user: RunAs) -> None:
        self._link = link
        self._argv = argv
        self._user = user
        self._master = -1
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    async def run(self) -> int:
        """Start the child, carry what it says, and return how it ended."""
        self._master, slave = os.openpty()
        try:
            _set_size(self._master, FIRST_SIZE)
            if self._user.is_other:
                os.fchown(slave, self._user.uid, self._user.gid)
            child = await asyncio.create_subprocess_exec(
                *self._argv,
                cwd=self._user.folder(),
                env=self._user.environment(),
                # Makes the terminal the child's own, with standard input and output on it.
                preexec_fn=lambda: os.login_tty(slave),
                pass_fds=(slave,),
                **self._user.child(),
            )
        finally:
            os.close(slave)
        try:
            await self._speak(child)
            return await child.wait()
        finally:
            await _hang_up(child)
            self._close()

    async def hear(self, arrived: Arrived) -> None:
        """Type what the client typed, or take the size that its terminal has."""
        if self._master < 0:
            return
        if arrived.payload_type == PayloadType.SIZE:
            _set_size(self._master, read_size(arrived.payload))
        elif arrived.payload_type == PayloadType.OUTPUT:
            await self._type(arrived.payload)

    async def _speak(self, child: asyncio.subprocess.Process) -> None:
        """Send what the terminal says until nobody has it open any more, or the child is gone and it is silent."""
        os.set_blocking(self._master, False)
        gone = asyncio.ensure_future(child.wait())
        gone.add_done_callback(lambda _: self._readable.set())
        held = b""
        try:
            while piece := await self._next(gone):
                whole, held = whole_characters(held + piece)
                if whole:
                    await self._link.send(whole)
            if held:
                await self._link.send(held)
        finally:
            gone.cancel()

    async def _next(self, gone: "asyncio.Future[int]") -> bytes:
        """Return what the terminal says next, nothing at its end."""
        loop = asyncio.get_running_loop()
        while (piece := self._read()) is None and not gone.done():
            self._readable.clear()
            loop.add_reader(self._master, self._readable.set)
            if gone.done():
                self._readable.set()
            await self._readable.wait()
            loop.remove_reader(self._master)
        return piece or b""

    def _read(self) -> bytes | None:
        """Return what the terminal says, nothing when it is closed, None when it says nothing now."""
        try:
            return os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:  # The other side is closed: EIO.
            return b""

    async def _type(self, typed: bytes) -> None:
        loop = asyncio.get_running_loop()
        rest = memoryview(typed)
        while rest and self._master >= 0:
            try:
                rest = rest[os.write(self._master, rest) :]
            except BlockingIOError:
                self._writable.clear()
                loop.add_writer(self._master, self._writable.set)
                try:
                    await self._writable.wait()
                finally:
                    loop.remove_writer(self._master)
            except OSError:
                return

    def _close(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        os.close(self._master)
        self._master = -1
        self._writable.set()


def whole_characters(text: bytes) -> tuple[bytes, bytes]:
    """Return `text` up to its last whole UTF-8 character, and the at most three bytes that begin the next."""
    for back in range(1, min(3, len(text)) + 1):
        lead = text[-back]
        if lead & 0xC0 == 0x80:
            continue
        length = 2 if lead & 0xE0 == 0xC0 else 3 if lead & 0xF0 == 0xE0 else 4 if lead & 0xF8 == 0xF0 else 1
        return (text[:-back], text[-back:]) if length > back else (text, b"")
    return text, b""


def _set_size(terminal: int, size: Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))


async def _hang_up(child: asyncio.subprocess.Process) -> None:
    """End what still runs: as a terminal that is closed, and harder if that is not heard."""
    for number in (signal.SIGHUP, signal.SIGKILL):
        if child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANG_UP_SECONDS):
                await child.wait()
