"""Pages of Global Resolver's listings: `maxResults` and `nextToken`, and `filters` over what is listed.

Follows facts/dns.md §2: the names of filters are undocumented, so every scalar member of the listed item is one;
the values of one are alternatives, and all of them must hold (UNCONFIRMED).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from keystead.gateway.call import Call
from keystead.kernel.paging import Markers
from keystead.products.globalresolver.errors import invalid

MOST_RESOLVERS, MOST = 100, 1000
_USUAL = 100
_OWN_PARAMETERS = frozenset({"max_results", "next_token", "dnsview_id"})


class _Numbered(Protocol):
    @property
    def row(self) -> int: ...


Row = TypeVar("Row", bound=_Numbered)
Item = Mapping[str, Any]
Fetch = Callable[[int, int], Sequence[Row]]


class Listing:
    """Cuts listings into pages, whose tokens are bound to operation, account and filters."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers

    def page(
        self,
        call: Call,
        binding: str,
        request: Mapping[str, Any],
        fetch: Fetch[Row],
        show: Callable[[Row], Item | None],
        names: frozenset[str] = frozenset(),
        most: int = MOST,
    ) -> tuple[list[Any], str | None]:
        """Return a page of shown items and the token of the next. `fetch(after, limit)` reads rows in order.

        `names` are those by which can be filtered; `show` returns None for a row that is not to be listed.
        """
        filters = _filters(request)
        if unknown := sorted(set(filters) - names):
            raise invalid("filters", f"{unknown[0]} is not a filter of this listing.")
        limit = page_size(request, most)
        bound = f"{call.action}|{call.principal.account}|{binding}|{sorted(filters.items())}"
        after, found = int(self._markers.open(bound, request.get("nextToken")) or 0), list[tuple[int, Item]]()
        while len(found) <= limit:
            rows = fetch(after, limit + 1)
            for row in rows:
                item = show(row)
                if item is not None and _matches(item, filters):
                    found.append((row.row, item))
            if len(rows) <= limit:
                break
            after = rows[-1].row
        page = self._markers.page(bound, found[: limit + 1], limit, lambda each: str(each[0]))
        return [item for _, item in page.rows], page.marker

    def texts(
        self, call: Call, binding: str, request: Mapping[str, Any], fetch: Callable[[str, int], Sequence[str]]
    ) -> tuple[list[str], str | None]:
        """Return a page of plain texts, which `fetch(after, limit)` reads in order."""
        bound = f"{call.action}|{call.principal.account}|{binding}"
        limit = page_size(request, MOST)
        rows = fetch(self._markers.open(bound, request.get("nextToken")), limit + 1)
        page = self._markers.page(bound, rows, limit, lambda text: text)
        return list(page.rows), page.marker


def page_size(request: Mapping[str, Any], most: int) -> int:
    """Return how many items are asked for. Raises the modelled error unless it is 1 to `most`."""
    wanted: int = request.get("maxResults", _USUAL)
    if not 1 <= wanted <= most:
        raise invalid("maxResults", f"maxResults must be between 1 and {most}.")
    return wanted


def _filters(request: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """Return the filters of a request: all of its query string but what has a member of its own."""
    given: Mapping[str, Sequence[str]] = request.get("filters") or {}
    return {name: values for name, values in given.items() if name not in _OWN_PARAMETERS}


def _matches(item: Item, filters: Mapping[str, Sequence[str]]) -> bool:
    return all(str(item.get(name)) in wanted for name, wanted in filters.items())
