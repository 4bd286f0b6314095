"""What sessions may not call, whatever their policies allow.

Follows the IAM User Guide, "Compare AWS STS credentials": a user's session token without MFA and a federated user
call no IAM operation, and of STS next to none; no session makes a session token or a federation token.
"""

from collections.abc import Callable, Mapping

from keystead.identity.session_records import Session, SessionType

# The first is AWS's text for two operations [GH]. UNCONFIRMED: what AWS says of the others.
REFUSAL = "Cannot call {operation} with session credentials"

_FOR_LONG_TERM_KEYS = frozenset({"sts:GetSessionToken", "sts:GetFederationToken"})
_OF_A_USER = frozenset({"sts:AssumeRole", "sts:GetCallerIdentity"})
_OF_A_FEDERATED_USER = frozenset({"sts:GetCallerIdentity"})


def objection(session: Session, action: str) -> str | None:
    """Return what to tell a session that may not call an operation at all, None when policies decide."""
    if _ALLOWS[session.type](session, action):
        return None
    return REFUSAL.format(operation=action.partition(":")[2])


def _user_may(session: Session, action: str) -> bool:
    service = action.partition(":")[0]
    return action in _OF_A_USER if service == "sts" else service != "iam" or bool(session.scope.has_mfa)


def _federated_user_may(session: Session, action: str) -> bool:
    del session
    service = action.partition(":")[0]
    return action in _OF_A_FEDERATED_USER if service == "sts" else service != "iam"


def _role_may(session: Session, action: str) -> bool:
    del session
    return action not in _FOR_LONG_TERM_KEYS


_ALLOWS: Mapping[SessionType, Callable[[Session, str], bool]] = {
    "session-token": _user_may,
    "federated-user": _federated_user_may,
    "assumed-role": _role_may,
}
