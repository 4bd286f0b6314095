"""AssumeRoleWithWebIdentity: a session of a role for whom a configured OIDC issuer vouches. The call is unsigned.

Follows the STS API reference, "AssumeRoleWithWebIdentity", and the IAM User Guide, "Create a role for OpenID
Connect federation" for what trust policies ask. The token is verified before the transaction, because an issuer may
have to be asked for its keys; whether the role trusts its issuer and subject is decided inside.
"""

from datetime import timedelta

import msgspec

from keystead.access.policy import NO_POLICIES, Caller, Request, RequestContext, decide
from keystead.access.policy.context import Values
from keystead.audit.event import Identity
from keystead.gateway.call import Call
from keystead.identity.role_records import Role
from keystead.identity.roles import DEFAULT_SESSION_SECONDS
from keystead.identity.sessions import Sessions, role_session
from keystead.products.sts import errors
from keystead.products.sts.answers import credentials
from keystead.products.sts.kinds import SESSION
from keystead.products.sts.role_sessions import assumed, check_longest
from keystead.products.sts.scopes import Scopes, packed_percent
from keystead.products.sts.tokens import Vouched, WebIdentityTokens, texts
from keystead.products.sts.trusting import ROLE, TrustPolicies, role_of
from keystead.types import sts
from keystead.types.errors import ValidationError

ACTION = "sts:AssumeRoleWithWebIdentity"


class WebIdentities:
    """The operation by which somebody without any AWS credential gets one."""

    def __init__(
        self, tokens: WebIdentityTokens, trusts: TrustPolicies, sessions: Sessions, scopes: Scopes
    ) -> None:
        self._tokens = tokens
        self._trusts = trusts
        self._sessions = sessions
        self._scopes = scopes

    async def _verified(self, call: Call, request: sts.AssumeRoleWithWebIdentityRequest) -> Vouched:
        del call
        if "ProviderId" in request:
            raise ValidationError(errors.NO_OAUTH)
        return await self._tokens.verify(request["WebIdentityToken"])

    @sts.AssumeRoleWithWebIdentity(
        "write", resource=ROLE, authentication="none-by-model", prepare="_verified"
    )
    def assume_role_with_web_identity(
        self, call: Call, request: sts.AssumeRoleWithWebIdentityRequest
    ) -> sts.AssumeRoleWithWebIdentityResponse:
        """Return a session of a role that trusts the token's issuer, under its conditions."""
        vouched: Vouched = call.prepared
        call.identity = _identity(vouched)
        role, name = self._trusting(call, request["RoleArn"], vouched), request["RoleSessionName"]
        seconds = request.get("DurationSeconds", DEFAULT_SESSION_SECONDS)
        check_longest(role, seconds)
        passed = self._scopes.read(call.reader, role.account, request, None, has_mfa=None)
        packed = packed_percent(passed, request)
        minted = self._sessions.mint(
            call.tx,
            SESSION,
            role_session(role, name),
            msgspec.structs.replace(
                passed, provider=vouched.issuer.provider_arn(role.account), subject=vouched.subject
            ),
            by=None,
            life=timedelta(seconds=seconds),
            shortest_token=request.get("MinimumSessionTokenSize", 0),
        )
        return {
            "Credentials": credentials(minted),
            "SubjectFromWebIdentityToken": vouched.subject,
            "AssumedRoleUser": assumed(role, name),
            "PackedPolicySize": packed,
            "Provider": vouched.issuer.url,
            "Audience": vouched.audience,
        }

    def _trusting(self, call: Call, arn: str, vouched: Vouched) -> Role:
        """Return the role, if its trust policy lets this identity in. Raises NotForThisCaller."""
        side = self._trusts.of(call.reader, arn)
        provider = vouched.issuer.provider_arn(side.account)
        context = RequestContext(_keys(vouched, provider), late=call.late)
        caller = Caller("web-identity", "", provider=provider)
        decision = decide(NO_POLICIES, Request(caller, ACTION, arn, side, context))
        role = role_of(call.reader, arn)
        if not decision.is_allowed or role is None:
            raise errors.NotForThisCaller(errors.NOT_TRUSTED.format(action=ACTION))
        return role


def _keys(vouched: Vouched, provider: str) -> dict[str, Values]:
    """Return what conditions may ask of a token. Where it has `azp`, that is the `aud` key, as at AWS."""
    name, claims = vouched.issuer.name.lower(), vouched.claims
    keys: dict[str, Values] = {
        "aws:federatedprovider": (provider,),
        f"{name}:sub": (vouched.subject,),
        f"{name}:aud": tuple(texts(claims.get("azp"))) or tuple(texts(claims["aud"])),
        f"{name}:oaud": tuple(texts(claims["aud"])),
        f"{name}:amr": tuple(texts(claims.get("amr"))),
    }
    return keys


def _identity(vouched: Vouched) -> Identity:
    """Return who called, as CloudTrail has it."""
    provider = vouched.issuer.name
    return Identity(
        "WebIdentityUser",
        f"{provider}:{vouched.audience}:{vouched.subject}",
        userName=vouched.subject,
        identityProvider=provider,
    )
