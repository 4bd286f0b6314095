"""Errors on their way out: what every protocol needs to know to write one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead.protocol.description import Definition, Reference
from keystead.protocol.shapes import Shape, resolve


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """An error that the model lists: its code on the wire, its status, and whose fault it is."""

    name: str
    code: str
    status: int
    sender_fault: bool
    shape: Shape
    message_member: str | None

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(self.shape.definition.members)


@dataclass(frozen=True, slots=True)
class Fault:
    """One error to be written; `shape` is None for errors that no model lists."""

    code: str
    status: int
    message: str
    request_id: str
    sender: bool
    members: Mapping[str, Any]
    shape: ErrorShape | None

    def body_members(self) -> dict[str, Any]:
        """Return all members of a modelled error, the message among them under its modelled name."""
        named = dict(self.members)
        if self.shape is not None and self.shape.message_member is not None:
            named[self.shape.message_member] = self.message
        return named


def error_shape(shapes: Mapping[str, Definition], name: str) -> ErrorShape:
    """Return the error that the model calls `name`. Without a status of its own it is 400, or 500 for a fault."""
    shape = resolve(shapes, Reference(name))
    trait = shape.definition.error
    is_fault = shape.definition.fault or (trait is not None and trait.fault)
    status = (trait.http_status_code if trait else None) or (500 if is_fault else 400)
    sender = trait.sender_fault if trait and trait.sender_fault is not None else status < 500
    message = next((member for member in shape.definition.members if member.lower() == "message"), None)
    code = (trait.code if trait else None) or name
    return ErrorShape(name, code, status, sender, shape, message)
