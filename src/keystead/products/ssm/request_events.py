"""The events of requests, in the form of EventBridge's: kept with the change that they tell.

Follows the AWS Systems Manager User Guide, "Monitor just-in-time node access".
AWS emits them for manual requests only; here the requester's tell of what a policy approved as well.
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import RequestIds
from keystead.products.ssm import request_records as records
from keystead.products.ssm.approval_policy import ManualPolicy
from keystead.products.ssm.request_records import AccessRequest, Event
from keystead.products.ssm.resources import node_arn
from keystead.products.ssm.webhook import outbox_records
from keystead.store.interface import Transaction

REQUESTER: Final = "Requester Access Request Status Update"
APPROVER: Final = "Approver Access Request Status Update"
FAILED: Final = "JITNA Access Request Failed"
_SHOWN: Final = {
    records.WAITING: "PendingApproval",
    records.APPROVED: "Approved",
    records.REJECTED: "Rejected",
    records.REVOKED: "Revoked",
    records.CANCELLED: "Cancelled",
    records.TIMED_OUT: "TimedOut",  # UNCONFIRMED
}


class RequestEvents:
    """Writes events down, and that they are to be posted if `is_posted`."""

    def __init__(self, clock: Clock, entropy: Entropy, *, is_posted: bool) -> None:
        self._is_posted = is_posted
        self._clock = clock
        self._ids = RequestIds(entropy)

    def changed(self, tx: Transaction, request: AccessRequest, policy: ManualPolicy | None) -> None:
        """Tell approvers, if there are any, and the requester of a request's new state; in AWS's order."""
        common, state = _common(request), _SHOWN[request.state]
        if policy is not None:
            level = policy.levels[request.level]
            told = {
                **common,
                "AccessRequestApprovalLevelStatus": state,
                "StepName": level.name,
                "RequestReason": request.reason,
                "Approvers": [one.id for one in level.approvers],
            }
            self._add(tx, request, APPROVER, told)
        self._add(tx, request, REQUESTER, {**common, "AccessRequestStatus": state})

    def failed(self, tx: Transaction, request: AccessRequest, policies: list[str]) -> None:
        """Tell that several policies contradict each other."""
        at = datetime.fromtimestamp(request.created_at / 1000, UTC)
        detail = {
            "ApplicablePolicies": policies,
            "TargetResourceArn": node_arn(request.account, request.region, request.node),
            "OpsItemId": request.id,
            "CreatedDate": f"{at:%a %b} {at.day} {at:%H:%M:%S} UTC {at.year}",
            "Requester": request.requester_arn,
        }
        self._add(tx, request, FAILED, detail)

    def _add(self, tx: Transaction, request: AccessRequest, type_: str, detail: dict[str, Any]) -> None:
        text = msgspec.json.encode(detail).decode()
        now = now_ms(self._clock)
        event = Event(self._ids.next(), request.account, request.region, request.id, type_, text, now)
        records.add_event(tx, event)
        if self._is_posted:
            outbox_records.add(tx, event.id, request.id)


def _common(request: AccessRequest) -> dict[str, Any]:
    at = datetime.fromtimestamp(request.created_at / 1000, UTC)
    return {
        "ExecutionId": request.execution,
        "OpsItemId": request.id,
        "StartTime": f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M:%S %p}",
        "TargetResourceArn": node_arn(request.account, request.region, request.node),
        "Title": f"Access Request - {at:%Y-%m-%d %H:%M} UTC",
        "Requester": request.requester_arn,
    }
