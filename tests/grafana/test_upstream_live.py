"""Grafana Live through the door: relayed in both directions, and cut when the token is no longer good."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Iterator, Sequence

import pytest
import websockets
from websockets import Subprotocol
from websockets.asyncio.server import ServerConnection, serve
from websockets.sync.client import ClientConnection, connect

from grafana.upstreams import Behaviour, Heard, Reader, ScriptedUpstream, Writer, scripted
from grafana.workspaces import GrafanaRoom


async def talk(socket: ServerConnection) -> None:
    """Greet, then say back what is said; close with what is asked for."""
    await socket.send(f"hello {socket.request.path}")
    async for message in socket:
        if message == "close 4001":
            await socket.close(4001, "as asked")
        elif isinstance(message, str) and message.startswith("flood "):
            for _ in range(int(message.split()[1])):
                await socket.send(b"x" * 65536)
        else:
            await socket.send(message)


def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Speak Grafana Live's own sub-protocol with whoever offers it."""
    return Subprotocol("centrifuge-protobuf") if "centrifuge-protobuf" in offered else None


def live(talk_=talk) -> Behaviour:
    """Return an upstream's behaviour: hand the connection over to a server of the library `websockets`."""

    async def behaviour(heard: Heard, reader: Reader, writer: Writer) -> None:
        async with serve(talk_, "127.0.0.1", 0, select_subprotocol=choose, compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            fields = "".join(f"{name}: {value}\r\n" for name, value in heard.fields)
            far_writer.write(f"GET {heard.target} HTTP/1.1\r\n{fields}\r\n".encode())
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    return behaviour


async def _pump(source: Reader, sink: Writer) -> None:
    while piece := await source.read(65536):
        sink.write(piece)
        await sink.drain()
    sink.close()


@pytest.fixture(scope="module")
def upstream(room: GrafanaRoom, workspace: str) -> Iterator[ScriptedUpstream]:
    with scripted(room, workspace, live()) as found:
        yield found


def opened(
    room: GrafanaRoom, workspace: str, key: str, path: str = "/api/live/ws", **more
) -> ClientConnection:
    url = f"{room.authority.url.replace('http', 'ws')}/_ws/{workspace}{path}"
    shown = {"Authorization": f"Bearer {key}"} if key else {}
    return connect(url, additional_headers=shown, compression=None, proxy=None, max_size=None, **more)


def test_messages_pass_in_both_directions(room, workspace, upstream):
    with opened(room, workspace, room.key(workspace, "VIEWER"), "/api/live/ws?x=1") as socket:
        assert socket.recv() == "hello /api/live/ws?x=1"
        for message in ("text", b"binary", "ä" * 1000, b"z" * 500_000, ""):
            socket.send(message)
            assert socket.recv() == message


def test_the_upstream_sees_its_own_token_and_nothing_of_the_client(room, workspace, upstream):
    headers = {
        "X-WEBAUTH-USER": "admin",
        "Cookie": "a=b",
        "X-JWT-Assertion": "x",
        "Origin": "https://evil.example",
    }
    key = room.key(workspace, "VIEWER")
    url = f"{room.authority.url.replace('http', 'ws')}/_ws/{workspace}/api/live/ws"
    headers["Authorization"] = f"Bearer {key}"
    with connect(url, additional_headers=headers, proxy=None) as socket:
        socket.recv()

    heard = upstream.heard[-1]
    assert heard.all("authorization")[0].removeprefix("Bearer ") in upstream.good
    for name in ("x-webauth-user", "cookie", "x-jwt-assertion", "origin"):
        assert heard.all(name) == []


def test_sub_protocol_and_close_code_pass(room, workspace, upstream):
    key = room.key(workspace, "VIEWER")
    with opened(room, workspace, key, subprotocols=["other", "centrifuge-protobuf"]) as socket:
        socket.recv()
        assert socket.subprotocol == "centrifuge-protobuf"
        socket.send("close 4001")

        with pytest.raises(websockets.ConnectionClosed):
            socket.recv()
        assert socket.close_code == 4001


@pytest.mark.parametrize("how", ["delete", "disable", "role", "expire", "clear", "deactivate"])
def test_an_open_socket_is_cut_within_a_second(room, how):
    workspace = room.workspace()
    admin, account = room.key(workspace), room.account(workspace, "VIEWER")
    minted = room.mint(workspace, account, seconds=3 if how == "expire" else 3600)
    credential = _credential(room, workspace, account)
    with scripted(room, workspace, live()), opened(room, workspace, minted["key"]) as socket:
        socket.recv()
        socket.send("still here")
        assert socket.recv() == "still here"

        if how == "delete":
            room.aws.delete_workspace_service_account_token(
                workspaceId=workspace, serviceAccountId=account, tokenId=minted["id"]
            )
        elif how in ("disable", "role"):
            change = {"isDisabled": True} if how == "disable" else {"role": "Editor"}
            path = f"/api/serviceaccounts/{account}"
            assert room.ask(workspace, path, admin, method="PATCH", body=change).status == 200
        elif how == "clear":
            room.authority.command("workspace-upstream-clear", id=workspace)
        elif how == "deactivate":
            room.authority.command("creds-deactivate", id=credential)
        began = time.monotonic()
        with pytest.raises(websockets.ConnectionClosed):
            socket.recv(timeout=10)

        assert socket.close_code == 1008
        assert time.monotonic() - began < (4.5 if how == "expire" else 1.0)


def _credential(room: GrafanaRoom, workspace: str, account: str) -> str:
    asked = "SELECT credential FROM grafana_token WHERE workspace = ? AND service_account = ?"
    return room.authority.look(lambda reader: reader.one(asked, (workspace, int(account))))[0]


@pytest.mark.parametrize("path", ["/api/live/ws", "/api/live/push/x", "/api/folders"])
def test_a_socket_without_a_token_or_elsewhere_is_not_opened(room, workspace, upstream, path):
    before = len(upstream.heard)
    for key in ("", "glsa_VVQjot0nijQ59lun6pMZRtsdBXxnFQ9M_77c34a79"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            opened(room, workspace, key, path)
        assert refused.value.response.status_code == 401
        assert b'"message"' in refused.value.response.body
    if path != "/api/live/ws":
        with pytest.raises(websockets.InvalidStatus) as refused:
            opened(room, workspace, room.key(workspace), path)
        assert refused.value.response.status_code == 404
    assert len(upstream.heard) == before


def test_a_workspace_without_an_upstream_has_no_sockets(room):
    workspace = room.workspace()

    with pytest.raises(websockets.InvalidStatus) as refused:
        opened(room, workspace, room.key(workspace))

    assert refused.value.response.status_code == 404


def test_a_client_that_reads_nothing_slows_its_upstream_and_nobody_else(room, workspace, upstream):
    key = room.key(workspace, "VIEWER")
    with opened(room, workspace, key) as slow, opened(room, workspace, key) as other:
        slow.recv()
        other.recv()
        slow.send("flood 2000")
        time.sleep(1)

        other.send("and I?")

        assert other.recv(timeout=5) == "and I?"
        assert room.ask(workspace, "/api/health").status == 200
        # A terminated reader: leaving `with` closes the socket that has 125 MB to come.


def test_an_upstream_that_refuses_the_socket_is_a_502(room):
    workspace = room.workspace()
    with scripted(room, workspace), pytest.raises(websockets.InvalidStatus) as refused:
        opened(room, workspace, room.key(workspace))

    assert refused.value.response.status_code == 502


async def deaf(heard: Heard, reader: Reader, writer: Writer) -> None:
    """Open a socket, and never read from it."""
    key = heard.all("sec-websocket-key")[0] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    await asyncio.sleep(60)


def test_an_upstream_whose_socket_never_reads_is_left(room):
    workspace = room.workspace()
    key = room.key(workspace)
    with scripted(room, workspace, deaf), opened(room, workspace, key) as socket:
        began = time.monotonic()
        # The door stops reading, then gives up: `room` lets an upstream be idle for three seconds.
        with pytest.raises(websockets.ConnectionClosed):
            _send_for_ever(socket)

        assert time.monotonic() - began < 20
        assert room.ask(workspace, "/api/health").status == 200


def _send_for_ever(socket: ClientConnection) -> None:
    while True:
        socket.send(b"x" * 65536)
