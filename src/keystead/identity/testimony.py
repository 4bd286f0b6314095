"""A principal as the journal writes it: CloudTrail's `userIdentity`.

Follows the AWS CloudTrail User Guide, "CloudTrail userIdentity element".
"""

from typing import Any

from keystead.audit.event import Identity, event_time
from keystead.identity.principals import Principal, PrincipalType
from keystead.identity.session_records import Session

_TYPES: dict[PrincipalType, str] = {
    "root": "Root",
    "user": "IAMUser",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
    "anonymous": "Unknown",
}


def identity_of(principal: Principal, access_key_id: str) -> Identity:
    """Return who used the key `access_key_id`."""
    return Identity(
        _TYPES[principal.type],
        principal.id,
        principal.arn,
        principal.account,
        access_key_id,
        principal.user_name,
        None if principal.session is None else _context(principal, principal.session),
    )


def _context(principal: Principal, session: Session) -> dict[str, Any]:
    """Return the session's `sessionContext`: who issued it, when, and what vouched for it."""
    scope = session.scope
    context: dict[str, Any] = {
        "attributes": {
            "creationDate": event_time(session.issued_at / 1000),
            "mfaAuthenticated": "true" if scope.has_mfa else "false",
        }
    }
    if principal.type in ("assumed-role", "federated-user"):
        context["sessionIssuer"] = {
            "type": "Role" if principal.type == "assumed-role" else "IAMUser",
            "principalId": principal.owner,
            "arn": principal.issuer_arn,
            "accountId": principal.account,
            "userName": principal.issuer_name,
        }
    if scope.source_identity:
        context["sourceIdentity"] = scope.source_identity
    if scope.provider:
        context["webIdFederationData"] = {
            "federatedProvider": scope.provider,
            "attributes": {"sub": scope.subject},
        }
    return context
