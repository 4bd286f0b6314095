"""The query log: one line of JSON per query, in the form of OCSF 1.2.0, class DNS Activity (4003).

Follows facts/dns.md §10. A resolver without an observability region logs nothing. What happened waits in memory,
at most 50,000 queries, and is put into words and written by a thread: a query never waits for the disk, and what
found no room is counted. The value of a token is in no line. On a crash at most a second of lines is lost, on
a stop none.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door.logline import Circumstances, Happened, line
from keystead.products.globalresolver.door.told import Told

_LOG = logging.getLogger("keystead.dns")
FLUSH_SECONDS = 1.0
_MOST_WAITING = 50_000
_WRITTEN_AT_ONCE = 5_000
"""So many do not wait for their second: a thread that words more at once holds others up for longer."""
_LARGEST_FILE = 64 * 1024 * 1024
_KEPT_FILES = 4
_UID_OCTETS = 8


class QueryLog:
    """Collects what happened and writes it down apart from queries."""

    def __init__(self, path: Path, clock: Clock, entropy: Entropy) -> None:
        self._path = path
        self._clock = clock
        self._entropy = entropy
        self._waiting: list[Happened] = []
        self._turn = asyncio.Lock()
        self._hurried: asyncio.Task[None] | None = None
        self.dropped = 0

    def add(self, circumstances: Circumstances, host: str, port: int, told: Told, began: float) -> None:
        """Note a query of a client and its answer, if its resolver logs queries."""
        if circumstances.resolver is None:
            return
        waiting = self._waiting
        if len(waiting) >= _WRITTEN_AT_ONCE and self._hurried is None:
            self._hurried = asyncio.create_task(self._hurry())
        if len(waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        waiting.append((circumstances, host, port, told, began, self._clock.real_epoch()))

    async def _hurry(self) -> None:
        """Write down what waits before its time: much comes in."""
        try:
            await self.flush()
        except OSError as error:
            _LOG.warning("the query log cannot be written: %s", error.strerror)
        finally:
            self._hurried = None

    async def flush(self) -> None:
        """Write down what waits. Raises OSError, and has dropped it then: the next queries may fare better."""
        async with self._turn:
            waiting, self._waiting = self._waiting, []
            if self.dropped:
                _LOG.warning("the query log had no room for %d queries", self.dropped)
                self.dropped = 0
            if waiting:
                try:
                    await asyncio.to_thread(self._write, waiting)
                except OSError:
                    self.dropped += len(waiting)
                    raise

    def _write(self, waiting: Sequence[Happened]) -> None:
        self._make_room()
        uids = self._entropy.token_bytes(_UID_OCTETS * len(waiting)).hex()
        width = 2 * _UID_OCTETS
        text = "".join([line(each, uids[n * width : n * width + width]) for n, each in enumerate(waiting)])
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())

    def _make_room(self) -> None:
        """Move a full file aside; the oldest of those goes."""
        if not self._path.exists() or self._path.stat().st_size < _LARGEST_FILE:
            return
        for number in range(_KEPT_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
