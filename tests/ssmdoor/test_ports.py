"""Ports of the node by unmodified `aws ssm start-session`: many streams, raw bytes, and what cannot be reached."""

import hashlib
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssmdoor.rig import Rig

MIB = 1024 * 1024


class Service:
    """A TCP service on the node: answers `get N` with N bytes, and anything else with its digest at the end."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket) -> None:
        with connection:
            line = b""
            while not line.endswith(b"\n"):
                byte = connection.recv(1)
                if not byte:
                    return
                line += byte
            verb, count = line.split()
            if verb == b"get":
                connection.sendall(bytes(int(count)))
                return
            digest, left = hashlib.sha256(), int(count)
            while left:
                piece = connection.recv(min(left, 65536))
                digest.update(piece)
                left -= len(piece)
            connection.sendall(digest.hexdigest().encode())


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.listener.close()


def forward(rig: Rig, port: int) -> tuple[subprocess.Popen, int]:
    process = rig.start_session(
        "--document-name",
        "AWS-StartPortForwardingSession",
        "--parameters",
        json.dumps({"portNumber": [str(port)]}),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    for line in process.stdout:
        if found := re.search(r"Port (\d+) opened for sessionId", line):
            assert process.stdout.readline() == "Waiting for connections...\n"
            return process, int(found[1])
    raise AssertionError("no port was opened")


def stop(process: subprocess.Popen) -> int:
    import os

    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    process.stdout.close()
    return process.wait(20)


def get(port: int, count: int) -> int:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"get %d\n" % count)
        got = 0
        while piece := connection.recv(65536):
            got += len(piece)
        return got


def put(port: int, content: bytes) -> str:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"put %d\n" % len(content) + content)
        answer = b""
        while piece := connection.recv(100):
            answer += piece
        return answer.decode()


def test_port_is_forwarded_both_ways_in_parallel_streams(rig: Rig, service: Service) -> None:
    process, port = forward(rig, service.port)
    content = bytes(range(256)) * 4096 * 2

    with ThreadPoolExecutor(5) as pool:
        downloads = [pool.submit(get, port, 10 * MIB) for _ in range(4)]
        upload = pool.submit(put, port, content)
        got = [each.result(60) for each in downloads]

    assert got == [10 * MIB] * 4
    assert upload.result() == hashlib.sha256(content).hexdigest()
    assert stop(process) == 0


def test_interrupt_ends_the_session_for_both(rig: Rig, service: Service) -> None:
    process, _ = forward(rig, service.port)
    stop(process)
    ssm = rig.client("ssm")
    until = time.monotonic() + 10
    while ssm.describe_sessions(State="Active")["Sessions"]:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_port_that_nobody_listens_on_closes_the_connection(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    process, port = forward(rig, nobody)

    assert get(port, 10) == 0
    assert stop(process) == 0


def test_ssh_session_carries_raw_bytes(rig: Rig, service: Service) -> None:
    process = rig.start_session(
        "--document-name",
        "AWS-StartSSHSession",
        "--parameters",
        json.dumps({"portNumber": [str(service.port)]}),
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )
    process.stdin.write(b"get 300000\n")
    process.stdin.flush()
    said = process.stdout.read()
    process.stdin.close()
    process.stdout.close()

    assert process.wait(20) == 0
    assert said.count(b"\0") == 300000


def run_command(rig: Rig, document: str) -> tuple[str, str, int]:
    process = rig.start_session(
        *("--document-name", document),
        *("--parameters", json.dumps({"command": ["echo out; echo err >&2; exit 7"]})),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    out, err = process.communicate(timeout=60)
    return out, err, process.returncode


def test_command_without_terminal_says_all_in_one(rig: Rig) -> None:
    out, err, status = run_command(rig, "AWS-StartNonInteractiveCommand")

    assert ("\nout\n" in out, "err\n" in out, "err" in err, status) == (True, True, False, 0)


def test_command_tells_errors_apart_if_its_document_says_so(rig: Rig) -> None:
    content = {
        "schemaVersion": "1.0",
        "sessionType": "NonInteractiveCommands",
        "parameters": {"command": {"type": "String"}},
        "properties": {"linux": {"commands": "{{ command }}", "separateOutputStream": "true"}},
    }
    rig.client("ssm").create_document(Name="Apart", Content=json.dumps(content), DocumentType="Session")

    out, err, status = run_command(rig, "Apart")

    assert ("\nout\n" in out, "err" in out, "err\n" in err, status) == (True, False, True, 0)


def test_interactive_command_has_a_terminal(rig: Rig) -> None:
    from terminal import Person

    from ssmdoor.rig import AWS

    person = Person(
        [
            AWS,
            "ssm",
            "start-session",
            "--target",
            rig.instance,
            "--document-name",
            "AWS-StartInteractiveCommand",
            "--parameters",
            json.dumps({"command": ["tty && read x && echo got-$x"]}),
        ],
        rig.environment,
    )
    person.sees("/dev/pts/")
    person.type("word\n")
    person.sees("got-word")

    assert person.leaves() == 0


def test_parameter_that_breaks_its_pattern_is_refused(rig: Rig) -> None:
    process = rig.start_session(
        "--document-name",
        "AWS-StartPortForwardingSession",
        "--parameters",
        json.dumps({"portNumber": ["70000"]}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, err = process.communicate(timeout=60)

    assert "InvalidDocument" in err
