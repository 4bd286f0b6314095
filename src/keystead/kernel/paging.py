"""Pages of a sorted listing, and the opaque markers between them.

A marker carries the last sort key shown and is authenticated together with the operation, the account and the
filter, so that it cannot be forged or carried over to another listing.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from keystead.kernel.errors import InvalidMarker

Row = TypeVar("Row")
_TAG_BYTES = 12


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page: the rows, and the marker of the next page if there is one."""

    rows: Sequence[Row]
    marker: str | None


class Markers:
    """Makes and opens markers under one key, which is random per data directory and asked for at each use."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def seal(self, binding: str, position: str) -> str:
        """Return the marker for `position` in the listing that `binding` names."""
        return base64.urlsafe_b64encode(self._tag(binding, position) + position.encode()).decode()

    def open(self, binding: str, marker: str | None) -> str:
        """Return the position in `marker`; the start ("") when it is None. Raises InvalidMarker."""
        if marker is None:
            return ""
        try:
            raw = base64.b64decode(marker.encode("ascii"), altchars=b"-_", validate=True)
            position = raw[_TAG_BYTES:].decode()
        except (binascii.Error, UnicodeError) as error:
            raise InvalidMarker("Invalid Marker.") from error
        if not hmac.compare_digest(raw[:_TAG_BYTES], self._tag(binding, position)):
            raise InvalidMarker("Invalid Marker.")
        return position

    def _tag(self, binding: str, position: str) -> bytes:
        return hmac.digest(self._key(), f"{binding}\0{position}".encode(), hashlib.sha256)[:_TAG_BYTES]

    def page(
        self, binding: str, rows: Sequence[Row], limit: int, position_of: Callable[[Row], str]
    ) -> Page[Row]:
        """Return the first `limit` rows as a page. `rows` holds at most one more than `limit`."""
        if len(rows) <= limit:
            return Page(rows, None)
        shown = rows[:limit]
        return Page(shown, self.seal(binding, position_of(shown[-1])))
