"""Whom an IAM request is about: the user it names or the caller, and the ARNs of what it touches.

Follows the IAM API reference, "CreateAccessKey", UserName: "the user name is determined implicitly from the
access key ID signing the request", which works for the account root too.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

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
    if template == "*":
        return template
    if request.get("AllUsers"):
        return iam_arn(call.principal.account, "user/*")
    return _reading(template)(reader, call, request)


@functools.cache  # Templates are those of the operations declared: about a hundred.
def _reading(template: str) -> Callable[[Reader, Call, Mapping[str, Any]], str]:
    """Return what makes an ARN after a template. Each request asks, so the template is read once."""
    if existing := _EXISTING.fullmatch(template):
        return _existing(existing["kind"], existing["member"])
    if moved := _MOVED.fullmatch(template):
        return _moved(moved["kind"], moved["member"])
    return _filled(template)


def _existing(kind: str, member: str) -> Callable[[Reader, Call, Mapping[str, Any]], str]:
    find = _FIND[kind]

    def arn(reader: Reader, call: Call, request: Mapping[str, Any]) -> str:
        principal, name = call.principal, request.get(member)
        if name is None:
            check_is_user(call)
            return principal.arn if principal.owner != ROOT_OWNER else "*"
        found = call.subject = find(reader, principal.account, name)
        return iam_arn(principal.account, f"{kind}/{name}") if found is None else found.arn

    return arn


def _moved(kind: str, member: str) -> Callable[[Reader, Call, Mapping[str, Any]], str]:
    find = _FIND[kind]

    def arn(reader: Reader, call: Call, request: Mapping[str, Any]) -> str:
        account = call.principal.account
        found = find(reader, account, request[member])
        name, path = (request[member], "/") if found is None else (found.name, found.path)
        path, name = request.get("NewPath", path), request.get(f"New{member}", name)
        return iam_arn(account, f"{kind}{path}{name}")

    return arn


def _filled(template: str) -> Callable[[Reader, Call, Mapping[str, Any]], str]:
    is_whole = template.startswith("{")

    def arn(reader: Reader, call: Call, request: Mapping[str, Any]) -> str:
        del reader
        filled = _MEMBER.sub(lambda found: _value(request, found[1]), template)
        return filled if is_whole else iam_arn(call.principal.account, filled)

    return arn


def _value(request: Mapping[str, Any], member: str) -> str:
    return str(request.get(member, _DEFAULTS.get(member, "")))
