"""An unmodified `ssh` reaches the node's sshd through `aws ssm start-session` as its ProxyCommand."""

import getpass
import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ssmdoor.rig import AWS, Rig, wait_for

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
PROXY = f"{AWS} ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p"

pytestmark = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="needs OpenSSH's client and server"
)


@dataclass
class Host:
    """An sshd of its own on loopback, and a key that it lets in."""

    port: int
    key: Path

    def ssh(self, rig: Rig, command: str, **options) -> subprocess.CompletedProcess:
        quiet = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "LogLevel": "ERROR"}
        only = {"IdentitiesOnly": "yes", "BatchMode": "yes", "ProxyCommand": PROXY}
        set_ = [f"-o{name}={value}" for name, value in {**quiet, **only}.items()]
        who = f"{getpass.getuser()}@{rig.instance}"
        return subprocess.run(
            ["ssh", "-F/dev/null", "-i", self.key, "-p", str(self.port), *set_, who, command],
            env=rig.environment,
            stdout=subprocess.PIPE,
            timeout=60,
            check=False,
            **options,
        )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    if os.geteuid() == 0:
        # Where sshd leaves its privileges behind; systems make it at boot.
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    set_ = {"ListenAddress": f"127.0.0.1:{port}", "PidFile": "none", "UsePAM": "no", "StrictModes": "no"}
    set_ |= {"HostKey": folder / "host", "AuthorizedKeysFile": folder / "user.pub"}
    options = [f"-o{name}={value}" for name, value in set_.items()]
    log = (folder / "log").open("wb")
    sshd = subprocess.Popen([SSHD, "-D", "-e", "-f", "/dev/null", *options], stderr=log)
    wait_for("sshd", lambda: b"Server listening" in (folder / "log").read_bytes())
    yield Host(port, folder / "user")
    sshd.terminate()
    sshd.wait(10)
    log.close()


def test_ssh_runs_a_command_and_tells_its_status(rig: Rig, host: Host) -> None:
    done = host.ssh(rig, "echo from-the-node; exit 7", stdin=subprocess.DEVNULL)

    assert (done.stdout, done.returncode) == (b"from-the-node\n", 7)


def test_ssh_carries_megabytes_both_ways_unchanged(rig: Rig, host: Host) -> None:
    content = os.urandom(3 * 1024 * 1024)

    done = host.ssh(rig, "cat", input=content)

    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(content).digest()
    assert done.returncode == 0
