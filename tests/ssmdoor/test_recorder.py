"""A recorder on its own: order, bounds, and what is in the file."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from keystead.products.ssm.door.recording import MAX_BYTES, MAX_WAITING_BYTES, Recorder
from keystead.sessionwire import frames
from keystead.sessionwire.frames import Frame


def output(sequence: int, payload: bytes) -> Frame:
    return Frame(frames.OUTPUT, sequence, payload, bytes(16), 1, 0, 1)


def shown_in(path: Path) -> str:
    _, *lines = [json.loads(line) for line in path.read_text().splitlines()]
    return "".join(text for _, kind, text in lines if kind == "o")


def test_lines_stay_in_order_whoever_writes_them_down(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a/s.cast", "s", 0.0)

    async def record() -> str:
        for sequence in range(200):
            recorder.shown(output(sequence, b"%d," % sequence), 1.0)
            await asyncio.gather(recorder.flush(), recorder.flush())
        return await recorder.close()

    digest = asyncio.run(record())
    assert shown_in(recorder.path) == "".join(f"{number}," for number in range(200))
    assert digest == hashlib.sha256(recorder.path.read_bytes()).hexdigest()


def test_frames_that_were_sent_again_and_cut_characters_are_recorded_once_and_whole(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s.cast", "s", 0.0)
    first, second = "grün".encode()[:3], "grün".encode()[3:]
    for frame in (output(0, first), output(0, first), output(1, second), output(0, first)):
        recorder.shown(frame, 1.0)
    asyncio.run(recorder.flush())

    assert shown_in(recorder.path) == "grün"


def test_what_waits_is_bounded_and_a_recording_ends_where_it_says(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "s.cast", "s", 0.0)
    piece, sequence, most = b"x" * 65536, 0, 0

    async def record() -> None:
        nonlocal sequence, most
        while sequence * len(piece) < MAX_BYTES + 4 * 1024 * 1024:
            recorder.shown(output(sequence, piece), 1.0)
            sequence, most = sequence + 1, max(most, recorder._waiting)
            if recorder.is_full:
                await recorder.flush()
        await recorder.flush()

    asyncio.run(record())
    assert most <= MAX_WAITING_BYTES + 2 * len(piece)
    assert recorder.path.stat().st_size <= MAX_BYTES + MAX_WAITING_BYTES
    assert json.loads(recorder.path.read_text().splitlines()[-1])[1:] == ["m", "recording ends here"]


def test_disk_that_takes_no_more_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file/s.cast", "s", 0.0)
    recorder.shown(output(0, b"x"), 1.0)

    with pytest.raises(FileExistsError):
        asyncio.run(recorder.flush())
