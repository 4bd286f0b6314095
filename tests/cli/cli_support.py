"""The program as a person runs it: child processes over a temporary directory on free ports."""

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

import pytest

KEYSTEAD = [sys.executable, "-P", "-m", "keystead"]
ANYWHERE = ["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--doh", "127.0.0.1:0", "--dot", "127.0.0.1:0"]
START_SECONDS = 30
CHECKOUT = Path(__file__).parent.parent.parent
MISLEADING = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_SECURITY_TOKEN": "test",
    "AWS_PROFILE": "work",
    "AWS_DEFAULT_PROFILE": "work",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/pod",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}
"""What shells of developers, CI jobs and pods are found to have."""


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what could change what AWS clients or keystead do."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "KEYSTEAD_")) and not name.lower().endswith("_proxy")
    }
    programs = f"{Path(sys.executable).parent}:{CHECKOUT / '.clients/awscli/bin'}"
    return kept | {"PATH": f"{programs}:{kept['PATH']}"} | more


def keystead(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a verb to its end."""
    return subprocess.run(
        [*KEYSTEAD, *map(str, arguments)],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def bash(script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script as a person's shell would."""
    return subprocess.run(
        ["bash", "-c", script],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Served:
    """A server that runs as a child process."""

    process: "subprocess.Popen[str]"
    data: Path
    ready_file: Path

    @property
    def ready(self) -> dict[str, Any]:
        return json.loads(self.ready_file.read_text())

    def keystead(self, verb: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Run a verb on this server's directory."""
        return keystead(verb, *arguments, "--data", self.data)

    def json(self, verb: str, *arguments: object) -> Any:
        """Run a verb and return what it printed as JSON."""
        return json.loads(self.keystead(verb, *arguments, "--json").stdout)

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode


def start(data: Path, *arguments: object, **environment: str) -> Served:
    """Serve a directory and wait for the ready file."""
    ready_file = data.with_name(f"{data.name}.ready")
    process = subprocess.Popen(
        [*KEYSTEAD, "serve", "--data", data, "--ready-file", ready_file, *ANYWHERE, *map(str, arguments)],
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"the server did not start: {process.communicate()[0]}")
        time.sleep(0.02)
    return Served(process, data, ready_file)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server of a test directory for all tests of a module."""
    running = start(tmp_path_factory.mktemp("cli") / "data", "--test")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that nobody serves."""
    data = tmp_path_factory.mktemp("made") / "data"
    assert keystead("init", "--data", data).returncode == 0
    return data
