"""The request context: what a policy's conditions and variables may ask about a request.

Follows the IAM User Guide, "AWS global condition context keys". Most requests meet no condition, so nothing
is computed ahead: what belongs to the principal is one mapping shared by its requests, and the rest may come
from a function that is called only for the key that a policy asks for.
"""

from collections.abc import Callable, Iterable, Mapping

Values = tuple[str, ...]
Late = Callable[[str], Values | None]


class RequestContext:
    """Condition keys in lower case and their values. A key without any value is absent, as AWS has it."""

    __slots__ = ("_late", "_layers")

    def __init__(self, *layers: Mapping[str, Values], late: Late | None = None) -> None:
        """Look keys up in `layers`, the first that has one wins, then ask `late`. Keys are in lower case."""
        self._layers = layers
        self._late = late

    def get(self, key: str) -> Values | None:
        """Return the values of a condition key given in lower case, or None when the request has none."""
        for layer in self._layers:
            found = layer.get(key)
            if found is not None:
                return found or None
        if self._late is not None:
            return self._late(key) or None
        return None

    def single(self, key: str) -> str | None:
        """Return the value of a key that has exactly one: a variable cannot stand for several."""
        found = self.get(key)
        return found[0] if found is not None and len(found) == 1 else None


def context_values(entries: Mapping[str, str | Iterable[str]]) -> dict[str, Values]:
    """Return entries as a layer of a context: keys in lower case, each with all of its values."""
    return {key.lower(): (one,) if isinstance(one, str) else tuple(one) for key, one in entries.items()}
