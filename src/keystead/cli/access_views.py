"""How access requests are printed: a line with the next step, a row of a table, or everything."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from keystead.cli.output import pairs, table
from keystead.remote.people.requests import APPROVED, PENDING, Level, Request

WRITTEN: Final = "%Y-%m-%dT%H:%M:%SZ"
_LEVELS: Final = ["level", "status", "approvals", "approvers", "decisions"]
_NEXT: Final = {
    PENDING: "Next: keystead access wait {id}, or keystead access show {id} for who decides.",
    APPROVED: "Next: aws ssm get-access-token --access-request-id {id} (its requester).",
}


def standing(request: Request) -> str:
    """Return in a line or two how a request stands, and what to type next."""
    until = f" until {_written(request.ends_at)}" if request.status == APPROVED else ""
    advice = _NEXT.get(request.status, "").format(id=request.id)
    return f"{request.id} for {request.node}: {request.status}{until}" + (f"\n{advice}" if advice else "")


def row(request: Request) -> dict[str, object]:
    """Return a request as a row of the list; the requester without the account."""
    return {
        "id": request.id,
        "status": request.status,
        "node": request.node,
        "requester": request.requester.partition(":assumed-role/")[2] or request.requester,
        "created": _written(request.created_at),
        "until": _written(request.ends_at),
        # A reason may hold anything; what is not printable would move the cursor of whoever reads it.
        "reason": _printable(request.reason),
    }


def details(request: Request, levels: Sequence[Level], events: Sequence[dict[str, Any]]) -> str:
    """Return all that is known of a request."""
    told = as_json(request)
    parts = [pairs({**told, "reason": _printable(request.reason)})]
    if levels:
        shown: list[dict[str, object]] = [
            {
                "level": _printable(each.name),
                "status": each.status,
                "approvals": f"{sum(one.endswith(': Approve') for one in each.decisions)} of {each.needed}",
                "approvers": ", ".join(each.approvers),
                "decisions": ", ".join(each.decisions),
            }
            for each in levels
        ]
        parts.append(table(shown, _LEVELS))
    if events:
        happened: list[dict[str, object]] = [
            {"at": each["at"].strftime(WRITTEN), "event": each["type"], "status": _status(each["detail"])}
            for each in events
        ]
        parts.append(table(happened, ["at", "event", "status"]))
    return "\n\n".join([*parts, standing(request)])


def as_json(request: Request) -> dict[str, object]:
    """Return a request as `--json` prints it. Times are ISO 8601 in UTC, or null."""
    return {
        "id": request.id,
        "status": request.status,
        "node": request.node,
        "requester": request.requester,
        "reason": request.reason,
        "policy": request.policy,
        "execution": request.execution or None,
        "created": _written(request.created_at),
        "approved": _written(request.approved_at),
        "until": _written(request.ends_at),
    }


def _status(detail: dict[str, Any]) -> object:
    return detail.get("AccessRequestStatus") or detail.get("AccessRequestApprovalLevelStatus")


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.strftime(WRITTEN)


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "�" for each in text)
