"""Policy documents and their ARNs as the API takes and shows them.

Follows the IAM API reference, "GetPolicyVersion": documents are "URL-encoded compliant with RFC 3986"; the
caller's exact text is kept.
"""

from urllib.parse import quote

from keystead.access.policy import is_entity, lint_identity_policy, lint_trust_policy, named_principals
from keystead.identity.trust import Trust
from keystead.kernel.arn import parse_arn
from keystead.types import iam
from keystead.types.errors import ValidationError

UNPARSABLE_ARN = "Invalid ARN:  Could not be parsed!"  # [LS] with both spaces.
# UNCONFIRMED: AWS's wording for an ARN that is one, but not of a policy.
NOT_A_POLICY = "ARN {arn} is not valid."


def check_identity_policy(document: str) -> None:
    """Refuse what is no identity policy, in AWS's words. Raises MalformedPolicy."""
    lint_identity_policy(document)


def read_trust_policy(document: str) -> Trust:
    """Return a trust policy and the users and roles that it names. Raises MalformedPolicy."""
    named = named_principals(lint_trust_policy(document))
    return Trust(document, tuple(name for kind, name in named if is_entity(kind, name)))


def policy_arn(text: str) -> str:
    """Return the ARN of a policy as it was given. Raises ValidationError, InvalidInputException."""
    try:
        arn = parse_arn(text)
    except ValueError as error:
        raise ValidationError(UNPARSABLE_ARN) from error
    if arn.service != "iam" or not arn.resource.startswith("policy/"):
        raise iam.InvalidInputException(NOT_A_POLICY.format(arn=text))
    return text


def encoded(document: str) -> str:
    """Return a document as responses carry it."""
    return quote(document, safe="-_.~")
