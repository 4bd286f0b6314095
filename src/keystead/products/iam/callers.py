"""Whom an IAM request is about when it names no user: the caller.

Follows the IAM API reference, "CreateAccessKey", UserName: "the user name is determined implicitly from the
access key ID signing the request", which works for the account root too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead.gateway.call import Call
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.users import Users
from keystead.kernel.arn import iam_arn
from keystead.kernel.errors import NotFound
from keystead.store.interface import Reader


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
    return Holder(call.principal.owner, call.principal.user_name)


class Resources:
    """Fills the resource templates of IAM's operations with the ARNs that policies name."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def arn(self, reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
        """Return the ARN of what a request is about; a user's holds its path, a new user's the one asked for."""
        account = call.principal.account
        match template:
            case "user/{UserName}":
                return self._user_arn(reader, call, request.get("UserName"))
            case "user{Path}{UserName}":
                return iam_arn(account, f"user{request.get('Path', '/')}{request['UserName']}")
            case "user{PathPrefix}":
                # What AWS names when it denies ListUsers: `…:user/`, as denials in public issues quote it.
                return iam_arn(account, f"user{request.get('PathPrefix', '/')}")
            case _:
                return "*" if template == "*" else iam_arn(account, template)

    def _user_arn(self, reader: Reader, call: Call, name: str | None) -> str:
        if name is None:
            return call.principal.arn if call.principal.owner != ROOT_OWNER else "*"
        try:
            return self._users.get(reader, call.principal.account, name).arn
        except NotFound:
            return iam_arn(call.principal.account, f"user/{name}")
