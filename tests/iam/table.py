"""What the tables of operations hold: a well-formed call of each, and how to make each fail."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iam.room import Room

Members = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A well-formed call about a user: its members, and the resource that AWS names when it is denied."""

    members: Callable[[str], Members]
    resource: Callable[[str], str | None]


@dataclass(frozen=True)
class Failure:
    """How to make an operation answer an error: `provoke` arranges it and returns (members, message)."""

    operation: str
    code: str
    provoke: Callable[[Room], tuple[Members, str]]

    def __str__(self) -> str:
        return f"{self.operation}-{self.code}"


def plain(operation: str, code: str, members: Members, message: str) -> Failure:
    """Return a failure that needs no arranging."""
    return Failure(operation, code, lambda _: (members, message))


def never(reason: str, code: str, operations: Iterable[str]) -> Mapping[tuple[str, str], str]:
    """Return entries for errors that the model lists and no request meets, with the reason."""
    return {(operation, code): reason for operation in operations}
