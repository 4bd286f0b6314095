"""Whom an IAM request is about: the user it names or the caller, and the ARNs of what it touches.

Follows the IAM API reference, "CreateAccessKey", UserName: "the user name is determined implicitly from the
access key ID signing the request", which works for the account root too.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from keystead.gateway.call import Call
from keystead.identity import group_records, records, role_records
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.users import Users
from keystead.kernel.arn import iam_arn
from keystead.store.interface import Reader
from keystead.types.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds keys: a user, or the account root, whose name is empty."""

    owner: str
    user_name: str


def holder_of(users: Users, call: Call, user_name: str | None) -> Holder:
    """Return who `user_name` means, the caller when it is absent. Raises NotFound."""
    if user_name is not None:
        user = users.get(call.reader, call.principal.account, user_name)
        return Holder(user.id, user.name)
    check_is_user(call)
    return Holder(call.principal.owner, call.principal.user_name)


def check_is_user(call: Call) -> None:
    """Raise ValidationError when a request leaves out whom it is about, and its caller is no user nor the root."""
    if call.principal.type not in ("user", "root"):
        raise ValidationError(_MUST_NAME_USER)


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def arn(self) -> str: ...


_FIND: Mapping[str, Callable[[Reader, str, str], _Named | None]] = {
    "user": records.user_named,
    "group": group_records.group_named,
    "role": role_records.role_named,
    "instance-profile": role_records.profile_named,
}
_MUST_NAME_USER = "Must specify userName when calling with non-User credentials"  # [GH]
_EXISTING = re.compile(r"(?P<kind>[a-z-]+)/\{(?P<member>[A-Za-z]+)\}")
_MOVED = re.compile(r"(?P<kind>[a-z-]+)\{NewPath\}\{New(?P<member>[A-Za-z]+)\}")
_MEMBER = re.compile(r"\{([A-Za-z]+)\}")
_DEFAULTS = {"Path": "/", "PathPrefix": "/"}


def resource_arn(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN that policies must allow, of what a request is about.

    `kind/{Name}` is something that exists: its ARN has its own path. `kind{NewPath}{NewName}` is where an
    update moves it to. Any other template is filled from the request as it is; one that begins with a member
    is an ARN already.
    """
    account = call.principal.account
    if template == "*":
        return template
    if request.get("AllUsers"):
        return iam_arn(account, "user/*")
    shape, kind, member = _read(template)
    if shape == "existing":
        return _existing(reader, call, kind, request.get(member))
    if shape == "moved":
        return _moved(reader, account, kind, member, request)
    filled = _MEMBER.sub(lambda found: _value(request, found[1]), template)
    return filled if template.startswith("{") else iam_arn(account, filled)


@functools.cache  # Templates are those of the operations declared: about a hundred.
def _read(template: str) -> tuple[Literal["existing", "moved", "filled"], str, str]:
    """Return what kind of template it is, and for the first two the kind of thing and the member that names it."""
    if existing := _EXISTING.fullmatch(template):
        return "existing", existing["kind"], existing["member"]
    if moved := _MOVED.fullmatch(template):
        return "moved", moved["kind"], moved["member"]
    return "filled", "", ""


def _existing(reader: Reader, call: Call, kind: str, name: str | None) -> str:
    if name is None:
        check_is_user(call)
        return call.principal.arn if call.principal.owner != ROOT_OWNER else "*"
    found = call.subject = _FIND[kind](reader, call.principal.account, name)
    return iam_arn(call.principal.account, f"{kind}/{name}") if found is None else found.arn


def _moved(reader: Reader, account: str, kind: str, member: str, request: Mapping[str, Any]) -> str:
    found = _FIND[kind](reader, account, request[member])
    name, path = (request[member], "/") if found is None else (found.name, found.path)
    path, name = request.get("NewPath", path), request.get(f"New{member}", name)
    return iam_arn(account, f"{kind}{path}{name}")


def _value(request: Mapping[str, Any], member: str) -> str:
    return str(request.get(member, _DEFAULTS.get(member, "")))
