"""Pages of Managed Grafana's listings: `maxResults` from 1 to 100, and `nextToken`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from keystead.gateway.call import Call
from keystead.kernel.paging import Markers

Row = TypeVar("Row")
MOST = 100


class Listing:
    """Cuts listings into pages, whose tokens are bound to operation, account, Region and what is listed."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers

    def page(
        self,
        call: Call,
        binding: str,
        request: Mapping[str, Any],
        fetch: Callable[[str, int], Sequence[Row]],
        position_of: Callable[[Row], str],
    ) -> tuple[Sequence[Row], str | None]:
        """Return a page of rows and the token of the next. `fetch(after, limit)` reads rows in order."""
        limit = min(max(request.get("maxResults", MOST), 1), MOST)
        bound = f"{call.action}|{call.principal.account}|{call.region}|{binding}"
        after = self._markers.open(bound, request.get("nextToken"))
        page = self._markers.page(bound, fetch(after, limit + 1), limit, position_of)
        return page.rows, page.marker
