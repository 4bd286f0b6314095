"""Who is let wait at the door, who speaks for whom, and what is heard once."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from keystead.kernel.clock import SystemClock
from keystead.kernel.entropy import SystemEntropy
from keystead.remote.link import Gone
from keystead.remote.node.calls import Calls
from keystead.remote.node.place import Place
from keystead.remote.sockets import trust
from ssmdoor.channel import Channel
from ssmdoor.rig import Rig
from support import sessionpeer as peer


async def bare(rig: Rig, session: dict):
    return await connect(session["StreamUrl"], ssl=trust(rig.ca), compression=None, proxy=None)


async def code_of(socket, seconds: float = 15) -> int:
    try:
        async with asyncio.timeout(seconds):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


@pytest.fixture
def session(rig: Rig):
    opened = rig.client("ssm").start_session(Target=rig.instance)
    yield opened
    rig.client("ssm").terminate_session(SessionId=opened["SessionId"])


def test_socket_that_says_nothing_is_closed_and_its_token_still_opens(rig: Rig, session: dict) -> None:
    async def wait() -> tuple[int, float]:
        began = time.monotonic()
        code = await code_of(await bare(rig, session))
        took = time.monotonic() - began
        await (await Channel.join(rig, session)).prompt()
        return code, took

    code, took = asyncio.run(wait())
    assert (code, 4 < took < 10) == (1008, True)


@pytest.mark.parametrize(
    "first",
    [
        b"\0" * 200,
        "not JSON",
        "{}",
        '{"TokenValue":7}',
        '{"TokenValue":null}',
        '{"TokenValue":"' + "x" * 4_000 + '"}',
        "[" * 4_000,
    ],
    ids=["binary", "no-json", "no-token", "number", "null", "large", "nested"],
)
def test_first_message_that_shows_no_token_is_the_last(rig: Rig, session: dict, first: str | bytes) -> None:
    async def say() -> int:
        socket = await bare(rig, session)
        await socket.send(first)
        return await code_of(socket)

    assert asyncio.run(say()) == 1008


@pytest.mark.parametrize("size", [4097, 1024 * 1024])
def test_first_message_that_is_too_large_is_refused_by_its_length(rig: Rig, session: dict, size: int) -> None:
    """Not even a right token is looked for in it; and none of it has to arrive before the refusal."""

    async def say() -> int:
        socket = await bare(rig, session)
        # The head of one masked text, and no more of it.
        socket.transport.write(bytes([0x81, 0x80 | 127]) + size.to_bytes(8, "big") + bytes(4))
        return await code_of(socket, 4)

    assert asyncio.run(say()) == 1009


def test_first_message_may_be_followed_at_once_by_large_ones(rig: Rig, session: dict) -> None:
    """As when an end comes back after a cut, and sends again what was on its way."""

    async def come_back() -> bytes:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        channel.socket.transport.abort()
        again = rig.client("ssm").resume_session(SessionId=session["SessionId"])
        channel.socket = await bare(rig, again)
        messages = [
            Frame(Opcode.TEXT, json.dumps({"TokenValue": again["TokenValue"]}).encode()),
            Frame(
                Opcode.BINARY, peer.write("input_stream_data", 0, b'{"cols":80,"rows":24}' + b" " * 30_000, 3)
            ),
            Frame(Opcode.BINARY, peer.write("input_stream_data", 1, b"echo all-$((6*7))\r", 1)),
        ]
        channel.socket.transport.write(b"".join(each.serialize(mask=True) for each in messages))
        await channel.sees("all-42")
        return channel.shown

    assert b"all-42" in asyncio.run(come_back())


def test_node_gets_no_channel_of_another_nodes_session(rig: Rig, session: dict) -> None:
    rig.another_node("neighbour")
    place = Place(rig.folder / "neighbour")
    calls = Calls(place.settings(), place.key(), SystemClock(), SystemEntropy(), trust(rig.ca))

    for kind, id_ in (("data-channel", session["SessionId"]), ("control-channel", rig.instance)):
        with pytest.raises(Gone, match="403"):
            asyncio.run(calls.channel_token(kind, id_, {}))


def test_clients_token_makes_nobody_a_node(rig: Rig, session: dict) -> None:
    """The node's signature beside a client's token: it is a client's channel, and for the node's role to allow."""
    place = Place(rig.folder / "node")
    calls = Calls(place.settings(), place.key(), SystemClock(), SystemEntropy(), trust(rig.ca))

    async def show() -> int:
        url = f"wss://{rig.ready['https'].split('://')[1]}/v1/control-channel/{rig.instance}?role=subscribe"
        socket = await connect(
            url, ssl=trust(rig.ca), additional_headers=await calls.socket_headers(url), proxy=None
        )
        await socket.send(json.dumps({"MessageSchemaVersion": "1.0", "TokenValue": session["TokenValue"]}))
        return await code_of(socket)

    assert asyncio.run(show()) == 1008
    assert rig.client("ssm").get_connection_status(Target=rig.instance)["Status"] == "connected"


def test_message_that_is_replayed_is_typed_once(rig: Rig, session: dict) -> None:
    async def replay() -> bytes:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        raw = peer.write("input_stream_data", 0, b"echo once-$((6*7))\r", 1)
        for _ in range(3):
            await channel.socket.send(raw)
        channel.sent = 1
        await channel.type("echo over-$((6*7))\r")
        await channel.sees("over-42")
        return channel.shown

    assert asyncio.run(replay()).count(b"once-42") == 1
