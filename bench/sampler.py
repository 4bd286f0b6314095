"""Runs a Python program and samples where it is, every few milliseconds of processor time.

`python -m bench.sampler OUT PROGRAM ARGUMENT…` writes OUT as JSON when the program ends: samples, and per function
how often it was innermost and how often it was anywhere on the stack. Costs a few percent; not for timed rounds.
"""

import json
import runpy
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

_INTERVAL_SECONDS = 0.001
# Where a thread is that runs no code of its own: in the event loop, or in a queue or lock of the library's.
_WAITING = ("asyncio/runners.py", "asyncio/base_events.py", "/threading.py", "/queue.py", "futures/thread.py")


class Sampler:
    """Counts functions by `folder/file.py:function`."""

    def __init__(self) -> None:
        self.samples = 0
        self.own: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()

    def sample(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002  # The signature is signal's.
        """Count one stack."""
        if frame is None:
            return
        self.samples += 1
        frame = _busy_elsewhere() or frame if _is_waiting(frame) else frame
        self.own[_name(frame)] += 1
        seen: set[str] = set()
        while frame is not None:
            seen.add(_name(frame))
            frame = frame.f_back
        self.whole.update(seen)

    def write(self, path: Path) -> None:
        """Write the counts."""
        path.write_text(json.dumps({"samples": self.samples, "own": self.own, "whole": self.whole}))


def _busy_elsewhere() -> FrameType | None:
    # Signals reach the main thread only. If that one waits, whoever does not wait has used the time.
    main = threading.main_thread().ident
    others = [frame for ident, frame in sys._current_frames().items() if ident != main]
    return next((frame for frame in others if not _is_waiting(frame)), None)


def _is_waiting(frame: FrameType) -> bool:
    return frame.f_code.co_filename.endswith(_WAITING)


def _name(frame: FrameType) -> str:
    code = frame.f_code
    return "/".join(code.co_filename.split("/")[-2:]) + ":" + code.co_qualname


def main() -> None:
    """Sample the program named on the command line until it ends."""
    output, program = Path(sys.argv[1]), sys.argv[2:]
    sampler = Sampler()
    signal.signal(signal.SIGPROF, sampler.sample)
    # uvicorn ends by raising the signal that stopped it once more; it must unwind, not kill, or nothing is written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL_SECONDS, _INTERVAL_SECONDS)
    sys.argv = program
    try:
        runpy.run_path(program[0], run_name="__main__")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        sampler.write(output)


if __name__ == "__main__":
    main()
