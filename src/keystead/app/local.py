"""Reaches the authority of a data directory from another process: through its socket, or by opening it."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from keystead.app.admin import socket_path
from keystead.app.authority import open_authority
from keystead.app.commanding import CommandFailed
from keystead.app.commands import perform
from keystead.app.initialise import is_initialised
from keystead.config.settings import Settings

_ANSWER_BYTES = 64 * 1024


def call(settings: Settings, command: str, arguments: Mapping[str, Any]) -> Any:
    """Return the result of a command, carried out by the running server or, if none runs, right here.

    Without a server the directory's exclusive lock is taken for the time of the command. Raises CommandFailed,
    DirectoryInUse.
    """
    if not is_initialised(settings):
        raise CommandFailed(
            f"{settings.data} holds no authority; `keystead init --data {settings.data}` makes one"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        if not _reaches(connection, socket_path(settings.data)):
            return asyncio.run(_without_server(settings, command, arguments))
        return _ask(connection, command, arguments)


def _reaches(connection: socket.socket, path: Path | None) -> bool:
    """Connect to a server, and return whether there is one."""
    if path is None:
        return False
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


def _ask(connection: socket.socket, command: str, arguments: Mapping[str, Any]) -> Any:
    answer = bytearray()
    # A server that closes on a stranger may do so before all is sent.
    with contextlib.suppress(ConnectionError):
        connection.sendall(msgspec.json.encode({"command": command, "arguments": arguments}) + b"\n")
        while part := connection.recv(_ANSWER_BYTES):
            answer += part
    if not answer:
        raise CommandFailed("the server closed the administration socket: is it yours?")
    decoded = msgspec.json.decode(bytes(answer))
    if "error" in decoded:
        raise CommandFailed(decoded["error"])
    return decoded["result"]


async def _without_server(settings: Settings, command: str, arguments: Mapping[str, Any]) -> Any:
    authority = open_authority(settings)
    work = authority.start()
    try:
        result = await perform(authority, command, arguments, os.getuid())
        # Through JSON and back, so that callers see the same as from a server.
        return msgspec.json.decode(msgspec.json.encode(result))
    finally:
        await authority.stop(work)
