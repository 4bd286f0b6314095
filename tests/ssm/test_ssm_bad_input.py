"""Bad input to Systems Manager gets its exact answer and changes nothing; after it the server answers as before."""

import json
from dataclasses import dataclass

import pytest

from badinput.rows import rows
from badinput.wire import REQUEST_ID, Reply, Sent, deliver, signed
from ssm.access import AUTO, OPEN, Access, cedar, level, manual
from ssm.room import NodeRoom, refused
from support.running import Key, key_in

JSON = "application/x-amz-json-1.1"
NESTED = 100_000
ASKED = b'{"AccessRequestId": "oi-0123456789ab"}'
OTHER_ACCOUNT = "210987654321"


def call(url: str, key: Key, body: bytes = ASKED, target: str | None = "AmazonSSM.GetAccessToken") -> Sent:
    """Return a signed call; without a target its header is left out."""
    headers = {"Content-Type": JSON, **({} if target is None else {"X-Amz-Target": target})}
    return signed(url, key, body, headers=headers, service="ssm")


@dataclass(frozen=True)
class Asker:
    """Somebody who may ask: the role operators as ana, in an account where a policy lets her in."""

    access: Access
    node: str
    key: Key

    @property
    def url(self) -> str:
        return self.access.room.authority.url

    def check_refused(self, sent: Sent, code: str) -> None:
        """Deliver what is bad, and what is good after it."""
        authority = self.access.room.authority
        before = rows(authority)

        reply = deliver(sent)

        check_refusal(reply, code)
        assert before == rows(authority)
        good = deliver(call(self.url, self.key))
        assert told(good)["__type"] == "ResourceNotFoundException", "a request that was never made"


def told(reply: Reply) -> dict:
    return json.loads(reply.body)


def check_refusal(reply: Reply, code: str) -> None:
    """Assert the whole shape of a refusal in JSON."""
    assert (reply.status, told(reply)["__type"]) == (400, code), reply.body[:300]
    assert reply.headers["content-type"] == JSON
    assert reply.headers["x-amzn-errortype"] == code
    assert REQUEST_ID.fullmatch(reply.headers["x-amzn-requestid"])
    assert {name.lower() for name in told(reply)} <= {"__type", "message", "reasoncode"}
    assert len(reply.body) < 4096


@pytest.fixture(scope="module")
def asker(room: NodeRoom) -> Asker:
    access = Access(room)
    room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    made = room.client("sts", access.user("ana")).assume_role(
        RoleArn="arn:aws:iam::123456789012:role/operators", RoleSessionName="ana"
    )["Credentials"]
    return Asker(
        access, access.node(), Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    )


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "AmazonSSM",
        "AmazonSSM.",
        ".GetAccessToken",
        "GetAccessToken",
        "amazonssm.GetAccessToken",
        "AMAZONSSM.GETACCESSTOKEN",
        "AmazonSSM.getAccessToken",
        "AmazonSSM.GetAccessToken.GetAccessToken",
        "AmazonSSM_20141106.GetAccessToken",
        "AmazonSSM_20151106.GetAccessToken",
        "AmazonSSM.PutParameter",
        "A" * 10 * 1024,
        "AmazonSSM." + "A" * 10 * 1024,
        "A" * 10 * 1024 + ".GetAccessToken",
    ],
    ids=lambda target: str(target)[:40] + ("…" if target and len(target) > 40 else ""),
)
def test_target_that_names_no_operation(asker: Asker, target):
    asker.check_refused(call(asker.url, asker.key, target=target), "UnknownOperationException")


def test_body_of_another_operation_is_not_taken_for_it_where_no_target_is_named(asker: Asker):
    tags = {"ResourceType": "ManagedInstance", "ResourceId": asker.node, "Tags": [{"Key": "a", "Value": "b"}]}

    asker.check_refused(
        call(asker.url, asker.access.room.authority.root_key, json.dumps(tags).encode(), target=None),
        "UnknownOperationException",
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"AccessRequestId":' + b"[" * NESTED + b"]" * NESTED + b"}",
        b'{"AccessRequestId":' + b"[" * NESTED,
        b'{"AccessRequestId":"oi-0123456789ab","x":' + b'{"a":' * NESTED + b"1" + b"}" * NESTED + b"}",
        b"[" * NESTED,
        b"[]",
        b"null",
        b"\xff",
        ASKED + b"x",
        b'{"AccessRequestId": 1}',
    ],
    ids=lambda body: f"{body[:30]!r} ({len(body)})",
)
def test_document_that_cannot_be_read(asker: Asker, body):
    asker.check_refused(call(asker.url, asker.key, body), "SerializationException")


@pytest.mark.parametrize(
    "id_", ["oi-ZZZ", "ar-0123456789ab", "oi-0123456789abc", "oi-0123456789a", "OI-0123456789ab"]
)
def test_id_that_is_none(asker: Asker, id_):
    body = json.dumps({"AccessRequestId": id_}).encode()

    asker.check_refused(call(asker.url, asker.key, body), "ValidationException")


def one(node: str) -> list[dict]:
    return [{"Key": "InstanceIds", "Values": [node]}]


@pytest.mark.parametrize(
    "change",
    [
        lambda node: {"Targets": one(node) * 6},
        lambda node: {"Targets": one(node) * 2},
        lambda node: {"Targets": []},
        lambda node: {"Targets": [*one(node), {"Key": "InstanceIds", "Values": []}]},
        lambda node: {"Targets": [{"Key": "tag:a", "Values": ["b"]}]},
        lambda node: {"Reason": ""},
        lambda node: {"Reason": "r" * 257},
        lambda node: {"Reason": "a\u0000b"},
        lambda node: {"Tags": [{"Key": f"k{each}", "Value": "v"} for each in range(1001)]},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for(asker: Asker, change):
    body = {"Reason": "r", "Targets": one(asker.node), **change(asker.node)}
    sent = call(asker.url, asker.key, json.dumps(body).encode(), target="AmazonSSM.StartAccessRequest")

    asker.check_refused(sent, "ValidationException")


def test_anothers_request_is_denied_and_another_accounts_is_none(asker: Asker, tmp_path):
    room = asker.access.room
    request = asker.access.ask(asker.access.session(asker.access.keys["ana"], "ana"), asker.node)
    other = asker.access.session(asker.access.user("other"), "other")
    stranger = tmp_path / "other"
    room.authority.command("account-create", id=OTHER_ACCOUNT, file=str(stranger))
    before = rows(room.authority)

    with refused("AccessDeniedException"):
        other.get_access_token(AccessRequestId=request)
    answers = [
        deliver(call(asker.url, key_in(stranger), json.dumps({"AccessRequestId": each}).encode()))
        for each in (request, "oi-000000000000")
    ]

    check_refusal(answers[0], "ResourceNotFoundException")
    assert answers[0].body == answers[1].body
    assert before == rows(room.authority)


@pytest.mark.parametrize("state", ["Pending", "Rejected", "Expired", "Revoked"])
def test_request_without_an_open_window_tells_its_state_and_mints_nothing(authority, state):
    access = Access(NodeRoom(authority))
    ana, bob = access.session(access.user("ana"), "ana"), access.room.client("ssm", access.user("bob"))
    access.room.document(manual(level("bob"), seconds=3600), "ManualApprovalPolicy")
    request = access.ask(ana, access.node())
    if state == "Rejected":
        access.signal(bob, request, "Reject")
    elif state != "Pending":
        access.signal(bob, request)
        if state == "Revoked":
            access.signal(bob, request, "Revoke")
        else:
            access.advance(seconds=3601)
            ana = access.session(access.keys["ana"], "ana")  # Her own session has ended, too.
    before = rows(authority)

    answer = ana.get_access_token(AccessRequestId=request)

    del answer["ResponseMetadata"]
    assert answer == {"AccessRequestStatus": state}
    assert before == rows(authority)


def test_signals_that_may_not_be_sent_change_nothing(authority):
    access = Access(NodeRoom(authority))
    ana, bob = access.session(access.user("ana"), "ana"), access.room.client("ssm", access.user("bob"))
    kim = access.room.client("ssm", access.user("kim"))
    access.room.document(manual(level("bob", "ana", needed=2), level("kim")), "ManualApprovalPolicy")
    request = access.ask(ana, access.node())
    access.signal(bob, request)
    before = rows(authority)

    for client, signal in (
        (ana, "Approve"),
        (ana, "Reject"),
        (kim, "Approve"),
        (bob, "Approve"),
        (bob, "Reject"),
    ):
        with refused("InvalidAutomationSignalException"):
            access.signal(client, request, signal)
    assert before == rows(authority)
    access.advance(seconds=601)
    with refused("InvalidAutomationSignalException"):
        access.signal(bob, request)
    assert before["ssm_approval"] == rows(authority)["ssm_approval"]
    assert ana.get_access_token(AccessRequestId=request)["AccessRequestStatus"] == "Expired"


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        (
            "UpdateServiceSetting",
            {"SettingId": "/ssm/managed-instance/activation-tier", "SettingValue": "a\0"},
        ),
        ("CreateActivation", {"IamRole": "operators", "Description": "\0"}),
        ("StartSession", {"Target": "mi-0123456789abcdef0\0"}),
        ("TerminateSession", {"SessionId": "a\0"}),
        ("CreateDocument", {"Name": "preferences", "Content": "{}", "DisplayName": "a\0b"}),
        ("SendAutomationSignal", {"AutomationExecutionId": "\0" * 36, "SignalType": "Approve"}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_text_that_no_database_keeps(asker: Asker, operation, members):
    key = asker.access.room.authority.root_key
    sent = call(asker.url, key, json.dumps(members).encode(), target=f"AmazonSSM.{operation}")

    asker.check_refused(sent, "ValidationException")


@pytest.mark.parametrize("depth", [NESTED, 50])
@pytest.mark.parametrize(
    "operation",
    ["RegisterManagedInstance", "RequestManagedInstanceRoleToken", "UpdateManagedInstancePublicKey"],
)
def test_nodes_call_that_nobody_signed_and_nobody_can_read(asker: Asker, operation, depth):
    authority = asker.access.room.authority
    body = b'{"ActivationId":' + b"[" * depth + b"]" * depth + b"}"
    sent = call(asker.url, asker.key, body, target=f"AmazonSSM.{operation}").without("Authorization")
    before = rows(authority)

    reply = deliver(sent)

    assert 400 <= reply.status < 500
    assert told(reply)["__type"] in ("SerializationException", "InvalidActivation", "AccessDeniedException")
    assert before == rows(authority)
    assert told(deliver(call(asker.url, asker.key)))["__type"] == "ResourceNotFoundException"
