"""What Route 53 says when the core says no."""

from keystead.kernel.errors import DomainError, NotFound
from keystead.types.errors import OperationError
from keystead.types.route53 import NoSuchHostedZone


def translate(error: DomainError) -> OperationError | None:
    """Return the error that Route 53 answers for a domain error, or None when it has none."""
    if isinstance(error, NotFound) and error.what == "hosted-zone":
        return NoSuchHostedZone(f"No hosted zone found with ID: {error.name}")
    return None
