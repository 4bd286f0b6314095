"""StartAccessRequest and GetAccessToken: somebody asks for a node, and gets keys for it.

Follows the AWS Systems Manager API reference, "StartAccessRequest" and "GetAccessToken", and the User Guide,
"Start a just-in-time node access session".
"""

from datetime import timedelta
from typing import Final

import msgspec

from keystead.credentials.kind import Kind
from keystead.gateway.call import Call
from keystead.identity import role_records
from keystead.identity.role_records import Role
from keystead.identity.session_records import Scope
from keystead.identity.sessions import Sessions, role_session, session_kind
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import node_records, tag_records
from keystead.products.ssm import request_records as records
from keystead.products.ssm.approval_policy import LONGEST_WINDOW, TOKEN_ROLE
from keystead.products.ssm.builtin import PORT_FORWARDING, PREFERENCES
from keystead.products.ssm.deciding import Deciding
from keystead.products.ssm.evaluation import NoPolicy, evaluate
from keystead.products.ssm.library import Library
from keystead.products.ssm.people import Person, person_of, question
from keystead.products.ssm.request_records import AccessRequest
from keystead.products.ssm.resources import document_arn, node_arn
from keystead.products.ssm.session_desk import session_prefix
from keystead.products.ssm.tag_records import Place
from keystead.products.ssm.tagging import given_tags
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

LONGEST_LIFE: Final = timedelta(hours=1)
"""UNCONFIRMED: how long AWS's token lives; role chaining caps it at an hour there."""
ACCESS_TOKEN: Final = session_kind("ssm.access-token", longest=LONGEST_LIFE)
LASTING_ACCESS_TOKEN: Final = session_kind(ACCESS_TOKEN.name, longest=LONGEST_WINDOW)
"""The same kind where the operator lets keys last as long as their request's window."""
MAX_WAITING: Final = 100
"""UNCONFIRMED: AWS's quota of requests that wait."""

NOT_ENABLED: Final = "Just-In-Time Node Access service is not enabled in this account."
"""UNCONFIRMED: the error's shape; the sentence is AWS's. It is on where the token role exists."""
NOT_ASSUMED: Final = "Access requests need the credentials of an assumed role."
NOT_REQUESTER: Final = "The requester doesn't have permissions to perform the requested operation."
NO_POLICY: Final = "No approval policy applies to this node."
ONE_NODE: Final = "Targets must be exactly one node: Key=InstanceIds, Values=<node id>."

_STATUS: Final = {
    records.WAITING: "Pending",
    records.APPROVED: "Approved",
    records.REJECTED: "Rejected",
    records.REVOKED: "Revoked",
    records.CANCELLED: "Revoked",  # UNCONFIRMED
    records.FAILED: "Rejected",  # UNCONFIRMED
    records.TIMED_OUT: "Expired",
}


class AccessRequests:
    """The two operations of who wants in."""

    def __init__(
        self,
        library: Library,
        deciding: Deciding,
        sessions: Sessions,
        clock: Clock,
        *,
        kind: Kind,
        forwards_ports: bool,
    ) -> None:
        self._library = library
        self._kind = kind
        self._deciding = deciding
        self._sessions = sessions
        self._clock = clock
        self._forwards_ports = forwards_ports

    @ssm.StartAccessRequest("write", resource="*")
    def start_access_request(
        self, call: Call, request: ssm.StartAccessRequestRequest
    ) -> ssm.StartAccessRequestResponse:
        """Ask for a node. A policy may approve at once; otherwise people are asked."""
        principal = call.principal
        if principal.type != "assumed-role":
            raise ssm.AccessDeniedException(NOT_ASSUMED)
        if self._token_role(call) is None:
            raise ssm.ValidationException(NOT_ENABLED)
        node = self._node(call, request["Targets"])
        now = now_ms(self._clock)
        if records.waiting_of(call.reader, principal.account, call.region, principal.id, now) >= MAX_WAITING:
            raise ssm.ServiceQuotaExceededException(
                f"A requester has at most {MAX_WAITING} requests that wait.",
                ResourceType="AccessRequest",
                QuotaCode="L-ACCESSREQUESTS",
                ServiceCode="ssm",
            )
        made = self._ask(call, person_of(call.reader, principal), node, request["Reason"])
        tags = given_tags(request.get("Tags", []))
        tag_records.put(call.tx, Place(principal.account, call.region, "OpsItem", made.id), tags)
        return {"AccessRequestId": made.id}

    @ssm.GetAccessToken("write", resource="*")
    def get_access_token(self, call: Call, request: ssm.GetAccessTokenRequest) -> ssm.GetAccessTokenResponse:
        """Tell how a request stands, and mint keys while it is approved."""
        found = records.find(call.reader, call.principal.account, call.region, request["AccessRequestId"])
        if found is None:
            raise ssm.ResourceNotFoundException("The access request was not found.")
        person = person_of(call.reader, call.principal)
        # Two people may bear one session name; and nothing here may depend on which of them asks first.
        if found.requester_id != call.principal.id or found.requester_person != person.id:
            raise ssm.AccessDeniedException(NOT_REQUESTER)
        now = now_ms(self._clock)
        state, ends_at, role = found.state_at(now), found.ends_at, self._token_role(call)
        if state != records.APPROVED or ends_at is None:
            # The table holds the model's words only.
            return {"AccessRequestStatus": _STATUS[state]}  # pyright: ignore[reportReturnType]
        left = timedelta(seconds=(ends_at - now) // 1000)
        if left < timedelta(seconds=1):
            return {"AccessRequestStatus": "Expired"}
        if role is None:
            raise ssm.ValidationException(NOT_ENABLED)
        minted = self._sessions.mint(
            call.tx,
            self._kind,
            role_session(role, found.session_name),
            Scope(policy=session_policy(found, forwards_ports=self._forwards_ports)),
            by=call.credential,
            life=min(self._kind.lifetime.maximum or left, left),
        )
        if minted.session_token is None or minted.credential.expires_at is None:
            raise RuntimeError("an access token is a session that ends")
        records.add_key(call.tx, minted.credential.id, found.id)
        # Revealed to the requester, once; the response leaves after the commit.
        secret, token = minted.secret.reveal().decode(), minted.session_token.reveal().decode()
        return {
            "AccessRequestStatus": "Approved",
            "Credentials": {
                "AccessKeyId": minted.credential.id,
                "SecretAccessKey": secret,
                "SessionToken": token,
                "ExpirationTime": as_datetime(minted.credential.expires_at),
            },
        }

    def _token_role(self, call: Call) -> Role | None:
        return role_records.role_named(call.reader, call.principal.account, TOKEN_ROLE)

    def _node(self, call: Call, targets: list[ssm.Target]) -> str:
        """Return the one node that is asked for. Raises the operation's errors."""
        values = targets[0].get("Values", []) if len(targets) == 1 else []
        if len(values) != 1 or targets[0].get("Key") != "InstanceIds":
            raise ssm.ValidationException(ONE_NODE, ReasonCode="InvalidTargets")
        found = node_records.find(call.reader, call.principal.account, call.region, values[0])
        if found is None or not found.is_registered:
            raise ssm.ResourceNotFoundException(f"Node {values[0]} was not found.")
        return found.id

    def _ask(self, call: Call, person: Person, node: str, reason: str) -> AccessRequest:
        account, region = call.principal.account, call.region
        tags = tag_records.tags(call.reader, Place(account, region, "ManagedInstance", node))
        asked = question(call.reader, person, node, tags)
        outcome = evaluate(self._library, call.reader, account, region, asked)
        if isinstance(outcome, NoPolicy):
            raise ssm.ValidationException(NO_POLICY, ReasonCode="NoApplicablePolicy")
        return self._deciding.ask(call.tx, person, region, node, reason, outcome)


def session_policy(request: AccessRequest, *, forwards_ports: bool) -> str:
    """Return the session policy of a token: shells on the one node, its ports if so set, and its own sessions."""
    account, region, prefix = request.account, request.region, session_prefix(request.session_name)
    names = [PREFERENCES, PORT_FORWARDING] if forwards_ports else [PREFERENCES]
    statements = [
        {
            "Effect": "Allow",
            "Action": "ssm:StartSession",
            "Resource": [
                node_arn(account, region, request.node),
                *(document_arn(account, region, name) for name in names),
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["ssm:TerminateSession", "ssm:ResumeSession", "ssmmessages:OpenDataChannel"],
            "Resource": f"arn:aws:ssm:{region}:{account}:session/{prefix}-*",
        },
    ]
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()
