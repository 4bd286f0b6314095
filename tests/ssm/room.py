"""`NodeRoom`: a running authority with what just-in-time access stands on, made as an administrator would."""

import json
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam.room import Room
from support.running import RunningAuthority

PREFERENCES = {
    "schemaVersion": "1.0",
    "description": "Preferences",
    "sessionType": "Standard_Stream",
    "inputs": {"idleSessionTimeout": "20", "maxSessionDuration": "60"},
}


def trust(service: str) -> str:
    """Return a trust policy for a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: object, resource: object = "*") -> str:
    """Return an identity policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class NodeRoom(Room):
    """A room whose `ssm` is the root's client."""

    def __init__(self, authority: RunningAuthority) -> None:
        super().__init__(authority)
        self.ssm = self.client("ssm")

    def role(self, stem: str, document: str) -> str:
        """Make a role and return its name."""
        name = self.name(stem)
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return name

    def document(self, content: object, type_: str = "Session", name: str = "", **members: Any) -> str:
        """Make a document and return its name."""
        name = name or self.name("document")
        text = content if isinstance(content, str) else json.dumps(content)
        self.ssm.create_document(Name=name, Content=text, DocumentType=type_, **members)
        return name

    def journal(self) -> str:
        """Return the last events of the journal."""
        lines = self.authority.command("audit-tail", count=100)
        return b"\n".join(bytes(line) for line in lines).decode()


@contextmanager
def refused(code: str):
    """Expect the block to be refused with this code, as a 4xx."""
    with pytest.raises(ClientError) as raised:
        yield raised
    told = raised.value.response
    assert code == told["Error"]["Code"], told["Error"]
    assert 400 <= told["ResponseMetadata"]["HTTPStatusCode"] < 500
