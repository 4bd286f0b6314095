"""The exclusive lock of a data directory: whichever engine keeps the rows, one process serves its files."""

import fcntl
import os
from pathlib import Path

_LOCK = "keystead.lock"


class DirectoryInUse(Exception):
    """Another process serves this data directory."""


class DirectoryLock:
    """An exclusive lock on a data directory, held until `release` or the end of the process."""

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise DirectoryInUse(f"{directory} is in use by another keystead") from error

    def release(self) -> None:
        """Let another process have the directory; releasing twice is no error."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
