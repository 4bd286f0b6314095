"""Sessions as the API shows them: start, resume, end, and look.

Follows the Systems Manager API reference: StartSession, ResumeSession, TerminateSession, DescribeSessions,
GetConnectionStatus.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from keystead.gateway.call import Call
from keystead.gateway.operations import plain_resource
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.errors import InvalidMarker
from keystead.kernel.paging import Markers
from keystead.products.ssm import session_records as records
from keystead.products.ssm.session_desk import NotConnected, Opened, SessionDesk, Wish
from keystead.products.ssm.session_documents import BadDocument
from keystead.products.ssm.session_records import ENDED, LIVE, SessionRow
from keystead.store.interface import Reader
from keystead.types.ssm import (
    DescribeSessions,
    DescribeSessionsRequest,
    DescribeSessionsResponse,
    DoesNotExistException,
    GetConnectionStatus,
    GetConnectionStatusRequest,
    GetConnectionStatusResponse,
    InvalidDocument,
    InvalidFilterKey,
    InvalidNextToken,
    ResumeSession,
    ResumeSessionRequest,
    ResumeSessionResponse,
    Session,
    SessionFilter,
    StartSession,
    StartSessionRequest,
    StartSessionResponse,
    TargetNotConnected,
    TerminateSession,
    TerminateSessionRequest,
    TerminateSessionResponse,
)

HISTORY_MS: Final = 30 * 24 * 3600 * 1000
PAGE: Final = 50
TERMINATED_BY_USER: Final = "Session terminated."


class SessionOperations:
    """The operations."""

    def __init__(self, desk: SessionDesk, markers: Markers, clock: Clock) -> None:
        self._desk = desk
        self._markers = markers
        self._clock = clock

    @StartSession("write", resource="managed-instance/{Target} document/{DocumentName}")
    def start_session(self, call: Call, request: StartSessionRequest) -> StartSessionResponse:
        """Start a session on a node whose agent is connected."""
        wish = Wish(
            call.principal,
            call.credential,
            call.region,
            request["Target"],
            request.get("DocumentName", ""),
            request.get("Reason", ""),
            request.get("Parameters", {}),
        )
        try:
            return _opened(self._desk.start(call.tx, wish))
        except BadDocument as error:
            raise InvalidDocument(str(error)) from error
        except NotConnected as error:
            raise TargetNotConnected(str(error)) from error

    @ResumeSession("write", resource="session/{SessionId}")
    def resume_session(self, call: Call, request: ResumeSessionRequest) -> ResumeSessionResponse:
        """Hand out a fresh token for a session whose socket broke."""
        opened = self._desk.resume(
            call.tx, call.principal, call.region, call.credential, request["SessionId"]
        )
        if opened is None:
            raise DoesNotExistException(f"Session {request['SessionId']} does not exist or has ended.")
        shown = _opened(opened)
        return ResumeSessionResponse(
            SessionId=shown.get("SessionId"),
            TokenValue=shown.get("TokenValue"),
            StreamUrl=shown.get("StreamUrl"),
        )

    @TerminateSession("write", resource="session/{SessionId}")
    def terminate_session(self, call: Call, request: TerminateSessionRequest) -> TerminateSessionResponse:
        """End a session; an id that is none is echoed, as AWS does."""
        account, session = call.principal.account, request["SessionId"]
        if self._desk.may_end(call.tx, account, call.region, call.credential, session):
            self._desk.terminate(call.tx, account, session, TERMINATED_BY_USER)
        return TerminateSessionResponse(SessionId=request["SessionId"])

    @DescribeSessions("read", resource="*")
    def describe_sessions(self, call: Call, request: DescribeSessionsRequest) -> DescribeSessionsResponse:
        """List sessions, the newest first; ended ones for thirty days."""
        states = LIVE if request["State"] == "Active" else ENDED
        account, region = call.principal.account, call.region
        since = 0 if states is LIVE else now_ms(self._clock) - HISTORY_MS
        filters = request.get("Filters", [])
        binding = f"DescribeSessions|{account}|{region}|{request['State']}|{filters!r}"
        try:
            skip = int(self._markers.open(binding, request.get("NextToken")) or "0")
        except InvalidMarker as error:
            raise InvalidNextToken("The specified token is not valid.") from error
        found = [
            row
            for row in records.listed(call.reader, account, region, states, since)
            if all(_matches(row, each) for each in filters)
        ]
        limit = request.get("MaxResults", PAGE)
        response = DescribeSessionsResponse(Sessions=[_shown(row) for row in found[skip : skip + limit]])
        if len(found) > skip + limit:
            response["NextToken"] = self._markers.seal(binding, str(skip + limit))
        return response

    @GetConnectionStatus("read", resource="managed-instance/{Target}")
    def get_connection_status(
        self, call: Call, request: GetConnectionStatusRequest
    ) -> GetConnectionStatusResponse:
        """Tell whether a session could be started on a node now."""
        is_connected = self._desk.is_connected(
            call.reader, call.principal.account, call.region, request["Target"]
        )
        return GetConnectionStatusResponse(
            Target=request["Target"], Status="connected" if is_connected else "notconnected"
        )


def session_resource(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN that a session's call is about.

    AWS's own documents are nobody's; and without a name the document is not looked at, only the node is.
    """
    if template != "document/{DocumentName}":
        return plain_resource(reader, call, template, request)
    name = str(request.get("DocumentName", ""))
    if not name:
        return plain_resource(reader, call, "managed-instance/{Target}", request)
    if name.startswith("arn:"):
        return name
    owner = "" if name.startswith("AWS-") else call.principal.account
    return f"arn:aws:ssm:{call.region}:{owner}:document/{name}"


def _opened(opened: Opened) -> StartSessionResponse:
    # Revealed to the caller who may start the session: it opens one channel, once.
    token = opened.token.reveal().decode()
    return StartSessionResponse(SessionId=opened.session_id, TokenValue=token, StreamUrl=opened.stream_url)


def _shown(row: SessionRow) -> Session:
    shown = Session(
        SessionId=row.id,
        Target=row.target,
        Status=row.state,
        StartDate=_time(row.started_at),
        DocumentName=row.document,
        Owner=row.owner_arn,
        Details=row.ends_because,
        AccessType=row.access_type,
    )
    if row.reason:
        shown["Reason"] = row.reason
    if row.ended_at is not None:
        shown["EndDate"] = _time(row.ended_at)
    if row.most_seconds is not None:
        shown["MaxSessionDuration"] = str(row.most_seconds // 60)
    return shown


def _matches(row: SessionRow, wanted: SessionFilter) -> bool:
    value = wanted["value"]
    match wanted["key"]:
        case "InvokedAfter":
            return _time(row.started_at) >= _given_time(value)
        case "InvokedBefore":
            return _time(row.started_at) < _given_time(value)
        case "Target":
            return row.target == value
        case "Owner":
            return row.owner_arn == value
        case "Status":
            return row.state == value
        case "SessionId":
            return row.id == value
        case "AccessType":
            return row.access_type == value


def _given_time(value: str) -> datetime:
    """Return a filter's time. Raises InvalidFilterKey, the only error of the operation for a bad filter."""
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidFilterKey("") from error


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
