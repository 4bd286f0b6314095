"""Records what a session's user saw: asciicast version 2, one file per session, with a digest for the journal.

Follows the asciinema project, "asciicast v2". Only output and sizes are kept: what is typed and not echoed, a
password, is not. Frames that were sent again are recorded once. What is not written yet is bounded: whoever relays
writes it down before more is shown (`is_full`), so that a slow disk slows the session and fills no memory.
"""

import asyncio
import codecs
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keystead.sessionwire import payloads
from keystead.sessionwire.frames import Frame, PayloadType
from keystead.sessionwire.payloads import BadPayload, Size

MAX_BYTES: Final = 64 * 1024 * 1024
"""A recording ends here, and says so; a session does not."""
MAX_WAITING_BYTES: Final = 256 * 1024
"""So much of a session waits to be written, and one frame beyond it."""
_SHOWN: Final = (PayloadType.OUTPUT, PayloadType.STDERR)


@dataclass(slots=True)
class Recorder:
    """One session's recording. `path` is made with the first thing that is shown."""

    path: Path
    title: str
    started_at: float
    _size: Size = field(default_factory=lambda: Size(80, 24))
    _lines: list[str] = field(default_factory=list[str])
    _waiting: int = 0
    _written: int = 0
    _seen: int = -1
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def shown(self, frame: Frame, now: float) -> None:
        """Take a frame from the node. `now` is epoch seconds."""
        if frame.payload_type in _SHOWN and frame.sequence > self._seen:
            self._seen = frame.sequence
            # A character that is cut by a frame waits for its rest.
            told = self._decoder.decode(frame.payload)
            if told:
                self._add(now, "o", told)

    def sized(self, frame: Frame, now: float) -> None:
        """Take a size from the client."""
        if frame.payload_type == PayloadType.SIZE:
            try:
                size = payloads.read_size(frame.payload)
            except BadPayload:
                return
            if self._written or self._lines:
                self._add(now, "r", f"{size.columns}x{size.rows}")
            self._size = size

    @property
    def is_full(self) -> bool:
        """Whether what waits must be written down before more is shown."""
        return self._waiting >= MAX_WAITING_BYTES

    async def flush(self) -> None:
        """Write down what waits, in order. Raises OSError: the disk is full, or gone."""
        async with self._one_at_a_time:
            if self._lines:
                lines, self._lines = self._lines, []
                self._written, self._waiting = self._written + self._waiting, 0
                await asyncio.to_thread(self._write, lines)

    async def close(self) -> str:
        """Write down what waits and return the SHA-256 of the file, on disk by then; empty if nothing was shown.

        Raises OSError.
        """
        await self.flush()
        return await asyncio.to_thread(self._digest)

    def _write(self, lines: list[str]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self.path.exists()
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            if is_new:
                head = {
                    "version": 2,
                    "width": self._size.columns,
                    "height": self._size.rows,
                    "timestamp": int(self.started_at),
                    "title": self.title,
                }
                lines.insert(0, json.dumps(head) + "\n")
            file.writelines(lines)

    def _digest(self) -> str:
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _add(self, now: float, kind: str, text: str) -> None:
        if self._written + self._waiting > MAX_BYTES:
            return
        line = json.dumps([round(max(0.0, now - self.started_at), 6), kind, text]) + "\n"
        self._lines.append(line)
        self._waiting += len(line)
        if self._written + self._waiting > MAX_BYTES:
            self._lines.append(
                json.dumps([round(now - self.started_at, 6), "m", "recording ends here"]) + "\n"
            )
