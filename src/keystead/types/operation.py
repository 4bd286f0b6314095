"""`Operation`: the typed constant that declares a method as the implementation of an API operation.

A generated module holds one constant per operation. Used as a decorator it lets the type checker refuse a
method whose request or response does not fit, and leaves the declaration on the function for the gateway.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

Form = Literal["read", "write"]
Request = TypeVar("Request")
Response = TypeVar("Response")
Group = TypeVar("Group")
AnyCall = TypeVar("AnyCall")

DECLARATION = "__keystead_operation__"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the gateway must know of an operation beside its method.

    `resource` is the template of the ARN that is authorised, below the service's own prefix; members of the
    request in braces, `*` for none. `form` says where the method runs (DESIGN §4).
    """

    service: str
    name: str
    form: Form
    resource: str
    action: str
    implied_user: bool


@dataclass(frozen=True, slots=True)
class Operation(Generic[Request, Response]):
    """One operation of one service's model, by the names botocore uses."""

    service: str
    name: str

    def __call__(
        self, form: Form, *, resource: str, action: str | None = None, implied_user: bool = False
    ) -> Callable[
        [Callable[[Group, AnyCall, Request], Response]], Callable[[Group, AnyCall, Request], Response]
    ]:
        """Return a decorator that declares a method `(self, call, request) -> response`.

        `implied_user` marks IAM operations that act on the caller when the request names no user.
        """
        declaration = Declaration(
            self.service, self.name, form, resource, action or f"{self.service}:{self.name}", implied_user
        )

        def declare(
            method: Callable[[Group, AnyCall, Request], Response],
        ) -> Callable[[Group, AnyCall, Request], Response]:
            setattr(method, DECLARATION, declaration)
            return method

        return declare


def declaration_of(method: object) -> Declaration | None:
    """Return what an `Operation` left on `method`, or None."""
    found: Any = getattr(method, DECLARATION, None)
    return found if isinstance(found, Declaration) else None
