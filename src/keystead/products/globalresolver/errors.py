"""What Global Resolver says when the answer is no: every domain error as its model has it.

Follows facts/dns.md §2. The words of `resourceType` and of the messages are UNCONFIRMED.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keystead.credentials.issue import LifetimeRefused, ReplayMismatch
from keystead.gateway.operations import Translations, translation
from keystead.identity.tags import DuplicateTags, ReservedTag
from keystead.kernel.errors import (
    AlreadyExists,
    DomainError,
    InvalidMarker,
    NotFound,
    QuotaExceeded,
    StillInUse,
)
from keystead.products.globalresolver.ids import SERVICE
from keystead.types.errors import OperationError
from keystead.types.route53globalresolver import (
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)

_QUOTA_TYPES = {
    "AccessTokensPerGlobalResolver": "access-token",
    "AccessSourcesPerGlobalResolver": "access-source",
    "GlobalResolversPerAccount": "global-resolver",
    "DNSViewsPerGlobalResolver": "dns-view",
    "DNSViewsPerAccount": "dns-view",
    "FirewallDomainListsPerAccount": "firewall-domain-list",
    "DomainsPerFirewallDomainList": "firewall-domain-list",
    "DomainsPerImportedFile": "firewall-domain-list",
    "FirewallRulesPerDNSView": "firewall-rule",
    "HostedZonesPerDNSView": "hosted-zone-association",
    "TagsPerEntity": "tag",
}


def invalid(field: str, message: str) -> ValidationException:
    """Return the error for a member that breaks a rule which the model does not hold."""
    fields = [{"name": field, "message": message}]
    return ValidationException(message, reason="FIELD_VALIDATION_FAILED", fieldList=fields)


def invalid_members(violations: Sequence[str]) -> Mapping[str, Any]:
    """Return what a validation error says beside its message, from the broken constraints."""
    fields = [{"name": _named_in(violation), "message": violation} for violation in violations]
    return {"reason": "FIELD_VALIDATION_FAILED", "fieldList": fields}


def _named_in(violation: str) -> str:
    """Return the member that a violation is about, `Value … at 'NAME' failed …`."""
    return violation.partition(" at '")[2].partition("'")[0]


def mismatched(message: str) -> ValidationException:
    """Return the error for members that do not go together."""
    return ValidationException(message, reason="OTHER")


def conflict(message: str, resource_type: str, resource_id: str = "") -> ConflictException:
    """Return the error for what stands in the way of a request."""
    return ConflictException(message, resourceType=resource_type, resourceId=resource_id or None)


def _not_found(error: NotFound) -> OperationError:
    # Facts of the field: AWS puts a code before the message when a zone is not the caller's.
    code = "GR-ERR03603: " if error.what == "hosted-zone" else ""
    return ResourceNotFoundException(
        f"{code}The {error.what} {error.name} does not exist.", resourceType=error.what, resourceId=error.name
    )


def _already_exists(error: AlreadyExists) -> OperationError:
    message = f"A {error.what} was made with this clientToken and other parameters, or exists already."
    return conflict(message, error.what, error.name)


def _quota(error: QuotaExceeded) -> OperationError:
    return ServiceQuotaExceededException(
        f"Cannot exceed quota for {error.quota}: {error.limit}",
        resourceType=_QUOTA_TYPES.get(error.quota, "resource"),
        serviceCode=SERVICE,
        quotaCode=error.quota,
    )


def _in_use(error: StillInUse) -> OperationError:
    return conflict(str(error), "resource")


def _marker(_: InvalidMarker) -> OperationError:
    return invalid("nextToken", "The nextToken is not one of this listing.")


def _lifetime(_: LifetimeRefused) -> OperationError:
    return invalid("expiresAt", "expiresAt must be between 30 and 365 days from now.")


def _replay(_: ReplayMismatch) -> OperationError:
    return conflict("The clientToken was used before, with other parameters.", "access-token")


def _tags(error: DomainError) -> OperationError:
    return invalid("tags", f"{error}.")


_TABLE: Translations = [
    (NotFound, _not_found),
    (AlreadyExists, _already_exists),
    (QuotaExceeded, _quota),
    (StillInUse, _in_use),
    (InvalidMarker, _marker),
    (LifetimeRefused, _lifetime),
    (ReplayMismatch, _replay),
    (DuplicateTags, _tags),
    (ReservedTag, _tags),
]
translate = translation(_TABLE)
"""Returns the error that Global Resolver answers for a domain error, or None when it has none."""
