"""The bases of all errors that an operation may answer. Generated modules subclass ServiceError."""

from typing import Any, ClassVar


class OperationError(Exception):
    """An operation says no, in words meant for its caller."""

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members


class ServiceError(OperationError):
    """An error that the service's model lists.

    `shape` names it in the model, which holds its wire code, status and members. `members` are further
    members of the shape, by name.
    """

    service: ClassVar[str]
    shape: ClassVar[str]


class CommonError(OperationError):
    """An answer that no model lists and every client of the query services knows ("Common errors")."""

    code: ClassVar[str]
    status: ClassVar[int]
    reason: ClassVar[str]
    """What the journal keeps."""


class ValidationError(CommonError):
    """The query services' answer to input that breaks a rule."""

    code = "ValidationError"
    status = 400
    reason = "invalid-input"


class AccessDeniedError(CommonError):
    """What no policy can allow: the thing is the authority's own."""

    code = "AccessDenied"
    status = 403
    reason = "not-changeable"
