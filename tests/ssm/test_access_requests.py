"""Access requests: who gets in by which policy, who may decide, and how access ends."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ssm.access import AUTO, DENY, OPEN, Access, cedar, level, manual
from ssm.room import NodeRoom, refused


@pytest.fixture
def access(authority):
    return Access(NodeRoom(authority))


@pytest.fixture
def ana(access):
    """Somebody who asks: the user ana as operators/ana."""
    return access.session(access.user("ana"), "ana")


def status(client, request: str) -> str:
    return client.get_access_token(AccessRequestId=request)["AccessRequestStatus"]


def test_automatic_approval_gives_keys_of_one_hour_for_one_node(access, ana):
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    node, other = access.node(), access.node()

    request = access.ask(ana, node)
    given = ana.get_access_token(AccessRequestId=request)

    assert given["AccessRequestStatus"] == "Approved"
    left = given["Credentials"]["ExpirationTime"] - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    keys = access.client(given["Credentials"])
    # Nothing is connected in this test: to be told so is to be let through.
    with refused("TargetNotConnected"):
        keys.start_session(Target=node)
    for members in (
        {"Target": other},
        {"Target": node, "DocumentName": "AWS-StartPortForwardingSession"},
        {"Target": node, "DocumentName": "AWS-StartSSHSession"},
    ):
        with refused("AccessDeniedException"):
            keys.start_session(**members)
    with refused("AccessDeniedException"):
        access.ask(keys, node)
    with refused("AccessDeniedException"):
        keys.get_access_token(AccessRequestId=request)
    with refused("AccessDeniedException"):
        keys.terminate_session(SessionId="bob-00000000000000000")
    with refused("AccessDenied"):
        access.client(given["Credentials"], "iam").list_users()


def test_two_levels_of_two_approvals(access, ana):
    approvers = {name: access.room.client("ssm", access.user(name)) for name in ("bob", "eve", "kim", "lee")}
    access.room.document(
        manual(level("bob", "eve", "ana", needed=2), level("kim", "lee", needed=2)), "ManualApprovalPolicy"
    )
    request = access.ask(ana, access.node())
    assert status(ana, request) == "Pending"

    with refused("InvalidAutomationSignalException"):
        access.signal(ana, request)  # One's own request, although ana is an approver.
    with refused("InvalidAutomationSignalException"):
        access.signal(approvers["kim"], request)  # Not yet.
    access.signal(approvers["bob"], request)
    with refused("InvalidAutomationSignalException"):
        access.signal(approvers["bob"], request)  # Once per person and level.
    assert status(ana, request) == "Pending"
    access.signal(approvers["eve"], request)
    with refused("InvalidAutomationSignalException"):
        access.signal(approvers["bob"], request)  # The level is over.
    access.signal(approvers["kim"], request)
    assert status(ana, request) == "Pending"
    access.advance(minutes=5)
    access.signal(approvers["lee"], request)
    assert status(ana, request) == "Approved"
    with refused("InvalidAutomationSignalException"):
        access.signal(approvers["lee"], request, "Reject")  # Too late.

    data = access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["OperationalData"]
    start, end = (
        datetime.strptime(data[f"/aws/accessrequest/{each}"]["Value"], "%Y-%m-%d %H:%M:%S UTC")
        for each in ("starttime", "endtime")
    )
    assert timedelta(hours=2) == end - start
    execution = access.room.ssm.get_automation_execution(AutomationExecutionId=access.execution(request))
    assert [step["StepStatus"] for step in execution["AutomationExecution"]["StepExecutions"]] == [
        "Success",
        "Success",
    ]


def waiting(access, ana) -> tuple[str, object]:
    """Return a request that waits for bob, and bob's client."""
    bob = access.room.client("ssm", access.user("bob"))
    access.room.document(manual(level("bob")), "ManualApprovalPolicy")
    return access.ask(ana, access.node()), bob


def check_ended(access, ana, request, expected: tuple[str, str, str]) -> None:
    answer = ana.get_access_token(AccessRequestId=request)
    assert "Credentials" not in answer
    item = access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["Status"]
    execution = access.room.ssm.get_automation_execution(AutomationExecutionId=access.execution(request))
    state = execution["AutomationExecution"]["AutomationExecutionStatus"]
    assert expected == (answer["AccessRequestStatus"], item, state)


def test_rejected(access, ana):
    request, bob = waiting(access, ana)

    access.signal(bob, request, "Reject")

    check_ended(access, ana, request, ("Rejected", "Rejected", "Rejected"))


def test_cancelled_by_the_requester_only(access, ana):
    request, bob = waiting(access, ana)
    execution = access.execution(request)

    with refused("InvalidAutomationStatusUpdateException"):
        bob.stop_automation_execution(AutomationExecutionId=execution)
    assert status(ana, request) == "Pending"
    ana.stop_automation_execution(AutomationExecutionId=execution)

    check_ended(access, ana, request, ("Revoked", "Cancelled", "Cancelled"))
    with refused("InvalidAutomationStatusUpdateException"):
        ana.stop_automation_execution(AutomationExecutionId=execution)


def test_level_times_out_and_a_late_signal_changes_nothing(access, ana):
    request, bob = waiting(access, ana)

    access.advance(seconds=601)

    with refused("InvalidAutomationSignalException"):
        access.signal(bob, request)
    check_ended(access, ana, request, ("Expired", "TimedOut", "TimedOut"))


def test_window_ends(access, ana):
    request, bob = waiting(access, ana)
    access.signal(bob, request)
    access.advance(hours=2)

    # The requester's own session has ended by now as well.
    answer = access.session(access.keys["ana"], "ana").get_access_token(AccessRequestId=request)

    assert answer["AccessRequestStatus"] == "Expired"
    assert "Credentials" not in answer
    assert access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["Status"] == "Approved"


def test_keys_last_no_longer_than_the_window(access, ana):
    request, bob = waiting(access, ana)
    access.signal(bob, request)
    access.advance(minutes=90)

    answer = access.session(access.keys["ana"], "ana").get_access_token(AccessRequestId=request)

    clock = access.room.authority.authority.clock
    assert 0 < answer["Credentials"]["ExpirationTime"].timestamp() - clock.epoch() <= 1800


@pytest.mark.parametrize("way", ["signal", "give-back", "administrator"])
def test_revoked_keys_fail_at_the_next_call(access, ana, way):
    request, bob = waiting(access, ana)
    access.signal(bob, request)
    pairs = [ana.get_access_token(AccessRequestId=request)["Credentials"] for _ in range(2)]
    keys = [access.client(pair) for pair in pairs]
    node = access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["OperationalData"]
    target = json.loads(node["/aws/accessrequest/context"]["Value"])["targets"]["instanceId"].rpartition("/")[
        2
    ]
    for client in keys:
        with refused("TargetNotConnected"):
            client.start_session(Target=target)

    if way == "signal":
        access.signal(bob, request, "Revoke")
    elif way == "give-back":
        ana.stop_automation_execution(AutomationExecutionId=access.execution(request))
    else:
        access.room.ssm.update_ops_item(OpsItemId=request, Status="Revoked")

    for client in keys:
        with refused("UnrecognizedClientException"):
            client.start_session(Target=target)
    check_ended(access, ana, request, ("Revoked", "Revoked", "Cancelled"))


def test_others_are_refused_and_unknown_ids_are_not_found(access, ana):
    request, bob = waiting(access, ana)
    other = access.session(access.user("kim"), "kim")
    namesake = access.session(access.keys["kim"], "ana")

    for client in (bob, other, namesake):
        with refused("AccessDeniedException"):
            client.get_access_token(AccessRequestId=request)
    with refused("ResourceNotFoundException"):
        ana.get_access_token(AccessRequestId="oi-000000000000")


def test_what_cannot_be_asked_for(access, ana):
    node = access.node()
    one = [{"Key": "InstanceIds", "Values": [node]}]

    with refused("ValidationException") as raised:
        ana.start_access_request(Reason="r", Targets=one)
    assert raised.value.response["ReasonCode"] == "NoApplicablePolicy"
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    with refused("ResourceNotFoundException"):
        access.ask(ana, "mi-0123456789abcdef0")
    with refused("AccessDeniedException"):
        access.ask(access.room.client("ssm", access.keys["ana"]), node)
    unchecked = access.session(access.keys["ana"], "ana", parameter_validation=False)
    for members in (
        {"Reason": "r", "Targets": one * 6},
        {"Reason": "r", "Targets": one * 2},
        {"Reason": "", "Targets": one},
        {"Reason": "r" * 257, "Targets": one},
        {"Reason": "r", "Targets": [{"Key": "tag:a", "Values": ["b"]}]},
        {"Reason": "r", "Targets": [{"Key": "InstanceIds", "Values": [node, node]}]},
        {"Reason": "r", "Targets": one, "Tags": [{"Key": f"k{each}", "Value": "v"} for each in range(1001)]},
    ):
        with refused("ValidationException"):
            unchecked.start_access_request(**members)
    for bad in ("oi-ZZZ", "ar-0123456789ab", "oi-0123456789abc"):
        with refused("ValidationException"):
            ana.get_access_token(AccessRequestId=bad)
    assert access.room.ssm.describe_ops_items(OpsItemFilters=[])["OpsItemSummaries"] == []


def test_not_enabled_without_the_token_role(authority):
    access = Access(NodeRoom(authority))
    ana = access.session(access.user("ana"), "ana")
    node = access.node()
    iam = access.room.iam
    iam.detach_role_policy(
        RoleName="SSM-JustInTimeAccessTokenRole",
        PolicyArn="arn:aws:iam::aws:policy/AWSSystemsManagerJustInTimeAccessTokenPolicy",
    )
    iam.delete_role(RoleName="SSM-JustInTimeAccessTokenRole")

    with refused("ValidationException") as raised:
        access.ask(ana, node)

    assert "Just-In-Time Node Access service is not enabled in this account." in str(raised.value)


def test_deny_goes_before_auto_and_tags_before_all_nodes(access, ana):
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    access.room.document(
        cedar(
            'forbid(principal, action, resource) when { resource.hasTag("env")'
            ' && resource.getTag("env") == "prod" };'
        ),
        "AutoApprovalPolicy",
        DENY,
    )
    general = access.room.document(manual(level("bob")), "ManualApprovalPolicy")
    shop = access.room.document(manual(level("bob"), tag=("Workload", "shop")), "ManualApprovalPolicy")
    access.room.document(manual(level("bob"), tag=("Team", "ops")), "ManualApprovalPolicy")

    def decided_by(node: str) -> tuple[str, str]:
        request = access.ask(ana, node)
        item = access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]
        return json.loads(item["OperationalData"]["/aws/accessrequest"]["Value"])["approvalPolicy"], item[
            "Status"
        ]

    assert decided_by(access.node(env="test")) == (AUTO, "Approved")
    assert (general, "PendingApproval") == decided_by(access.node(env="prod"))
    assert (shop, "PendingApproval") == decided_by(access.node(env="prod", Workload="shop"))
    conflicting = access.node(env="prod", Workload="shop", Team="ops")
    assert decided_by(conflicting)[1] == "Failed"
    request = access.ask(ana, conflicting)
    assert status(ana, request) == "Rejected"
    filters = [{"Key": "OpsItemId", "Values": [request], "Operator": "Equal"}]
    (event,) = access.room.ssm.list_ops_item_events(Filters=filters)["Summaries"]
    assert event["DetailType"] == "JITNA Access Request Failed"


def test_forbid_that_cannot_be_evaluated_stops_auto_approval(access, ana):
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    broken = 'forbid(principal, action, resource) when { resource.getTag("env") == "prod" };'
    access.room.document(cedar(broken), "AutoApprovalPolicy", DENY)

    with refused("ValidationException"):
        access.ask(ana, access.node())


def test_tag_changes_the_next_request_and_not_an_approved_one(access, ana):
    rule = 'permit(principal, action, resource) when { resource.hasTag("open") };'
    access.room.document(cedar(rule), "AutoApprovalPolicy", AUTO)
    node = access.node()
    where = {"ResourceType": "ManagedInstance", "ResourceId": node}
    with refused("ValidationException"):
        access.ask(ana, node)

    access.room.ssm.add_tags_to_resource(Tags=[{"Key": "open", "Value": ""}], **where)
    request = access.ask(ana, node)
    access.room.ssm.remove_tags_from_resource(TagKeys=["open"], **where)

    assert status(ana, request) == "Approved"


def test_ops_item_is_shown_and_found_as_aws_does(access, ana):
    request, bob = waiting(access, ana)
    access.signal(bob, request)
    item = access.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]

    expected = (
        "CreatedBy OpsItemType CreatedTime Description LastModifiedBy LastModifiedTime Notifications"
        " RelatedOpsItems Status OpsItemId Version Title Source OperationalData OpsItemArn"
    )
    assert set(expected.split()) == set(item)
    assert f"OpsItem created for AccessRequest {request}." == item["Description"]
    requester = item["CreatedBy"]
    user = access.room.iam.get_user(UserName="bob")["User"]
    for key, value in (
        ("AccessRequestByRequesterArn", requester),
        ("AccessRequestByApproverArn", user["Arn"]),
        ("AccessRequestByApproverId", user["UserId"]),
        ("AccessRequestBySourceAccountId", "123456789012"),
        ("AccessRequestBySourceOpsItemId", request),
        ("AccessRequestBySourceRegion", "us-east-1"),
        ("AccessRequestByIsReplica", "false"),
        ("AccessRequestByTargetResourceId", "mi-00000000000000001"),
        ("Status", "Approved"),
        ("AutomationId", access.execution(request)),
    ):
        for wanted, count in ((value, 1), ("never", 0)):
            filters = [{"Key": key, "Values": [wanted], "Operator": "Equal"}]
            found = access.room.ssm.describe_ops_items(OpsItemFilters=filters)["OpsItemSummaries"]
            assert count == len(found), key
    with refused("ValidationException"):
        access.room.ssm.describe_ops_items(
            OpsItemFilters=[{"Key": "Priority", "Values": ["1"], "Operator": "Equal"}]
        )
    with refused("OpsItemAccessDeniedException"):
        access.room.ssm.update_ops_item(OpsItemId=request, Status="Approved")


def test_requests_are_listed_in_pages_the_newest_first(access, ana):
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    node = access.node()
    requests = [access.ask(ana, node) for _ in range(3)]

    pages = access.room.ssm.get_paginator("describe_ops_items").paginate(
        OpsItemFilters=[], PaginationConfig={"PageSize": 2}
    )

    listed = [each["OpsItemId"] for page in pages for each in page["OpsItemSummaries"]]
    assert sorted(requests) == sorted(listed)


def test_secrets_of_a_token_are_not_in_the_journal(access, ana):
    access.room.document(cedar(OPEN), "AutoApprovalPolicy", AUTO)
    given = ana.get_access_token(AccessRequestId=access.ask(ana, access.node()))["Credentials"]

    journal = access.room.journal()

    assert given["AccessKeyId"] in journal
    assert given["SecretAccessKey"] not in journal
    assert given["SessionToken"] not in journal


def test_another_region_does_not_know_the_request(access, ana):
    request, _ = waiting(access, ana)

    with refused("OpsItemNotFoundException"):
        access.room.client("ssm", region="eu-west-1").get_ops_item(OpsItemId=request)


def test_requests_are_made_and_forgotten_by_nobody_else(access, ana):
    request, _ = waiting(access, ana)
    ssm = access.room.ssm
    policy = json.loads(
        ssm.get_ops_item(OpsItemId=request)["OpsItem"]["OperationalData"]["/aws/accessrequest"]["Value"]
    )["approvalPolicy"]
    item = {"Title": "t", "Source": "s", "Description": "d"}

    with refused("OpsItemAccessDeniedException"):
        ssm.create_ops_item(OpsItemType="/aws/accessrequest", **item)
    with refused("OpsItemInvalidParameterException"):
        ssm.create_ops_item(**item)
    with refused("OpsItemInvalidParameterException"):
        ssm.delete_ops_item(OpsItemId=request)
    with refused("InvalidAutomationExecutionParametersException"):
        ssm.start_automation_execution(DocumentName=policy)
    with refused("AutomationDefinitionNotFoundException"):
        ssm.start_automation_execution(DocumentName="AWS-RestartEC2Instance")
    ssm.delete_ops_item(OpsItemId="oi-000000000000")

    assert status(ana, request) == "Pending"
    assert len(ssm.describe_ops_items(OpsItemFilters=[])["OpsItemSummaries"]) == 1


def test_nodes_are_listed_by_filters_and_in_pages(access):
    nodes = sorted(access.node() for _ in range(3))
    ssm = access.room.ssm

    def found(key: str, *values: str, **more: str) -> list[str]:
        listed = ssm.list_nodes(Filters=[{"Key": key, "Values": list(values), **more}])["Nodes"]
        return [each["Id"] for each in listed]

    pages = ssm.get_paginator("list_nodes").paginate(PaginationConfig={"PageSize": 2})
    assert nodes == [each["Id"] for page in pages for each in page["Nodes"]]
    assert found("InstanceId", nodes[0], nodes[2]) == [nodes[0], nodes[2]]
    assert found("InstanceId", nodes[0], Type="NotEqual") == nodes[1:]
    assert found("InstanceId", "mi-", Type="BeginWith") == nodes
    assert found("ManagedStatus", "Managed") == nodes
    assert found("ManagedStatus", "Unmanaged") == []
    assert found("Region", "eu-west-1") == []
    assert found("PlatformType", "Linux") == []
    (first, *_) = ssm.list_nodes()["Nodes"]
    assert first["Owner"] == {"AccountId": "123456789012"}
    assert first["NodeType"]["Instance"]["InstanceStatus"] == "Inactive"
    with refused("ResourceDataSyncNotFoundException"):
        ssm.list_nodes(SyncName="all")
