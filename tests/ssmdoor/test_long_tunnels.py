"""Tunnels that live longer than an hour, and what ends them all the same: real processes, moved clock."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from ssmdoor.access import ROLE, Access, Given, arrange, environment, signing, statement
from ssmdoor.rig import Rig
from ssmdoor.test_ports import MIB, Service, get
from ssmdoor.wire import Wire

SETTINGS = {"KEYSTEAD_ACCESS_TOKENS_FORWARD_PORTS": "true", "KEYSTEAD_ACCESS_TOKENS_LAST_WINDOW": "true"}
FORWARDING = "AWS-StartPortForwardingSession"


@pytest.fixture(scope="module")
def access(rig: Rig) -> Access:
    made = arrange(rig)
    allows = statement(Action="ssm:StartSession", Resource=f"arn:aws:ssm:*::document/{FORWARDING}")
    rig.client("iam").put_role_policy(RoleName=ROLE, PolicyName="ports", PolicyDocument=allows)
    return made


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.listener.close()


@dataclass
class Tunnel:
    """A port of the node by our plugin, whose first socket goes over a wire."""

    process: subprocess.Popen
    port: int
    wire: Wire
    given: Given


@contextmanager
def hour_old_tunnel(rig: Rig, access: Access, service: Service) -> Iterator[Tunnel]:
    """Give a tunnel that was begun with the keys of an approved request, and the clock put 61 minutes on."""
    wire = Wire(int(rig.ready["https"].rpartition(":")[2]))
    with access.approved("by-bob") as given:
        opened = signing(rig, given.keys).start_session(
            Target=rig.instance, DocumentName=FORWARDING, Parameters={"portNumber": [str(service.port)]}
        )
        path = opened["StreamUrl"].removeprefix("wss://").partition("/")[2]
        stream = f"wss://127.0.0.1:{wire.port}/{path}"
        argv, variables = rig.plugin(opened, stream, **environment(rig, given.keys))
        process = subprocess.Popen(
            argv, env=variables, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        try:
            line = next(line for line in process.stdout if line.startswith("Port "))
            assert process.stdout.readline() == "Waiting for connections...\n"
            port = int(line.split()[1])
            assert get(port, MIB) == MIB
            rig.clock("advance", "61m")
            yield Tunnel(process, port, wire, given)
        finally:
            process.terminate()
            process.stdout.close()
            process.wait(20)
            rig.client("ssm").terminate_session(SessionId=opened["SessionId"])
            rig.clock("reset")
            wire.close()


def test_keys_last_as_long_as_the_window_of_their_request(rig: Rig, access: Access) -> None:
    with access.approved("by-bob") as given:
        left = given.keys["ExpirationTime"] - datetime.now(UTC)
        rig.clock("advance", "121m")
        try:
            with pytest.raises(ClientError, match="ExpiredToken"):
                signing(rig, given.keys).start_session(Target=rig.instance)
        finally:
            rig.clock("reset")

    assert timedelta(minutes=119) < left <= timedelta(hours=2)


def test_tunnel_that_is_cut_after_an_hour_is_resumed(rig: Rig, access: Access, service: Service) -> None:
    with hour_old_tunnel(rig, access, service) as tunnel:
        assert get(tunnel.port, MIB) == MIB

        assert tunnel.wire.cut() > 0
        assert get(tunnel.port, MIB) == MIB
        assert tunnel.process.poll() is None


def test_tunnel_ends_with_a_revoke_all_the_same(rig: Rig, access: Access, service: Service) -> None:
    with hour_old_tunnel(rig, access, service) as tunnel:
        assert get(tunnel.port, MIB) == MIB

        access.end("approver", tunnel.given)
        assert "Your access to this node was revoked." in tunnel.process.stdout.read()
        assert tunnel.process.wait(20) == 0
