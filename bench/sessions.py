"""`python -m bench.sessions`: ports through the door, and what idle sessions cost. Exit status 1 for a miss.

Everything as users run it: `keystead serve`, `keystead node run`, and our session-manager-plugin as a process, over
TLS on loopback. Idle sessions are sockets only, as a server sees them: 1,000 clients and 1,000 node channels.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from websockets.asyncio.client import ClientConnection, connect

from bench import servers
from bench.measure import resident_bytes
from keystead.kernel.clock import SystemClock
from keystead.kernel.entropy import SystemEntropy
from keystead.remote.node.calls import Calls
from keystead.remote.node.place import Place
from keystead.remote.sockets import trust

MIB = 1 << 20
DOWN_LINE, UP_LINE, IDLE_LINE, FIRST_BYTE_LINE = 20.0, 10.0, 200.0, 0.5
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "ssm.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
TOKEN_ROLE = "SSM-JustInTimeAccessTokenRole"
TOKEN_POLICY = "arn:aws:iam::aws:policy/AWSSystemsManagerJustInTimeAccessTokenPolicy"
AUTO_POLICY = {
    "schemaVersion": "0.3",
    "AutoApprovalPolicyDocuments": [{"type": "Cedar", "content": "permit(principal, action, resource);"}],
}


class Sink:
    """A TCP service: `get N` is answered with N bytes, `put N` takes N and answers one."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as said:
            verb, count = said.readline().split()
            if verb == b"get":
                connection.sendall(bytes(int(count)))
            else:
                said.read(int(count))
                connection.sendall(b".")


class Bench:
    """One authority and one node."""

    def __init__(self, directory: Path, server: servers.Server) -> None:
        self.directory = directory
        self.server = server
        self.ready = json.loads((directory / "data.ready.json").read_text())
        self.ca = directory / "data/tls/ca.pem"
        self.ssm = self.client("ssm")
        self.instance = ""

    def client(self, service: str, keys: dict[str, Any] | None = None) -> Any:
        """Return a client with the administrator's key, or with the `Credentials` that some operation answered."""
        key = servers.read_credentials(self.directory / "data/credentials")
        found = keys or {"AccessKeyId": key.key_id, "SecretAccessKey": key.secret}
        return boto3.session.Session().client(
            service,
            endpoint_url=self.ready["http"],
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}),
        )

    def requester(self) -> Any:
        """Return a client of somebody whom a Cedar policy lets in wherever they ask."""
        iam, sts = self.client("iam"), self.client("sts")
        trusted = {**TRUST["Statement"], "Principal": {"Service": "justintimeaccess.ssm.amazonaws.com"}}
        version = TRUST["Version"]
        iam.create_role(
            RoleName=TOKEN_ROLE,
            AssumeRolePolicyDocument=json.dumps({"Version": version, "Statement": trusted}),
        )
        iam.attach_role_policy(RoleName=TOKEN_ROLE, PolicyArn=TOKEN_POLICY)
        self.ssm.create_document(
            Name="SSM-JustInTimeAccessAutoApprovalPolicy",
            Content=json.dumps(AUTO_POLICY),
            DocumentType="AutoApprovalPolicy",
        )
        who = {**trusted, "Principal": {"AWS": sts.get_caller_identity()["Arn"]}}
        role = iam.create_role(
            RoleName="operators", AssumeRolePolicyDocument=json.dumps({"Version": version, "Statement": who})
        )["Role"]["Arn"]
        may = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
        iam.put_role_policy(
            RoleName="operators",
            PolicyName="asks",
            PolicyDocument=json.dumps({"Version": version, "Statement": may}),
        )
        keys = sts.assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
        return self.client("ssm", keys)

    def register(self) -> None:
        """Make this machine a node."""
        iam = self.client("iam")
        iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.attach_role_policy(RoleName="nodes", PolicyArn=CORE)
        made = self.ssm.create_activation(IamRole="nodes")
        subprocess.run(
            [
                *(servers.program("keystead"), "node", "register", "--endpoint", self.ready["https"]),
                *(
                    "--id",
                    made["ActivationId"],
                    "--code",
                    "-",
                    "--ca",
                    self.ca,
                    "--dir",
                    self.directory / "node",
                ),
            ],
            input=made["ActivationCode"] + "\n",
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.instance = Place(self.directory / "node").settings().instance_id

    def agent(self) -> subprocess.Popen[bytes]:
        """Run the node's agent, and wait until sessions can begin."""
        child = subprocess.Popen(
            [servers.program("keystead"), "node", "run", "--dir", self.directory / "node"],
            stderr=subprocess.DEVNULL,
        )
        while self.ssm.get_connection_status(Target=self.instance)["Status"] != "connected":
            time.sleep(0.1)
        return child

    def plugin(self, **asked: Any) -> subprocess.Popen[str]:
        """Start a session and run our plugin in it, as the aws CLI would."""
        opened = self.ssm.start_session(Target=self.instance, **asked)
        response = {name: opened[name] for name in ("SessionId", "TokenValue", "StreamUrl")}
        environment = {**os.environ, "AWS_CA_BUNDLE": str(self.ca), "R": json.dumps(response)}
        environment["AWS_SSM_START_SESSION_RESPONSE"] = environment.pop("R")
        return subprocess.Popen(
            [
                *(servers.program("session-manager-plugin"), "AWS_SSM_START_SESSION_RESPONSE", "us-east-1"),
                *("StartSession", "", "{}", self.ready["https"]),
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def ports(bench: Bench) -> tuple[float, float]:
    """Return MB/s down and up through one forwarded port, the best of three."""
    sink = Sink()
    asked = {"DocumentName": "AWS-StartPortForwardingSession", "Parameters": {"portNumber": [str(sink.port)]}}
    plugin = bench.plugin(**asked)
    port = 0
    for line in plugin.stdout or ():
        if found := re.search(r"Port (\d+) opened", line):
            port = int(found[1])
            break
    down = max(_timed(port, b"get %d\n" % (40 * MIB), 40 * MIB) for _ in range(3))
    up = max(_timed(port, b"put %d\n" % (20 * MIB) + bytes(20 * MIB), 20 * MIB) for _ in range(3))
    plugin.send_signal(signal.SIGINT)
    plugin.communicate()
    return down, up


def _timed(port: int, said: bytes, count: int) -> float:
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(said)
        while connection.recv(MIB):
            pass
    return count / 1e6 / (time.perf_counter() - began)


async def idle(bench: Bench, count: int) -> float:
    """Return the MiB that so many idle sessions add to the server."""
    place = Place(bench.directory / "node")
    settings, context = place.settings(), trust(bench.ca)
    calls = Calls(settings, place.key(), SystemClock(), SystemEntropy(), context)
    base = settings.endpoint.replace("https", "wss")

    async def node(kind: str, id_: str, query: str) -> ClientConnection:
        token = await calls.channel_token(kind, id_, {"ClientId": "bench"})
        url = f"{base}/v1/{kind}/{id_}?{query}"
        return await _open(url, token, context, await calls.socket_headers(url))

    control = await node("control-channel", settings.instance_id, "role=subscribe&stream=input")
    held = [control]
    await asyncio.sleep(1)
    before = resident_bytes([bench.server.pid])
    for _ in range(count):
        opened = await asyncio.to_thread(bench.ssm.start_session, Target=settings.instance_id)
        held.append(await node("data-channel", opened["SessionId"], "role=publish_subscribe"))
        held.append(await _open(opened["StreamUrl"], opened["TokenValue"], context, {}))
    await asyncio.sleep(3)
    grew = (resident_bytes([bench.server.pid]) - before) / MIB
    for each in held:
        each.transport.abort()
    return grew


async def first_byte(bench: Bench) -> float:
    """Return seconds from asking for a session to the first byte of its shell, the best of five."""
    took = list[float]()
    for _ in range(5):
        began = time.perf_counter()
        took.append(await _shell(bench, bench.ssm) - began)
    return min(took)


async def from_approval(bench: Bench) -> float:
    """Return seconds from an approval to the first byte of the shell by its keys: the median of five.

    A Cedar policy approves while StartAccessRequest is answered, so its answer is when the clock starts.
    """
    asker, took = bench.requester(), list[float]()
    targets = [{"Key": "InstanceIds", "Values": [bench.instance]}]
    for _ in range(5):
        request = asker.start_access_request(Reason="bench", Targets=targets)["AccessRequestId"]
        began = time.perf_counter()
        given = asker.get_access_token(AccessRequestId=request)
        ssm = await asyncio.to_thread(bench.client, "ssm", given["Credentials"])
        took.append(await _shell(bench, ssm) - began)
    return sorted(took)[2]


async def _shell(bench: Bench, ssm: Any) -> float:
    """Start a shell and return the time at which its first byte was there; then end it."""
    opened = await asyncio.to_thread(ssm.start_session, Target=bench.instance)
    socket_ = await _open(opened["StreamUrl"], opened["TokenValue"], trust(bench.ca), {})
    async for message in socket_:
        if isinstance(message, bytes) and message[4:36].startswith(b"output_stream_data"):
            break
    at = time.perf_counter()
    bench.ssm.terminate_session(SessionId=opened["SessionId"])
    await socket_.close()
    return at


async def _open(url: str, token: str, context: Any, headers: dict[str, str]) -> ClientConnection:
    opened = await connect(
        url, ssl=context, additional_headers=headers, compression=None, proxy=None, ping_interval=None
    )
    await opened.send(json.dumps({"MessageSchemaVersion": "1.0", "TokenValue": token, "ClientId": "bench"}))
    return opened


def main() -> int:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="sessions-"))
    missed = False

    def say(what: str, measured: float, unit: str, holds: bool) -> None:
        nonlocal missed
        missed = missed or not holds
        print(f"{what:<58} {measured:8.2f} {unit:<5} {'pass' if holds else 'MISS'}", flush=True)

    try:
        with servers.keystead(directory / "data", 0) as server:
            os.sched_setaffinity(server.pid, os.sched_getaffinity(0))
            bench = Bench(directory, server)
            bench.register()
            agent = bench.agent()
            try:
                down, up = ports(bench)
                say("port forward, down", down, "MB/s", down >= DOWN_LINE)
                say("port forward, up", up, "MB/s", up >= UP_LINE)
                took = asyncio.run(first_byte(bench))
                say("StartSession to the first byte of the shell", took, "s", took <= FIRST_BYTE_LINE)
                took = asyncio.run(from_approval(bench))
                say("approval to the first byte of the shell", took, "s", took <= FIRST_BYTE_LINE)
            finally:
                agent.terminate()
                agent.wait()
            grew = asyncio.run(idle(bench, asked.sessions))
            say(f"{asked.sessions} idle sessions over TLS, memory", grew, "MiB", grew <= IDLE_LINE)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
