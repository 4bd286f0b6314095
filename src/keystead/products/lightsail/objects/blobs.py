"""Where bodies lie: six calls that an object store can offer as well as a folder, and the folder.

Follows fsync(2) and rename(2): a blob is written aside, synced, renamed, and its folder synced, before a row may
refer to it. Its name is drawn here: nothing that a user names ever touches the file system. All calls block, and
are made on threads, `hold` and `release` apart.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from keystead.kernel.entropy import Entropy
from keystead.kernel.files import sync_folder

_ASIDE = "aside"


class BlobLost(Exception):
    """A blob that a row refers to is not there, or is shorter than it was: the store below is damaged."""


class BlobWriter(Protocol):
    """One blob on its way in. Ends by `keep` or `drop`."""

    def write(self, data: bytes | memoryview) -> None:
        """Append to it."""
        ...

    def keep(self) -> str:
        """Have it on disk for good, and return its id. It is an orphan until a committed row names it."""
        ...

    def drop(self) -> None:
        """Leave nothing of it. Harmless after `keep`, and twice."""
        ...


class Blobs(Protocol):
    """A place for immutable bodies."""

    def begin(self) -> BlobWriter:
        """Begin a blob."""
        ...

    def read(self, blob: str, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`. Raises BlobLost."""
        ...

    def settle(self, blob: str) -> None:
        """Say that a row which names the blob is committed, or never will be: it is the sweep's from now on."""
        ...

    def remove(self, blobs: Iterable[str]) -> None:
        """Remove blobs that no row names any more; those that are held go when they are released."""
        ...

    def hold(self, blobs: Iterable[str]) -> None:
        """Keep blobs readable until they are released, removed or not. Does not block."""
        ...

    def release(self, blobs: Iterable[str]) -> list[str]:
        """End a `hold`; return those that were to be removed meanwhile, and now must be. Does not block."""
        ...

    def unsettled(self) -> frozenset[str]:
        """Return the blobs that are kept and whose rows are not committed yet."""
        ...

    def stored(self) -> Iterator[str]:
        """Return the id of every blob that is here, for the sweep."""
        ...


class LocalBlobs:
    """Blobs as files, two folders deep under `folder`."""

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy
        self._held: Counter[str] = Counter()
        self._doomed: set[str] = set()
        self._unsettled: set[str] = set()
        self._known_folders: set[Path] = set()

    def prepare(self) -> None:
        """Make the folder, and drop what an earlier process left half written. The directory's lock is held."""
        (self._folder / _ASIDE).mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self._folder / _ASIDE).iterdir():
            path.unlink()

    def begin(self) -> BlobWriter:
        """See Blobs."""
        blob = self._entropy.token_bytes(16).hex()
        return _LocalWriter(self, blob, self._folder / _ASIDE / blob)

    def read(self, blob: str, offset: int, length: int) -> bytes:
        """See Blobs."""
        try:
            descriptor = os.open(self._path(blob), os.O_RDONLY)
        except FileNotFoundError as error:
            raise BlobLost(blob) from error
        try:
            data = os.pread(descriptor, length, offset)
            while len(data) < length:
                more = os.pread(descriptor, length - len(data), offset + len(data))
                if not more:
                    raise BlobLost(blob)
                data += more
        finally:
            os.close(descriptor)
        return data

    def settle(self, blob: str) -> None:
        """See Blobs."""
        self._unsettled.discard(blob)

    def remove(self, blobs: Iterable[str]) -> None:
        """See Blobs."""
        for blob in blobs:
            if self._held[blob] > 0:
                self._doomed.add(blob)
            else:
                self._path(blob).unlink(missing_ok=True)

    def hold(self, blobs: Iterable[str]) -> None:
        """See Blobs."""
        self._held.update(blobs)

    def release(self, blobs: Iterable[str]) -> list[str]:
        """See Blobs."""
        due: list[str] = []
        for blob in blobs:
            self._held[blob] -= 1
            if self._held[blob] <= 0:
                del self._held[blob]
                if blob in self._doomed:
                    self._doomed.discard(blob)
                    due.append(blob)
        return due

    def unsettled(self) -> frozenset[str]:
        """See Blobs."""
        return frozenset(self._unsettled)

    def stored(self) -> Iterator[str]:
        """See Blobs."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]")):
            for path in folder.iterdir():
                yield path.name

    def put(self, blob: str, aside: Path) -> None:
        """Move a synced file to its place, for good; the writer's last step."""
        path = self._path(blob)
        self._make_folder(path.parent)
        self._unsettled.add(blob)
        aside.rename(path)
        sync_folder(path.parent)

    def _path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob[2:4] / blob

    def _make_folder(self, folder: Path) -> None:
        """Have a folder on disk for good, its own name included; each is made once."""
        if folder in self._known_folders:
            return
        for each in (folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
            sync_folder(each.parent)
        self._known_folders.add(folder)


class _LocalWriter:
    """See BlobWriter."""

    def __init__(self, blobs: LocalBlobs, blob: str, aside: Path) -> None:
        self._blobs = blobs
        self._blob = blob
        self._aside = aside
        self._file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._is_open = True

    def write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def keep(self) -> str:
        os.fdatasync(self._file)
        self._close()
        self._blobs.put(self._blob, self._aside)
        return self._blob

    def drop(self) -> None:
        self._close()
        self._aside.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._file)
