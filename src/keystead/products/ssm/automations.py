"""Executions: how people decide on requests. Each manual request has one, named by its policy.

Follows the AWS Systems Manager API reference, "SendAutomationSignal", "StopAutomationExecution" and the reading
operations. Executions of runbooks are not here: StartAutomationExecution has nothing that it could start.
"""

from typing import Any, Final, cast

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import request_records as records
from keystead.products.ssm.deciding import Deciding, NotYours, TooLate, policy_of
from keystead.products.ssm.library import Library
from keystead.products.ssm.listing import Listing
from keystead.products.ssm.ops_item_views import AUTOMATION_STATUS
from keystead.products.ssm.people import person_of
from keystead.products.ssm.request_records import AccessRequest
from keystead.products.ssm.searching import Searching
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

APPROVE: Final = "aws:approve"
MANUAL: Final = "ManualApprovalPolicy"
_NO_EXECUTION: Final = "Automation execution {id} was not found."
_NO_RUNBOOK: Final = "Automation definition {name} was not found: this authority has no runbooks."
_BY_REQUEST_ONLY: Final = "An approval policy is run by StartAccessRequest only."
_FOREIGN_SIGNALS: Final = "The signal {signal} does not apply to an access request."


class Automations:
    """The operations on executions."""

    def __init__(
        self, deciding: Deciding, library: Library, searching: Searching, listing: Listing, clock: Clock
    ) -> None:
        self._deciding = deciding
        self._library = library
        self._searching = searching
        self._listing = listing
        self._clock = clock

    @ssm.StartAutomationExecution("write", resource="automation-definition/{DocumentName}")
    def start_automation_execution(
        self, call: Call, request: ssm.StartAutomationExecutionRequest
    ) -> ssm.StartAutomationExecutionResult:
        """Refuse: what is approved by hand begins with somebody who asks."""
        name = request["DocumentName"]
        found = self._library.find(call.reader, call.principal.account, call.region, name)
        if found is not None and found.type == MANUAL:
            raise ssm.InvalidAutomationExecutionParametersException(_BY_REQUEST_ONLY)
        raise ssm.AutomationDefinitionNotFoundException(_NO_RUNBOOK.format(name=name))

    @ssm.GetAutomationExecution("read", resource="automation-execution/{AutomationExecutionId}")
    def get_automation_execution(
        self, call: Call, request: ssm.GetAutomationExecutionRequest
    ) -> ssm.GetAutomationExecutionResult:
        """Return an execution with all of its levels."""
        found = self._find(call, request["AutomationExecutionId"])
        told = self._common(found)
        steps = self._steps(call, found)
        return {
            # What is common to both ways of showing an execution is made once, as a plain dictionary.
            "AutomationExecution": cast(
                ssm.AutomationExecution, {**told, "StepExecutions": steps, "StepExecutionsTruncated": False}
            )
        }

    @ssm.DescribeAutomationExecutions("read", resource="*")
    def describe_automation_executions(
        self, call: Call, request: ssm.DescribeAutomationExecutionsRequest
    ) -> ssm.DescribeAutomationExecutionsResult:
        """List executions that match every filter, the newest first."""
        filters = request.get("Filters", [])

        def is_wanted(each: AccessRequest) -> bool:
            return bool(each.execution) and all(self._matches(each, one) for one in filters)

        rows, token = self._searching.page("Executions", call, request, is_wanted)
        response: ssm.DescribeAutomationExecutionsResult = {
            # Shown as in `get_automation_execution`.
            "AutomationExecutionMetadataList": [
                cast(ssm.AutomationExecutionMetadata, {**self._common(each), "AutomationType": "Local"})
                for each in rows
            ]
        }
        if token is not None:
            response["NextToken"] = token
        return response

    @ssm.DescribeAutomationStepExecutions("read", resource="automation-execution/{AutomationExecutionId}")
    def describe_automation_step_executions(
        self, call: Call, request: ssm.DescribeAutomationStepExecutionsRequest
    ) -> ssm.DescribeAutomationStepExecutionsResult:
        """List the levels of an execution."""
        if request.get("Filters"):
            raise ssm.InvalidFilterKey("Steps are not filtered here.")
        found = self._find(call, request["AutomationExecutionId"])
        steps = list(enumerate(self._steps(call, found)))
        if request.get("ReverseOrder"):
            steps.reverse()
        binding = f"Steps|{found.id}|{request.get('ReverseOrder', False)}"
        places = [(f"{place:02d}", step) for place, (_, step) in enumerate(steps)]
        page = self._listing.page(binding, request, places, lambda row: row[0])
        response: ssm.DescribeAutomationStepExecutionsResult = {
            "StepExecutions": [step for _, step in page.rows]
        }
        if page.marker is not None:
            response["NextToken"] = page.marker
        return response

    @ssm.SendAutomationSignal("write", resource="automation-execution/{AutomationExecutionId}")
    def send_automation_signal(
        self, call: Call, request: ssm.SendAutomationSignalRequest
    ) -> ssm.SendAutomationSignalResult:
        """Approve, reject or revoke. Whoever may not, or comes late, changes nothing."""
        found = self._find(call, request["AutomationExecutionId"])
        person = person_of(call.reader, call.principal)
        comment = " ".join(request.get("Payload", {}).get("Comment", []))[:512]
        signal = request["SignalType"]
        try:
            if signal in ("Approve", "Reject"):
                self._deciding.decide(call.tx, found, person, signal, comment)
            elif signal == "Revoke":
                self._deciding.revoke_as_approver(call.tx, found, person, comment)
            else:
                raise TooLate(_FOREIGN_SIGNALS.format(signal=signal))
        except (NotYours, TooLate) as error:
            raise ssm.InvalidAutomationSignalException(str(error)) from error
        return {}

    @ssm.StopAutomationExecution("write", resource="automation-execution/{AutomationExecutionId}")
    def stop_automation_execution(
        self, call: Call, request: ssm.StopAutomationExecutionRequest
    ) -> ssm.StopAutomationExecutionResult:
        """Withdraw one's own request while it waits, or give the access back."""
        found = self._find(call, request["AutomationExecutionId"])
        person = person_of(call.reader, call.principal)
        if found.requester_id != call.principal.id or found.requester_person != person.id:
            raise ssm.InvalidAutomationStatusUpdateException("Only the requester can stop an access request.")
        if request.get("Type", "Cancel") != "Cancel":
            raise ssm.InvalidAutomationStatusUpdateException("An access request can only be cancelled.")
        try:
            self._deciding.cancel(call.tx, found)
        except TooLate as error:
            raise ssm.InvalidAutomationStatusUpdateException(str(error)) from error
        return {}

    def _find(self, call: Call, execution: str) -> AccessRequest:
        found = records.of_execution(call.reader, call.principal.account, call.region, execution)
        if found is None or not execution:
            raise ssm.AutomationExecutionNotFoundException(_NO_EXECUTION.format(id=execution))
        return found

    def _common(self, found: AccessRequest) -> dict[str, Any]:
        state = found.state_at(now_ms(self._clock))
        told: dict[str, Any] = {
            "AutomationExecutionId": found.execution,
            "DocumentName": found.policy,
            "DocumentVersion": str(found.policy_version),
            "AutomationExecutionStatus": AUTOMATION_STATUS[state],
            "ExecutionStartTime": as_datetime(found.created_at),
            "ExecutedBy": found.requester_arn,
            "Mode": "Auto",
            "AutomationSubtype": "AccessRequest",
            "OpsItemId": found.id,
            "Outputs": {},
        }
        if state == records.WAITING:
            told["CurrentStepName"] = policy_of(found).levels[found.level].name
            told["CurrentAction"] = APPROVE
        else:
            told["ExecutionEndTime"] = as_datetime(min(found.changed_at, now_ms(self._clock)))
        return told

    def _steps(self, call: Call, found: AccessRequest) -> list[ssm.StepExecution]:
        state = found.state_at(now_ms(self._clock))
        given = records.approvals(call.reader, found.id)
        steps: list[ssm.StepExecution] = []
        for number, level in enumerate(policy_of(found).levels):
            decisions = [each for each in given if each.level == number]
            approvers = [one.id for one in level.approvers]
            step: dict[str, Any] = {
                "StepName": level.name,
                "Action": APPROVE,
                "TimeoutSeconds": level.timeout_seconds,
                "StepStatus": _step_status(found, state, number),
                "StepExecutionId": f"{found.execution}-{number}",
                "Inputs": {
                    "Message": f'"{level.message}"',
                    "MinRequiredApprovals": str(level.min_approvals),
                    "Approvers": ",".join(approvers),
                },
                "Outputs": {
                    "ApprovalStatus": [_approval_status(found, state, number)],
                    "ApproverDecisions": [f"{each.arn}: {each.decision}" for each in decisions],
                },
            }
            # Members of the model, most of whose values depend on the state.
            steps.append(cast(ssm.StepExecution, step))
        return steps

    def _matches(self, each: AccessRequest, one: ssm.AutomationExecutionFilter) -> bool:
        key, values = one["Key"], one["Values"]
        shown = {
            "ExecutionStatus": AUTOMATION_STATUS[each.state_at(now_ms(self._clock))],
            "ExecutionId": each.execution,
            "OpsItemId": each.id,
            "AutomationSubtype": "AccessRequest",
            "AutomationType": "Local",
            "CurrentAction": APPROVE,
        }
        if key == "DocumentNamePrefix":
            return any(each.policy.startswith(value) for value in values)
        if key not in shown:
            raise ssm.InvalidFilterKey(f"{key} is not a filter of access requests.")
        return shown[key] in values


def _step_status(found: AccessRequest, state: str, number: int) -> str:
    if number < found.level or state in (records.APPROVED, records.REVOKED):
        return "Success"
    if number > found.level:
        return "Pending"
    return {records.WAITING: "Waiting", records.REJECTED: "Failed", records.TIMED_OUT: "TimedOut"}.get(
        state, "Cancelled"
    )


def _approval_status(found: AccessRequest, state: str, number: int) -> str:
    status = _step_status(found, state, number)
    return {"Success": "Approved", "Failed": "Rejected"}.get(status, status)
