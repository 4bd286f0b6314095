"""Amazon Resource Names: six fields joined by colons, of which the last may hold colons itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ARN:
    """One resource name, split at its first five colons."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> ARN:
    """Return the ARN that `text` spells. Raises ValueError when it is not six fields or starts otherwise."""
    fields = text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        raise ValueError(f"{text!r} is not an ARN")
    return ARN(*fields[1:])


def iam_arn(account: str, resource: str) -> str:
    """Return the ARN of an IAM resource, such as `user/division/bob` or `root`."""
    return f"arn:aws:iam::{account}:{resource}"


def sts_arn(account: str, resource: str) -> str:
    """Return the ARN of a session, such as `assumed-role/deployer/run-7` or `federated-user/bob`."""
    return f"arn:aws:sts::{account}:{resource}"
