"""Just-in-time access to a real node: who asks, who decides, and the keys of an approved request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from ssmdoor.rig import REGION, Rig

ROLE = "SSM-JustInTimeAccessTokenRole"
POLICY = "arn:aws:iam::aws:policy/AWSSystemsManagerJustInTimeAccessTokenPolicy"
ASKS = ["ssm:StartAccessRequest", "ssm:GetAccessToken", "ssm:StopAutomationExecution"]
LEVEL = {
    "name": "bob",
    "action": "aws:approve",
    "timeoutSeconds": 600,
    "inputs": {
        "Message": "?",
        "MinRequiredApprovals": 1,
        "EnhancedApprovals": {"Approvers": [{"approver": "bob-decides", "type": "IamUser"}]},
    },
}
CEDAR = {"type": "Cedar", "content": "permit(principal, action, resource);"}
DENY = "SSM-JustInTimeAccessDenyAccessOrgPolicy"
FORBIDS = {
    "schemaVersion": "0.3",
    "AutoApprovalPolicyDocuments": [{"type": "Cedar", "content": "forbid(principal, action, resource);"}],
}
POLICIES = {
    "by-policy": (
        "SSM-JustInTimeAccessAutoApprovalPolicy",
        "AutoApprovalPolicy",
        {"schemaVersion": "0.3", "AutoApprovalPolicyDocuments": [CEDAR]},
    ),
    "by-bob": (
        "bob-decides",
        "ManualApprovalPolicy",
        {
            "schemaVersion": "0.3",
            "accessDuration": 7200,
            "accessTokenRole": ROLE,
            "targets": [],
            "mainSteps": [LEVEL],
        },
    ),
}


def statement(**members: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


def signing(rig: Rig, keys: dict[str, Any], service: str = "ssm") -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=rig.ready["http"],
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}),
    )


@dataclass
class Access:
    """Who asks, the user ana as operators/ana, and who decides: the user bob where no policy lets ana in."""

    rig: Rig
    root: Any
    ana: Any
    bob: Any

    @contextmanager
    def approved(self, way: str) -> Iterator["Given"]:
        """Ask for the node and be let in, by a Cedar policy or by bob."""
        name, type_, content = POLICIES[way]
        self.root.create_document(Name=name, Content=json.dumps(content), DocumentType=type_)
        try:
            request = self.ana.start_access_request(
                Reason="to mend it", Targets=[{"Key": "InstanceIds", "Values": [self.rig.instance]}]
            )["AccessRequestId"]
            item = self.root.get_ops_item(OpsItemId=request)["OpsItem"]["OperationalData"]
            execution = json.loads(item["/aws/accessrequest"]["Value"])["automationExecutionId"]
            if way == "by-bob":
                self.bob.send_automation_signal(AutomationExecutionId=execution, SignalType="Approve")
            answer = self.ana.get_access_token(AccessRequestId=request)
            assert answer["AccessRequestStatus"] == "Approved"
            yield Given(request, execution, answer["Credentials"])
        finally:
            for each in self.root.list_documents(Filters=[{"Key": "Name", "Values": [name, DENY]}])[
                "DocumentIdentifiers"
            ]:
                self.root.delete_document(Name=each["Name"])

    def end(self, way: str, given: "Given") -> None:
        """End access: an approver revokes it, ana gives it back, an administrator closes the request or denies."""
        if way == "approver":
            self.bob.send_automation_signal(AutomationExecutionId=given.execution, SignalType="Revoke")
        elif way == "requester":
            self.ana.stop_automation_execution(AutomationExecutionId=given.execution)
        elif way == "deny":
            self.root.create_document(
                Name=DENY, Content=json.dumps(FORBIDS), DocumentType="AutoApprovalPolicy"
            )
        else:
            self.root.update_ops_item(OpsItemId=given.request, Status="Revoked")


@dataclass
class Given:
    """An approved request, its execution if people decided, and its keys."""

    request: str
    execution: str
    keys: dict[str, Any]


def arrange(rig: Rig) -> Access:
    """Make the token role, bob who decides, and ana's session as an operator."""
    iam = rig.client("iam")
    iam.create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=statement(
            Principal={"Service": "justintimeaccess.ssm.amazonaws.com"}, Action="sts:AssumeRole"
        ),
    )
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY)
    decides, asks = (
        statement(Action="ssm:SendAutomationSignal", Resource="*"),
        statement(Action=ASKS, Resource="*"),
    )
    bob, ana = user(rig, "bob-decides", decides), user(rig, "ana-asks", asks)
    who = signing(rig, ana, "sts").get_caller_identity()["Arn"]
    trusted = statement(Principal={"AWS": who}, Action="sts:AssumeRole")
    operators = iam.create_role(RoleName="operators", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.put_role_policy(RoleName="operators", PolicyName="asks", PolicyDocument=asks)
    session = signing(rig, ana, "sts").assume_role(RoleArn=operators, RoleSessionName="ana")
    return Access(rig, rig.client("ssm"), signing(rig, session["Credentials"]), signing(rig, bob))


def user(rig: Rig, name: str, policy: str) -> dict[str, Any]:
    iam = rig.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    return iam.create_access_key(UserName=name)["AccessKey"]


def environment(rig: Rig, keys: dict[str, Any]) -> dict[str, str]:
    """Return what a shell has after the keys were exported in it, and no other keys."""
    return {
        **rig.environment,
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
