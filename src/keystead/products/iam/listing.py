"""Pages of IAM's listings: `Marker` and `MaxItems` in, `IsTruncated` and `Marker` out.

Follows the IAM API reference, "ListUsers" and its kin: 100 items unless asked otherwise, markers opaque.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from keystead.identity import records
from keystead.identity.records import Tag
from keystead.kernel.paging import Markers, Page
from keystead.store.interface import Reader

Row = TypeVar("Row")
DEFAULT_ITEMS = 100


class Listing:
    """Cuts listings into pages whose markers are bound to operation, account and filter.

    A request is a mapping with `Marker` and `MaxItems`, both optional. Every method raises InvalidMarker.
    """

    def __init__(self, markers: Markers) -> None:
        self._markers = markers

    def page(
        self, binding: str, request: Mapping[str, Any], rows: Sequence[Row], key_of: Callable[[Row], str]
    ) -> Page[Row]:
        """Return the page of `rows`, all of them, that the request's marker leads to.

        `key_of` is unique within the listing, and rows rise by it.
        """
        after = self.open(binding, request)
        rest = [row for row in rows if key_of(row) > after]
        return self._markers.page(binding, rest, self.limit(request), key_of)

    def scan(
        self,
        binding: str,
        request: Mapping[str, Any],
        fetch: Callable[[str, int], Sequence[Row]],
        key_of: Callable[[Row], str],
        is_wanted: Callable[[Row], bool],
    ) -> Page[Row]:
        """Return a page of what is wanted of a listing that `fetch(after, limit)` reads in portions."""
        after, limit = self.open(binding, request), self.limit(request)
        found: list[Row] = []
        while len(found) <= limit:
            portion = fetch(after, limit + 1)
            found += [row for row in portion if is_wanted(row)]
            if len(portion) <= limit:
                break
            after = key_of(portion[-1])
        return self._markers.page(binding, found, limit, key_of)

    def tags(self, reader: Reader, owner: str, request: Mapping[str, Any]) -> Page[Tag]:
        """Return a page of an entity's tags, in the order in which they were added."""
        binding = f"Tags|{owner}"
        after = int(self.open(binding, request) or 0)
        rows = records.tags_after(reader, owner, after)
        page = self._markers.page(binding, rows, self.limit(request), lambda row: str(row[0]))
        return Page([tag for _, tag in page.rows], page.marker)

    def open(self, binding: str, request: Mapping[str, Any]) -> str:
        """Return the position in the request's marker, for listings read from the database in pages."""
        return self._markers.open(binding, request.get("Marker"))

    def limit(self, request: Mapping[str, Any]) -> int:
        """Return how many items were asked for."""
        limit: int = request.get("MaxItems", DEFAULT_ITEMS)
        return limit

    def seal(self, binding: str, position: str) -> str:
        """Return the marker for a position."""
        return self._markers.seal(binding, position)
