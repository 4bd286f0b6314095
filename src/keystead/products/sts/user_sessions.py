"""GetSessionToken and GetFederationToken: what a user's or the root's long-term key can make of itself.

Follows the STS API reference on both. Who may not call them, and what their sessions may not call, is
`access.session_limits`' matter.
"""

from datetime import timedelta

from keystead.gateway.call import Call
from keystead.identity.session_records import Scope
from keystead.identity.sessions import Sessions, federated_user, session_of
from keystead.kernel.arn import sts_arn
from keystead.products.sts import errors
from keystead.products.sts.answers import credentials, refuse_unsupported
from keystead.products.sts.kinds import SESSION
from keystead.products.sts.scopes import Scopes, packed_percent
from keystead.products.sts.trusting import FEDERATED_USER
from keystead.types import sts

DEFAULT_SECONDS = 43_200
LONGEST_ROOT_SECONDS = 3600


class UserSessions:
    """The operations that make sessions without a role."""

    def __init__(self, sessions: Sessions, scopes: Scopes) -> None:
        self._sessions = sessions
        self._scopes = scopes

    @sts.GetSessionToken("write", resource="*")
    def get_session_token(
        self, call: Call, request: sts.GetSessionTokenRequest
    ) -> sts.GetSessionTokenResponse:
        """Return a session of the caller itself. No policy allows or forbids it."""
        refuse_unsupported(request)
        seconds = request.get("DurationSeconds", DEFAULT_SECONDS)
        if call.principal.is_root:
            # AWS does not refuse a longer one: it "defaults to one hour".
            seconds = min(seconds, LONGEST_ROOT_SECONDS)
        minted = self._sessions.mint(
            call.tx,
            SESSION,
            session_of(call.principal.account, call.principal.owner),
            Scope(has_mfa=False),
            by=call.credential,
            life=timedelta(seconds=seconds),
            shortest_token=request.get("MinimumSessionTokenSize", 0),
        )
        return {"Credentials": credentials(minted)}

    @sts.GetFederationToken("write", resource=FEDERATED_USER)
    def get_federation_token(
        self, call: Call, request: sts.GetFederationTokenRequest
    ) -> sts.GetFederationTokenResponse:
        """Return a session for somebody for whom the calling user vouches, within that user's own permissions.

        Without session policies it may do nothing but what resource policies grant it by name.
        """
        principal, name = call.principal, request["Name"]
        if principal.is_root:
            raise errors.NotForThisCaller(errors.ROOT_FEDERATES)
        scope = self._scopes.read(call.reader, principal.account, request, principal, has_mfa=None)
        packed = packed_percent(scope, request)
        minted = self._sessions.mint(
            call.tx,
            SESSION,
            federated_user(principal.account, principal.owner, name),
            scope,
            by=call.credential,
            life=timedelta(seconds=request.get("DurationSeconds", DEFAULT_SECONDS)),
            shortest_token=request.get("MinimumSessionTokenSize", 0),
        )
        return {
            "Credentials": credentials(minted),
            "FederatedUser": {
                "FederatedUserId": f"{principal.account}:{name}",
                "Arn": sts_arn(principal.account, f"federated-user/{name}"),
            },
            "PackedPolicySize": packed,
        }
