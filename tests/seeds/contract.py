"""The seed contract: everything that a model says of an operation, each with a case that shows it.

A slice states the contract of its operation as one `Contract`; `gaps` tells what of the model it leaves out, so
that a member or an exception added by AWS fails a test until somebody has looked at it (DESIGN §10).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.model import OperationModel, Shape, StructureShape

from iam.room import Room
from support.running import Key

Members = dict[str, Any]
Response = Mapping[str, Any]
State = Literal["absent", "valid", "invalid"]
STATES: tuple[State, ...] = ("absent", "valid", "invalid")


@dataclass(frozen=True)
class Refusal:
    """The error that a case must end in. `is_modelled` errors arrive as an exception class of their own."""

    code: str
    message: str
    is_modelled: bool = False


@dataclass(frozen=True)
class Given:
    """One value of one input member, or its absence, and what the operation makes of it.

    `expected` is a refusal, or the assertion that the answer must pass; it gets the members that were sent.
    """

    member: str
    state: State
    about: str
    members: Callable[[Room], Members]
    expected: Refusal | Callable[[Room, Members, Response], None]

    def __str__(self) -> str:
        return f"{self.member}-{self.state}-{self.about}"


@dataclass(frozen=True)
class Exceptional:
    """How an exception of the operation's page is produced. `during` is the fault that reigns meanwhile."""

    refusal: Refusal
    members: Callable[[Room], Members]
    during: Callable[[Room], AbstractContextManager[None]] = field(default=lambda _: nullcontext())
    key: Callable[[Room], Key | None] = field(default=lambda _: None)
    """Who asks, if not the contract's caller. `{user}` in the refusal's message is its user.

    So are members of the request, by their names."""

    def __str__(self) -> str:
        return self.refusal.code


@dataclass(frozen=True)
class Contract:
    """What is promised of one operation. `answer` holds an assertion per response member, by dotted path."""

    service: str
    operation: str
    inputs: Sequence[Given]
    answer: Mapping[str, Callable[[Room, Any], None]]
    exceptions: Sequence[Exceptional]
    usual: Callable[[Room], Members]
    """Members that succeed, for the assertions on the answer."""
    holdings: Callable[[Room], object]
    """What a call may add to; equal before and after a refused one."""
    absent: Sequence[str] = ()
    """Members of the answer's shape that this operation's answer never has, by dotted path."""
    never: Mapping[str, str] = field(default_factory=dict[str, str])
    """Modelled exceptions that nothing here can cause, and why."""
    caller: Callable[[Room], Key | None] = field(default=lambda _: None)
    """Who asks, if not the root."""

    def __str__(self) -> str:
        return f"{self.service}-{self.operation}"


def gaps(contract: Contract, model: OperationModel) -> list[str]:
    """Return what the model has and the contract does not show, or the other way round. Empty is complete."""
    inputs = model.input_shape.members if model.input_shape else {}
    shown = {(given.member, given.state) for given in contract.inputs}
    wanted = {(member, state) for member in inputs for state in STATES}
    answered = set(_paths(model.output_shape)) if model.output_shape else set()
    listed = {error.metadata.get("error", {}).get("code", error.name) for error in model.error_shapes}
    produced = {each.refusal.code for each in contract.exceptions if each.refusal.is_modelled}
    return [
        *(f"input {member} {state}" for member, state in sorted(wanted ^ shown)),
        *(f"answer {path}" for path in sorted(answered ^ {*contract.answer, *contract.absent})),
        *(f"exception {code}" for code in sorted(listed ^ {*produced, *contract.never})),
    ]


def value_at(response: Response, path: str) -> Any:
    """Return a response's member by its dotted path. Raises KeyError when it is absent."""
    value: Any = response
    for part in path.split("."):
        value = value[part]
    return value


def _paths(shape: Shape, prefix: str = "") -> Iterator[str]:
    """Return the dotted paths of a structure's members, leaves only; a list or map is one leaf."""
    if not isinstance(shape, StructureShape):
        yield prefix
        return
    for name, member in shape.members.items():
        yield from _paths(member, f"{prefix}.{name}" if prefix else name)
