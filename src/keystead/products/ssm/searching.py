"""Searching through requests, the newest first, in pages whose tokens say where to go on."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keystead.gateway.call import Call
from keystead.kernel.errors import InvalidMarker
from keystead.kernel.paging import Markers
from keystead.products.ssm import request_records as records
from keystead.products.ssm.request_records import AccessRequest

SCANNED_AT_ONCE: Final = 500
"""Rows that one call looks at, at most: a page may be short although more follows."""
_DEFAULT: Final = 50
_FIRST: Final = (1 << 62, "~")


class Searching:
    """Pages of an account's requests."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers

    def page(
        self,
        listing: str,
        call: Call,
        request: Mapping[str, Any],
        is_wanted: Callable[[AccessRequest], bool],
    ) -> tuple[list[AccessRequest], str | None]:
        """Return requests, and the token of the next page if there may be one. Raises InvalidMarker."""
        account, region = call.principal.account, call.region
        binding = f"{listing}|{account}|{region}"
        position = self._markers.open(binding, request.get("NextToken"))
        after = _read(position) if position else _FIRST
        limit: int = request.get("MaxResults", _DEFAULT)
        rows = records.before(call.reader, account, region, *after, SCANNED_AT_ONCE)
        found: list[AccessRequest] = []
        for row in rows:
            if is_wanted(row):
                found.append(row)
            if len(found) == limit:
                break
        else:
            row = rows[-1] if len(rows) == SCANNED_AT_ONCE else None
        if not rows or row is None or (row is rows[-1] and len(rows) < SCANNED_AT_ONCE):
            return found, None
        return found, self._markers.seal(binding, f"{row.created_at}|{row.id}")


def _read(position: str) -> tuple[int, str]:
    at, _, request_id = position.partition("|")
    if not at.isdecimal():
        raise InvalidMarker("the position is none of ours")
    return int(at), request_id
