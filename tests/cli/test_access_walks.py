"""Just-in-time access as people go through it: a server, nodes and a webhook's receiver, all of them processes.

Each walk is one of facts §14: how access ends, which policy decides, what is on record, what tags change. Shells
on a node are walked in `tests/ssmdoor`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from access_people import ACCOUNT, AUTO, TOKEN_ROLE, People, level
from botocore.exceptions import ClientError
from cli_support import Served, start

from ssm.receiver import Receiver, receiving
from support.running import client, root_key_of

REGION = "us-east-1"
DENY = "SSM-JustInTimeAccessDenyAccessOrgPolicy"


@pytest.fixture(scope="module")
def sink() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sink: Receiver) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("walks")
    secret = folder / "secret"
    secret.write_text(f"whsec_{'YWJj' * 8}")
    running = start(
        folder / "data",
        "--test",
        KEYSTEAD_WEBHOOK_URL=sink.url,
        KEYSTEAD_WEBHOOK_HOSTS="127.0.0.1",
        KEYSTEAD_WEBHOOK_SECRET_FILE=str(secret),
    )
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def real_time(served: Served) -> Iterator[None]:
    yield
    served.keystead("clock", "reset")


def document(people: People, name: str, type_: str, content: dict[str, Any]) -> None:
    people.ssm.create_document(Name=name, DocumentType=type_, Content=json.dumps(content))


def manual(*levels: dict[str, Any], tag: str = "") -> dict[str, Any]:
    return {
        "schemaVersion": "0.3",
        "accessDuration": 7200,
        "accessTokenRole": TOKEN_ROLE,
        "targets": [{"Key": f"tag:{tag}", "Values": ["yes"]}] if tag else [],
        "mainSteps": list(levels),
    }


def tag(people: People, **tags: str) -> None:
    """Give the node these tags and no other."""
    where = {"ResourceType": "ManagedInstance", "ResourceId": people.node}
    present = [each["Key"] for each in people.ssm.list_tags_for_resource(**where)["TagList"]]
    if present:
        people.ssm.remove_tags_from_resource(TagKeys=present, **where)
    if tags:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        people.ssm.add_tags_to_resource(Tags=listed, **where)


def ask(people: People) -> str:
    made = people.session("ana").start_access_request(
        Reason="disk full", Targets=[{"Key": "InstanceIds", "Values": [people.node]}]
    )
    return made["AccessRequestId"]


def details(people: People, request: str) -> dict[str, Any]:
    data = people.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["OperationalData"]
    return json.loads(data["/aws/accessrequest"]["Value"])


def signal(people: People, request: str, who: str, signal: str) -> None:
    url, execution = people.served.ready["http"], details(people, request)["automationExecutionId"]
    client(url, "ssm", people.keys[who]).send_automation_signal(
        AutomationExecutionId=execution, SignalType=signal
    )


def states(people: People, request: str) -> tuple[str, str, str]:
    """Return how a request stands as OpsItem, as execution and to its requester, who has no keys with it."""
    item = people.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["Status"]
    execution = details(people, request)["automationExecutionId"]
    run = people.ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
    token = people.session("ana").get_access_token(AccessRequestId=request)
    assert "Credentials" not in token
    return item, run["AutomationExecutionStatus"], token["AccessRequestStatus"]


def approve(people: People, request: str) -> None:
    signal(people, request, "bob", "Approve")
    signal(people, request, "kim", "Approve")


def test_every_end_has_the_statuses_of_its_row(people: People) -> None:
    tag(people)
    ended: dict[str, tuple[str, str, str]] = {}

    request = ask(people)
    assert states(people, request) == ("PendingApproval", "PendingApproval", "Pending")
    signal(people, request, "bob", "Reject")
    ended["rejected"] = states(people, request)

    request = ask(people)
    approve(people, request)
    signal(people, request, "kim", "Revoke")
    ended["revoked"] = states(people, request)

    for name, is_approved in (("cancelled", False), ("given back", True)):
        request = ask(people)
        if is_approved:
            approve(people, request)
        execution = details(people, request)["automationExecutionId"]
        people.session("ana").stop_automation_execution(AutomationExecutionId=execution)
        ended[name] = states(people, request)

    request = ask(people)
    approve(people, request)
    given = people.session("ana").get_access_token(AccessRequestId=request)["Credentials"]
    people.served.keystead("clock", "advance", "2h")
    ended["window over"] = states(people, request)
    with pytest.raises(ClientError, match="ExpiredToken"):
        people.signing(given).start_session(Target=people.node)

    assert ended == {
        "rejected": ("Rejected", "Rejected", "Rejected"),
        "revoked": ("Revoked", "Cancelled", "Revoked"),
        "cancelled": ("Cancelled", "Cancelled", "Revoked"),
        "given back": ("Revoked", "Cancelled", "Revoked"),
        "window over": ("Approved", "Approved", "Expired"),
    }


def test_level_without_a_time_of_its_own_waits_a_week(people: People) -> None:
    patient = level("patient", "bob")
    del patient["timeoutSeconds"]
    document(people, "patient", "ManualApprovalPolicy", manual(patient, tag="patient"))
    tag(people, patient="yes")
    request = ask(people)

    people.served.keystead("clock", "advance", "6d")
    before = states(people, request)
    people.served.keystead("clock", "advance", "25h")
    after = states(people, request)

    assert before == ("PendingApproval", "PendingApproval", "Pending")
    assert after == ("TimedOut", "TimedOut", "Expired")
    with pytest.raises(ClientError, match="InvalidAutomationSignalException"):
        signal(people, request, "bob", "Approve")
    assert states(people, request) == after


def test_policies_decide_in_their_order_and_conflicts_fail(people: People, sink: Receiver) -> None:
    forbid = 'forbid(principal, action, resource) when { resource.hasTag("prod") };'
    content = {
        "schemaVersion": "0.3",
        "AutoApprovalPolicyDocuments": [{"type": "Cedar", "content": forbid}],
    }
    document(people, DENY, "AutoApprovalPolicy", content)
    for name in ("shop", "ops"):
        document(people, name, "ManualApprovalPolicy", manual(level(name, "bob"), tag=name))
    decided: list[tuple[str, str]] = []

    for tags in ({"env": "x"}, {"env": "x", "prod": ""}, {"prod": "", "shop": "yes"}, {}):
        tag(people, **tags)
        request = ask(people)
        status = people.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["Status"]
        decided.append((details(people, request)["approvalPolicy"], status))
    tag(people, shop="yes", ops="yes")
    conflict = ask(people)

    assert decided == [
        (AUTO, "Approved"),
        ("for-all", "PendingApproval"),
        ("shop", "PendingApproval"),
        ("for-all", "PendingApproval"),
    ]
    assert people.ssm.get_ops_item(OpsItemId=conflict)["OpsItem"]["Status"] == "Failed"
    told = [each.event for each in posted(sink, conflict, 1)]
    assert [each["detail-type"] for each in told] == ["JITNA Access Request Failed"]
    assert told[0]["resources"] == [f"arn:aws:ssm:{REGION}:{ACCOUNT}:opsitem/{conflict}"]
    assert told[0]["detail"].keys() == {
        *("ApplicablePolicies", "TargetResourceArn", "OpsItemId", "CreatedDate", "Requester"),
    }
    assert sorted(told[0]["detail"]["ApplicablePolicies"]) == ["ops", "shop"]
    assert re.fullmatch(
        r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} \d\d:\d\d:\d\d UTC \d{4}", told[0]["detail"]["CreatedDate"]
    )


def test_nothing_is_on_record_of_what_no_policy_applies_to(people: People) -> None:
    tag(people)
    held = people.ssm.get_document(Name="for-all")["Content"]
    before = len(items(people))
    people.ssm.delete_document(Name="for-all")
    try:
        with pytest.raises(ClientError, match=r"ValidationException.*No approval policy applies"):
            ask(people)
    finally:
        document(people, "for-all", "ManualApprovalPolicy", json.loads(held))

    assert len(items(people)) == before


def test_nothing_is_granted_where_access_is_not_enabled(people: People) -> None:
    tag(people)
    iam = client(people.served.ready["http"], "iam", root_key_of(people.served.data))
    role = iam.get_role(RoleName=TOKEN_ROLE)["Role"]
    iam.delete_role(RoleName=TOKEN_ROLE)
    try:
        with pytest.raises(
            ClientError, match=r"Just-In-Time Node Access service is not enabled in this account\."
        ):
            ask(people)
    finally:
        iam.create_role(
            RoleName=TOKEN_ROLE, AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"])
        )


def items(people: People) -> list[dict[str, Any]]:
    pages = people.ssm.get_paginator("describe_ops_items").paginate(OpsItemFilters=[])
    return [each for page in pages for each in page["OpsItemSummaries"]]


def posted(sink: Receiver, request: str, count: int) -> list[Any]:
    """Return the posts about a request, once there are so many."""
    while True:
        seen = len(sink.got)
        found = [each for each in sink.got if each.event["detail"]["OpsItemId"] == request]
        if len(found) >= count:
            return found
        sink.wait(seen + 1)


def test_ops_item_is_awss_sample_key_by_key(people: People) -> None:
    tag(people)
    request = ask(people)
    approve(people, request)
    execution = details(people, request)["automationExecutionId"]

    item = people.ssm.get_ops_item(OpsItemId=request)["OpsItem"]

    requester = f"arn:aws:sts::{ACCOUNT}:assumed-role/operators/ana"
    node = f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/{people.node}"
    data = {key: value["Value"] for key, value in item.pop("OperationalData").items()}
    created, changed, title = item.pop("CreatedTime"), item.pop("LastModifiedTime"), item.pop("Title")
    assert item == {
        "CreatedBy": requester,
        "OpsItemType": "/aws/accessrequest",
        "Description": f"OpsItem created for AccessRequest {request}.",
        "LastModifiedBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/"
        "AWSServiceRoleForSystemsManagerJustInTimeAccess/JustInTimeAccessService",
        "Notifications": [],
        "RelatedOpsItems": [],
        "Status": "Approved",
        "OpsItemId": request,
        "Version": str(round(changed.timestamp() * 1000)),
        "Source": "aws.ssm",
        "OpsItemArn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:opsitem/{request}",
    }
    assert title == f"Access Request - {created:%Y-%m-%d %H:%M} UTC"
    start, end = data.pop("/aws/accessrequest/starttime"), data.pop("/aws/accessrequest/endtime")
    assert start == f"{changed:%Y-%m-%d %H:%M:%S} UTC"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", end)
    assert {key: json.loads(value) if value.startswith("{") else value for key, value in data.items()} == {
        "/aws/accessrequest": {
            "requester": {
                "isReplica": "false",
                "sourceOpsItemId": request,
                "sourceAccountId": "",
                "id": "",
                "sourceRegion": "",
                "arn": requester,
            },
            "approvalPolicy": "for-all",
            "approvalPolicyVersion": "1",
            "automationExecutionId": execution,
        },
        "/aws/accessrequest/approvaldetails": "disk full",
        "/aws/accessrequest/context": {"targets": {"instanceId": node}, "accessTokenRole": TOKEN_ROLE},
        "/aws/accessrequest/accessduration": "PT7200S",
    }


def test_events_are_awss_samples_member_by_member(people: People, sink: Receiver) -> None:
    """Asked for, the second level opens, approved: of each the approvers hear before the requester."""
    tag(people)
    request = ask(people)
    approve(people, request)
    execution = details(people, request)["automationExecutionId"]
    created = people.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["CreatedTime"]

    told = [each.event for each in posted(sink, request, 6)]
    common = {
        "ExecutionId": execution,
        "OpsItemId": request,
        "StartTime": f"{created:%b} {created.day}, {created.year}, {created.hour % 12 or 12}:{created:%M:%S %p}",
        "TargetResourceArn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/{people.node}",
        "Title": f"Access Request - {created:%Y-%m-%d %H:%M} UTC",
        "Requester": f"arn:aws:sts::{ACCOUNT}:assumed-role/operators/ana",
    }
    expected: list[dict[str, Any]] = []
    for step, approver, status in (
        ("team", "bob", "PendingApproval"),
        ("security", "kim", "PendingApproval"),
        ("security", "kim", "Approved"),
    ):
        said = {"StepName": step, "RequestReason": "disk full", "Approvers": [approver]}
        expected.append({**common, "AccessRequestApprovalLevelStatus": status, **said})
        expected.append({**common, "AccessRequestStatus": status})
    assert [each["detail"] for each in told] == expected
    assert {each["resources"][0] for each in told} == {
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-execution/{execution}"
    }


def test_tag_changes_the_next_request_and_no_approved_one(people: People) -> None:
    tag(people, env="test")
    approved = ask(people)
    tag(people)
    waiting = ask(people)

    ana = people.session("ana")
    assert "Credentials" in ana.get_access_token(AccessRequestId=approved)
    assert ana.get_access_token(AccessRequestId=waiting)["AccessRequestStatus"] == "Pending"
