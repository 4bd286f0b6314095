"""A server, a node's agent and the aws CLI with our plugin: real processes on loopback.

The server keeps its rows on the engine that `--engine` names.
"""

import configparser
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

REGION, ROLE = "us-east-1", "SSMNodes"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
AWS = ROOT / ".clients/awscli/bin/aws"


def wait_for(what: str, check, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, f"{what} did not happen in {seconds} seconds"
        time.sleep(0.05)


@dataclass
class Rig:
    """One authority and one node, as processes."""

    folder: Path
    database: str = ""
    server: subprocess.Popen | None = None
    agent: subprocess.Popen | None = None
    ready: dict = field(default_factory=dict)
    instance: str = ""
    activation: str = ""
    code: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def start_server(self) -> None:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        addresses = (
            [self.ready[name].split("://")[1] for name in ("http", "https")]
            if self.ready
            else ["127.0.0.1:0"] * 2
        )
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "keystead",
                    "serve",
                    "--test",
                    "--data",
                    str(self.folder / "data"),
                    "--http",
                    addresses[0],
                    "--https",
                    addresses[1],
                    "--doh",
                    "127.0.0.1:0",
                    "--dot",
                    "127.0.0.1:0",
                    "--ready-file",
                    str(ready),
                    *(["--database", self.database] if self.database else []),
                ],
                cwd=ROOT / "tests",
                env={**os.environ, **self.settings},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        wait_for("the server", ready.exists)
        self.ready = json.loads(ready.read_text())

    def register(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=CORE)
        made = self.client("ssm").create_activation(IamRole=ROLE)
        self.activation, self.code = made["ActivationId"], made["ActivationCode"]
        done = self.node(
            *("register", "--endpoint", self.ready["https"], "--ca", str(self.ca)),
            *("--id", self.activation, "--code", self.code),
        )
        assert done.returncode == 0, done.stderr
        self.instance = json.loads((self.folder / "node/node.json").read_text())["instance_id"]

    def node(self, verb: str, *arguments: str, folder: str = "node") -> subprocess.CompletedProcess:
        return subprocess.run(
            [BIN / "keystead", "node", verb, "--dir", self.folder / folder, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start_agent(self) -> None:
        self.agent = self.run_agent("node")
        self.wait_connected()

    def run_agent(self, folder: str) -> subprocess.Popen:
        """Run the agent of a node that was registered in `folder`."""
        with (self.folder / f"{folder}.log").open("ab") as log:
            return subprocess.Popen(
                [BIN / "keystead", "node", "run", "--dir", self.folder / folder],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def another_node(self, folder: str, endpoint: str = "") -> str:
        """Register one more node, at `endpoint` if it is to go another way, and return its id."""
        made = self.client("ssm").create_activation(IamRole=ROLE)
        done = self.node(
            *("register", "--endpoint", endpoint or self.ready["https"], "--ca", str(self.ca)),
            *("--id", made["ActivationId"], "--code", made["ActivationCode"]),
            folder=folder,
        )
        assert done.returncode == 0, done.stderr
        return json.loads((self.folder / folder / "node.json").read_text())["instance_id"]

    def wait_connected(self, instance: str = "", seconds: float = 20.0) -> None:
        ssm = self.client("ssm")
        wait_for(
            "the control channel",
            lambda: ssm.get_connection_status(Target=instance or self.instance)["Status"] == "connected",
            seconds,
        )

    @property
    def ca(self) -> Path:
        return self.folder / "data/tls/ca.pem"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "PATH": f"{BIN}:{AWS.parent}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": self.ready["https"],
            "AWS_CA_BUNDLE": str(self.ca),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "data/credentials"),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def clock(self, *arguments: str) -> None:
        """Move the server's clock: `keystead clock` with these arguments."""
        subprocess.run(
            [BIN / "keystead", "clock", *arguments, "--data", self.folder / "data"],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=30,
        )

    def client(self, service: str):
        session = boto3.session.Session()
        file = configparser.ConfigParser()
        file.read(self.folder / "data/credentials")
        keys = dict(file["default"])
        return session.client(
            service,
            endpoint_url=self.ready["http"],
            region_name=REGION,
            aws_access_key_id=keys["aws_access_key_id"],
            aws_secret_access_key=keys["aws_secret_access_key"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def start_session(self, *arguments: str, **options) -> subprocess.Popen:
        """Run the unmodified aws CLI with our plugin on its path."""
        return subprocess.Popen(
            [AWS, "ssm", "start-session", "--target", self.instance, *arguments],
            env=self.environment,
            **options,
        )

    def plugin(self, opened: dict, stream: str = "", **environment: str) -> tuple[list, dict[str, str]]:
        """Return how the aws CLI would run our plugin for a session, at the stream address `stream`."""
        response = {name: opened[name] for name in ("SessionId", "TokenValue", "StreamUrl")}
        response["StreamUrl"] = stream or response["StreamUrl"]
        variable = "AWS_SSM_START_SESSION_RESPONSE"
        argv = [
            BIN / "session-manager-plugin",
            variable,
            REGION,
            "StartSession",
            "",
            "{}",
            self.ready["https"],
        ]
        return argv, {**self.environment, variable: json.dumps(response), **environment}

    def kill_server(self) -> None:
        self.server.kill()
        self.server.wait()

    def stop(self) -> None:
        for process in (self.agent, self.server):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@pytest.fixture(scope="module")
def rig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_database: str
) -> Iterator[Rig]:
    """A module may say, as `SETTINGS`, what its server's environment holds beside the usual."""
    settings = getattr(request.module, "SETTINGS", {})
    made = Rig(tmp_path_factory.mktemp("rig"), shared_database, settings=settings)
    try:
        made.start_server()
        made.register()
        made.start_agent()
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder / "data", ignore_errors=True)
