"""Tells whether a server runs on a data directory, and what it said when it was ready.

Imports the standard library only: `env` and `health` go through here and have to start at once.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any


def running(data: Path) -> dict[str, Any] | None:
    """Return what the server of a data directory said when it was ready, or None when none runs.

    *Shape*: the ready file, DESIGN section 8.
    """
    try:
        # Read before the lock is tried: a server that stops in between is then seen as stopped.
        ready: dict[str, Any] = json.loads((data / "ready.json").read_text())
        lock = os.open(data / "keystead.lock", os.O_RDWR | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        # Whoever serves holds it exclusively; a file left behind by a killed server is told from a live one.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ready
    finally:
        os.close(lock)
    return None
