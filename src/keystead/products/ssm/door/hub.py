"""What is connected to this process: nodes' control channels and sessions' relays, and what becomes of each.

A session is in the database before anybody joins it, and its row decides: the hub follows rows that others end, and
looks again every `LOOK_SECONDS`. Ends of this process reach it at once. After a restart, sessions that were open go
on: their ends come back by themselves.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from keystead.credentials.verify import Verifier
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.products.ssm import session_records as records
from keystead.products.ssm.door.recording import Recorder
from keystead.products.ssm.door.relay import Happenings, Relay, Side
from keystead.products.ssm.door.session_events import note_session
from keystead.products.ssm.door.sockets import Socket, SocketClosed
from keystead.products.ssm.session_records import SessionRow
from keystead.sessionwire import frames, payloads
from keystead.sessionwire.frames import BadFrame, Frame
from keystead.sessionwire.payloads import BadPayload, id_text
from keystead.store.interface import Store, Transaction

LOOK_SECONDS: Final = 0.25
UNJOINED_SECONDS: Final = 30.0
NODE_AWAY_SECONDS: Final = 180.0
"""How long a session outlives its node's channel; the agent tries for two minutes."""
LAST_WORD_SECONDS: Final = 1.0

TERMINATED_BY_USER: Final = "Session terminated."
ACCESS_ENDED: Final = "Your access to this node was revoked."
WAS_IDLE: Final = "The session was idle for too long."
TOO_LONG: Final = "The session has reached its maximum duration."
NEVER_JOINED: Final = "The node did not join the session."
NODE_GONE: Final = "The node was deregistered."
UNRECORDED: Final = "The session can no longer be recorded."
NODE_LOST: Final = "The connection to the node was lost."


class Hub:
    """The channels of this process."""

    def __init__(
        self, store: Store, verifier: Verifier, recordings: Path, clock: Clock, entropy: Entropy
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._recordings = recordings
        self._clock = clock
        self._entropy = entropy
        self._log = logging.getLogger(__name__)
        self._controls: dict[str, Socket] = {}
        self._relays: dict[str, Relay] = {}
        self._ending: set[str] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self._node_away: dict[str, float] = {}
        self._has_looked = False
        self._tell = Happenings(self._joined, self._left, self._node_ended, self._unrecorded)

    def is_connected(self, node: str) -> bool:
        """Whether a node's control channel is open here."""
        return node in self._controls

    def begin(self, session: SessionRow) -> None:
        """Order the node to start a session that is in the database now."""
        self._relay(session)
        self._soon(self._order(session))

    def end(self, session_id: str, because: str) -> None:
        """End a session whose row says that it is ending."""
        relay = self._relays.get(session_id)
        if relay is not None:
            self._soon(self._finish(relay, because))

    def drop_node(self, node: str) -> None:
        """Close the channels of a node that is not one any more."""
        for relay in list(self._relays.values()):
            if relay.session.target == node:
                self._soon(self._finish(relay, NODE_GONE))
        socket = self._controls.pop(node, None)
        if socket is not None:
            socket.end()

    async def serve_data(
        self, session: SessionRow, side: Side, socket: Socket, is_denied: Callable[[], bool] | None = None
    ) -> None:
        """Be one side's data channel. The session is over once `is_denied` says so."""
        relay = self._relay(session)
        relay.is_denied = is_denied or relay.is_denied
        await relay.serve(side, socket)

    async def serve_control(self, node: str, socket: Socket) -> None:
        """Be a node's control channel; a newer one takes an older one's place."""
        before = self._controls.get(node)
        self._controls[node] = socket
        if before is not None:
            before.end()
        try:
            for relay in list(self._relays.values()):
                if relay.session.target == node and not relay.node_has_joined:
                    await self._order(relay.session)
            while True:
                await self._take_control(node, socket, await socket.read())
        except SocketClosed:
            return
        except (BadFrame, BadPayload) as error:
            self._log.warning("control channel of %s: %s", node, error)
        finally:
            if self._controls.get(node) is socket:
                del self._controls[node]

    async def look(self) -> None:
        """Follow the rows, end what has lasted long enough, and write recordings down. Run as a worker."""
        if not self._has_looked:
            for state in records.OPEN:
                for session in records.in_state(self._store.reader, state):
                    self._relay(session)
                    if session.state != "Connecting":
                        # Its node was here before a restart, and has as long to come back as from a cut.
                        self._node_away.setdefault(session.id, self._clock.monotonic())
            self._has_looked = True
        for session in records.in_state(self._store.reader, "Terminating"):
            self._soon(self._finish(self._relay(session), session.ends_because or TERMINATED_BY_USER))
        for session in records.in_state(self._store.reader, "Connecting"):
            if session.id not in self._relays and self.is_connected(session.target):
                self.begin(session)
        for relay in list(self._relays.values()):
            because = self._why_over(relay)
            if because:
                self._soon(self._finish(relay, because))
            else:
                await relay.record()

    def _why_over(self, relay: Relay) -> str:
        now, session = self._clock.monotonic(), relay.session
        if not self._verifier.stands(session.credential) or relay.is_denied():
            return ACCESS_ENDED
        if not relay.node_has_joined and session.state == "Connecting":
            return NEVER_JOINED if now - relay.made_at > UNJOINED_SECONDS else ""
        if now - relay.last_data_at > session.idle_seconds:
            return WAS_IDLE
        if session.most_seconds and now_ms(self._clock) - session.started_at > session.most_seconds * 1000:
            return TOO_LONG
        away = self._node_away.get(session.id)
        return NODE_LOST if away is not None and now - away > NODE_AWAY_SECONDS else ""

    def _relay(self, session: SessionRow) -> Relay:
        relay = self._relays.get(session.id)
        if relay is None:
            recorder = None
            if session.recording != records.NOT_RECORDED:
                path = self._recordings / session.account / f"{session.id}.cast"
                recorder = Recorder(path, session.id, session.started_at / 1000)
            relay = Relay(session, recorder, self._tell, self._clock, self._entropy)
            self._relays[session.id] = relay
        return relay

    def _joined(self, relay: Relay) -> None:
        if relay.has("node"):
            self._node_away.pop(relay.session.id, None)
        if relay.has("client") and relay.has("node"):
            self._soon(self._step(relay, "Connected"))

    def _left(self, relay: Relay, side: Side) -> None:
        if side == "client":
            self._soon(relay.pause_node())
            self._soon(self._step(relay, "Disconnected"))
        else:
            self._node_away[relay.session.id] = self._clock.monotonic()

    def _node_ended(self, relay: Relay) -> None:
        """The node says that its session ends; its last word, with a text, comes by the control channel."""
        self._soon(self._finish_soon(relay))

    def _unrecorded(self, relay: Relay) -> None:
        self._log.error("session %s: its recording cannot be written", relay.session.id)
        self._soon(self._finish(relay, UNRECORDED))

    async def _finish_soon(self, relay: Relay) -> None:
        await asyncio.sleep(LAST_WORD_SECONDS)
        await self._finish(relay, relay.output)

    async def _order(self, session: SessionRow) -> None:
        control = self._controls.get(session.target)
        if control is None:
            return
        payload = {
            "Content": session.content,
            "TaskId": session.id,
            "Topic": "aws.ssm.sendCommand",
            "SchemaVersion": 1,
        }
        try:
            await control.write(self._frame(frames.INTERACTIVE_SHELL, json.dumps(payload).encode()))
        except SocketClosed:
            return

    async def _take_control(self, node: str, socket: Socket, message: bytes | str) -> None:
        if isinstance(message, str):
            raise BadFrame("a text in the middle of a channel")
        frame = frames.decode(message)
        if frame.type != frames.TASK_COMPLETE:
            return
        told = payloads.read_object(frame.payload)
        session_id = payloads.text(told, "TaskId")
        answer = {
            "SchemaVersion": 1,
            "MessageId": id_text(frame.message_id),
            "TaskId": session_id,
            "Topic": payloads.text(told, "Topic") or frames.TASK_COMPLETE,
        }
        await socket.write(self._frame(frames.TASK_ACKNOWLEDGE, json.dumps(answer).encode()))
        relay = self._relays.get(session_id)
        # A node speaks of its own sessions only.
        if relay is not None and relay.session.target == node:
            # Without what no database keeps: the end would not be written down.
            relay.output = payloads.text(told, "Output")[:2000].replace("\0", "")
            await self._finish(relay, relay.output)

    async def _finish(self, relay: Relay, because: str) -> None:
        """End a session everywhere, once: channels first, then the row and the journal."""
        session = relay.session
        if session.id in self._ending:
            return
        self._ending.add(session.id)
        try:
            had_node = relay.has("node")
            await relay.finish(because)
            control = self._controls.get(session.target)
            if not had_node and control is not None:
                try:
                    async with asyncio.timeout(LAST_WORD_SECONDS):
                        await control.write(relay.end_frame(because))
                except (SocketClosed, TimeoutError):
                    self._log.info("node %s is gone", session.target)
            digest = await self._close_recording(relay)
            await self._store.write(lambda tx: self._write_end(tx, relay, because, digest))
            self._relays.pop(session.id, None)
            self._node_away.pop(session.id, None)
        finally:
            self._ending.discard(session.id)

    def _write_end(self, tx: Transaction, relay: Relay, because: str, digest: str) -> None:
        session = relay.session
        now = now_ms(self._clock)
        is_failed = because == NEVER_JOINED
        if not records.step(tx, session.id, "Failed" if is_failed else "Terminated", because, now):
            return
        records.drop_tokens(tx, session.id)
        if digest:
            records.set_recording(tx, session.id, f"sha256:{digest}")
        note_session(
            tx,
            self._clock,
            "EndSession",
            session,
            because=because,
            bytesFromClient=relay.bytes_by_side["client"],
            bytesFromNode=relay.bytes_by_side["node"],
            recordingSHA256=digest,
        )

    async def _step(self, relay: Relay, state: records.State) -> None:
        session_id = relay.session.id
        await self._store.write(lambda tx: records.step(tx, session_id, state))
        if (row := records.find_any(self._store.reader, session_id)) is not None:
            relay.session = row

    async def _close_recording(self, relay: Relay) -> str:
        """Return the recording's digest, empty if there is none or it cannot be read."""
        try:
            return await relay.recorder.close() if relay.recorder is not None else ""
        except OSError:
            self._log.exception("session %s: its recording is not whole", relay.session.id)
            return ""

    def _soon(self, work: Awaitable[Any]) -> None:
        async def do() -> None:
            try:
                await work
            except Exception:
                # What failed is looked at again by the worker; nobody waits for it here.
                self._log.exception("a session's channel could not be looked after")

        job = asyncio.create_task(do())
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    def _frame(self, type_: str, payload: bytes) -> bytes:
        created = max(1, int(self._clock.real_epoch() * 1000))
        return frames.encode(Frame(type_, 0, payload, self._entropy.token_bytes(16), created))
