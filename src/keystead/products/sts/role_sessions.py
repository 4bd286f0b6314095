"""AssumeRole: a session of a role, for whoever its trust policy lets in.

Follows the STS API reference, "AssumeRole", and the IAM User Guide, "Roles terms and concepts" for role chaining.
That the caller may was decided before this, and is decided again inside the transaction that mints.
"""

from datetime import timedelta

from keystead.gateway.call import Call
from keystead.identity.role_records import Role
from keystead.identity.roles import DEFAULT_SESSION_SECONDS
from keystead.identity.sessions import Sessions, role_session
from keystead.kernel.arn import sts_arn
from keystead.products.sts import errors
from keystead.products.sts.answers import credentials, refuse_unsupported
from keystead.products.sts.kinds import SESSION
from keystead.products.sts.scopes import Scopes, packed_percent
from keystead.products.sts.trusting import ROLE, role_of
from keystead.types import sts
from keystead.types.errors import ValidationError

LONGEST_CHAINED_SECONDS = 3600


class RoleSessions:
    """The operation by which one principal becomes another."""

    def __init__(self, sessions: Sessions, scopes: Scopes) -> None:
        self._sessions = sessions
        self._scopes = scopes

    @sts.AssumeRole("write", resource=ROLE)
    def assume_role(self, call: Call, request: sts.AssumeRoleRequest) -> sts.AssumeRoleResponse:
        """Return a session of a role, limited by the policies that are passed with it."""
        refuse_unsupported(request)
        role = _existing(call, request["RoleArn"])
        seconds = request.get("DurationSeconds", DEFAULT_SESSION_SECONDS)
        _check_duration(role, seconds, is_chained=call.principal.type == "assumed-role")
        scope = self._scopes.read(call.reader, role.account, request, call.principal, has_mfa=False)
        packed = packed_percent(scope, request)
        name = request["RoleSessionName"]
        minted = self._sessions.mint(
            call.tx,
            SESSION,
            role_session(role, name),
            scope,
            by=call.credential,
            life=timedelta(seconds=seconds),
            shortest_token=request.get("MinimumSessionTokenSize", 0),
        )
        return {
            "Credentials": credentials(minted),
            "AssumedRoleUser": assumed(role, name),
            "PackedPolicySize": packed,
            "SourceIdentity": scope.source_identity or None,
        }


def assumed(role: Role, name: str) -> sts.AssumedRoleUser:
    """Return who a role session is."""
    return {
        "AssumedRoleId": f"{role.id}:{name}",
        "Arn": sts_arn(role.account, f"assumed-role/{role.name}/{name}"),
    }


def check_longest(role: Role, seconds: int) -> None:
    """Raise ValidationError when a session would be longer than its role allows."""
    if seconds > role.max_session_seconds:
        raise ValidationError(errors.LONGER_THAN_ROLE)


def _existing(call: Call, arn: str) -> Role:
    role = role_of(call.reader, arn)
    if role is None:
        # Nobody is allowed to assume a role that does not exist, so that this is never reached.
        raise RuntimeError("a role that does not exist was allowed")
    return role


def _check_duration(role: Role, seconds: int, *, is_chained: bool) -> None:
    if is_chained and seconds > LONGEST_CHAINED_SECONDS:
        raise ValidationError(errors.LONGER_THAN_CHAIN)
    check_longest(role, seconds)
