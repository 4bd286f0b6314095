"""Asking for operations: one by id, all of a region, all of a bucket's name."""

from collections.abc import Callable, Sequence

from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.kernel.paging import Markers, Page
from keystead.products.lightsail import operation_records
from keystead.products.lightsail.finding import RESOURCE, named
from keystead.products.lightsail.operation_records import Done
from keystead.products.lightsail.oplog import shown
from keystead.types import lightsail

PAGE = 200
"""Operations on a page: "up to a maximum of 200" (Lightsail API reference, GetOperations)."""


class OperationLookups:
    """The operations that ask for operations."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers

    @lightsail.GetOperation("read", resource="*")
    def get_operation(
        self, call: Call, request: lightsail.GetOperationRequest
    ) -> lightsail.GetOperationResult:
        """Return one, also when its bucket is gone."""
        found = operation_records.find(
            call.reader, call.principal.account, call.region, request["operationId"]
        )
        if found is None:
            raise NotFound("operation", request["operationId"])
        return {"operation": shown(found)}

    @lightsail.GetOperations("read", resource="*")
    def get_operations(
        self, call: Call, request: lightsail.GetOperationsRequest
    ) -> lightsail.GetOperationsResult:
        """List those of the region, oldest first."""

        def fetch(after: int, limit: int) -> list[Done]:
            return operation_records.of_region(call.reader, call.principal.account, call.region, after, limit)

        page = self._page(call, "", request.get("pageToken"), fetch)
        return {"operations": [shown(each) for each in page.rows], "nextPageToken": page.marker}

    @lightsail.GetOperationsForResource("read", resource=RESOURCE)
    def get_operations_for_resource(
        self, call: Call, request: lightsail.GetOperationsForResourceRequest
    ) -> lightsail.GetOperationsForResourceResult:
        """List those on a name, oldest first; of a bucket that is gone too. Raises NotFound for an unknown name."""
        name = request["resourceName"]

        def fetch(after: int, limit: int) -> list[Done]:
            return operation_records.of_resource(
                call.reader, call.principal.account, call.region, name, after, limit
            )

        page = self._page(call, name, request.get("pageToken"), fetch)
        if not page.rows:
            named(call, name, RESOURCE)
        return {"operations": [shown(each) for each in page.rows], "nextPageToken": page.marker}

    def _page(
        self, call: Call, name: str, token: str | None, fetch: Callable[[int, int], Sequence[Done]]
    ) -> Page[Done]:
        binding = f"{call.action}|{call.principal.account}|{call.region}|{name}"
        after = int(self._markers.open(binding, token) or 0)
        return self._markers.page(binding, fetch(after, PAGE + 1), PAGE, lambda each: str(each.row))
