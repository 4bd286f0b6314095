"""Managed domain lists: files of the operator's, one per list, which rules refer to by a stable id.

AWS's own lists are not to be had; what stands in for them is a folder `THREAT` and one `CONTENT` with files
`NAME.txt`, a domain a line, `#` before a comment. A file that changed is read again within ten seconds, or at the
next change of anything else.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

ListType = Literal["THREAT", "CONTENT"]
TYPES: tuple[ListType, ...] = get_args(ListType)
# Names that the guide uses; AWS's exact ones and its ids are UNCONFIRMED.
LOOK_SECONDS = 10.0
_KNOWN: dict[ListType, tuple[str, ...]] = {
    "THREAT": ("Malware", "BotnetCommandAndControl", "Spam", "Phishing", "GuardDutyThreatIntelligence"),
    "CONTENT": ("SocialNetworking", "Gambling", "Adult"),
}


@dataclass(frozen=True, slots=True)
class ManagedList:
    """A managed list; `path` may not exist, and the list is empty then."""

    id: str
    name: str
    type: ListType
    path: Path | None

    @property
    def version(self) -> int:
        """A number that changes with the file, 0 without one."""
        try:
            return 0 if self.path is None else self.path.stat().st_mtime_ns
        except OSError:
            return 0

    @property
    def description(self) -> str:
        """What there is to know of the list."""
        if self.version:
            return f"{self.type.title()} domains, from a file of this authority's operator."
        return f"{self.type.title()} domains. Empty: the operator of this authority supplies no file for it."

    def domains(self) -> list[str]:
        """Return the domains in the file. Raises OSError, UnicodeError."""
        if not self.version or self.path is None:
            return []
        lines = (line.partition("#")[0].strip().lower() for line in self.path.read_text().splitlines())
        return [line.rstrip(".") for line in lines if line]


class ManagedLists:
    """Finds managed lists: the known ones, and whatever files there are beside them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def of_type(self, kind: ListType) -> Sequence[ManagedList]:
        """Return the lists of a type by name."""
        folder = None if self._folder is None else self._folder / kind
        names = set(_KNOWN[kind])
        if folder is not None and folder.is_dir():
            names |= {path.stem for path in folder.glob("*.txt")}
        return [
            ManagedList(_id(kind, name), name, kind, None if folder is None else folder / f"{name}.txt")
            for name in sorted(names)
        ]

    def find(self, list_id: str) -> ManagedList | None:
        """Return the list with this id."""
        every = (each for kind in TYPES for each in self.of_type(kind))
        return next((each for each in every if each.id == list_id), None)


class ManagedFiles:
    """Tells when files of managed lists have changed."""

    def __init__(self, managed: ManagedLists, changed: Callable[[], None]) -> None:
        self._managed = managed
        self._changed = changed
        self._seen = self._versions()

    async def look(self) -> None:
        """Call `changed` if any file is another one than at the last look."""
        versions = self._versions()
        if versions != self._seen:
            self._seen = versions
            self._changed()

    def _versions(self) -> list[tuple[str, int]]:
        return [(each.id, each.version) for kind in TYPES for each in self._managed.of_type(kind)]


def _id(kind: ListType, name: str) -> str:
    return "mdl-" + hashlib.sha256(f"{kind}/{name}".encode()).hexdigest()[:17]
