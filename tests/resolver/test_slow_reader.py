"""A peer that asks and does not read costs a bounded buffer, and then its connection."""

import asyncio
from types import SimpleNamespace

from keystead.products.globalresolver.door.answering import LATER
from keystead.products.globalresolver.door.stream import MOST_IN_FLIGHT, Connections, StreamProtocol

WIRE = b"\x00\x02ab"


class _Transport:
    """Notes whether it is read from, and what became of it."""

    def __init__(self):
        self.is_reading, self.written, self.end = True, 0, ""

    def get_extra_info(self, name):
        return ("127.0.0.1", 1) if name == "peername" else None

    def set_write_buffer_limits(self, high): ...

    def is_closing(self):
        return bool(self.end)

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True

    def write(self, data):
        self.written += len(data)

    def abort(self):
        self.end = "abort"

    def close(self):
        self.end = "close"


def _connected(answer):
    """`answer` is called with what takes an answer that has to be waited for."""
    answering = SimpleNamespace(answer=lambda arrival, wire, reply: answer(reply))
    protocol = StreamProtocol(Connections(answering, "DOT", lambda name: (), set(), {}))
    transport = _Transport()
    protocol.connection_made(transport)
    return protocol, transport


def test_answers_that_come_in_do_not_open_the_ears_for_who_reads_none():
    async def body():
        waiting, is_up = [], []

        def later(reply):
            waiting.append(reply)
            return b"answer" if is_up else LATER

        protocol, transport = _connected(later)
        protocol.data_received(WIRE * MOST_IN_FLIGHT)
        protocol.pause_writing()
        is_up.append(True)
        for reply in waiting:
            reply(b"answer")
        await asyncio.sleep(0.05)
        written = transport.written
        protocol.data_received(WIRE * 10)
        await asyncio.sleep(0.05)
        while_unread = transport.is_reading, transport.written - written
        protocol.resume_writing()
        await asyncio.sleep(0.05)
        protocol.connection_lost(None)
        return while_unread, transport.is_reading, transport.written - written > 0

    assert asyncio.run(body()) == ((False, 0), True, True)


def test_who_goes_on_reading_nothing_is_cut():
    async def body():
        protocol, transport = _connected(lambda reply: b"answer")
        protocol.pause_writing()
        protocol._end_idle()
        protocol.connection_lost(None)
        return transport.end

    assert asyncio.run(body()) == "abort"
