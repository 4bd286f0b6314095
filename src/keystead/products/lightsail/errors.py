"""What Lightsail says when the answer is no: every domain error in its words, in one table.

All texts are UNCONFIRMED: no public source quotes AWS's (facts/s3.md §1). Every error has the members `code`,
`docs`, `message` and `tip`; `docs` and `tip` are empty here.
"""

from collections.abc import Mapping

from keystead.gateway.operations import Translations, translation
from keystead.kernel.errors import AlreadyExists, DomainError, InvalidMarker, NotFound, QuotaExceeded
from keystead.products.lightsail.names import NameRefused
from keystead.types.errors import OperationError, ServiceError
from keystead.types.lightsail import InvalidInputException, NotFoundException

THIRD_KEY = "Cannot exceed quota for {quota}: {limit}"
NAME_TAKEN = "The bucket name {name} is already in use."
NOT_FOUND: Mapping[str, str] = {
    "bucket": "The Bucket does not exist: {name}",
    "access key": "The BucketAccessKey does not exist: {name}",
    "operation": "The Operation does not exist: {name}",
    "resource": "The resource does not exist: {name}",
}
BAD_TOKEN = "The pageToken is not one of this listing."  # noqa: S105 - a message.


class BucketInUse(DomainError):
    """A bucket cannot go without force; `why` ends the sentence about it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"The bucket {name} cannot be deleted because {why}.")


def invalid(message: str) -> OperationError:
    """Return the error for what the model cannot say is wrong."""
    return _worded(InvalidInputException, message)


def _worded(error: type[ServiceError], message: str) -> ServiceError:
    return error(message, code=error.shape, docs="", tip="")


def _not_found(error: NotFound) -> OperationError:
    return _worded(NotFoundException, NOT_FOUND[error.what].format(name=error.name))


def _quota(error: QuotaExceeded) -> OperationError:
    return invalid(THIRD_KEY.format(quota=error.quota, limit=error.limit))


def _taken(error: AlreadyExists) -> OperationError:
    return invalid(NAME_TAKEN.format(name=error.name))


def _marker(_: InvalidMarker) -> OperationError:
    return invalid(BAD_TOKEN)


def _as_it_is(error: DomainError) -> OperationError:
    return invalid(str(error))


_TABLE: Translations = [
    (NotFound, _not_found),
    (QuotaExceeded, _quota),
    (AlreadyExists, _taken),
    (InvalidMarker, _marker),
    (NameRefused, _as_it_is),
    (BucketInUse, _as_it_is),
]
translate = translation(_TABLE)
"""Returns the error that Lightsail answers for a domain error, or None when it has none."""
