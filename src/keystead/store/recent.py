"""What was made of committed rows, kept for as long as no row has changed.

A reader's `state` is asked at every use, and it is another one after any commit by anyone: so the staleness is
none, and no change has to say what it makes untrue. Where a reader cannot tell its state, nothing is kept.
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
        found = self.find(key)
        if found is not None:
            return found
        value = make()
        if is_kept(value):
            self.keep(key, value)
        return value

    def find(self, key: Hashable) -> Value | None:
        """Return the value of a key, if one is kept of rows as they are now."""
        state = self._reader.state()
        if state != self._state or state is None:
            self._values.clear()
            self._state = state
        return self._values.get(key)

    def keep(self, key: Hashable, value: Value) -> None:
        """Keep a value that was made since its key was looked for, in the same step of the loop.

        So it is made of rows at least as new as the state of then: a commit in between moves the state on.
        """
        if self._state is None:
            return
        if len(self._values) >= self._size:
            self._values.clear()
        self._values[key] = value
