"""The user's terminal, or whatever standard input and output are: raw while a shell runs, and given back after it.

Uses termios, never a child process; a terminal that cannot be changed is used as it is.
"""

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Generator
from typing import Final

from keystead.sessionwire.payloads import Size

READ_BYTES: Final = 1024
NO_TERMINAL: Final = Size(300, 100)
"""What the real plugin says without a terminal."""


@contextlib.contextmanager
def raw_terminal(descriptor: int) -> Generator[bool]:
    """Hold the terminal raw, so that every key is the shell's; tell whether there is one."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield False
        return
    try:
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield True
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def terminal_size() -> Size:
    """Return the size of the terminal that output goes to."""
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return NO_TERMINAL
    return Size(found.columns or NO_TERMINAL.columns, found.lines or NO_TERMINAL.rows)


class Input:
    """Bytes of standard input, read without blocking the loop; a plain file by a thread, which epoll refuses."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ready = asyncio.Event()
        self._by_thread = False

    async def read(self, count: int = READ_BYTES) -> bytes:
        """Return what there is, at most `count` bytes; nothing at the end."""
        loop = asyncio.get_running_loop()
        if self._by_thread:
            return await asyncio.to_thread(os.read, self._descriptor, count)
        self._ready.clear()
        try:
            loop.add_reader(self._descriptor, self._ready.set)
        except (PermissionError, OSError):
            self._by_thread = True
            return await self.read(count)
        try:
            await self._ready.wait()
        finally:
            loop.remove_reader(self._descriptor)
        try:
            return os.read(self._descriptor, count)
        except OSError:  # A terminal that was hung up.
            return b""


async def put(descriptor: int, piece: bytes) -> None:
    """Write all of `piece`; the loop goes on meanwhile if whoever reads is slow."""
    await asyncio.to_thread(_put, descriptor, piece)


def put_now(descriptor: int, piece: bytes) -> None:
    """Write all of `piece` at once: short texts, to a terminal."""
    _put(descriptor, piece)


def _put(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            # Standard output shares its description with an input that somebody made non-blocking.
            os.set_blocking(descriptor, True)
