"""When the hub ends a session by itself, judged by a clock that the test moves."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from keystead.products.ssm.door import hub as door
from keystead.products.ssm.door.hub import Hub
from keystead.products.ssm.door.relay import Relay
from keystead.products.ssm.door.sockets import POLICY, Socket
from keystead.products.ssm.session_records import NOT_RECORDED, SessionRow
from keystead.sessionwire import frames, smux
from keystead.sessionwire.frames import Frame
from support.fakes import FixedEntropy, TestClock

CLOCK_EPOCH_MS = 1_800_000_000_000
SESSION = SessionRow(
    id="ana-0123456789abcdefg",
    account="123456789012",
    region="us-east-1",
    target="mi-0123456789abcdef0",
    document="SSM-SessionManagerRunShell",
    session_type="Standard_Stream",
    content="{}",
    reason="",
    owner_arn="arn:aws:iam::123456789012:user/ana",
    owner_id="AIDA",
    credential="AKIA",
    access_request="",
    state="Connected",
    started_at=CLOCK_EPOCH_MS,
    ended_at=None,
    idle_seconds=1200,
    most_seconds=None,
    recording=NOT_RECORDED,
)


class Desk:
    """A hub with one session whose credential stands until a test says otherwise."""

    def __init__(self, **changes: object) -> None:
        self.clock, self.stands = TestClock(), True
        verifier = SimpleNamespace(stands=lambda credential: self.stands)
        self.hub = Hub(None, verifier, Path("/nowhere"), self.clock, FixedEntropy())
        self.relay: Relay = self.hub._relay(replace(SESSION, **changes))
        self.relay.node_has_joined = True

    def because(self) -> str:
        return self.hub._why_over(self.relay)

    def data(self, payload: bytes) -> None:
        frame = Frame(frames.INPUT, 0, payload, bytes(16), 1, 0, 1)
        self.relay._note("client", frame)


def test_idle_session_ends_after_its_time_and_not_before() -> None:
    desk = Desk()
    desk.clock.advance(1199)
    assert desk.because() == ""

    desk.clock.advance(2)
    assert desk.because() == door.WAS_IDLE


def test_data_keeps_a_session_and_keep_alives_do_not() -> None:
    desk = Desk()
    desk.clock.advance(1000)
    desk.data(b"ls")
    desk.clock.advance(1000)
    desk.data(smux.nop())
    assert desk.because() == ""

    desk.clock.advance(201)
    assert desk.because() == door.WAS_IDLE


@pytest.mark.parametrize(("seconds", "because"), [(599, ""), (601, door.TOO_LONG)])
def test_maximum_duration_counts_though_bytes_go_through(seconds: float, because: str) -> None:
    desk = Desk(most_seconds=600)
    desk.clock.advance(seconds)
    desk.data(b"x")

    assert desk.because() == because


def test_revoked_credential_ends_a_session_before_anything_else() -> None:
    desk = Desk(most_seconds=1)
    desk.clock.advance(10_000)
    desk.stands = False

    assert desk.because() == door.ACCESS_ENDED


@pytest.mark.parametrize(("seconds", "because"), [(29, ""), (31, door.NEVER_JOINED)])
def test_node_has_half_a_minute_to_join(seconds: float, because: str) -> None:
    desk = Desk(state="Connecting")
    desk.relay.node_has_joined = False
    desk.clock.advance(seconds)

    assert desk.because() == because


def test_node_that_stays_away_loses_its_session_and_a_client_that_comes_back_does_not_save_it() -> None:
    desk = Desk()
    desk.hub._left(desk.relay, "node")
    desk.clock.advance(100)
    desk.relay._sockets["client"] = object()
    desk.hub._joined(desk.relay)
    desk.clock.advance(81)

    assert desk.because() == door.NODE_LOST


def test_last_word_of_a_node_is_one_that_every_database_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, told = Desk(), list[str]()

    async def finish(relay: Relay, because: str) -> None:
        told.append(because)

    async def write(raw: bytes) -> None:
        del raw

    monkeypatch.setattr(desk.hub, "_finish", finish)
    payload = json.dumps({"TaskId": SESSION.id, "Output": "it\0 broke"}).encode()
    raw = frames.encode(Frame(frames.TASK_COMPLETE, 0, payload, bytes(16), 1))
    asyncio.run(desk.hub._take_control(SESSION.target, SimpleNamespace(write=write), raw))

    assert told == [desk.relay.output] == ["it broke"]


@pytest.mark.parametrize("side", ["client", "node"])
def test_nobody_joins_a_session_that_is_over_while_its_row_is_still_open(side: str) -> None:
    desk, heard = Desk(), []

    async def receive() -> dict[str, object]:
        heard.append("read")
        return {"type": "websocket.disconnect"}

    async def send(message: dict[str, object]) -> None:
        heard.append(message)

    async def join() -> None:
        await desk.relay.finish(door.ACCESS_ENDED)
        await desk.relay.serve(side, Socket(receive, send))

    asyncio.run(join())

    assert heard == [{"type": "websocket.close", "code": POLICY}]
