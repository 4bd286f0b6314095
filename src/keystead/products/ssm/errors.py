"""What this service says beside its modelled errors, and what it says when the core says no.

Operations raise modelled errors themselves, where the words stand; here is what several of them share.
"""

from keystead.kernel.errors import DomainError, InvalidMarker
from keystead.types import ssm
from keystead.types.errors import CommonError, OperationError


class InvalidRequest(CommonError):
    """The JSON services' common answer to input that breaks a rule which no model states."""

    code = "ValidationException"
    status = 400
    reason = "invalid-input"


class Forbidden(CommonError):
    """The JSON services' common answer to what policies do not allow, where it is decided apart from them."""

    code = "AccessDeniedException"
    status = 400
    reason = "denied"


def translate(error: DomainError) -> OperationError | None:
    """Return the error that the service answers for a domain error, or None when it has none."""
    if isinstance(error, InvalidMarker):
        return ssm.InvalidNextToken("The specified token isn't valid.")
    return None
