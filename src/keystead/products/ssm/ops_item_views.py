"""A request as an OpsItem of type `/aws/accessrequest`, member for member as AWS shows one.

Follows the sample in AWS's walk-through of just-in-time node access. How a state shows at each operation is
here in one place; what is marked UNCONFIRMED is ours.
"""

from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec

from keystead.kernel.arn import sts_arn
from keystead.products.ssm import request_records as records
from keystead.products.ssm.approval_policy import TOKEN_ROLE
from keystead.products.ssm.request_records import AccessRequest
from keystead.products.ssm.resources import node_arn, ssm_arn
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

TYPE: Final = "/aws/accessrequest"
SOURCE: Final = "aws.ssm"
_SERVICE: Final = "assumed-role/AWSServiceRoleForSystemsManagerJustInTimeAccess/JustInTimeAccessService"
OPS_ITEM_STATUS: Final = {
    records.WAITING: "PendingApproval",
    records.APPROVED: "Approved",
    records.REJECTED: "Rejected",
    records.REVOKED: "Revoked",
    records.CANCELLED: "Cancelled",  # UNCONFIRMED
    records.FAILED: "Failed",  # UNCONFIRMED
    records.TIMED_OUT: "TimedOut",  # UNCONFIRMED
}
AUTOMATION_STATUS: Final = {
    records.WAITING: "PendingApproval",
    records.APPROVED: "Approved",
    records.REJECTED: "Rejected",
    records.REVOKED: "Cancelled",  # UNCONFIRMED
    records.CANCELLED: "Cancelled",
    records.TIMED_OUT: "TimedOut",
    records.FAILED: "Failed",
}


def operational_data(request: AccessRequest) -> dict[str, str]:
    """Return what is told of a request, by key; the two times are there once it is approved."""
    requester = {
        "isReplica": "false",
        "sourceOpsItemId": request.id,
        "sourceAccountId": "",
        "id": "",
        "sourceRegion": "",
        "arn": request.requester_arn,
    }
    told = {
        "/aws/accessrequest": _json(
            {
                "requester": requester,
                "approvalPolicy": request.policy,
                "approvalPolicyVersion": str(request.policy_version),
                "automationExecutionId": request.execution,
            }
        ),
        "/aws/accessrequest/approvaldetails": request.reason,
        "/aws/accessrequest/context": _json(
            {
                "targets": {"instanceId": node_arn(request.account, request.region, request.node)},
                "accessTokenRole": TOKEN_ROLE,
            }
        ),
        "/aws/accessrequest/accessduration": f"PT{request.duration_seconds}S",
    }
    if request.approved_at is not None and request.ends_at is not None:
        told["/aws/accessrequest/starttime"] = _second(request.approved_at)
        told["/aws/accessrequest/endtime"] = _second(request.ends_at)
    return told


def ops_item(request: AccessRequest, now: int) -> ssm.OpsItem:
    """Return a request as GetOpsItem shows it."""
    told: dict[str, Any] = {
        **_common(request, now),
        "Description": f"OpsItem created for AccessRequest {request.id}.",
        "Notifications": [],
        "RelatedOpsItems": [],
        "Version": str(request.changed_at),
        "OpsItemArn": ssm_arn(request.account, request.region, f"opsitem/{request.id}"),
    }
    # Members of the model, put together from those that both ways of showing share.
    return cast(ssm.OpsItem, told)


def summary(request: AccessRequest, now: int) -> ssm.OpsItemSummary:
    """Return a request as DescribeOpsItems shows it."""
    # As above.
    return cast(ssm.OpsItemSummary, _common(request, now))


def title(request: AccessRequest) -> str:
    """Return a request's title."""
    return f"Access Request - {datetime.fromtimestamp(request.created_at / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _common(request: AccessRequest, now: int) -> dict[str, Any]:
    data = operational_data(request)
    return {
        "CreatedBy": request.requester_arn,
        "OpsItemType": TYPE,
        "CreatedTime": as_datetime(request.created_at),
        "LastModifiedBy": sts_arn(request.account, _SERVICE),
        "LastModifiedTime": as_datetime(request.changed_at),
        "Status": OPS_ITEM_STATUS[request.state_at(now)],
        "OpsItemId": request.id,
        "Title": title(request),
        "Source": SOURCE,
        "OperationalData": {key: {"Value": value, "Type": "SearchableString"} for key, value in data.items()},
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _second(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
