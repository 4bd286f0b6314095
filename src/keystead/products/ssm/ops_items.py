"""OpsItems: requests as everybody may look for them, and the way to take an approved one back.

Follows the AWS Systems Manager API reference, "GetOpsItem", "DescribeOpsItems", "UpdateOpsItem" and
"ListOpsItemEvents". Requests are the only OpsItems here: nobody makes one by hand, or has one forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import request_records as records
from keystead.products.ssm.deciding import Deciding, TooLate, policy_of
from keystead.products.ssm.errors import InvalidRequest
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.ops_item_views import (
    OPS_ITEM_STATUS,
    SOURCE,
    TYPE,
    operational_data,
    ops_item,
    summary,
    title,
)
from keystead.products.ssm.request_records import AccessRequest, Event
from keystead.products.ssm.searching import Searching
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

_NO_ITEM: Final = "OpsItem {id} was not found."
_NONE_BUT_REQUESTS: Final = f"OpsItems other than {TYPE} are not kept by this authority."
_KEPT: Final = "Access requests are kept: they cannot be deleted."
_WRITTEN_BY_SERVICE: Final = "Access requests are changed by the service only; Status may become Revoked."


class OpsItems:
    """The operations on OpsItems."""

    def __init__(self, deciding: Deciding, searching: Searching, listing: Listing, clock: Clock) -> None:
        self._deciding = deciding
        self._searching = searching
        self._listing = listing
        self._clock = clock

    @ssm.GetOpsItem("read", resource="opsitem/{OpsItemId}")
    def get_ops_item(self, call: Call, request: ssm.GetOpsItemRequest) -> ssm.GetOpsItemResponse:
        """Return a request as an OpsItem."""
        return {"OpsItem": ops_item(self._find(call, request["OpsItemId"]), now_ms(self._clock))}

    @ssm.DescribeOpsItems("read", resource="*")
    def describe_ops_items(
        self, call: Call, request: ssm.DescribeOpsItemsRequest
    ) -> ssm.DescribeOpsItemsResponse:
        """List requests that match every filter, the newest first."""
        filters, now = request.get("OpsItemFilters", []), now_ms(self._clock)
        tests = [_test(call, one, now) for one in filters]
        rows, token = self._searching.page(
            "OpsItems", call, request, lambda each: all(test(each) for test in tests)
        )
        response: ssm.DescribeOpsItemsResponse = {"OpsItemSummaries": [summary(each, now) for each in rows]}
        if token is not None:
            response["NextToken"] = token
        return response

    @ssm.CreateOpsItem("write", resource="*")
    def create_ops_item(self, call: Call, request: ssm.CreateOpsItemRequest) -> ssm.CreateOpsItemResponse:
        """Refuse: a request is made by StartAccessRequest, which decides whether there is one."""
        if request.get("OpsItemType") == TYPE:
            raise ssm.OpsItemAccessDeniedException(_WRITTEN_BY_SERVICE)
        raise ssm.OpsItemInvalidParameterException(_NONE_BUT_REQUESTS, ParameterNames=["OpsItemType"])

    @ssm.DeleteOpsItem("write", resource="opsitem/{OpsItemId}")
    def delete_ops_item(self, call: Call, request: ssm.DeleteOpsItemRequest) -> ssm.DeleteOpsItemResponse:
        """Refuse to forget a request; of what is not there nothing is left, as at AWS."""
        if records.find(call.reader, call.principal.account, call.region, request["OpsItemId"]) is not None:
            raise ssm.OpsItemInvalidParameterException(_KEPT, ParameterNames=["OpsItemId"])
        return {}

    @ssm.UpdateOpsItem("write", resource="opsitem/{OpsItemId}")
    def update_ops_item(self, call: Call, request: ssm.UpdateOpsItemRequest) -> ssm.UpdateOpsItemResponse:
        """End an approved request: the requester's own give-back, or an administrator's revoke."""
        found = self._find(call, request["OpsItemId"])
        if set(request) - {"OpsItemArn"} != {"OpsItemId", "Status"} or request.get("Status") != "Revoked":
            raise ssm.OpsItemAccessDeniedException(_WRITTEN_BY_SERVICE)
        try:
            self._deciding.revoke(call.tx, found)
        except TooLate as error:
            raise ssm.OpsItemConflictException(str(error)) from error
        return {}

    @ssm.ListOpsItemEvents("read", resource="*")
    def list_ops_item_events(
        self, call: Call, request: ssm.ListOpsItemEventsRequest
    ) -> ssm.ListOpsItemEventsResponse:
        """List what happened to one request."""
        filters = request.get("Filters", [])
        if len(filters) != 1 or len(filters[0]["Values"]) != 1:
            raise ssm.OpsItemInvalidParameterException("Name one OpsItemId.", ParameterNames=["Filters"])
        found = self._find(call, filters[0]["Values"][0])
        rows = records.events(call.reader, found.account, found.id)
        page = self._listing.page(f"Events|{found.id}", request, rows, lambda row: f"{row[0]:012d}")
        response: ssm.ListOpsItemEventsResponse = {
            "Summaries": [_event(event, found) for _, event in page.rows]
        }
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    def _find(self, call: Call, item_id: str) -> AccessRequest:
        found = records.find(call.reader, call.principal.account, call.region, item_id.rpartition("/")[2])
        if found is None:
            raise ssm.OpsItemNotFoundException(_NO_ITEM.format(id=item_id))
        return found


def _event(event: Event, request: AccessRequest) -> ssm.OpsItemEventSummary:
    return {
        "OpsItemId": event.request,
        "EventId": event.id,
        "Source": SOURCE,
        "DetailType": event.detail_type,
        "Detail": event.detail,
        "CreatedBy": {"Arn": request.requester_arn},
        "CreatedTime": as_datetime(event.at),
    }


def _test(call: Call, one: ssm.OpsItemFilter, now: int) -> Callable[[AccessRequest], bool]:
    """Return what a filter asks of a request. Raises InvalidRequest for one that does not apply."""
    key, values, operator = one["Key"], one["Values"], one["Operator"]
    if key in _TIMES:
        return _time_test(_TIMES[key], values, operator)
    if key not in _TEXTS or operator not in ("Equal", "Contains"):
        raise InvalidRequest(f"{key} with {operator} is not a filter of access requests.")
    if operator == "Equal":
        return lambda each: not set(values).isdisjoint(_shown(call, each, now)[key])
    return lambda each: any(value in text for text in _shown(call, each, now)[key] for value in values)


def _time_test(
    time_of: Callable[[AccessRequest], int], values: Sequence[str], operator: str
) -> Callable[[AccessRequest], bool]:
    try:
        bounds = [datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000 for value in values]
    except ValueError as error:
        raise InvalidRequest("Times are written in ISO 8601.") from error
    if operator == "GreaterThan":
        return lambda each: all(time_of(each) > bound for bound in bounds)
    if operator == "LessThan":
        return lambda each: all(time_of(each) < bound for bound in bounds)
    raise InvalidRequest("Times are compared by GreaterThan or LessThan.")


def _approver_ids(call: Call, each: AccessRequest) -> list[str]:
    """Return who may decide, as the policy names them, and who has."""
    if not each.policy_text:
        return []
    named = [one.id for level in policy_of(each).levels for one in level.approvers]
    return named + [one.principal_id for one in records.approvals(call.reader, each.id)]


_TEXTS: Final = frozenset(
    {
        "AccessRequestByRequesterArn",
        "AccessRequestByRequesterId",
        "AccessRequestByApproverArn",
        "AccessRequestByApproverId",
        "AccessRequestBySourceAccountId",
        "AccessRequestBySourceOpsItemId",
        "AccessRequestBySourceRegion",
        "AccessRequestByIsReplica",
        "AccessRequestByTargetResourceId",
        "Status",
        "CreatedBy",
        "Source",
        "Title",
        "OpsItemId",
        "OpsItemType",
        "ResourceId",
        "AutomationId",
        "OperationalDataKey",
        "OperationalDataValue",
        "OperationalData",
        "AccountId",
    }
)
"""The keys of `_shown`."""
_TIMES: Mapping[str, Callable[[AccessRequest], int]] = {
    "CreatedTime": lambda each: each.created_at,
    "LastModifiedTime": lambda each: each.changed_at,
}


def _shown(call: Call, each: AccessRequest, now: int) -> Mapping[str, Sequence[str]]:
    """Return what filters may ask of a request, by key."""
    data = operational_data(each)
    decided = [one.arn for one in records.approvals(call.reader, each.id)]
    approvers = _approver_ids(call, each)
    return {
        "AccessRequestByRequesterArn": [each.requester_arn],
        "AccessRequestByRequesterId": [each.requester_id],
        "AccessRequestByApproverArn": decided + approvers,
        "AccessRequestByApproverId": approvers,
        "AccessRequestBySourceAccountId": [each.account],
        "AccessRequestBySourceOpsItemId": [each.id],
        "AccessRequestBySourceRegion": [each.region],
        "AccessRequestByIsReplica": ["false"],
        "AccessRequestByTargetResourceId": [each.node],
        "Status": [OPS_ITEM_STATUS[each.state_at(now)]],
        "CreatedBy": [each.requester_arn],
        "Source": [SOURCE],
        "Title": [title(each)],
        "OpsItemId": [each.id],
        "OpsItemType": [TYPE],
        "ResourceId": [each.node],
        "AutomationId": [each.execution],
        "OperationalDataKey": list(data),
        "OperationalDataValue": list(data.values()),
        "OperationalData": list(data.values()),
        "AccountId": [each.account],
    }
