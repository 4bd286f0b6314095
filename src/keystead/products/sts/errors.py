"""What STS says when it will not: its messages, and the errors that no model of it lists.

Sources, as in IAM's table: [LS] recorded from AWS, [EM] wording of open emulators, [GH] quoted in public issues,
[K] general knowledge of AWS's documentation.
"""

from typing import NoReturn

from keystead.access.policy import MalformedPolicy
from keystead.identity.sessions import ChainTooLong
from keystead.kernel.errors import DomainError
from keystead.types.errors import AccessDeniedError, CommonError, OperationError
from keystead.types.sts import MalformedPolicyDocumentException

ROOT_ASSUMES = "Roles may not be assumed by root accounts."  # [K]
INVALID_ARN = "{arn} is invalid"  # [LS]
LONGER_THAN_ROLE = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."  # [EM]
# [GH]
LONGER_THAN_CHAIN = (
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
)
DUPLICATE_TAGS = "Duplicate tag keys found. Please note that Tag keys are case insensitive."  # [LS]
NOT_IN_TAGS = "The specified transitive tag key must be included in the requested tags."  # [LS]
INHERITED = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the"
    " calling session."
)  # [LS]
NO_MFA = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid"
    " and associated with this user."
)  # [GH]: no MFA device exists here.
NOT_TRUSTED = "Not authorized to perform {action}"  # [GH]
# UNCONFIRMED: AWS's words for the following.
NO_OAUTH = "ProviderId is for OAuth 2.0 access tokens, which are not accepted."
RESERVED_TAG = "Tag keys beginning with aws: are reserved for system use."
RESERVED_IDENTITY = "A source identity cannot begin with aws:."
OTHER_IDENTITY = "The source identity of the calling session cannot be changed."
NO_CONTEXTS = "Context assertions of other providers are not accepted."
ROOT_FEDERATES = "GetFederationToken must be called with the long-term credentials of an IAM user."
POLICY_TOO_LONG = (
    "1 validation error detected: Value at 'policy' failed to satisfy constraint:"
    " Member must have length less than or equal to {limit}"
)
TOO_MANY_POLICIES = (
    "1 validation error detected: Value at 'policyArns' failed to satisfy constraint:"
    " Member must have length less than or equal to {limit}"
)
NO_POLICY_ARN = (
    "1 validation error detected: Value null at 'policyArns' failed to satisfy constraint:"
    " Member must not be null"
)
NO_SUCH_POLICY = "Policy {arn} does not exist or is not attachable."
PACKED_TOO_LARGE = "Packed policy consumes {percent}% of allotted space, please use smaller policy."
CHAIN_TOO_LONG = "Too many sessions in this chain are still alive."


class InvalidParameterValue(CommonError):
    """STS's answer to tags that contradict each other."""

    code = "InvalidParameterValue"
    status = 400
    reason = "invalid-input"


class NotForThisCaller(AccessDeniedError):
    """What no policy can allow a caller of this sort."""

    reason = "not-for-this-caller"


def refuse_tags(message: str) -> NoReturn:
    """Raise InvalidParameterValue."""
    raise InvalidParameterValue(message)


def translate(error: DomainError) -> OperationError | None:
    """Return the error that STS answers for a domain error, or None when it has none."""
    match error:
        case MalformedPolicy():
            return MalformedPolicyDocumentException(str(error))
        case ChainTooLong():
            return NotForThisCaller(CHAIN_TOO_LONG)
        case _:
            return None
