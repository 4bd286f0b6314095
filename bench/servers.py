"""The servers under test: started on one core each, ended by process id whatever happens.

keystead runs as a user would run it (`keystead serve`, durable, verifying). moto's server runs as PyPI ships it.
The bare server is `bench.bare`.
"""

import configparser
import contextlib
import ctypes
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import ROOT
from bench.measure import tree
from bench.requests import Key, Signer, form

START_LIMIT_SECONDS = 60.0
STOP_LIMIT_SECONDS = 20.0
_LISTENER_FLAGS = ("--http", "--https", "--console", "--metrics", "--doh", "--dot")
_PR_SET_PDEATHSIG = 1


class ServerFailed(Exception):
    """A server did not start, or ended by itself."""


@dataclass(frozen=True)
class Server:
    """A running server. `pid` is the root of its process tree, `key` may do everything there."""

    name: str
    host: str
    port: int
    pid: int
    key: Key
    deferred_seconds: float = 0.0

    @property
    def authority(self) -> str:
        """What belongs into the Host header."""
        return f"{self.host}:{self.port}"


def program(name: str) -> str:
    """Return the path of a command of this interpreter's environment."""
    return str(Path(sys.executable).parent / name)


@contextlib.contextmanager
def keystead(
    directory: Path, core: int, wrapper: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[Server]:
    """Run keystead on a data directory; `wrapper` is a command line to run it under, such as strace."""
    ready_file = directory.with_name(directory.name + ".ready.json")
    ready_file.unlink(missing_ok=True)
    log = directory.with_name(directory.name + ".log")
    with process([*wrapper, *_keystead_argv(directory, ready_file), *options], core, log) as child:
        wait_until(child, ready_file.exists, "keystead", log)
        address = urlsplit(json.loads(ready_file.read_text())["http"])
        key = read_credentials(directory / "root-credentials")
        # Audit rows of reads and refusals are written up to a second later; they belong to the round.
        yield Server("keystead", str(address.hostname), address.port or 0, child.pid, key, 1.2)


@contextlib.contextmanager
def moto(directory: Path, core: int) -> Iterator[Server]:
    """Run moto's server; it keeps everything in memory and verifies no signature."""
    port, log = free_port(), directory / "moto.log"
    argv = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    # Its request log is the default of its development server; nobody reads it, so it costs it least here.
    with process(argv, core, Path(os.devnull)) as child:
        server = Server("moto", "127.0.0.1", port, child.pid, Key("AKIAIOSFODNN7EXAMPLE", "s" * 40))
        wait_until(child, lambda: answers(server), "moto", log)
        yield server


def rclone_program() -> str | None:
    """Return an rclone that can serve S3: the one of this environment, or the system's if it is new enough."""
    for path in (program("rclone"), shutil.which("rclone")):
        if path is None or not Path(path).is_file():
            continue
        shown = subprocess.run([path, "serve"], capture_output=True, text=True, timeout=30, check=False)
        if re.search(r"^  s3 ", shown.stdout + shown.stderr, re.M):
            return path
    return None


@contextlib.contextmanager
def rclone(program: str, directory: Path, core: int) -> Iterator[Server]:
    """Run rclone's S3 server on a folder of the disk; it verifies signatures, and syncs nothing."""
    port, log, key = free_port(), directory / "rclone.log", Key("AKIAIOSFODNN7EXAMPLE", "s" * 40)
    argv = [program, "--config", "", "serve", "s3", "--addr", f"127.0.0.1:{port}"]
    argv += ["--auth-key", f"{key.key_id},{key.secret}", str(directory / "rclone")]
    with process(argv, core, log) as child:
        server = Server("rclone", "127.0.0.1", port, child.pid, key)
        wait_until(child, lambda: _listens(server), "rclone", log)
        yield server


def _listens(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port), timeout=10).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def bare(directory: Path, core: int) -> Iterator[Server]:
    """Run the bare server."""
    log = directory / "bare.log"
    with process([sys.executable, "-m", "bench.bare"], core, log) as child:
        wait_until(child, lambda: log.read_text().strip().isdigit(), "bare", log)
        yield Server("bare", "127.0.0.1", int(log.read_text()), child.pid, Key("none", "none"))


def read_credentials(path: Path) -> Key:
    """Return the default profile's key of a file in the AWS shared-credentials format."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(path.read_text())
    section = parser["default"]
    return Key(section["aws_access_key_id"], section["aws_secret_access_key"])


def answers(server: Server) -> bool:
    """Tell whether a signed GetCallerIdentity gets a 200 now."""
    request = Signer(server.key, "sts", server.authority).request(form("sts", "GetCallerIdentity"))
    try:
        with socket.create_connection((server.host, server.port), timeout=10) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(65536)[:16]
    except OSError:
        return False


@contextlib.contextmanager
def process(argv: Sequence[str], core: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on one core until the block ends; what it prints goes to `log`."""
    libc = ctypes.CDLL(None)

    def settle() -> None:
        os.sched_setaffinity(0, {core})
        # Should the bench itself be killed, its servers go with it.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    with log.open("wb") as output:
        child = subprocess.Popen(
            argv,
            env=_environment(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=settle,
        )
    try:
        yield child
    finally:
        _end(child)


def _environment() -> dict[str, str]:
    # The shell's settings are not the user's: without a bytecode cache, for one, each start compiles everything.
    foreign = ("PYTHON", "KEYSTEAD_", "AWS_", "MOTO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _end(child: subprocess.Popen[bytes]) -> None:
    # The deepest process first: under a wrapper the server is the wrapper's child.
    pids = tree(child.pid)[::-1] if child.poll() is None else []
    for send in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, send)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=STOP_LIMIT_SECONDS)
            return


def wait_until(child: subprocess.Popen[bytes], is_up: Callable[[], bool], name: str, log: Path) -> None:
    """Return when a child answers. Raises ServerFailed when it does not in time."""
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not is_up():
        if child.poll() is not None or time.monotonic() > deadline:
            text = log.read_text(errors="replace")[-2000:] if log.is_file() else ""
            raise ServerFailed(f"{name} did not start (exit status {child.returncode}): {text}")
        time.sleep(0.001)


def _keystead_argv(directory: Path, ready_file: Path) -> list[str]:
    argv = [program("keystead"), "serve", "--data", str(directory), "--ready-file", str(ready_file)]
    for flag in _listener_flags():
        argv += [flag, "127.0.0.1:0"]
    return argv


# Asked once: the time of asking is not that of a start.
@functools.cache
def _listener_flags() -> list[str]:
    # Several servers run side by side, so every listener that this version has needs a port of its own.
    command = [program("keystead"), "serve", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout.split()
    return [flag for flag in _LISTENER_FLAGS if flag in shown]


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
