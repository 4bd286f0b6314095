"""Deletes recordings once they are as old as the operator keeps them, each after a word in the journal.

They are found by their files: a recording lies with the process that made it, and several may share one database.
What no session's row knows is left alone.
"""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import session_records as records
from keystead.products.ssm.door.session_events import note_session
from keystead.products.ssm.session_records import SessionRow
from keystead.store.interface import Reader, Store, Transaction

LOOK_SECONDS: Final = 600.0
DAY_MS: Final = 24 * 3600 * 1000
SUFFIX: Final = ".cast"


class Retention:
    """Looks for recordings that are too old."""

    def __init__(self, store: Store, recordings: Path, days: int, clock: Clock) -> None:
        self._store = store
        self._recordings = recordings
        self._days = days
        self._clock = clock

    async def look(self) -> None:
        """Delete what is due. Killed in the middle, it goes on the next time."""
        files = await asyncio.to_thread(_files, self._recordings)
        before = now_ms(self._clock) - self._days * DAY_MS
        for session in await self._store.read(lambda reader: _ended(reader, files, before)):
            await self._store.write(lambda tx, due=session: self._note(tx, due))
            path = self._recordings / session.account / f"{session.id}{SUFFIX}"
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _note(self, tx: Transaction, session: SessionRow) -> None:
        if session.recording == records.DELETED:
            return
        records.set_recording(tx, session.id, records.DELETED)
        note_session(
            tx,
            self._clock,
            "DeleteSessionRecording",
            session,
            because=f"session_recordings_days is {self._days}",
            recordingSHA256=session.recording.removeprefix("sha256:"),
        )


def _files(recordings: Path) -> list[tuple[str, str]]:
    """Return (account, session id) of every recording that is here."""
    found: list[tuple[str, str]] = []
    for account in recordings.iterdir() if recordings.is_dir() else ():
        if account.is_dir():
            with os.scandir(account) as entries:
                found += [
                    (account.name, each.name.removesuffix(SUFFIX))
                    for each in entries
                    if each.name.endswith(SUFFIX)
                ]
    return found


def _ended(reader: Reader, files: Iterable[tuple[str, str]], before: int) -> list[SessionRow]:
    sessions = (records.find(reader, account, session_id) for account, session_id in files)
    return [each for each in sessions if each and each.ended_at is not None and each.ended_at < before]
