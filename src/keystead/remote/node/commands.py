"""A command without a terminal: its output, its errors apart where that is asked for, and how it ended.

Follows amazon-ssm-agent, `agent/session/plugins/noninteractivecommands`. In its input the bytes 03 and 1c are
SIGINT and SIGQUIT; sizes are ignored.
"""

import asyncio
import contextlib
import os
import signal
from typing import Final

from keystead.remote.link import Link
from keystead.remote.node.users import RunAs
from keystead.sessionwire import payloads
from keystead.sessionwire.channel import Arrived
from keystead.sessionwire.frames import PayloadType

READ_BYTES: Final = 16 * 1024
_SIGNALS: Final = {b"\x03": signal.SIGINT, b"\x1c": signal.SIGQUIT}


class Command:
    """One command of a shell."""

    def __init__(self, link: Link, command: str, user: RunAs, *, separates_errors: bool) -> None:
        self._link = link
        self._command = command
        self._user = user
        self._errors = PayloadType.STDERR if separates_errors else PayloadType.OUTPUT
        self._child: asyncio.subprocess.Process | None = None

    async def run(self) -> int:
        """Run the command, send what it says and how it ended, and return that."""
        child = await asyncio.create_subprocess_exec(
            self._user.shell,
            "-c",
            self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._user.folder(),
            env=self._user.environment(),
            start_new_session=True,
            **self._user.child(),
        )
        self._child = child
        try:
            await asyncio.gather(
                self._carry(child.stdout, PayloadType.OUTPUT), self._carry(child.stderr, self._errors)
            )
            code = await child.wait()
            # A shell's way of telling a signal.
            code = 128 - code if code < 0 else code
            await self._link.send(payloads.exit_code(code), PayloadType.EXIT_CODE)
            return code
        finally:
            self._signal(signal.SIGKILL)

    async def hear(self, arrived: Arrived) -> None:
        """Take a signal; other input has nobody to read it."""
        if (
            arrived.payload_type == PayloadType.OUTPUT
            and (number := _SIGNALS.get(arrived.payload)) is not None
        ):
            self._signal(number)

    async def _carry(self, stream: asyncio.StreamReader | None, payload_type: int) -> None:
        while stream is not None and (piece := await stream.read(READ_BYTES)):
            await self._link.send(piece, payload_type)

    def _signal(self, number: int) -> None:
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)
