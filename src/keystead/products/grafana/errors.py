"""What Managed Grafana says when the answer is no: every domain error as its model has it.

Follows facts/grafana.md §1.1. The words of `resourceType` and of most messages are
UNCONFIRMED; a quota is HTTP 402.
"""

from keystead.gateway.operations import Translations, translation
from keystead.identity.tags import DuplicateTags, ReservedTag
from keystead.kernel.errors import AlreadyExists, DomainError, InvalidMarker, NotFound, QuotaExceeded
from keystead.products.grafana.accounts import ACCOUNT_QUOTA
from keystead.products.grafana.kinds import KEY_QUOTA, TOKEN_QUOTA
from keystead.types.errors import OperationError
from keystead.types.grafana import (
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)

WORKSPACE_QUOTA = "L-2C2D5119"
_QUOTAS = {
    WORKSPACE_QUOTA: (
        "workspace",
        "The number of workspaces of this account in this Region has been reached",
    ),
    ACCOUNT_QUOTA: ("serviceAccount", "Service Account quota has been reached"),
    TOKEN_QUOTA: ("serviceAccountToken", "Service Account Token quota has been reached"),
    KEY_QUOTA: ("apiKey", "API key quota has been reached"),
}


def invalid(field: str, message: str) -> ValidationException:
    """Return the error for a member that breaks a rule which the model does not hold."""
    fields = [{"name": field, "message": message}]
    return ValidationException(message, reason="FIELD_VALIDATION_FAILED", fieldList=fields)


def conflict(message: str, resource_type: str, resource_id: str) -> ConflictException:
    """Return the error for what stands in the way of a request."""
    return ConflictException(message, resourceType=resource_type, resourceId=resource_id)


def _not_found(error: NotFound) -> OperationError:
    return ResourceNotFoundException(
        f"The {error.what} {error.name} does not exist.", resourceType=error.what, resourceId=error.name
    )


def _already_exists(error: AlreadyExists) -> OperationError:
    return conflict(f"A {error.what} with this name already exists.", error.what, error.name)


def _quota(error: QuotaExceeded) -> OperationError:
    kind, message = _QUOTAS.get(error.quota, ("", ""))
    if not kind:
        return invalid("tags", f"No more than {error.limit} tags are allowed.")
    return ServiceQuotaExceededException(
        message, resourceType=kind, resourceId=error.owner, serviceCode="grafana", quotaCode=error.quota
    )


def _marker(_: InvalidMarker) -> OperationError:
    return invalid("nextToken", "The nextToken is not one of this listing.")


def _tags(error: DomainError) -> OperationError:
    return invalid("tags", f"{error}.")


_TABLE: Translations = [
    (NotFound, _not_found),
    (AlreadyExists, _already_exists),
    (QuotaExceeded, _quota),
    (InvalidMarker, _marker),
    (DuplicateTags, _tags),
    (ReservedTag, _tags),
]
translate = translation(_TABLE)
"""Returns the error that Managed Grafana answers for a domain error, or None when it has none."""
