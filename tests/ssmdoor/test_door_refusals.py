"""What the door refuses: nodes that are none, channels of others, tokens used twice, bytes that are no frames."""

import asyncio
import base64
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from keystead.kernel.clock import SystemClock
from keystead.kernel.entropy import SystemEntropy
from keystead.remote.link import Gone
from keystead.remote.node.calls import Calls, Refused
from keystead.remote.node.place import NodeSettings, Place, new_key
from keystead.remote.sockets import trust
from ssmdoor.rig import Rig
from support import sessionpeer as peer

SHELL = {"MessageSchemaVersion": "1.0", "RequestId": "r", "ClientId": "c", "ClientVersion": "1.2.553.0"}


def calls_of(rig: Rig, settings: NodeSettings | None = None, key=None) -> Calls:
    place = Place(rig.folder / "node")
    return Calls(
        settings or place.settings(), key or place.key(), SystemClock(), SystemEntropy(), trust(rig.ca)
    )


def opened(rig: Rig) -> dict:
    return rig.client("ssm").start_session(Target=rig.instance)


async def join(rig: Rig, session: dict, token: str | None = None):
    socket = await connect(session["StreamUrl"], ssl=trust(rig.ca), compression=None, proxy=None)
    await socket.send(json.dumps({**SHELL, "TokenValue": token or session["TokenValue"]}))
    return socket


async def code_of(socket) -> int:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def test_wrong_code_registers_nobody(rig: Rig) -> None:
    done = rig.node(
        "register",
        "--endpoint",
        rig.ready["https"],
        "--id",
        rig.activation,
        "--code",
        "x" * 24,
        "--ca",
        str(rig.ca),
        folder="other",
    )

    assert done.returncode != 0
    assert "InvalidActivation" in done.stderr
    assert not (rig.folder / "other").exists()


def test_used_up_activation_registers_nobody_else(rig: Rig) -> None:
    done = rig.node(
        *("register", "--endpoint", rig.ready["https"], "--ca", str(rig.ca)),
        *("--id", rig.activation, "--code", rig.code),
        folder="other",
    )

    assert "RegistrationLimitExceeded" in done.stderr


def test_node_with_another_key_gets_no_keys(rig: Rig) -> None:
    with pytest.raises(Refused, match="AccessDenied"):
        asyncio.run(calls_of(rig, key=new_key()).keys())


def test_node_opens_no_channel_of_another_node(rig: Rig) -> None:
    with pytest.raises(Gone, match="403"):
        asyncio.run(calls_of(rig).channel_token("control-channel", "mi-0123456789abcdef0", {}))


def test_node_opens_no_channel_of_a_session_that_is_not_its(rig: Rig) -> None:
    with pytest.raises(Gone, match="403"):
        asyncio.run(calls_of(rig).channel_token("data-channel", "ana-0123456789abcdefg", {}))


def test_users_keys_open_no_node_channel(rig: Rig) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{rig.ready['http']}/v1/control-channel/{rig.instance}", data=b"{}", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == 403


def test_token_opens_its_channel_once(rig: Rig) -> None:
    session = opened(rig)

    async def twice() -> int:
        first = await join(rig, session)
        await first.recv()
        code = await code_of(await join(rig, session))
        await first.close()
        return code

    assert asyncio.run(twice()) == 1008
    rig.client("ssm").terminate_session(SessionId=session["SessionId"])


def test_wrong_token_and_other_sessions_token_are_refused(rig: Rig) -> None:
    one, two = opened(rig), opened(rig)

    async def try_both() -> list[int]:
        return [await code_of(await join(rig, one, token)) for token in ("x" * 64, two["TokenValue"])]

    assert asyncio.run(try_both()) == [1008, 1008]
    for session in (one, two):
        rig.client("ssm").terminate_session(SessionId=session["SessionId"])


def test_wrong_signature_is_refused_before_the_upgrade(rig: Rig) -> None:
    session = opened(rig)

    async def knock() -> int:
        forged = (
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/ssmmessages/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
        )
        headers = {"Authorization": forged, "X-Amz-Date": "20260101T000000Z"}
        with pytest.raises(InvalidStatus) as refused:
            await connect(session["StreamUrl"], ssl=trust(rig.ca), additional_headers=headers, proxy=None)
        return refused.value.response.status_code

    assert asyncio.run(knock()) == 403
    rig.client("ssm").terminate_session(SessionId=session["SessionId"])


GOOD = peer.write("input_stream_data", 0, b"x", 1)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"short",
        bytes(120),
        GOOD[:-1] + b"y",
        GOOD + b"more",
        GOOD[:116] + b"\xff\xff\xff\xff" + GOOD[120:],
        peer.write("input_stream_data", -5, b"x", 1)[:4] + b"\0" * 32 + GOOD[36:],
        "a text in the middle",
        bytes(1024 * 1024 + 1),
    ],
    ids=["empty", "short", "zeroes", "digest", "longer", "length", "no-type", "text", "oversized"],
)
def test_bytes_that_are_no_frame_close_the_channel_and_harm_nobody(rig: Rig, bad: bytes | str) -> None:
    session = opened(rig)

    async def send() -> int:
        socket = await join(rig, session)
        await socket.recv()
        await socket.send(bad)
        return await code_of(socket)

    assert asyncio.run(send()) in (1008, 1009)
    assert rig.client("ssm").get_connection_status(Target=rig.instance)["Status"] == "connected"
    rig.client("ssm").terminate_session(SessionId=session["SessionId"])


def test_client_cannot_end_or_pause_the_node(rig: Rig) -> None:
    session = opened(rig)

    async def forge() -> bytes:
        socket = await join(rig, session)
        await socket.recv()
        for type_ in ("channel_closed", "pause_publication", "agent_session_state", "interactive_shell"):
            await socket.send(peer.write(type_, 0, b"{}", 0))
        await socket.send(peer.write("input_stream_data", 0, b"echo still-$((1+1))\r", 1))
        shown = b""
        while b"still-2" not in shown:
            raw = await asyncio.wait_for(socket.recv(), 10)
            if peer.read(raw)["type"] == "output_stream_data":
                shown += peer.read(raw)["payload"]
                await socket.send(peer.acknowledge(raw))
        await socket.close()
        return shown

    assert b"still-2" in asyncio.run(forge())
    rig.client("ssm").terminate_session(SessionId=session["SessionId"])


def test_session_on_an_unknown_node_is_not_connected(rig: Rig) -> None:
    ssm = rig.client("ssm")

    with pytest.raises(ssm.exceptions.TargetNotConnected, match="mi-0123456789abcdef0 is not connected"):
        ssm.start_session(Target="mi-0123456789abcdef0")


def test_ended_session_is_not_resumed(rig: Rig) -> None:
    ssm = rig.client("ssm")
    session = opened(rig)
    ssm.terminate_session(SessionId=session["SessionId"])

    with pytest.raises(ssm.exceptions.DoesNotExistException):
        ssm.resume_session(SessionId=session["SessionId"])


def test_unsigned_call_of_a_node_is_refused_and_garbage_is_no_fault(rig: Rig) -> None:
    import urllib.error
    import urllib.request

    for body in (b"", b"{", b"[]", b"[" * 100_000, b"{}", base64.b64encode(bytes(99))):
        for operation in (
            "RegisterManagedInstance",
            "RequestManagedInstanceRoleToken",
            "UpdateInstanceInformation",
        ):
            request = urllib.request.Request(
                rig.ready["http"],
                data=body,
                method="POST",
                headers={"X-Amz-Target": f"AmazonSSM.{operation}", "Authorization": "AWS4-HMAC-SHA256 x=y"},
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            with refused.value as answer:
                assert answer.code in (400, 413)
