"""`Operation`: the typed constant that declares a method as the implementation of an API operation.

A generated module holds one constant per operation. Used as a decorator it lets the type checker refuse a
method whose request or response does not fit, and leaves the declaration on the function for the gateway.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from keystead.types.errors import ServiceError

Form = Literal["read", "write"]
"""Where a method runs: `read` on the loop against a read connection, `write` on the writer (DESIGN §4)."""

Authentication = Literal["sigv4", "none-by-model"]
"""How an operation authenticates its caller. A closed list; a new method is a design decision (DESIGN §1.1)."""

Request = TypeVar("Request")
Response = TypeVar("Response")
Group = TypeVar("Group")
AnyCall = TypeVar("AnyCall")
Method = Callable[[Group, AnyCall, Request], Response]

_DECLARATION = "__keystead_operation__"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the gateway must know of an operation beside its method.

    `resource` is the template of what is authorised, as the last field of an ARN: members of the request in
    braces, `*` for an operation without resource. Several, parted by spaces, must all be allowed. `action` is
    the policy action. `also` names error shapes of the service that AWS answers here although this operation's
    model does not list them. `prepare` names an asynchronous method `(self, call, request)` of the same group that
    is awaited before the method runs: for what waits or asks elsewhere. Its result stands in `call.prepared`.
    """

    service: str
    name: str
    form: Form
    resource: str
    action: str
    authentication: Authentication
    also: tuple[str, ...]
    prepare: str = ""


@dataclass(frozen=True)
class Operation(Generic[Request, Response]):
    """One operation of one service's model, by the names botocore uses."""

    service: str
    name: str

    def __call__(
        self,
        form: Form,
        *,
        resource: str,
        action: str | None = None,
        authentication: Authentication = "sigv4",
        also: tuple[type[ServiceError], ...] = (),
        prepare: str = "",
    ) -> Callable[[Method[Group, AnyCall, Request, Response]], Method[Group, AnyCall, Request, Response]]:
        """Return a decorator that declares a method `(self, call, request) -> response`."""
        policy_action = action or f"{self.service}:{self.name}"
        shapes = tuple(error.shape for error in also)
        declared = Declaration(
            self.service, self.name, form, resource, policy_action, authentication, shapes, prepare
        )

        def declare(
            method: Method[Group, AnyCall, Request, Response],
        ) -> Method[Group, AnyCall, Request, Response]:
            setattr(method, _DECLARATION, declared)
            return method

        return declare


def declaration_of(method: object) -> Declaration | None:
    """Return what an `Operation` left on `method`, or None."""
    found: Any = getattr(method, _DECLARATION, None)
    return found if isinstance(found, Declaration) else None
