"""`ObjectCounts`: what the API asks of the objects in a bucket, whoever keeps them."""

from typing import Protocol

from keystead.store.interface import Reader


class ObjectCounts(Protocol):
    """Knows what buckets hold, by unique id: every version counts, and so do the parts of open uploads."""

    def has_objects(self, reader: Reader, bucket: str) -> bool:
        """Return whether a bucket holds anything that a deletion would lose."""
        ...

    def measure(self, reader: Reader, bucket: str) -> tuple[int, int]:
        """Return (objects, bytes)."""
        ...
