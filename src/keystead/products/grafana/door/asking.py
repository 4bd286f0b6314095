"""What a handler of the door is asked, and what it answers. Errors follow facts/grafana.md §4 and §6."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn, TypeGuard

from keystead.credentials.shelf import Credential
from keystead.kernel.errors import DomainError
from keystead.products.grafana.records import Workspace
from keystead.store.interface import Reader, Transaction

_STRUCTURED_FROM = 10


class Holder(NamedTuple):
    """Who asks: a service account, or an API key, which has no number (0). `role` is VIEWER, EDITOR or ADMIN."""

    number: int
    login: str
    name: str
    role: str
    credential: Credential

    @property
    def person(self) -> int | str:
        """Who it is in its workspace: an account's number, or an API key's name."""
        return self.number or self.name


class Answer(NamedTuple):
    """A status and what goes out as JSON, or as HTML, which is a text then and escaped by whoever made it.

    `location` is where a redirect leads to, in ASCII.
    """

    body: Any
    status: int = 200
    location: str = ""
    is_html: bool = False


class Refusal(DomainError):
    """The door says no, or that something is not there; a change that was under way is undone."""

    def __init__(self, status: int, message: str, /, **members: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {**members, "message": message}


class Lacking(DomainError):
    """The caller lacks the action that is needed; the door says so in Grafana's words, with a number of its own."""

    def __init__(self, action: str) -> None:
        super().__init__(f"lacks {action}")
        self.action = action


@dataclass(slots=True)
class Ask:
    """One admitted request. `path` holds the template's parameters, decoded; `body` is a JSON object, or empty.

    `base` is the path under which the workspace is served, "" at a host name of its own; `root` the whole URL.
    """

    workspace: Workspace
    holder: Holder
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: Mapping[str, Any]
    base: str
    root: str
    now_ms: int
    reader: Reader
    transaction: Transaction | None = None
    # What a change wants to be written into the journal beside the request itself.
    noted: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def tx(self) -> Transaction:
        """The transaction of a request that changes something."""
        if self.transaction is None:
            raise RuntimeError("a route declared as reading wants to write")
        return self.transaction

    @property
    def is_structured(self) -> bool:
        """Whether errors of this Grafana version are objects with a `messageId`."""
        return is_structured(self.workspace)

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0]

    def count(self, name: str, default: int, most: int = 5000) -> int:
        """Return a query parameter that is a positive number, at most `most`; the default for anything else."""
        text = self.one(name)
        is_number = text.isascii() and text.isdigit() and len(text) < 19
        return min(int(text), most) if is_number and int(text) > 0 else default

    def number(self, name: str, message: str) -> int:
        """Return a numeric path parameter. Raises Refusal 400 with `message`."""
        text = self.path[name]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Refusal(400, message)
        return int(text)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text of the body; null counts as absent. Raises Refusal 400 when it is missing or no text."""
        value = self.body.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or "\0" in value:
            raise Refusal(400, "bad request data")
        return value

    def whole(self, name: str, default: int = 0) -> int:
        """Return a whole number of the body; null counts as absent. Raises Refusal 400 for anything else."""
        return whole_in(self.body, name, default)

    def flag(self, name: str) -> bool | None:
        """Return a boolean of the body, None when it is absent. Raises Refusal 400 when it is something else."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, bool):
            raise Refusal(400, "bad request data")
        return value

    def refuse(self, status: int, plain: str, message_id: str, message: str) -> NoReturn:
        """Raise Refusal in the words of the workspace's version: `plain` before 10, an object from then on."""
        if self.is_structured:
            raise Refusal(status, message, statusCode=status, messageId=message_id, traceID="")
        raise Refusal(status, plain)


def whole_in(body: Mapping[str, Any], name: str, default: int = 0) -> int:
    """Return a whole number of a JSON object; null counts as absent. Raises Refusal 400 for anything else."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 62:
        raise Refusal(400, "bad request data")
    return value


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a decoded JSON value is an object, whose keys are texts."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Return whether a decoded JSON value is an array."""
    return isinstance(value, list)


def is_structured(workspace: Workspace) -> bool:
    """Return whether errors of a workspace's version are objects with a `messageId`."""
    return workspace.major >= _STRUCTURED_FROM
