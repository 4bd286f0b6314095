"""The administration socket: a Unix socket that only its owner's processes may speak to.

One request, one answer, each a line of JSON: `{"command": …, "arguments": {…}}` and `{"result": …}` or
`{"error": …}`. The peer's user id is asked of the kernel, and every command is in the journal under it.
"""

import asyncio
import logging
import os
import socket
import struct
from pathlib import Path
from typing import Any

import msgspec

from keystead.app.authority import Authority
from keystead.app.commanding import CommandFailed
from keystead.app.commands import perform

_LOG = logging.getLogger("keystead.admin")
SOCKET = "admin.sock"
ELSEWHERE = "admin.sock.path"
_LONGEST_PATH = 100
"""Bytes; the kernel's limit for the path of a Unix socket is 108 with its ending zero."""
_LONGEST_LINE = 1024 * 1024


class Request(msgspec.Struct):
    """A command and its arguments, by name."""

    command: str
    # Each command checks its own arguments.
    arguments: dict[str, Any] = {}


def socket_path(data: Path) -> Path | None:
    """Return where the socket of a data directory is or would be; None when no server can be listening."""
    note, inside = data / ELSEWHERE, data / SOCKET
    if note.exists():
        return Path(note.read_text())
    return inside if _fits(inside) else None


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= _LONGEST_PATH


def _place(data: Path) -> Path:
    """Return where to put the socket: in the directory, or, if that path is too long, in the run-time folder."""
    inside = data / SOCKET
    if _fits(inside):
        return inside
    folder = Path(os.environ.get("XDG_RUNTIME_DIR", f"/tmp/keystead-{os.getuid()}"))  # noqa: S108 - made 0700 below.
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise PermissionError(f"{folder} is not ours alone")
    # The inode tells directories apart and is short.
    outside = folder / f"keystead-{data.stat().st_ino}.sock"
    (data / ELSEWHERE).write_text(str(outside))
    return outside


class AdminServer:
    """Answers commands for a running authority."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._path = _place(authority.settings.data)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. The directory's lock is held, so a socket that is there is a dead server's."""
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._converse, sock=listening, limit=_LONGEST_LINE)

    async def stop(self) -> None:
        """Stop listening and take the socket away."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)
        (self._authority.settings.data / ELSEWHERE).unlink(missing_ok=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            uid = _peer_uid(writer.get_extra_info("socket"))
            if uid in (os.getuid(), 0):
                writer.write(await self._answer(await reader.readline(), uid) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            _LOG.warning("an administration request broke off")
        finally:
            writer.close()

    async def _answer(self, line: bytes, uid: int) -> bytes:
        try:
            request = msgspec.json.decode(line, type=Request)
            result = await perform(self._authority, request.command, request.arguments, uid)
        except (CommandFailed, msgspec.DecodeError) as error:
            return msgspec.json.encode({"error": str(error)})
        except Exception:
            _LOG.exception("an administration command failed")
            return msgspec.json.encode({"error": "the command failed; the server's log says why"})
        return msgspec.json.encode({"result": result})


def _peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end, as the kernel knows it."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return uid
