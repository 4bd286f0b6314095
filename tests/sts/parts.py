"""Roles, users and sessions that the tests of STS make, all through unmodified boto3."""

import json
from typing import Any

from iam.room import ACCOUNT, Room
from iam.samples import ARN
from support.running import Key

ANYBODY = "*"


def statement(effect: str = "Allow", action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(principal: Any, action: Any = "sts:AssumeRole", **condition: Any) -> str:
    """Return a trust policy that lets a principal in, under a condition if one is given."""
    more = {"Condition": condition} if condition else {}
    return document(statement(action=action, Principal={"AWS": principal}, **more))


def allowing(action: Any, resource: Any = "*", **condition: Any) -> str:
    more = {"Condition": condition} if condition else {}
    return document(statement(action=action, Resource=resource, **more))


def make_role(room: Room, trust: str, *policies: str, iam: Any = None, **members: Any) -> str:
    """Make a role with inline policies; return its ARN."""
    iam, name = iam or room.iam, room.name("role")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **members)["Role"]
    for number, policy in enumerate(policies):
        iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=policy)
    return made["Arn"]


def name_of(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def make_user(room: Room, *policies: str, iam: Any = None, **members: Any) -> tuple[str, Key]:
    """Make a user with inline policies; return its ARN and a key."""
    iam, name = iam or room.iam, room.name()
    arn = iam.create_user(UserName=name, **members)["User"]["Arn"]
    for number, policy in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=policy)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, Key(made["AccessKeyId"], made["SecretAccessKey"])


def key_of(response: dict[str, Any]) -> Key:
    triple = response["Credentials"]
    return Key(triple["AccessKeyId"], triple["SecretAccessKey"], triple["SessionToken"])


def assume(room: Room, by: Key, arn: str, name: str = "run", **members: Any) -> Key:
    """Assume a role; return the session's triple."""
    return key_of(room.client("sts", by).assume_role(RoleArn=arn, RoleSessionName=name, **members))


def denied(caller: str, action: str, resource: str, reason: str) -> str:
    return f"User: {caller} is not authorized to perform: {action} on resource: {resource} {reason}"


def untrusted(caller: str, role: str, action: str = "sts:AssumeRole") -> str:
    return denied(caller, action, role, f"because no role trust policy allows the {action} action")


NO_ROLE = f"{ARN}:role/never-made"
ROOT_OF_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:root"
