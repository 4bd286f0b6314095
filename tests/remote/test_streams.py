"""Forwarded streams between two links, over a wire in memory: what one end is given, the other end says."""

import asyncio

import pytest

from keystead.remote.forwarding import SWIFT, Streams
from keystead.remote.link import Link
from keystead.sessionwire.channel import Arrived, client_channel, node_channel
from support.fakes import FixedEntropy, TestClock


class Ends:
    """A client's and a node's streams, whose messages are carried by hand."""

    def __init__(self, accept) -> None:
        clock = TestClock()
        self.channels = client_channel(clock, FixedEntropy("c")), node_channel(clock, FixedEntropy("n"))
        links = [Link(channel, None, None, patience_seconds=1) for channel in self.channels]
        self.client = Streams(links[0], is_client=True, pace=SWIFT)
        self.node = Streams(links[1], is_client=False, accept=accept)
        self.links = links

    async def carry(self) -> None:
        client, node = self.channels
        while True:
            for source, sink, streams, link in (
                (client, node, self.node, self.links[0]),
                (node, client, self.client, self.links[1]),
            ):
                for raw in source.take():
                    for event in sink.receive(raw):
                        if isinstance(event, Arrived):
                            await streams.hear(event.payload)
                link._room.set()
            await asyncio.sleep(0.001)


async def served(handler, use) -> object:
    there = await asyncio.start_server(handler, "127.0.0.1", 0)
    where = there.sockets[0].getsockname()[:2]
    ends = Ends(lambda: asyncio.open_connection(*where))
    offers = set()

    async def accept(reader, writer) -> None:
        job = asyncio.current_task()
        offers.add(job)
        await ends.client.offer((reader, writer))

    here = await asyncio.start_server(accept, "127.0.0.1", 0)
    carrying = asyncio.create_task(ends.carry())
    try:
        async with asyncio.timeout(30):
            return await use(*here.sockets[0].getsockname()[:2])
    finally:
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
        await ends.client.close()
        await ends.node.close()
        here.close()
        there.close()


async def echo(reader, writer) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("count", [1, 70_000, 5_000_000])
def test_what_goes_in_comes_out_in_order(count: int) -> None:
    content = (bytes(range(251)) * (count // 251 + 1))[:count]

    async def use(host: str, port: int) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)

        async def write() -> None:
            writer.write(content)
            await writer.drain()

        writing = asyncio.create_task(write())
        got = await reader.readexactly(count)
        await writing
        writer.close()
        return got

    assert asyncio.run(served(echo, use)) == content


def test_streams_do_not_mix() -> None:
    async def use(host: str, port: int) -> list[bytes]:
        async def one(number: int) -> bytes:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(bytes([number]) * 100_000)
            await writer.drain()
            got = await reader.readexactly(100_000)
            writer.close()
            return got

        return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(served(echo, use)) == [bytes([number]) * 100_000 for number in range(20)]
