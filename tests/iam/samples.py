"""Names, ARNs and policy documents that the tests of policies, groups and roles share."""

import json

from iam.room import ACCOUNT

ARN = f"arn:aws:iam::{ACCOUNT}"
NO_POLICY = f"{ARN}:policy/none"
NOT_A_POLICY = f"{ARN}:user/somebody"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"

NEVER_MADE_CREDENTIAL = "ACCAAAAAAAAAAAAAAAAAA"
NO_BOUNDARY_OF = "The permissions boundary of {} cannot be found."


def allow(action: str = "iam:GetUser", resource: str = "*", **statement: object) -> str:
    """Return an identity policy of one statement."""
    body = {"Effect": "Allow", "Action": action, "Resource": resource, **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [body]})


def trust(principal: str = f"{ARN}:root") -> str:
    """Return a trust policy for one AWS principal."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def large(size: int) -> str:
    """Return an identity policy of at least `size` characters that count."""
    return allow(resource="arn:aws:s3:::" + "b" * size)
