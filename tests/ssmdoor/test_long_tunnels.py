"""Tunnels that live longer than an hour, and what ends them all the same: real processes, moved clock."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ssmdoor.access import ROLE, Access, arrange, environment, signing, statement
from ssmdoor.rig import BIN, Rig
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


@contextmanager
def moved_clock(rig: Rig) -> Iterator[None]:
    try:
        yield
    finally:
        clock(rig, "reset")


def clock(rig: Rig, *arguments: str) -> None:
    subprocess.run(
        [BIN / "keystead", "clock", *arguments, "--data", rig.folder / "data"],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )


@contextmanager
def tunnel(rig: Rig, keys: dict, service: Service, wire: Wire) -> Iterator[tuple[subprocess.Popen, int]]:
    """Forward a port of the node by our plugin, signing with `keys`, its first socket over the wire."""
    opened = signing(rig, keys).start_session(
        Target=rig.instance, DocumentName=FORWARDING, Parameters={"portNumber": [str(service.port)]}
    )
    path = opened["StreamUrl"].removeprefix("wss://").partition("/")[2]
    argv, environment_ = rig.plugin(opened, f"wss://127.0.0.1:{wire.port}/{path}", **environment(rig, keys))
    process = subprocess.Popen(
        argv, env=environment_, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    try:
        line = next(line for line in process.stdout if line.startswith("Port "))
        assert process.stdout.readline() == "Waiting for connections...\n"
        yield process, int(line.split()[1])
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(20)
        rig.client("ssm").terminate_session(SessionId=opened["SessionId"])


def test_keys_last_as_long_as_the_window_of_their_request(access: Access) -> None:
    with access.approved("by-bob") as given:
        left = given.keys["ExpirationTime"] - datetime.now(UTC)

    assert timedelta(minutes=119) < left <= timedelta(hours=2)


def test_tunnel_that_is_cut_after_an_hour_is_resumed(rig: Rig, access: Access, service: Service) -> None:
    wire = Wire(int(rig.ready["https"].rpartition(":")[2]))
    with (
        access.approved("by-bob") as given,
        tunnel(rig, given.keys, service, wire) as (process, port),
        moved_clock(rig),
    ):
        assert get(port, MIB) == MIB
        clock(rig, "advance", "61m")
        assert get(port, MIB) == MIB

        assert wire.cut() > 0
        assert get(port, MIB) == MIB
        assert process.poll() is None
    wire.close()


def test_tunnel_ends_with_a_revoke_all_the_same(rig: Rig, access: Access, service: Service) -> None:
    wire = Wire(int(rig.ready["https"].rpartition(":")[2]))
    with (
        access.approved("by-bob") as given,
        tunnel(rig, given.keys, service, wire) as (process, port),
        moved_clock(rig),
    ):
        clock(rig, "advance", "61m")
        assert get(port, MIB) == MIB
        access.end("approver", given)
        assert "Your access to this node was revoked." in process.stdout.read()
        assert process.wait(20) == 0
    wire.close()


def test_keys_end_with_the_window(rig: Rig, access: Access) -> None:
    with access.approved("by-bob") as given, moved_clock(rig):
        clock(rig, "advance", "121m")
        # ana's own session is over by now as well: the request is read by who administers it.
        item = access.root.get_ops_item(OpsItemId=given.request)["OpsItem"]
        with pytest.raises(access.root.exceptions.ClientError, match="ExpiredToken"):
            signing(rig, given.keys).start_session(Target=rig.instance)

    assert json.loads(item["OperationalData"]["/aws/accessrequest"]["Value"])
