"""What a client knows of the objects that it wrote: for each key the bodies that it may hold now.

Each key belongs to one worker, which has at most one request open; so a request without an answer leaves exactly
two outcomes. A body is known by its SHA-256.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

ABSENT = ""
"""What stands for the digest of a key that has no object."""


@dataclass
class HeldUpload:
    """A multipart upload whose parts were all acknowledged: `digest` is of the whole, `parts` are ETags in order.

    `is_asked` once its completion was sent.
    """

    id: str
    digest: str
    parts: list[str]
    is_asked: bool = False


@dataclass
class HeldObject:
    """A key of a bucket, and the digests of what it may hold: one, unless an answer was not seen."""

    bucket: str
    key: str
    possible: set[str] = field(default_factory=lambda: {ABSENT})
    upload: HeldUpload | None = None

    @property
    def path(self) -> str:
        """Its path at the door."""
        return f"/{self.bucket}/{self.key}"

    @property
    def certain(self) -> str:
        """The digest of what it holds. Only for keys without a doubt."""
        (digest,) = self.possible
        return digest

    def settle(self, found: str) -> str | None:
        """Decide a doubt by what was found; return what is wrong if that cannot be."""
        before, self.possible = self.possible, {found}
        if found in before:
            return None
        shown = ", ".join(sorted(digest[:8] or "absent" for digest in before))
        return f"{self.path} is {found[:8] or 'absent'}, not {shown}"


class ObjectLedger:
    """Every key that was ever written to, and what was acknowledged."""

    def __init__(self) -> None:
        self.objects: dict[str, HeldObject] = {}
        self.acknowledged: Counter[str] = Counter()
        self.unseen: Counter[str] = Counter()

    def held(self, bucket: str, key: str) -> HeldObject:
        """Return a key's entry, new ones included."""
        found = HeldObject(bucket, key)
        return self.objects.setdefault(found.path, found)

    def uploads(self) -> Iterator[HeldObject]:
        """Return the keys with an upload whose parts were all acknowledged and which may not be complete."""
        return (each for each in self.objects.values() if each.upload is not None)
