"""People around a served authority, each with keys of their own, for the tests of access requests."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_support import KEYSTEAD, Served, clean_environment

from support.running import Key, client, root_key_of

ACCOUNT = "123456789012"
TOKEN_ROLE = "SSM-JustInTimeAccessTokenRole"
AUTO = "SSM-JustInTimeAccessAutoApprovalPolicy"


def trusted(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowed(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def level(name: str, *approvers: str) -> dict[str, object]:
    listed = [{"approver": each, "type": "IamUser"} for each in approvers]
    inputs = {"Message": "?", "MinRequiredApprovals": 1, "EnhancedApprovals": {"Approvers": listed}}
    return {"name": name, "action": "aws:approve", "timeoutSeconds": 600, "inputs": inputs}


@dataclass
class People:
    """An authority with two nodes: ana asks as operators/ana, bob and then kim decide."""

    served: Served
    node: str
    test_node: str
    keys: dict[str, Key]

    @property
    def ssm(self) -> Any:
        """The root's client."""
        return client(self.served.ready["http"], "ssm", root_key_of(self.served.data))

    def session(self, name: str) -> Any:
        """The client of a user that assumed the role now."""
        key = self.keys["ana-herself" if name == "ana" else name]
        given = client(self.served.ready["http"], "sts", key).assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/operators", RoleSessionName=name
        )["Credentials"]
        return self.signing(given)

    def signing(self, given: dict[str, Any], service: str = "ssm") -> Any:
        """A client that signs with temporary keys."""
        key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return client(self.served.ready["http"], service, key)

    def environment(self, name: str, **more: str) -> dict[str, str]:
        key = self.keys[name]
        keys = {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}
        if key.session_token:
            keys["AWS_SESSION_TOKEN"] = key.session_token
        return clean_environment(**keys, AWS_ENDPOINT_URL=self.served.ready["http"], **more)

    def started(self, name: str, *arguments: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*KEYSTEAD, "access", *map(str, arguments)],
            env=self.environment(name),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        process = self.started(name, *arguments)
        shown, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, shown, errors)

    def json(self, name: str, *arguments: object):
        done = self.run(name, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def ask(self, node: str = "") -> str:
        return self.json("ana", "request", node or self.node, "--reason", "disk full")["id"]


@pytest.fixture(scope="module")
def people(served: Served) -> People:
    url, root = served.ready["http"], root_key_of(served.data)
    iam, ssm = client(url, "iam", root), client(url, "ssm", root)
    iam.create_role(
        RoleName=TOKEN_ROLE,
        AssumeRolePolicyDocument=trusted({"Service": "justintimeaccess.ssm.amazonaws.com"}),
    )
    iam.create_role(RoleName="operators", AssumeRolePolicyDocument=trusted({"AWS": ACCOUNT}))
    iam.put_role_policy(RoleName="operators", PolicyName="p", PolicyDocument=allowed("ssm:*"))
    iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=trusted({"Service": "ssm.amazonaws.com"}))
    keys: dict[str, Key] = {}
    for name in ("ana", "bob", "kim", "guest"):
        iam.create_user(UserName=name)
        if name != "guest":
            policy = allowed("ssm:*", "sts:AssumeRole")
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = Key(made["AccessKeyId"], made["SecretAccessKey"])
    keys["ana-herself"] = keys["ana"]
    given = client(url, "sts", keys["ana"]).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/operators", RoleSessionName="ana"
    )["Credentials"]
    keys["ana"] = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    manual = {
        "schemaVersion": "0.3",
        "accessDuration": 7200,
        "accessTokenRole": TOKEN_ROLE,
        "targets": [],
        "mainSteps": [level("team", "bob"), level("security", "kim")],
    }
    content = 'permit(principal, action, resource) when { resource.hasTag("env") };'
    auto = {"schemaVersion": "0.3", "AutoApprovalPolicyDocuments": [{"type": "Cedar", "content": content}]}
    for name, type_, document in (
        ("for-all", "ManualApprovalPolicy", manual),
        (AUTO, "AutoApprovalPolicy", auto),
    ):
        ssm.create_document(Name=name, DocumentType=type_, Content=json.dumps(document))
    node, test_node = (registered(served, ssm, number) for number in (1, 2))
    ssm.add_tags_to_resource(
        ResourceType="ManagedInstance", ResourceId=test_node, Tags=[{"Key": "env", "Value": "test"}]
    )
    return People(served, node, test_node, keys)


def registered(served: Served, ssm, number: int) -> str:
    made = ssm.create_activation(IamRole="nodes")
    folder: Path = served.data.parent / f"node{number}"
    done = subprocess.run(
        [
            *(*KEYSTEAD, "node", "register", "--endpoint", served.ready["https"]),
            *("--ca", served.data / "tls/ca.pem", "--dir", folder),
            *("--id", made["ActivationId"], "--code", made["ActivationCode"]),
        ],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "node.json").read_text())["instance_id"]
