"""What one peer can cost: memory while it reads nothing, however much there is for it, and however much it asks."""

import asyncio
import os
from pathlib import Path

from ssmdoor.channel import Channel
from ssmdoor.rig import Rig

MIB = 1 << 20
MOST_MIB = 20
STALL_SECONDS = 4


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_reader_that_stands_still_costs_neither_server_nor_node_memory(rig: Rig) -> None:
    ssm = rig.client("ssm")
    session = ssm.start_session(Target=rig.instance)

    async def stall() -> list[int]:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        before = [resident(process.pid) for process in (rig.server, rig.agent)]
        await channel.type("yes 0123456789012345678901234567890123456789\r")
        await asyncio.sleep(STALL_SECONDS)
        after = [resident(process.pid) for process in (rig.server, rig.agent)]
        channel.socket.transport.abort()
        return [(now - then) // MIB for now, then in zip(after, before, strict=True)]

    grew = asyncio.run(stall())
    ssm.terminate_session(SessionId=session["SessionId"])
    print(f"grew by {grew} MiB")
    assert max(grew) < MOST_MIB


def test_pings_whose_answers_nobody_reads_cost_the_server_no_memory(rig: Rig) -> None:
    session = rig.client("ssm").start_session(Target=rig.instance)

    async def flood() -> int:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        channel.socket.transport.pause_reading()
        before = resident(rig.server.pid)
        # One masked ping of 125 bytes, written past the library, which would wait for its answer.
        ping = bytes([0x89, 0x80 | 125, 0, 0, 0, 0]) + bytes(125)
        until = asyncio.get_running_loop().time() + STALL_SECONDS
        while asyncio.get_running_loop().time() < until:
            if channel.socket.transport.get_write_buffer_size() < MIB:
                channel.socket.transport.write(ping * 500)
            await asyncio.sleep(0)
        grew = resident(rig.server.pid) - before
        channel.socket.transport.abort()
        return grew // MIB

    grew = asyncio.run(flood())
    rig.client("ssm").terminate_session(SessionId=session["SessionId"])
    print(f"grew by {grew} MiB")
    assert grew < MOST_MIB
