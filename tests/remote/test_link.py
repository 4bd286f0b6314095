"""A link over sockets that break: what was acknowledged is heard once, in order, whatever becomes of its socket."""

import asyncio
from types import SimpleNamespace

from websockets.exceptions import ConnectionClosedError

from keystead.remote.link import Link
from keystead.sessionwire.channel import Arrived, Closed, client_channel
from support import sessionpeer as peer
from support.fakes import FixedEntropy, TestClock

CLOSED = b'{"SessionId":"s","Output":"bye"}'


class Socket:
    """Brings messages one after the other and breaks after the last."""

    def __init__(self, *messages: bytes) -> None:
        self._messages = list(messages)
        self.is_broken = False
        self.sent: list[bytes] = []
        self.transport = SimpleNamespace(abort=lambda: None)

    def __aiter__(self) -> "Socket":
        return self

    async def __anext__(self) -> bytes:
        if self._messages:
            return self._messages.pop(0)
        self._break()
        raise StopAsyncIteration

    async def send(self, raw: bytes) -> None:
        if self.is_broken:
            self._break()
        self.sent.append(raw)

    async def ping(self, content: bytes) -> None:
        """Break while the first message is still being heard."""
        await asyncio.sleep(0.02)
        self._break()

    async def close(self) -> None:
        self.is_broken = True

    def _break(self) -> None:
        self.is_broken = True
        raise ConnectionClosedError(None, None)


def carried(*sockets: Socket) -> list[object]:
    """Return what a link on these sockets, one after the other, had its owner hear: slowly."""
    waiting, heard = list(sockets), []

    async def connect(is_again: bool) -> Socket:
        return waiting.pop(0)

    async def hear(event: object) -> None:
        await asyncio.sleep(0.05)
        heard.append(event)

    link = Link(client_channel(TestClock(), FixedEntropy()), connect, hear, patience_seconds=1)
    asyncio.run(asyncio.wait_for(link.run(), 10))
    return heard


def output(sequence: int) -> bytes:
    return peer.write("output_stream_data", sequence, b"%d" % sequence, 1)


def test_what_was_acknowledged_is_heard_though_its_socket_breaks_meanwhile() -> None:
    # The later message waits for the earlier one, and both are there at once.
    first = Socket(output(1), output(0))
    second = Socket(output(2), peer.write("channel_closed", 0, CLOSED, 0))

    heard = carried(first, second)

    assert heard == [Arrived(1, b"0"), Arrived(1, b"1"), Arrived(1, b"2"), Closed("bye")]
    assert [peer.read(raw)["type"] for raw in first.sent] == ["acknowledge"] * len(first.sent)


def test_last_word_that_a_broken_socket_had_brought_is_heard() -> None:
    only = Socket(output(0), output(1), peer.write("channel_closed", 0, CLOSED, 0))

    assert carried(only) == [Arrived(1, b"0"), Arrived(1, b"1"), Closed("bye")]


def test_payload_that_nobody_can_read_is_passed_over() -> None:
    from keystead.sessionwire.payloads import read_size

    heard, waiting = [], [Socket(output(0), peer.write("channel_closed", 0, CLOSED, 0))]

    async def connect(is_again: bool) -> Socket:
        return waiting.pop(0)

    async def hear(event: object) -> None:
        if isinstance(event, Arrived):
            read_size(event.payload)
        heard.append(event)

    link = Link(client_channel(TestClock(), FixedEntropy()), connect, hear, patience_seconds=1)
    asyncio.run(asyncio.wait_for(link.run(), 10))

    assert heard == [Closed("bye")]
