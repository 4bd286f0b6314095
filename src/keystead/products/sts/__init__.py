"""STS: who a caller is, and temporary credentials that stand for a role or a user."""

from keystead.gateway.operations import Face
from keystead.products.product import Foundation, Parts, Product
from keystead.products.sts.caller import Caller
from keystead.products.sts.errors import translate
from keystead.products.sts.issuers import read_issuers
from keystead.products.sts.kinds import SESSION, kinds
from keystead.products.sts.role_sessions import RoleSessions
from keystead.products.sts.scopes import Scopes
from keystead.products.sts.tokens import WebIdentityTokens
from keystead.products.sts.trusting import TrustPolicies, condition_key, further_actions, resource_arn
from keystead.products.sts.user_sessions import UserSessions
from keystead.products.sts.web_identity import WebIdentities


def _parts(base: Foundation) -> Parts:
    scopes, trusts = Scopes(base.policies), TrustPolicies()
    tokens = WebIdentityTokens(read_issuers(base.settings.oidc_issuers), base.clock)
    return Parts(
        Face(
            groups=[
                Caller(),
                RoleSessions(base.sessions, scopes),
                UserSessions(base.sessions, scopes),
                WebIdentities(tokens, trusts, base.sessions, scopes),
            ],
            translate=translate,
            resource_arn=resource_arn,
            condition_key=condition_key,
            resource_side=trusts.side,
            further_actions=further_actions,
        )
    )


PRODUCT = Product(name="sts", kinds=kinds, parts=_parts, signing_kinds=[SESSION.name])
