"""What IAM says when the core says no: every domain error in AWS's words, in one table.

Sources, as facts/iam.md §5 tags them: [LS] recorded from AWS, [GH] quoted in public issues, [EM] wording of open
emulators, [K] general knowledge of AWS's documentation.
"""

from keystead.access.policy import MalformedPolicy, invalid_principal
from keystead.gateway.operations import Translations, translation
from keystead.identity.policies import PolicyInUse, PolicyTooLarge, ReadOnlyPolicy
from keystead.identity.roles import TrustTooLarge
from keystead.identity.tags import DuplicateTags, ReservedTag
from keystead.identity.trust import UnknownPrincipal
from keystead.kernel.errors import (
    AlreadyExists,
    DomainError,
    InvalidMarker,
    NotFound,
    QuotaExceeded,
    StillInUse,
)
from keystead.types.errors import AccessDeniedError, OperationError, ValidationError
from keystead.types.iam import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    InvalidInputException,
    LimitExceededException,
    MalformedPolicyDocumentException,
    NoSuchEntityException,
)

# UNCONFIRMED: whether AWS ends this sentence with a dot; open emulators do not.
_NO_SUCH_KEY = "The Access Key with id {name} cannot be found"
# UNCONFIRMED: AWS's code and wording for a tag key that begins with `aws:`.
_RESERVED_TAG = "Tag keys beginning with aws: are reserved for system use."
_DUPLICATE_TAGS = "Duplicate tag keys found. Please note that Tag keys are case insensitive."  # [LS]
# UNCONFIRMED: AWS's wording when an AWS managed policy is written on.
_READ_ONLY = "Policy {arn} is an AWS managed policy and cannot be changed."

_NOT_FOUND = {
    "user": "The user with name {name} cannot be found.",  # [LS]
    "group": "The group with name {name} cannot be found.",  # [K]
    "role": "The role with name {name} cannot be found.",  # [LS]
    "instance profile": "Instance Profile {name} cannot be found.",  # [EM]
    "policy": "Policy {name} was not found.",  # [LS]
    "attachable policy": "Policy {name} does not exist or is not attachable.",  # [LS]
    "policy version": "Policy {name} does not exist or is not attachable.",  # [EM]
    "user policy": "The user policy with name {name} cannot be found.",  # [EM]
    "group policy": "The group policy with name {name} cannot be found.",  # [K]
    "role policy": "The role policy with name {name} cannot be found.",  # [EM]
    # UNCONFIRMED: what AWS says of a boundary that is not there.
    "permissions boundary": "The permissions boundary of {name} cannot be found.",
    "credential": _NO_SUCH_KEY,  # [EM]
    # UNCONFIRMED: AWS's wording.
    "service-specific credential": "The Service Specific Credential with id {name} cannot be found.",
    "account alias": "The account alias {name} cannot be found.",  # [K]
}
_ALREADY_EXISTS = {
    "user": "User with name {name} already exists.",  # [EM]
    "group": "Group with name {name} already exists.",  # [EM]
    "role": "Role with name {name} already exists.",  # [EM]
    "instance profile": "Instance Profile {name} already exists.",  # [EM]
    "policy": "A policy called {name} already exists. Duplicate names are not allowed.",  # [EM]
    "account alias": "The account alias {name} already exists.",  # [K]
}
_QUOTAS = {
    "TagsPerEntity": "The number of tags has reached the maximum limit.",  # [K]
    "VersionsPerPolicy": (
        "A managed policy can have up to {limit} versions. Before you create a new version, you must delete an"
        " existing version."
    ),  # [EM]
}
_ANY_QUOTA = "Cannot exceed quota for {quota}: {limit}"  # [GH]


def _not_found(error: NotFound) -> OperationError:
    return NoSuchEntityException(_NOT_FOUND[error.what].format(name=error.name))


def _already_exists(error: AlreadyExists) -> OperationError:
    return EntityAlreadyExistsException(_ALREADY_EXISTS[error.what].format(name=error.name))


def _quota(error: QuotaExceeded) -> OperationError:
    message = _QUOTAS.get(error.quota, _ANY_QUOTA)
    return LimitExceededException(message.format(quota=error.quota, limit=error.limit))


def _trust_too_large(error: TrustTooLarge) -> OperationError:
    return LimitExceededException(_ANY_QUOTA.format(quota="ACLSizePerRole", limit=error.size))  # [K]


def _too_large(error: PolicyTooLarge) -> OperationError:
    if error.entity is None:
        return LimitExceededException(_ANY_QUOTA.format(quota="PolicySize", limit=error.size))  # [EM]
    holder = f"{error.entity.kind} {error.entity.name}"
    return LimitExceededException(f"Maximum policy size of {error.size} bytes exceeded for {holder}")  # [EM]


def _in_use(error: DomainError) -> OperationError:
    return DeleteConflictException(str(error))  # [EM]


def _read_only(error: ReadOnlyPolicy) -> OperationError:
    return AccessDeniedError(_READ_ONLY.format(arn=error))


def _malformed(error: MalformedPolicy) -> OperationError:
    return MalformedPolicyDocumentException(str(error))  # [EM]


def _unknown_principal(error: UnknownPrincipal) -> OperationError:
    return _malformed(invalid_principal("AWS", error.name))  # [K]


def _marker(_: InvalidMarker) -> OperationError:
    return ValidationError("Invalid Marker.")  # [EM]


def _duplicate_tags(_: DuplicateTags) -> OperationError:
    return InvalidInputException(_DUPLICATE_TAGS)


def _reserved_tag(_: ReservedTag) -> OperationError:
    return InvalidInputException(_RESERVED_TAG)


_TABLE: Translations = [
    (NotFound, _not_found),
    (AlreadyExists, _already_exists),
    (QuotaExceeded, _quota),
    (TrustTooLarge, _trust_too_large),
    (PolicyTooLarge, _too_large),
    (StillInUse, _in_use),
    (PolicyInUse, _in_use),
    (ReadOnlyPolicy, _read_only),
    (MalformedPolicy, _malformed),
    (UnknownPrincipal, _unknown_principal),
    (InvalidMarker, _marker),
    (DuplicateTags, _duplicate_tags),
    (ReservedTag, _reserved_tag),
]
translate = translation(_TABLE)
"""Returns the error that IAM answers for a domain error, or None when it has none."""
