"""`keystead serve` as a child process that can be killed at any moment, and the CLI beside it."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keystead.app.admin import socket_path

START_SECONDS = 60.0
PROGRAM = str(Path(sys.executable).with_name("keystead"))
_PR_SET_PDEATHSIG = 1
_SETTINGS = {
    "KEYSTEAD_USERS_PER_ACCOUNT": "10000000",
    # The journal is compared with the database change by change; reads would only make it longer.
    "KEYSTEAD_AUDIT_READS": "false",
}


class NotStarted(Exception):
    """The server ended before it was ready; the message is what it wrote."""


@dataclass
class Child:
    """A server on a data directory."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    host: str = ""
    port: int = 0

    @property
    def authority(self) -> str:
        """What belongs into the Host header."""
        return f"{self.host}:{self.port}"

    def wait_until_ready(self, ready_file: Path) -> None:
        """Wait until every listener answers. Raises NotStarted."""
        deadline = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(self.written())
            time.sleep(0.002)
        address = urlsplit(json.loads(ready_file.read_bytes())["http"])
        self.host, self.port = str(address.hostname), address.port or 0

    def written(self) -> str:
        """Return all that the server wrote on its outputs."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End the process as a power button would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask the process to end and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_SECONDS)


def spawn(data: Path, log: Path, *arguments: str, environment: dict[str, str] | None = None) -> Child:
    """Start a server without waiting for it. Its data directory is made if there is none."""
    argv = [PROGRAM, "serve", "--data", str(data), "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"]
    argv += ["--doh", "127.0.0.1:0", "--dot", "127.0.0.1:0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*argv, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_SETTINGS, **(environment or {})},
            # Should the proof itself be killed, its servers go with it.
            preexec_fn=_die_with_parent,
        )
    return Child(process, data, log)


def start(data: Path, *arguments: str, environment: dict[str, str] | None = None) -> Child:
    """Start a server and wait until it is ready. Raises NotStarted."""
    ready_file = data.with_name(data.name + ".ready.json")
    ready_file.unlink(missing_ok=True)
    log = data.with_name(data.name + ".log")
    child = spawn(data, log, "--ready-file", str(ready_file), *arguments, environment=environment)
    try:
        child.wait_until_ready(ready_file)
    except BaseException:
        child.kill()
        raise
    return child


@contextlib.contextmanager
def serving(data: Path, *arguments: str, environment: dict[str, str] | None = None) -> Iterator[Child]:
    """Have a server for the time of a block; killed at its end if it still runs."""
    child = start(data, *arguments, environment=environment)
    try:
        yield child
    finally:
        if child.process.poll() is None:
            child.kill()


def cli(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb of the command line on a data directory."""
    argv = [PROGRAM, *arguments, "--data", str(data)]
    environment = {**os.environ, **_SETTINGS}
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=environment)


async def command(data: Path, name: str, **arguments: object) -> Any:
    """Have the running server of a directory carry out an administration command and return its result."""
    reader, writer = await asyncio.open_unix_connection(str(socket_path(data)), limit=1 << 26)
    try:
        writer.write(json.dumps({"command": name, "arguments": arguments}).encode() + b"\n")
        answer = json.loads(await reader.readline() or b'{"error": "no answer"}')
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["result"]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
