"""One process works on a data directory: a second is refused, the CLI goes through the first or takes its place.

Follows DESIGN §7 and §8. Everything here is real processes, as an operator would start them.
"""

import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prove import child

from support.running import admin_key_of, root_key_of

NOBODY = 65534
LONG = "x" * 120
"""As a folder's name it makes the path of a socket longer than the kernel takes."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run_time_folder() -> Iterator[Path]:
    """A folder with a short path, as XDG_RUNTIME_DIR is."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="run-") as folder:
        yield Path(folder)


def listed(data: Path) -> list[str]:
    """Return the ids that `creds ls` shows."""
    done = child.cli(data, "creds", "ls", "--json")
    assert done.returncode == 0, done.stderr
    return [row["id"] for row in json.loads(done.stdout)]


def first_keys(data: Path) -> list[str]:
    """Return the ids of the keys that `init` makes: the root's and the user admin's."""
    return [root_key_of(data).id, admin_key_of(data).id]


def test_a_second_serve_on_the_same_directory_is_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    with child.serving(data) as first:
        second = child.spawn(data, tmp_path / "second.log")

        assert second.process.wait(child.START_SECONDS) == 1
        (line,) = second.written().splitlines()
        assert line.startswith(f"keystead: {data} is in use by another keystead")
        assert first.process.poll() is None
        assert listed(data) == first_keys(data)


def test_the_cli_works_beside_a_server_after_it_and_after_its_death(data: Path) -> None:
    with child.serving(data) as server:
        beside = listed(data)
        assert server.stop() == 0
    after = listed(data)
    with child.serving(data) as server:
        server.kill()
    assert (data / "admin.sock").is_socket()

    after_death = listed(data)

    assert beside == after == after_death == first_keys(data)


def test_a_change_by_the_cli_holds_with_and_without_a_server(data: Path) -> None:
    with child.serving(data) as server:
        key_id = root_key_of(data).id
        assert child.cli(data, "creds", "deactivate", key_id).returncode == 0
        server.stop()
    assert shown(data, key_id) == "Inactive"

    assert child.cli(data, "creds", "activate", key_id).returncode == 0

    with child.serving(data):
        assert shown(data, key_id) == "Active"
        assert child.cli(data, "audit", "verify").returncode == 0


def shown(data: Path, key_id: str) -> str:
    """Return the status that `creds show` tells."""
    return json.loads(child.cli(data, "creds", "show", key_id, "--json").stdout)["status"]


def test_the_administration_socket_is_its_owners_alone(data: Path) -> None:
    with child.serving(data):
        mode = (data / "admin.sock").stat().st_mode

        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_socket_path_too_long_for_the_kernel_goes_to_the_run_time_folder(
    tmp_path: Path, run_time_folder: Path
) -> None:
    data = tmp_path / LONG
    with child.serving(data, environment={"XDG_RUNTIME_DIR": str(run_time_folder)}) as server:
        (placed,) = run_time_folder.iterdir()
        beside = listed(data)
        placed_mode = placed.stat().st_mode
        noted = (data / "admin.sock.path").read_text()
        assert server.stop() == 0

    assert stat.S_ISSOCK(placed_mode)
    assert stat.S_IMODE(placed_mode) == 0o600
    assert noted == str(placed)
    assert beside == first_keys(data)
    assert list(run_time_folder.iterdir()) == []


def test_the_cli_works_without_a_server_where_the_socket_path_would_be_too_long(tmp_path: Path) -> None:
    data = tmp_path / LONG
    assert child.cli(data, "init").returncode == 0

    assert listed(data) == first_keys(data)


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_run_time_folder_that_others_can_enter_holds_no_socket(
    tmp_path: Path, run_time_folder: Path, mode: int
) -> None:
    run_time_folder.chmod(mode)
    data = tmp_path / LONG

    server = child.spawn(data, tmp_path / "log", environment={"XDG_RUNTIME_DIR": str(run_time_folder)})

    assert server.process.wait(child.START_SECONDS) == 1
    assert server.written() == f"keystead: {run_time_folder} is not ours alone\n"
    assert list(run_time_folder.iterdir()) == []


def as_nobody(work: Callable[[], bytes]) -> bytes:
    """Run `work` in a child process of another user and return what it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, work())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


def ask_here() -> bytes:
    """Ask for the inventory through the socket in the present directory, and return what came of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        try:
            connection.connect("admin.sock")
            connection.sendall(b'{"command": "creds-ls"}\n')
            return b"answered: " + connection.recv(1 << 16)
        except PermissionError:
            return b"no entry"
        except ConnectionError:
            return b"answered: "


if os.getuid() == 0:
    # Only root can become somebody else. For everybody else the modes above are the whole promise.

    def test_another_user_cannot_reach_the_administration_socket(
        data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with child.serving(data):
            data.chmod(0o711)
            monkeypatch.chdir(data)

            assert as_nobody(ask_here) == b"no entry"

    def test_another_user_who_reaches_the_socket_is_answered_nothing(
        data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with child.serving(data):
            data.chmod(0o711)
            (data / "admin.sock").chmod(0o666)
            monkeypatch.chdir(data)

            assert ask_here().startswith(b'answered: {"result":')
            assert as_nobody(ask_here) == b"answered: "
