"""`Requests`: access requests as people see them, put together from the calls that AWS documents for it.

Follows the AWS Systems Manager User Guide, "Start a just-in-time node access session" and "Approve or deny
just-in-time node access requests": an approver reads the OpsItem, finds the execution in it and signals that.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from keystead.remote.people.caller import AccessFailed, Caller

TYPE: Final = "/aws/accessrequest"
PENDING, APPROVED, EXPIRED = "PendingApproval", "Approved", "Expired"
STATUSES: Final = {
    "pending": (PENDING,),
    "approved": (APPROVED,),
    "expired": (APPROVED, "TimedOut"),
    "rejected": ("Rejected",),
    "revoked": ("Revoked", "Cancelled"),
    "failed": ("Failed",),
}
"""What people filter by, and the status of the OpsItems among which such are."""
_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Times are aware; `ends_at` is when its window is over, once it is approved."""

    id: str
    status: str
    node: str
    requester: str
    reason: str
    policy: str
    execution: str
    created_at: datetime
    approved_at: datetime | None
    ends_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Return whether people have still to decide."""
        return self.status == PENDING


@dataclass(frozen=True, slots=True)
class Level:
    """One level of approvals. `needed` is how many approve there."""

    name: str
    status: str
    needed: int
    approvers: list[str]
    decisions: list[str]


class Requests:
    """Asks, looks and decides as one caller. Every method raises AccessFailed."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def ask(self, node: str, reason: str, tags: Mapping[str, str]) -> str:
        """Return the id of a new request."""
        targets = [{"Key": "InstanceIds", "Values": [node]}]
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        told = self._caller.call("start_access_request", Reason=reason, Targets=targets, Tags=listed)
        return str(told["AccessRequestId"])

    def find(self, request_id: str) -> Request:
        """Return a request."""
        return self._read(self._caller.call("get_ops_item", OpsItemId=request_id)["OpsItem"])

    def search(self, status: str, node: str, *, is_mine: bool, limit: int) -> list[Request]:
        """Return the newest requests of a status of `STATUSES`, for a node, of the caller's own; or all."""
        filters = {"OpsItemType": [TYPE]}
        if status:
            filters["Status"] = list(STATUSES[status])
        if node:
            filters["AccessRequestByTargetResourceId"] = [node]
        if is_mine:
            filters["AccessRequestByRequesterArn"] = [self._caller.arn()]
        found: list[Request] = []
        for item in self._items(filters):
            each = self._read(item)
            if status not in ("approved", "expired") or (each.status == APPROVED) == (status == "approved"):
                found.append(each)
            if len(found) == limit:
                break
        return found

    def levels(self, request: Request) -> list[Level]:
        """Return who decides on a request, and who has; none where a policy did."""
        if not request.execution:
            return []
        told = self._caller.call("get_automation_execution", AutomationExecutionId=request.execution)
        return [_level(step) for step in told["AutomationExecution"]["StepExecutions"]]

    def events(self, request: Request) -> list[dict[str, Any]]:
        """Return what happened to a request, in order. Each is `at`, `type` and the event's `detail`."""
        filters = [{"Key": "OpsItemId", "Values": [request.id], "Operator": "Equal"}]
        pages = self._pages("list_ops_item_events", "Summaries", {"Filters": filters})
        return [
            {
                "at": each["CreatedTime"].astimezone(UTC),
                "type": each["DetailType"],
                "detail": json.loads(each["Detail"]),
            }
            for each in pages
        ]

    def signal(self, request: Request, signal: str, comment: str) -> None:
        """Approve, reject or revoke as an approver."""
        if not request.execution:
            raise AccessFailed(
                f"{request.id} was decided on by {request.policy}, not by people",
                f"an administrator ends it with `keystead access revoke {request.id}`",
            )
        payload = {"Payload": {"Comment": [comment]}} if comment else {}
        self._caller.call(
            "send_automation_signal",
            AutomationExecutionId=request.execution,
            SignalType=signal,
            **payload,
        )

    def take_back(self, request: Request, comment: str) -> None:
        """End a request: as its requester, as an approver, or as an administrator where nobody decides."""
        if not request.execution:
            self.end(request)
        elif request.requester == self._caller.arn():
            self._caller.call("stop_automation_execution", AutomationExecutionId=request.execution)
        elif request.is_waiting:
            raise AccessFailed(
                f"{request.id} is not approved yet", f"say no with `keystead access reject {request.id}`"
            )
        else:
            self.signal(request, "Revoke", comment)

    def end(self, request: Request) -> None:
        """End an approved request as an administrator, who needs ssm:UpdateOpsItem and is no approver."""
        self._caller.call("update_ops_item", OpsItemId=request.id, Status="Revoked")

    def _items(self, filters: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
        members = [
            {"Key": key, "Values": list(values), "Operator": "Equal"} for key, values in filters.items()
        ]
        return self._pages("describe_ops_items", "OpsItemSummaries", {"OpsItemFilters": members})

    def _pages(self, operation: str, listed: str, members: dict[str, Any]) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._caller.call(operation, **members, **token)
            yield from page[listed]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _read(self, item: dict[str, Any]) -> Request:
        if item.get("OpsItemType") != TYPE:
            raise AccessFailed(f"{item['OpsItemId']} is no access request", "see `keystead access list`")
        data = {key: str(value["Value"]) for key, value in item["OperationalData"].items()}
        main = json.loads(data[TYPE])
        context = json.loads(data[f"{TYPE}/context"])
        ends_at = _time(data.get(f"{TYPE}/endtime"))
        status = str(item["Status"])
        if status == APPROVED and ends_at is not None and ends_at.timestamp() <= self._caller.now():
            status = EXPIRED
        return Request(
            id=str(item["OpsItemId"]),
            status=status,
            node=str(context["targets"]["instanceId"]).rpartition("/")[2],
            requester=str(main["requester"]["arn"]),
            reason=data[f"{TYPE}/approvaldetails"],
            policy=f"{main['approvalPolicy']}:{main['approvalPolicyVersion']}",
            execution=str(main["automationExecutionId"]),
            created_at=item["CreatedTime"].astimezone(UTC),
            approved_at=_time(data.get(f"{TYPE}/starttime")),
            ends_at=ends_at,
        )


def decided(
    requests: Requests,
    request_id: str,
    *,
    seconds: float,
    monotonic: Callable[[], float],
    pause: Callable[[], None],
) -> Request:
    """Return a request once it waits no longer, or as it stands after so many seconds. Raises AccessFailed."""
    until = monotonic() + seconds
    while True:
        found = requests.find(request_id)
        if not found.is_waiting or monotonic() >= until:
            return found
        pause()


def _level(step: dict[str, Any]) -> Level:
    inputs, outputs = step["Inputs"], step["Outputs"]
    return Level(
        name=str(step["StepName"]),
        status=str(step["StepStatus"]),
        needed=int(inputs["MinRequiredApprovals"]),
        approvers=str(inputs["Approvers"]).split(","),
        decisions=[str(each) for each in outputs["ApproverDecisions"]],
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.strptime(text, _TIME).replace(tzinfo=UTC)
