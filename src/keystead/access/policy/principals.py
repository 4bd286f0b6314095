"""Who asks, and whom the Principal element of a resource or trust policy names.

Follows the IAM User Guide, "IAM JSON policy elements: Principal" and "NotPrincipal". What a policy grants
depends on how it names the caller, so a match says how directly.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from keystead.access.policy.document import EVERYONE, Principals

CallerType = Literal["root", "user", "role-session", "federated-user", "web-identity", "service", "anonymous"]
OUTSIDERS = frozenset({"web-identity", "service", "anonymous"})
"""Callers on whom no policies of their own bear: the resource's policy alone decides."""
_SESSIONS = frozenset({"role-session", "federated-user"})
_ACCOUNT = re.compile(r"([0-9]{12})|arn:[^:]+:iam::([0-9]{12}):root")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request acts as.

    `arn` is what GetCallerIdentity says; `id` its UserId. A session has also its `issuer`: the ARN (with path)
    and unique id of its role, or of the user who federates. `provider` names a service or an identity provider.
    """

    type: CallerType
    account: str
    arn: str = ""
    id: str = ""
    issuer_arn: str = ""
    issuer_id: str = ""
    provider: str = ""


class Naming(IntEnum):
    """How a policy names a caller, the more directly the higher."""

    NOT = 0
    ACCOUNT = 1
    """By its account, which leaves the decision to that account."""
    ISSUER = 2
    """By the role or user behind a session: the session's own limits remain."""
    CALLER = 3
    """By the caller itself."""


EVERYONE_TO_A_SESSION = Naming.ISSUER
"""UNCONFIRMED: whether `*` frees a session of its boundary and session policies. The stricter reading."""


class PrincipalMatcher:
    """Finds a caller in a Principal element, or outside a NotPrincipal element."""

    __slots__ = ("_has_everyone", "_is_negated", "_names")

    def __init__(
        self, principals: Principals, *, is_negated: bool, ids: Mapping[str, str] | None = None
    ) -> None:
        """`ids` gives the unique id that an ARN stood for when the policy was saved: see `compile_policy`."""
        self._is_negated = is_negated
        self._has_everyone = ("AWS", EVERYONE) in principals.names
        self._names = frozenset((kind, _stored(kind, name, ids)) for kind, name in principals.names)

    def grants(self, caller: Caller) -> Naming:
        """Return how an Allow names the caller."""
        if self._is_negated:
            # Whoever is left out by any of its names is left out.
            return Naming.NOT if self._listed(caller) else _everyone(caller)
        if self._has_everyone:
            return _everyone(caller)
        return max(self._listed(caller), default=Naming.NOT)

    def denies(self, caller: Caller) -> bool:
        """Return whether a Deny names the caller. NotPrincipal spares whom it lists by every name it has."""
        if not self._is_negated:
            return self._has_everyone or bool(self._listed(caller))
        names = _names(caller)
        return not self._has_everyone and (not names or len(self._listed(caller)) < len(set(names.values())))

    def _listed(self, caller: Caller) -> set[Naming]:
        if self._has_everyone:
            return {_everyone(caller)}
        return {naming for name, naming in _names(caller).items() if name in self._names}


def is_entity(kind: str, name: str) -> bool:
    """Whether a principal name is one that has a unique id: a user, a role or a session of either."""
    return kind == "AWS" and name != EVERYONE and not _ACCOUNT.fullmatch(name)


def _everyone(caller: Caller) -> Naming:
    return EVERYONE_TO_A_SESSION if caller.type in _SESSIONS else Naming.CALLER


def _names(caller: Caller) -> dict[tuple[str, str], Naming]:
    """Return every name that a policy may use for a caller."""
    if caller.type == "anonymous":
        return {}
    if caller.type in ("service", "web-identity"):
        kind = "Service" if caller.type == "service" else "Federated"
        return {(kind, caller.provider): Naming.CALLER}
    names = {("AWS", caller.account): Naming.ACCOUNT}
    if caller.type == "root":
        return names
    for name, naming in (
        (caller.issuer_arn, Naming.ISSUER),
        (caller.issuer_id, Naming.ISSUER),
        (caller.arn, Naming.CALLER),
        (caller.id, Naming.CALLER),
    ):
        if name:
            names["AWS", name] = naming
    return names


def _stored(kind: str, name: str, ids: Mapping[str, str] | None) -> str:
    if kind != "AWS":
        return name
    account = _ACCOUNT.fullmatch(name)
    if account is not None:
        return account[1] or account[2]
    return name if ids is None else ids.get(name, name)
