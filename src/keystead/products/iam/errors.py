"""What IAM says when the core says no: every domain error in AWS's words, in one table.

Sources, as facts/iam.md §5 tags them: [LS] recorded from AWS, [GH] quoted in public issues, [EM] wording of open
emulators, [K] general knowledge of AWS's documentation.
"""

from collections.abc import Callable

from keystead.identity.users import DuplicateTags, ReservedTag
from keystead.kernel.errors import (
    AlreadyExists,
    DomainError,
    InvalidMarker,
    NotFound,
    QuotaExceeded,
    StillInUse,
)
from keystead.types.errors import OperationError, ValidationError
from keystead.types.iam import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    InvalidInputException,
    LimitExceededException,
    NoSuchEntityException,
)

# UNCONFIRMED: whether AWS ends this sentence with a dot; open emulators do not.
_NO_SUCH_KEY = "The Access Key with id {name} cannot be found"
# UNCONFIRMED: AWS's code and wording for a tag key that begins with `aws:`.
_RESERVED_TAG = "Tag keys beginning with aws: are reserved for system use."
_DUPLICATE_TAGS = "Duplicate tag keys found. Please note that Tag keys are case insensitive."  # [LS]

_NOT_FOUND = {
    "user": "The user with name {name} cannot be found.",  # [LS]
    "credential": _NO_SUCH_KEY,  # [EM]
    "account alias": "The account alias {name} cannot be found.",  # [K]
}
_ALREADY_EXISTS = {
    "user": "User with name {name} already exists.",  # [EM]
    "account alias": "The account alias {name} already exists.",  # [K]
}


def _not_found(error: NotFound) -> OperationError:
    return NoSuchEntityException(_NOT_FOUND[error.what].format(name=error.name))


def _already_exists(error: AlreadyExists) -> OperationError:
    return EntityAlreadyExistsException(_ALREADY_EXISTS[error.what].format(name=error.name))


def _quota(error: QuotaExceeded) -> OperationError:
    if error.quota == "TagsPerUser":
        return LimitExceededException("The number of tags has reached the maximum limit.")  # [K]
    return LimitExceededException(f"Cannot exceed quota for {error.quota}: {error.limit}")  # [GH]


def _in_use(error: StillInUse) -> OperationError:
    return DeleteConflictException(str(error))  # [EM]


def _marker(_: InvalidMarker) -> OperationError:
    return ValidationError("Invalid Marker.")  # [EM]


def _duplicate_tags(_: DuplicateTags) -> OperationError:
    return InvalidInputException(_DUPLICATE_TAGS)


def _reserved_tag(_: ReservedTag) -> OperationError:
    return InvalidInputException(_RESERVED_TAG)


_TABLE: list[tuple[type[DomainError], Callable[..., OperationError]]] = [
    (NotFound, _not_found),
    (AlreadyExists, _already_exists),
    (QuotaExceeded, _quota),
    (StillInUse, _in_use),
    (InvalidMarker, _marker),
    (DuplicateTags, _duplicate_tags),
    (ReservedTag, _reserved_tag),
]


def translate(error: DomainError) -> OperationError | None:
    """Return the error that IAM answers for a domain error, or None when it has none."""
    return next((answer(error) for kind, answer in _TABLE if isinstance(error, kind)), None)
