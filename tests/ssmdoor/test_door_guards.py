"""Who is let wait at the door, who speaks for whom, and what is heard once."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

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
        '{"TokenValue":"' + "x" * 70_000 + '"}',
        "[" * 60_000,
    ],
    ids=["binary", "no-json", "no-token", "number", "null", "large", "nested"],
)
def test_first_message_that_shows_no_token_is_the_last(rig: Rig, session: dict, first: str | bytes) -> None:
    async def say() -> int:
        socket = await bare(rig, session)
        await socket.send(first)
        return await code_of(socket)

    assert asyncio.run(say()) == 1008


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
