"""The base of all modelled errors. Generated modules subclass it, one class per error shape of the model."""

from typing import Any, ClassVar


class ServiceError(Exception):
    """An error that the service's model lists.

    `shape` names it in the model, which holds its wire code, status and members. `members` are further
    members of the shape, by name.
    """

    service: ClassVar[str]
    shape: ClassVar[str]

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members
