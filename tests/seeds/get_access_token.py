"""The contract of `SSM.GetAccessToken`.

Follows the Systems Manager API reference, "GetAccessToken" and "Credentials", facts/ssm.md §2, §5.2 and §6.
Who asks is the requester, somebody with the credentials of an assumed role, unless a case says otherwise.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from iam.room import ACCOUNT, Room
from seeds.contract import Contract, Exceptional, Given, Members, Refusal, Response
from seeds.faults import broken_disk, over_the_limit
from ssm.access import AUTO, Access, cedar, level, manual
from ssm.room import NodeRoom
from support.running import Key

VALIDATION, NOT_FOUND, DENIED = "ValidationException", "ResourceNotFoundException", "AccessDeniedException"
_NEVER_ISSUED = "oi-000000000000"
_PATTERN = "^(oi)-[0-9a-f]{12}$"
_WHERE = "at 'accessRequestId' failed to satisfy constraint"
_NULL = f"1 validation error detected: Value null {_WHERE}: Member must not be null"
_GONE = Refusal(NOT_FOUND, "The access request was not found.", is_modelled=True)
_NOT_THE_REQUESTER = Refusal(
    DENIED, "The requester doesn't have permissions to perform the requested operation.", is_modelled=True
)


@dataclass(frozen=True)
class People:
    """ana asks, bob decides, eve only looks on; a policy lets requests for nodes with the tag `env` in at once."""

    access: Access
    ana: Key
    bob: Any
    eve: Key
    node: str
    other_node: str


@cache
def _people(room: Room) -> People:
    access = Access(NodeRoom(room.authority))
    users = {name: access.user(name) for name in ("ana", "bob", "eve")}
    access.room.document(
        cedar('permit(principal, action, resource) when { resource.hasTag("env") };'),
        "AutoApprovalPolicy",
        AUTO,
    )
    access.room.document(manual(level("bob")), "ManualApprovalPolicy")

    def session(name: str) -> Key:
        made = room.client("sts", users[name]).assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/operators", RoleSessionName=name
        )["Credentials"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    bob = room.client("ssm", users["bob"])
    return People(access, session("ana"), bob, session("eve"), access.node(env="test"), access.node())


def _asked(room: Room, *, node: str = "") -> Members:
    people = _people(room)
    return {"AccessRequestId": people.access.ask(room.client("ssm", people.ana), node or people.node)}


def _pending(room: Room) -> Members:
    return _asked(room, node=_people(room).other_node)


def _signalled(*signals: str) -> Callable[[Room], Members]:
    def make(room: Room) -> Members:
        members = _pending(room)
        for signal in signals:
            _people(room).access.signal(_people(room).bob, members["AccessRequestId"], signal)
        return members

    return make


def _withdrawn(room: Room) -> Members:
    members = _pending(room)
    execution = _people(room).access.execution(members["AccessRequestId"])
    room.client("ssm", _people(room).ana).stop_automation_execution(AutomationExecutionId=execution)
    return members


def _named(value: str) -> Callable[[Room], Members]:
    return lambda _: {"AccessRequestId": value}


def _invalid(about: str, value: str) -> Given:
    sentence = f"Value '{value}' {_WHERE}: Member must satisfy regular expression pattern: {_PATTERN}"
    refusal = Refusal(VALIDATION, f"1 validation error detected: {sentence}", is_modelled=True)
    return Given("AccessRequestId", "invalid", about, _named(value), refusal)


def _without_keys(status: str) -> Callable[[Room, Members, Response], None]:
    """Return the assertion that a request stands so, and that there are no keys for it, not even empty ones."""

    def check(room: Room, sent: Members, response: Response) -> None:
        assert {"AccessRequestStatus", "ResponseMetadata"} == response.keys()
        assert status == response["AccessRequestStatus"]

    return check


def _opens_the_node(room: Room, sent: Members, response: Response) -> None:
    """The keys start sessions on that node only. It is not connected: to be told so is to be let in."""
    people, given = _people(room), response["Credentials"]
    keys = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    ssm = room.client("ssm", keys)
    assert _code(lambda: ssm.start_session(Target=people.node)) == "TargetNotConnected"
    assert _code(lambda: ssm.start_session(Target=people.other_node)) == DENIED
    assert _code(lambda: ssm.describe_sessions(State="Active")) == DENIED
    assert room.client("sts", keys).get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/SSM-JustInTimeAccessTokenRole/ana"
    )


def _code(call: Callable[[], object]) -> str:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def _is_approved(room: Room, value: Any) -> None:
    assert value == "Approved"


def _is_session_key_id(room: Room, value: Any) -> None:
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", value)
    assert room.sts.get_access_key_info(AccessKeyId=value)["Account"] == ACCOUNT


def _is_secret(room: Room, value: Any) -> None:
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", value)


def _is_session_token(room: Room, value: Any) -> None:
    assert re.fullmatch(r"[A-Za-z0-9+/=_-]{100,2048}", value)


def _is_in_an_hour(room: Room, value: Any) -> None:
    assert timedelta(minutes=58) < value - datetime.now(UTC) <= timedelta(hours=1)


def _holdings(room: Room) -> object:
    """Return every key of a request, and how many are known to be a request's."""
    rows = room.authority.look(lambda reader: reader.one("SELECT count(*) FROM ssm_access_key"))
    kinds = room.authority.command("creds-ls", kind="ssm.access-token", limit=1000)["credentials"]
    return rows, sorted(each["id"] for each in kinds)


GET_ACCESS_TOKEN = Contract(
    service="ssm",
    operation="GetAccessToken",
    inputs=[
        Given(
            "AccessRequestId", "absent", "refused", lambda _: {}, Refusal(VALIDATION, _NULL, is_modelled=True)
        ),
        Given("AccessRequestId", "valid", "approved", _asked, _opens_the_node),
        Given("AccessRequestId", "valid", "pending", _pending, _without_keys("Pending")),
        Given("AccessRequestId", "valid", "rejected", _signalled("Reject"), _without_keys("Rejected")),
        Given(
            "AccessRequestId", "valid", "revoked", _signalled("Approve", "Revoke"), _without_keys("Revoked")
        ),
        Given("AccessRequestId", "valid", "withdrawn", _withdrawn, _without_keys("Revoked")),
        Given("AccessRequestId", "invalid", "never-issued", _named(_NEVER_ISSUED), _GONE),
        _invalid("empty", ""),
        _invalid("not-hexadecimal", "oi-ZZZZZZZZZZZZ"),
        _invalid("too-short", "oi-ZZZ"),
        _invalid("of-another-kind", "ar-000000000000"),
        _invalid("13-digits", "oi-0000000000000"),
        _invalid("line-end", "oi-000000000000\n"),
        _invalid("upper-case", "oi-00000000000A"),
    ],
    answer={
        "AccessRequestStatus": _is_approved,
        "Credentials.AccessKeyId": _is_session_key_id,
        "Credentials.SecretAccessKey": _is_secret,
        "Credentials.SessionToken": _is_session_token,
        "Credentials.ExpirationTime": _is_in_an_hour,
    },
    exceptions=[
        Exceptional(_GONE, _named(_NEVER_ISSUED)),
        Exceptional(_NOT_THE_REQUESTER, _asked, key=lambda room: _people(room).eve),
        Exceptional(Refusal(VALIDATION, _NULL, is_modelled=True), lambda _: {}),
        Exceptional(
            Refusal("ThrottlingException", "Rate exceeded", is_modelled=True),
            _asked,
            lambda room: over_the_limit(room.authority, "ssm"),
        ),
        Exceptional(
            Refusal("InternalServerError", "An internal error occurred.", is_modelled=True),
            _asked,
            lambda room: broken_disk(room.authority),
        ),
    ],
    usual=_asked,
    holdings=_holdings,
    caller=lambda room: _people(room).ana,
)
