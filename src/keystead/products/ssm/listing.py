"""Pages of this service's listings: `NextToken` and `MaxResults` in, `NextToken` out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from keystead.kernel.paging import Markers, Page

Row = TypeVar("Row")
DEFAULT_RESULTS = 50


class Listing:
    """Cuts listings into pages. Tokens are bound to operation, account and region; others raise InvalidMarker."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers

    def page(
        self, binding: str, request: Mapping[str, Any], rows: Sequence[Row], key_of: Callable[[Row], str]
    ) -> Page[Row]:
        """Return the page that the request's token leads to. `rows` are all, rising by their unique key."""
        after = self._markers.open(binding, request.get("NextToken"))
        rest = [row for row in rows if key_of(row) > after] if after else rows
        return self._markers.page(binding, rest, request.get("MaxResults", DEFAULT_RESULTS), key_of)
