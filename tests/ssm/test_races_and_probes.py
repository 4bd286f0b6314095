"""Many decide at once, and others look where they have no business: one outcome, and nothing learnt."""

import base64
import json
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from keystead.remote.node.place import new_key, public_der
from ssm.access import AUTO, OPEN, TOKEN_ROLE, Access, cedar, level, manual
from ssm.room import NodeRoom, allow, refused
from support.running import RunningAuthority, key_in, settings_for

RACERS = 32
OTHER_ACCOUNT = "210987654321"
NOT_DECIDED = "InvalidAutomationSignalException"


@pytest.fixture
def access(authority):
    return Access(NodeRoom(authority))


@pytest.fixture
def ana(access):
    """Somebody who asks: the user ana as operators/ana."""
    return access.session(access.user("ana"), "ana")


def crowd(access: Access, group: str, size: int):
    """Make a group of users, and return their clients."""
    iam = access.room.iam
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=allow("ssm:*"))
    clients = []
    for number in range(size):
        name = f"{group}-{number}"
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName=group, UserName=name)
        clients.append(access.room.client("ssm", access.room.key(name)))
    return clients


def at_once(access: Access, request: str, clients, signals) -> Counter[str]:
    """Send a signal from each client at the same moment, and count what they are told."""
    execution = access.execution(request)

    def send(client, signal: str) -> str:
        try:
            client.send_automation_signal(AutomationExecutionId=execution, SignalType=signal)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return signal

    with ThreadPoolExecutor(RACERS) as pool:
        return Counter(pool.map(send, clients, signals))


def decisions(access: Access, request: str) -> list[list[str]]:
    """Return who decided what, by level."""
    found = access.room.ssm.get_automation_execution(AutomationExecutionId=access.execution(request))
    steps = found["AutomationExecution"]["StepExecutions"]
    return [step["Outputs"]["ApproverDecisions"] for step in steps]


def test_of_many_who_approve_at_once_exactly_the_needed_count(access, ana):
    clients = crowd(access, "team", RACERS)
    access.user("kim")
    access.room.document(
        manual(level("team", needed=5, type_="IamGroup"), level("kim")), "ManualApprovalPolicy"
    )
    request = access.ask(ana, access.node())

    told = at_once(access, request, clients, ["Approve"] * RACERS)

    assert told == {"Approve": 5, NOT_DECIDED: RACERS - 5}
    first, second = decisions(access, request)
    assert (len(set(first)), second) == (5, [])
    assert ana.get_access_token(AccessRequestId=request)["AccessRequestStatus"] == "Pending"
    access.signal(access.room.client("ssm", access.keys["kim"]), request)
    assert ana.get_access_token(AccessRequestId=request)["AccessRequestStatus"] == "Approved"


def test_approvals_and_rejections_at_once_have_one_outcome(access, ana):
    clients = crowd(access, "team", RACERS)
    access.room.document(manual(level("team", type_="IamGroup")), "ManualApprovalPolicy")
    request = access.ask(ana, access.node())

    told = at_once(access, request, clients, ["Approve", "Reject"] * (RACERS // 2))

    ((decision,),) = decisions(access, request)
    outcome = decision.rpartition(": ")[2]
    assert told == {outcome: 1, NOT_DECIDED: RACERS - 1}
    status = ana.get_access_token(AccessRequestId=request)["AccessRequestStatus"]
    assert status == {"Approve": "Approved", "Reject": "Rejected"}[outcome]
    filters = [{"Key": "OpsItemId", "Values": [request], "Operator": "Equal"}]
    events = access.room.ssm.list_ops_item_events(Filters=filters)["Summaries"]
    assert len(events) == 4, "two when it was asked for, and two of the one outcome"


def test_one_person_who_signals_many_times_at_once_counts_once(access, ana):
    (client,) = crowd(access, "one", 1)
    access.room.document(manual(level("one", needed=2, type_="IamGroup")), "ManualApprovalPolicy")
    request = access.ask(ana, access.node())

    told = at_once(access, request, [client] * RACERS, ["Approve"] * RACERS)

    assert told == {"Approve": 1, NOT_DECIDED: RACERS - 1}
    assert ana.get_access_token(AccessRequestId=request)["AccessRequestStatus"] == "Pending"


def test_keys_asked_for_while_access_is_revoked_are_good_for_nothing_afterwards(access, ana):
    access.user("bob")
    bob = access.room.client("ssm", access.keys["bob"])
    access.room.document(manual(level("bob")), "ManualApprovalPolicy")
    node = access.node()
    request = access.ask(ana, node)
    access.signal(bob, request)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ana.get_access_token, AccessRequestId=request) for _ in range(12)]
        access.signal(bob, request, "Revoke")
        told = [each.result() for each in asked]

    assert "Credentials" not in ana.get_access_token(AccessRequestId=request)
    for each in told:
        if "Credentials" in each:
            with refused("UnrecognizedClientException"):
                access.client(each["Credentials"]).start_session(Target=node)


def probe(client, operation: str, members: dict[str, object], ids: dict[str, str]) -> object:
    """Return what an operation says, with the ids that were asked for taken out of its words."""
    try:
        told = getattr(client, operation)(**members)
    except ClientError as error:
        text = json.dumps([error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]])
        for each in ids.values():
            text = text.replace(each, "ID")
        return text
    del told["ResponseMetadata"]
    return told


@pytest.mark.parametrize("where", ["another account", "another region"])
def test_probes_from_elsewhere_tell_a_request_from_none_by_nothing(access, ana, where, tmp_path):
    access.user("bob")
    access.room.document(manual(level("bob")), "ManualApprovalPolicy")
    node = access.node()
    request = access.ask(ana, node)
    execution = access.execution(request)
    if where == "another account":
        file = tmp_path / "other"
        access.room.authority.command("account-create", id=OTHER_ACCOUNT, file=str(file))
        client = access.room.client("ssm", key_in(file))
    else:
        client = access.room.client("ssm", region="eu-west-1")
    real = {"request": request, "execution": execution, "node": node}
    none = {
        "request": "oi-000000000000",
        "execution": "00000000-0000-4000-8000-000000000000",
        "node": "mi-0ffffffffffffffff",
    }

    for operation, members in (
        ("get_access_token", {"AccessRequestId": "{request}"}),
        ("get_ops_item", {"OpsItemId": "{request}"}),
        ("update_ops_item", {"OpsItemId": "{request}", "Status": "Revoked"}),
        ("get_automation_execution", {"AutomationExecutionId": "{execution}"}),
        ("describe_automation_step_executions", {"AutomationExecutionId": "{execution}"}),
        ("send_automation_signal", {"AutomationExecutionId": "{execution}", "SignalType": "Approve"}),
        ("stop_automation_execution", {"AutomationExecutionId": "{execution}"}),
        ("list_tags_for_resource", {"ResourceType": "OpsItem", "ResourceId": "{request}"}),
        ("start_session", {"Target": "{node}"}),
        ("get_connection_status", {"Target": "{node}"}),
    ):
        asked = {
            name: {key: value.format(**ids) for key, value in members.items()}
            for name, ids in (("real", real), ("none", none))
        }
        answers = [
            json.dumps(probe(client, operation, asked["real"], real)).replace(node, "ID"),
            json.dumps(probe(client, operation, asked["none"], none)).replace(none["node"], "ID"),
        ]
        assert answers[0] == answers[1], operation
    assert client.describe_ops_items(OpsItemFilters=[])["OpsItemSummaries"] == []
    assert client.describe_automation_executions()["AutomationExecutionMetadataList"] == []
    assert client.describe_instance_information()["InstanceInformationList"] == []
    assert ana.get_access_token(AccessRequestId=request)["AccessRequestStatus"] == "Pending"


@pytest.mark.parametrize("is_set", [False, True])
def test_ports_are_forwarded_only_where_setting_and_role_both_say_so(tmp_path, database, is_set):
    settings = settings_for(tmp_path / "data", database=database, access_tokens_forward_ports=is_set)
    authority = RunningAuthority(settings)
    try:
        access = Access(NodeRoom(authority))
        ana = access.session(access.user("ana"), "ana")
        access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
        node = access.node()
        request = access.ask(ana, node)
        ports = {"Target": node, "DocumentName": "AWS-StartPortForwardingSession"}

        keys = access.client(ana.get_access_token(AccessRequestId=request)["Credentials"])
        with refused("AccessDeniedException"):
            keys.start_session(**ports)
        access.room.iam.put_role_policy(
            RoleName=TOKEN_ROLE,
            PolicyName="ports",
            PolicyDocument=allow(
                "ssm:StartSession", "arn:aws:ssm:*::document/AWS-StartPortForwardingSession"
            ),
        )

        with refused("TargetNotConnected" if is_set else "AccessDeniedException"):
            keys.start_session(**ports)
        for document in ("AWS-StartPortForwardingSessionToRemoteHost", "AWS-StartSSHSession"):
            with refused("AccessDeniedException"):
                keys.start_session(Target=node, DocumentName=document)
        with refused("AccessDeniedException"):
            keys.start_session(Target=access.node(), DocumentName="AWS-StartPortForwardingSession")
    finally:
        authority.stop()


@pytest.mark.parametrize("fingerprint", ["", "a\0b", "x" * 513])
def test_machine_that_cannot_be_kept_is_refused_and_uses_nothing_up(access, fingerprint):
    made = access.room.ssm.create_activation(IamRole=access.room.role("nodes", _trusted_by_nodes()))
    url, *shown = access.room.authority.url, made["ActivationId"], made["ActivationCode"]

    assert _register(url, *shown, fingerprint) == "InvalidActivation"
    assert _register(url, *shown) == ""


def test_wrong_codes_of_an_activation_are_slowed_down(access):
    role = access.room.role("nodes", _trusted_by_nodes())
    made = access.room.ssm.create_activation(IamRole=role)
    codes = Counter(_register(access.room.authority.url, made["ActivationId"], "w" * 20) for _ in range(24))

    assert codes == {"InvalidActivation": 20, "ThrottlingException": 4}
    assert _register(access.room.authority.url, made["ActivationId"], made["ActivationCode"]) == (
        "ThrottlingException"
    )


def _trusted_by_nodes() -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ssm.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _register(url: str, activation: str, code: str, fingerprint: str = "f") -> str:
    """Register a machine, and return the error's code."""
    body = {
        "ActivationId": activation,
        "ActivationCode": code,
        "PublicKey": base64.b64encode(public_der(new_key())).decode(),
        "PublicKeyType": "Rsa",
        "Fingerprint": fingerprint,
    }
    request = urllib.request.Request(url + "/", data=json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/x-amz-json-1.1")
    request.add_header("X-Amz-Target", "AmazonSSM.RegisterManagedInstance")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=20).close()
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)["__type"]
    return ""
