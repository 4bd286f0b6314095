"""The AWS managed policies that this authority offers: read-only, the same in every account.

Their documents are keystead's own, in `managed.json`: they grant what the names promise over the services that
exist here. They are not AWS's texts.
"""

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from keystead.identity.policy_records import ManagedPolicy, PolicyVersion

OWNER = "aws"
_DATA = Path(__file__).with_name("managed.json")


class Described(msgspec.Struct):
    """One policy as the data file has it. `document` is any JSON object; `created` is ISO 8601."""

    name: str
    id: str
    created: str
    description: str
    document: msgspec.Raw
    path: str = "/"

    @property
    def arn(self) -> str:
        """The ARN, which belongs to no account."""
        return f"arn:aws:iam::{OWNER}:policy{self.path}{self.name}"


@functools.cache
def _described() -> Mapping[str, Described]:
    # The file never changes while the program runs, and most commands never look at it.
    found = msgspec.json.decode(_DATA.read_bytes(), type=list[Described])
    return {policy.arn: policy for policy in found}


def _created_at(policy: Described) -> int:
    return int(msgspec.convert(policy.created, type=datetime).timestamp() * 1000)


def find(arn: str) -> ManagedPolicy | None:
    """Return the AWS managed policy of this ARN."""
    policy = _described().get(arn)
    if policy is None:
        return None
    at = _created_at(policy)
    return ManagedPolicy(OWNER, policy.id, arn, policy.name, policy.path, policy.description, at, at, 1, 2)


def version_of(arn: str) -> PolicyVersion | None:
    """Return the one version of an AWS managed policy."""
    policy = _described().get(arn)
    return None if policy is None else PolicyVersion(1, bytes(policy.document).decode(), _created_at(policy))


def all_policies() -> Sequence[ManagedPolicy]:
    """Return every AWS managed policy, by name without regard to case."""
    found = [policy for arn in _described() if (policy := find(arn)) is not None]
    return sorted(found, key=lambda policy: policy.name.lower())
