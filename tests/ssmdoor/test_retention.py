"""Recordings go when they are old enough, with a word in the journal, and nothing else goes with them."""

import hashlib
import json

import pytest

from keystead.kernel.clock import now_ms
from keystead.products.ssm import session_records
from keystead.products.ssm.door.retention import DAY_MS, Retention
from keystead.products.ssm.session_records import SessionRow
from support.running import RunningAuthority, settings_for

ACCOUNT, DAYS = "123456789012", 30


class Archive:
    """An authority's sessions and their recordings, as the door leaves them."""

    def __init__(self, running: RunningAuthority) -> None:
        self.running = running
        self.authority = running.authority
        self.folder = self.authority.settings.data / "session-recordings"
        self.retention = Retention(self.authority.store, self.folder, DAYS, self.authority.clock)

    def path(self, session_id: str):
        return self.folder / ACCOUNT / f"{session_id}.cast"

    def session(self, session_id: str, ended_days_ago: float | None, content: bytes = b"shown") -> str:
        """Keep a session and what it showed; return the recording's digest."""
        now, digest = now_ms(self.authority.clock), hashlib.sha256(content).hexdigest()
        ended = None if ended_days_ago is None else now - int(ended_days_ago * DAY_MS)
        row = SessionRow(
            *(
                session_id,
                ACCOUNT,
                "us-east-1",
                "mi-0123456789abcdef0",
                "document",
                "Standard_Stream",
                "{}",
                "",
            ),
            *("arn:aws:iam::123456789012:user/ana", "AIDA", "AKIA", ""),
            *("Terminated" if ended else "Disconnected", now - 400 * DAY_MS, ended, 10**9, None),
            *("", f"sha256:{digest}" if ended else ""),
        )
        self.running.run(self.authority.store.write(lambda tx: session_records.add(tx, row)))
        self.path(session_id).parent.mkdir(parents=True, exist_ok=True)
        self.path(session_id).write_bytes(content)
        return digest

    def look(self) -> None:
        self.running.run(self.retention.look())

    def recording(self, session_id: str) -> str:
        reading = self.authority.store.read(lambda reader: session_records.find_any(reader, session_id))
        return self.running.run(reading).recording

    def told(self, name: str) -> list[dict]:
        lines = [json.loads(bytes(line)) for line in self.running.command("audit-tail", count=100)]
        return [each["requestParameters"] for each in lines if each["eventName"] == name]


@pytest.fixture
def archive(authority) -> Archive:
    return Archive(authority)


@pytest.fixture
def authority(tmp_path, database):
    running = RunningAuthority(settings_for(tmp_path / "data", database=database))
    yield running
    running.stop()


def test_old_recording_goes_and_the_journal_knows_what_it_was(archive):
    digest = archive.session("old-00000000000000000", DAYS + 1)

    archive.look()
    archive.look()

    assert not archive.path("old-00000000000000000").exists()
    assert archive.recording("old-00000000000000000") == "deleted"
    (told,) = archive.told("DeleteSessionRecording")
    assert (told["sessionId"], told["recordingSHA256"]) == ("old-00000000000000000", digest)
    with pytest.raises(Exception, match="was deleted: it was older than"):
        archive.running.command("sessions-record", id="old-00000000000000000")


def test_young_recordings_live_sessions_and_files_of_nobody_stay(archive):
    archive.session("young-0000000000000000", DAYS - 1)
    archive.session("live-00000000000000000", None)
    strange = [
        archive.path("nobody-0000000000000000"),
        archive.folder / "note",
        archive.folder / ACCOUNT / "note",
    ]
    for each in strange:
        each.write_bytes(b"kept by somebody")

    archive.look()

    assert all(each.exists() for each in strange)
    assert archive.path("young-0000000000000000").exists()
    assert archive.path("live-00000000000000000").exists()
    assert archive.told("DeleteSessionRecording") == []


def test_what_was_begun_before_a_kill_is_done_and_told_once(archive):
    archive.session("old-00000000000000000", DAYS + 1)
    archive.look()
    archive.path("old-00000000000000000").write_bytes(b"as if it had been killed before this went")

    archive.look()

    assert not archive.path("old-00000000000000000").exists()
    assert len(archive.told("DeleteSessionRecording")) == 1


def test_authority_looks_by_itself_and_has_nothing_to_do_without_recordings(archive):
    workers = [worker for parts in archive.authority.parts for worker in parts.workers]
    (looking,) = [each for each in workers if each.name == "ssm-recordings"]

    archive.running.run(looking.work())
