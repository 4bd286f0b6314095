"""The query log: one line of JSON per query, in the form of OCSF 1.2.0, class DNS Activity (4003).

Follows facts/dns.md §10. A resolver without an observability region logs nothing. What happened waits in memory,
at most 50,000 queries, and is put into words and written by a thread: a query never waits for the disk, and what
found no room is counted. The value of a token is in no line. On a crash at most a second of lines is lost.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.products.globalresolver.door.admission import Admitted, Denied
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.logline import Happened, line
from keystead.products.globalresolver.door.message import Query
from keystead.products.globalresolver.records import Rule

_LOG = logging.getLogger("keystead.dns")
FLUSH_SECONDS = 1.0
_MOST_WAITING = 50_000
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
        self.dropped = 0

    def add(
        self,
        arrival: Arrival,
        query: Query,
        access: Admitted | Denied,
        rule: Rule | None,
        told: bytes,
        began: float,
    ) -> None:
        """Note a query and its answer, if its resolver logs queries."""
        resolver = access.resolver
        if resolver is None or resolver.facts.observability_region is None:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        asked = (query.question, query.labels, query.type, query.klass)
        self._waiting.append((arrival, asked, access, resolver, rule, told, began, self._clock.real_epoch()))

    async def flush(self) -> None:
        """Write down what waits."""
        waiting, self._waiting = self._waiting, []
        if self.dropped:
            _LOG.warning("the query log had no room for %d queries", self.dropped)
            self.dropped = 0
        if waiting:
            await asyncio.to_thread(self._write, waiting)

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
