"""Joins the two channels of one session and passes their frames on unchanged.

Follows amazon-ssm-agent and session-manager-plugin, whose sequences and buffers are at the ends: the relay keeps no
frame. What is for a side that is away is dropped, since the other side sends it again when that is back; the node
is told to pause meanwhile.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.ssm.door.recording import Recorder
from keystead.products.ssm.door.sockets import NORMAL, POLICY, Socket, SocketClosed
from keystead.products.ssm.session_records import SessionRow
from keystead.sessionwire import frames, payloads, smux
from keystead.sessionwire.frames import BadFrame, Frame
from keystead.sessionwire.payloads import id_text

Side = Literal["client", "node"]
_OTHER: Final[dict[Side, Side]] = {"client": "node", "node": "client"}
_STREAM: Final[dict[Side, str]] = {"client": frames.INPUT, "node": frames.OUTPUT}
_NOP: Final = smux.nop()
LAST_WORD_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Happenings:
    """Whom the relay tells what happened. Each returns at once."""

    joined: Callable[["Relay"], None]
    left: Callable[["Relay", Side], None]
    node_ended: Callable[["Relay"], None]
    unrecorded: Callable[["Relay"], None]


def _never() -> bool:
    return False


class Relay:
    """One session's channels."""

    def __init__(
        self,
        session: SessionRow,
        recorder: Recorder | None,
        tell: Happenings,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.session = session
        self.recorder = recorder
        self._tell = tell
        self._clock = clock
        self._entropy = entropy
        self._sockets: dict[Side, Socket] = {}
        self.last_data_at = clock.monotonic()
        self.made_at = self.last_data_at
        self.bytes_by_side: dict[Side, int] = {"client": 0, "node": 0}
        self.node_has_joined = False
        self.output = ""
        self.is_over = False
        self.has_lost_its_recording = False
        self.is_denied: Callable[[], bool] = _never

    def has(self, side: Side) -> bool:
        """Whether a side is there."""
        return side in self._sockets

    async def serve(self, side: Side, socket: Socket) -> None:
        """Be one side's channel until it breaks or the session is over. A newer channel replaces an older one."""
        if self.is_over:
            # Its row may still say that it is open. Nobody looks after a session that is over: nobody may join it.
            await socket.close(POLICY)
            return
        before = self._sockets.get(side)
        self._sockets[side] = socket
        if before is not None:
            before.end()
        self.node_has_joined = self.node_has_joined or side == "node"
        try:
            await self._greet()
            self._tell.joined(self)
            await self._pass_on(side, socket)
        except SocketClosed:
            pass
        finally:
            if self._sockets.get(side) is socket:
                del self._sockets[side]
                if not self.is_over:
                    self._tell.left(self, side)

    async def pause_node(self) -> None:
        """Have the node read and send nothing while no client is there."""
        if "client" not in self._sockets:
            await self._say("node", frames.PAUSE_PUBLICATION, b"")

    async def finish(self, output: str) -> None:
        """End the session on both channels. `output` is for the user; empty if it ended as it should."""
        self.is_over = True
        for side in ("client", "node"):
            socket = self._sockets.get(side)
            if socket is None:
                continue
            # A peer that reads nothing is cut off without a word: the end of a session waits for nobody.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._say(side, frames.CHANNEL_CLOSED, self._end(output))
                    await socket.close(NORMAL)
            socket.end()

    async def record(self) -> None:
        """Write down what was shown. A session that can no longer be recorded is over: tell of it, once."""
        if self.recorder is None:
            return
        try:
            await self.recorder.flush()
        except OSError:
            self.recorder = None
            self.has_lost_its_recording = True
            self._tell.unrecorded(self)

    def end_frame(self, output: str) -> bytes:
        """Return the frame that ends the session, for a node's control channel."""
        return self._frame(frames.CHANNEL_CLOSED, self._end(output))

    async def _greet(self) -> None:
        """Tell the node whether a client is there."""
        if "node" in self._sockets:
            start = "client" in self._sockets
            await self._say("node", frames.START_PUBLICATION if start else frames.PAUSE_PUBLICATION, b"")

    async def _pass_on(self, side: Side, socket: Socket) -> None:
        stream, other = _STREAM[side], _OTHER[side]
        while True:
            raw = await socket.read()
            try:
                if isinstance(raw, str):
                    raise BadFrame("a text in the middle of a channel")
                frame = frames.decode(raw)
            except BadFrame:
                await socket.close(POLICY)
                return
            if frame.type == stream:
                self._note(side, frame)
                if self.recorder is not None and self.recorder.is_full:
                    await self.record()
                if self.has_lost_its_recording:
                    # Nothing is shown that nobody could show again.
                    continue
            elif frame.type == frames.AGENT_SESSION_STATE and side == "node":
                self._take_state(frame)
                continue
            elif frame.type != frames.ACKNOWLEDGE:
                # Nobody but the door ends, pauses or orders a session.
                continue
            receiver = self._sockets.get(other)
            if receiver is not None:
                try:
                    await receiver.write(raw)
                except SocketClosed:
                    continue

    def _note(self, side: Side, frame: Frame) -> None:
        self.bytes_by_side[side] += len(frame.payload)
        if frame.payload != _NOP:
            self.last_data_at = self._clock.monotonic()
        if self.recorder is not None:
            (self.recorder.shown if side == "node" else self.recorder.sized)(frame, self._clock.epoch())

    def _take_state(self, frame: Frame) -> None:
        try:
            state = payloads.text(payloads.read_object(frame.payload), "SessionState")
        except payloads.BadPayload:
            return
        if state == "Terminating":
            self._tell.node_ended(self)

    async def _say(self, side: Side, type_: str, payload: bytes) -> None:
        socket = self._sockets.get(side)
        if socket is not None:
            try:
                await socket.write(self._frame(type_, payload))
            except SocketClosed:
                return

    def _end(self, output: str) -> bytes:
        end = payloads.ChannelClosed(
            self.session.id, output, id_text(self._entropy.token_bytes(16)), self._now_ms()
        )
        return payloads.channel_closed(end)

    def _frame(self, type_: str, payload: bytes) -> bytes:
        return frames.encode(Frame(type_, 0, payload, self._entropy.token_bytes(16), self._now_ms()))

    def _now_ms(self) -> int:
        return max(1, int(self._clock.real_epoch() * 1000))
