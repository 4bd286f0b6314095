"""What was made of committed rows, kept for as long as no row has changed.

Follows the SQLite documentation, "PRAGMA data_version". A reader's `state` is asked at every use, and it is another
one after any commit by anyone: so the staleness is none, and no change has to say what it makes untrue. Where a
reader cannot tell its state, nothing is kept.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from keystead.store.interface import Reader

Value = TypeVar("Value")


def _always(value: object) -> bool:
    del value
    return True


class Recent(Generic[Value]):
    """At most `size` values by key. For the one thread that may use the reader."""

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._state: int | None = None
        self._values: dict[Hashable, Value] = {}

    def get(
        self, key: Hashable, make: Callable[[], Value], is_kept: Callable[[Value], bool] = _always
    ) -> Value:
        """Return what `make` makes of rows as they are now. It reads by the same reader, and waits for nothing.

        A value that `is_kept` does not want is made every time. Raises StoreUnavailable, and what `make` raises.
        """
        state = self._reader.state()
        if state != self._state or state is None:
            # Made below of rows at least as new as this state: a commit in between moves the state on.
            self._values.clear()
            self._state = state
        found = self._values.get(key)
        if found is not None:
            return found
        value = make()
        if state is not None and is_kept(value):
            if len(self._values) >= self._size:
                self._values.clear()
            self._values[key] = value
        return value
