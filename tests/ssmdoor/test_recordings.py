"""Recordings: what a shell showed, exported and checked against the journal; and sessions that are not recorded."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from ssmdoor.channel import Channel
from ssmdoor.rig import BIN, Rig, wait_for

UNRECORDED = {
    "schemaVersion": "1.0",
    "sessionType": "Standard_Stream",
    "inputs": {"recordSession": "false"},
}


def keystead(rig: Rig, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BIN / "keystead", *arguments, "--data", rig.folder / "data"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def shell(rig: Rig, typed: str, seen: str, **asked: str) -> str:
    """Have a shell say something, end it, and return its id once it is over."""
    ssm = rig.client("ssm")
    session = ssm.start_session(Target=rig.instance, **asked)

    async def say() -> None:
        channel = await Channel.join(rig, session)
        await channel.prompt()
        await channel.type(typed)
        await channel.sees(seen)
        await channel.socket.close()

    asyncio.run(say())
    ssm.terminate_session(SessionId=session["SessionId"])
    wait_for("its end", lambda: listed(rig, session["SessionId"])["state"] == "Terminated")
    return session["SessionId"]


def listed(rig: Rig, session_id: str) -> dict:
    rows = json.loads(keystead(rig, "sessions", "ls", "--node", rig.instance, "--json").stdout)
    return next(row for row in rows if row["session"] == session_id)


def file_of(rig: Rig, session_id: str) -> Path:
    (found,) = (rig.folder / "data/session-recordings").rglob(f"{session_id}.cast")
    return found


def test_recording_is_exported_and_bears_the_digest_in_the_journal(rig: Rig) -> None:
    session_id = shell(rig, "echo said-$((6*7))\r", "said-42")

    done = keystead(rig, "sessions", "record", session_id)

    head, *lines = [json.loads(line) for line in done.stdout.splitlines()]
    shown = "".join(text for _, kind, text in lines if kind == "o")
    assert (done.returncode, head["version"], "said-42" in shown) == (0, 2, True)
    events = [json.loads(line) for line in keystead(rig, "audit", "export").stdout.splitlines()]
    (ended,) = [
        each["requestParameters"]
        for each in events
        if each["eventName"] == "EndSession" and each["requestParameters"]["sessionId"] == session_id
    ]
    assert listed(rig, session_id)["recording"] == f"sha256:{ended['recordingSHA256']}"
    assert file_of(rig, session_id).stat().st_mode & 0o777 == 0o600


def test_recording_that_somebody_changed_is_told_apart(rig: Rig) -> None:
    session_id = shell(rig, "echo said-$((6*7))\r", "said-42")
    file = file_of(rig, session_id)
    file.write_text(file.read_text().replace("said-42", "said-43"))

    done = keystead(rig, "sessions", "record", session_id)

    assert done.returncode == 1
    assert "not what was recorded" in done.stderr


def test_session_whose_document_says_so_is_not_recorded(rig: Rig) -> None:
    ssm = rig.client("ssm")
    ssm.create_document(Name="Unrecorded", Content=json.dumps(UNRECORDED), DocumentType="Session")

    session_id = shell(rig, "echo said-$((6*7))\r", "said-42", DocumentName="Unrecorded")

    done = keystead(rig, "sessions", "record", session_id)
    assert listed(rig, session_id)["recording"] == "off"
    assert not list((rig.folder / "data").rglob(f"{session_id}.cast"))
    assert (done.returncode, "was not recorded" in done.stderr) == (1, True)


def test_session_that_can_no_longer_be_recorded_ends_with_a_text(rig: Rig) -> None:
    folder, aside = (rig.folder / "data" / each for each in ("session-recordings", "aside"))
    if folder.exists():
        folder.rename(aside)
    folder.write_text("a file where a folder should be")
    try:
        session = rig.client("ssm").start_session(Target=rig.instance)

        async def end() -> str:
            return await (await Channel.join(rig, session)).end()

        assert asyncio.run(end()) == "The session can no longer be recorded."
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)


@pytest.mark.parametrize("session_id", ["nobody-0123456789abcdefg", "../../root-credentials"])
def test_session_that_is_none_has_no_recording(rig: Rig, session_id: str) -> None:
    done = keystead(rig, "sessions", "record", session_id)

    assert (done.returncode, "no session has the id" in done.stderr, done.stdout) == (1, True, "")
