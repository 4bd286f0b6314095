"""A client's end of a session on a bare socket: reads and acknowledges as the real plugin does."""

import asyncio
import json

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from keystead.remote.sockets import trust
from ssmdoor.rig import Rig
from support import sessionpeer as peer


class Channel:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.sent = 0
        self.shown = b""

    @classmethod
    async def join(cls, rig: Rig, session: dict) -> "Channel":
        socket = await connect(session["StreamUrl"], ssl=trust(rig.ca), compression=None, proxy=None)
        first = {"MessageSchemaVersion": "1.0", "TokenValue": session["TokenValue"], "ClientId": "c"}
        await socket.send(json.dumps(first))
        return cls(socket)

    async def prompt(self, seconds: float = 10.0) -> None:
        """Wait until the shell speaks: what is typed before the node is there is lost here."""
        async with asyncio.timeout(seconds):
            while not self.shown:
                await self._take(await self.socket.recv())

    async def type(self, text: str) -> None:
        await self.socket.send(peer.write("input_stream_data", self.sent, text.encode(), 1))
        self.sent += 1

    async def sees(self, text: str, seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while text.encode() not in self.shown:
                await self._take(await self.socket.recv())

    async def end(self, seconds: float = 10.0) -> str:
        """Return the text of the channel's end."""
        async with asyncio.timeout(seconds):
            while True:
                raw = await self.socket.recv()
                if peer.read(raw)["type"] == "channel_closed":
                    return json.loads(peer.read(raw)["payload"])["Output"]
                await self._take(raw)

    async def _take(self, raw: bytes) -> None:
        read = peer.read(raw)
        if read["type"] == "output_stream_data":
            self.shown += read["payload"]
            await self.socket.send(peer.acknowledge(raw))


async def refused(rig: Rig, session: dict) -> bool:
    channel = await Channel.join(rig, session)
    try:
        async with asyncio.timeout(10):
            while True:
                await channel.socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd is not None and closed.rcvd.code == 1008
