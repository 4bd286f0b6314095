"""People, nodes and policies for tests of access requests."""

import json
from datetime import timedelta
from typing import Any

from keystead.kernel.clock import now_ms
from keystead.products.ssm import node_records, tag_records
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.tag_records import Place
from ssm.room import NodeRoom, allow
from support.running import Key

ACCOUNT, REGION = "123456789012", "us-east-1"
TOKEN_ROLE = "SSM-JustInTimeAccessTokenRole"
TOKEN_POLICY = "arn:aws:iam::aws:policy/AWSSystemsManagerJustInTimeAccessTokenPolicy"
AUTO = "SSM-JustInTimeAccessAutoApprovalPolicy"
DENY = "SSM-JustInTimeAccessDenyAccessOrgPolicy"
OPEN = "permit(principal, action, resource);"


def level(*approvers: str, needed: int = 1, type_: str = "IamUser", seconds: int = 600) -> dict[str, Any]:
    """Return one level of a manual policy."""
    listed = [{"approver": each, "type": type_} for each in approvers]
    inputs = {"Message": "?", "MinRequiredApprovals": needed, "EnhancedApprovals": {"Approvers": listed}}
    name = f"level-{'-'.join(approvers)}"
    return {"name": name, "action": "aws:approve", "timeoutSeconds": seconds, "inputs": inputs}


def manual(
    *levels: dict[str, Any], seconds: int = 7200, tag: tuple[str, str] | None = None
) -> dict[str, Any]:
    """Return a manual policy, for all nodes or for a tag."""
    targets = [] if tag is None else [{"Key": f"tag:{tag[0]}", "Values": [tag[1]]}]
    return {
        "schemaVersion": "0.3",
        "accessDuration": seconds,
        "accessTokenRole": TOKEN_ROLE,
        "targets": targets,
        "mainSteps": list(levels),
    }


def cedar(text: str) -> dict[str, Any]:
    """Return an automatic policy."""
    return {"schemaVersion": "0.3", "AutoApprovalPolicyDocuments": [{"type": "Cedar", "content": text}]}


class Access:
    """A room in which just-in-time access is on."""

    def __init__(self, room: NodeRoom) -> None:
        self.room = room
        self._nodes = 0
        self.keys: dict[str, Key] = {}
        trusted = {"Effect": "Allow", "Principal": {"Service": "justintimeaccess.ssm.amazonaws.com"}}
        document = {"Version": "2012-10-17", "Statement": [{**trusted, "Action": "sts:AssumeRole"}]}
        room.iam.create_role(RoleName=TOKEN_ROLE, AssumeRolePolicyDocument=json.dumps(document))
        room.iam.attach_role_policy(RoleName=TOKEN_ROLE, PolicyArn=TOKEN_POLICY)
        anybody = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        room.iam.create_role(
            RoleName="operators",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anybody]}),
        )
        room.iam.put_role_policy(RoleName="operators", PolicyName="ssm", PolicyDocument=allow("ssm:*"))

    def user(self, name: str) -> Key:
        """Make a user that may do all of Systems Manager, and assume the role."""
        self.room.iam.create_user(UserName=name)
        self.room.iam.put_user_policy(
            UserName=name, PolicyName="p", PolicyDocument=allow(["ssm:*", "sts:AssumeRole"])
        )
        self.keys[name] = self.room.key(name)
        return self.keys[name]

    def session(self, key: Key, name: str, **config: object) -> Any:
        """Return the client of a user that assumed the role."""
        sts = self.room.client("sts", key)
        made = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/operators", RoleSessionName=name)
        return self.client(made["Credentials"], **config)

    def client(self, given: dict[str, Any], service: str = "ssm", **config: object) -> Any:
        """Return a client that signs with temporary keys."""
        key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return self.room.authority.client(service, key, **config)

    def node(self, **tags: str) -> str:
        """Register a node."""
        self._nodes += 1
        authority = self.room.authority.authority
        node_id = f"mi-{self._nodes:017x}"
        at = now_ms(authority.clock)
        made = Node(node_id, ACCOUNT, REGION, "", "node", "", "f" * 8, b"key", "127.0.0.1", at, None, at, {})

        def add(tx: Any) -> None:
            node_records.add(tx, made)
            tag_records.put(tx, Place(ACCOUNT, REGION, "ManagedInstance", node_id), tags)

        self.room.authority.run(authority.store.write(add))
        return node_id

    def ask(self, client: Any, node: str) -> str:
        """Start a request."""
        targets = [{"Key": "InstanceIds", "Values": [node]}]
        return client.start_access_request(Reason="to mend it", Targets=targets)["AccessRequestId"]

    def execution(self, request: str) -> str:
        """Return a request's execution, as an approver finds it."""
        data = self.room.ssm.get_ops_item(OpsItemId=request)["OpsItem"]["OperationalData"]
        return json.loads(data["/aws/accessrequest"]["Value"])["automationExecutionId"]

    def signal(self, client: Any, request: str, signal: str = "Approve") -> None:
        """Send a signal to a request's execution."""
        client.send_automation_signal(AutomationExecutionId=self.execution(request), SignalType=signal)

    def advance(self, **by: float) -> None:
        """Move the authority's clock."""
        self.room.authority.command("clock-advance", seconds=timedelta(**by).total_seconds())
