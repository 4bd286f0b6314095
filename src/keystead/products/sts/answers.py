"""What the operations that make sessions ask and answer alike."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from keystead.credentials.issue import Minted
from keystead.products.sts import errors
from keystead.types import sts
from keystead.types.errors import AccessDeniedError, ValidationError


def refuse_unsupported(request: Mapping[str, Any]) -> None:
    """Raise for what can be asked and never holds here: there is no MFA device and no context provider."""
    if "SerialNumber" in request or "TokenCode" in request:
        raise AccessDeniedError(errors.NO_MFA)
    if "ProvidedContexts" in request:
        raise ValidationError(errors.NO_CONTEXTS)


def credentials(minted: Minted) -> sts.Credentials:
    """Return a new session's triple, which is told this once."""
    if minted.session_token is None or minted.credential.expires_at is None:
        raise RuntimeError("a session without a token or an end")
    return {
        "AccessKeyId": minted.credential.id,
        # Revealed to whoever asked for the session: the one time that its secret and its token are told.
        "SecretAccessKey": minted.secret.reveal().decode(),
        "SessionToken": minted.session_token.reveal().decode(),
        "Expiration": datetime.fromtimestamp(minted.credential.expires_at // 1000, UTC),
    }
