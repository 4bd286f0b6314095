"""Validation of the resources that a policy names: the ARN's form, and what IAM and S3 ask of theirs."""

from collections.abc import Sequence

from keystead.access.policy.document import Statement
from keystead.access.policy.malformed import MalformedPolicy
from keystead.access.policy.matching import ALL
from keystead.access.policy.patterns import ARN_FIELDS

PARTITIONS = frozenset(
    ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
)
IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
NOT_AN_ARN = 'Resource {resource} must be in ARN format or "*".'
BAD_PARTITION = 'Partition "{partition}" is not valid for resource "arn:{partition}:{rest}".'
NO_SERVICE = "Resource vendor must be fully qualified and cannot contain regexes."
IAM_REGION = "IAM resource {resource} cannot contain region information."
S3_REGION = "Resource {resource} can not contain region information."
IAM_PATH = f'IAM resource path must either be "*" or start with {", ".join(IAM_PATHS)}.'


def check_resources(statements: Sequence[Statement], legacy: str) -> str:
    """Return the fault of the resources, or nothing. Raises MalformedPolicy(legacy) for what comes earlier.

    AWS reads each list in reverse sorted order and keeps the last fault it met; until it meets one, it also
    refuses what its older parser cannot read, and says that at once.
    """
    fault = ""
    for lists in (
        [statement.resources for statement in statements],
        [statement.not_resources for statement in statements],
    ):
        for resources in lists:
            for resource in sorted(resources or (), reverse=True):
                fault = _fault(resource) or fault
            if not fault and any(not _passes_legacy_parsing(resource) for resource in resources or ()):
                raise MalformedPolicy(legacy)
    return fault


def _passes_legacy_parsing(resource: str) -> bool:
    if resource == ALL:
        return True
    fields = resource.split(":")
    return (len(fields) >= ARN_FIELDS or "::" not in resource) and fields[2] != ""


def _fault(resource: str) -> str:
    if resource == ALL:
        return ""
    fields = resource.split(":", ARN_FIELDS - 1)
    if len(fields) < 2:
        return NOT_AN_ARN.format(resource=resource)
    if fields[1] != ALL and fields[1] not in PARTITIONS:
        return _partition_fault(fields)
    if len(fields) < 3:
        return NO_SERVICE
    return _service_fault(resource, fields[2], fields)


def _partition_fault(fields: list[str]) -> str:
    rest = fields[2:] + [ALL] * (ARN_FIELDS - len(fields))
    if len(fields) <= 3 and rest[0] == "":
        rest[0] = ALL
    return BAD_PARTITION.format(partition=fields[1], rest=":".join(rest))


def _service_fault(resource: str, service: str, fields: list[str]) -> str:
    has_region = len(fields) < 5 or fields[3] != ""
    path = fields[5] if len(fields) == ARN_FIELDS else ""
    if service == "iam":
        if has_region:
            return IAM_REGION.format(resource=resource)
        return "" if path == ALL or path.startswith(IAM_PATHS) else IAM_PATH
    if service == "s3" and has_region and not path.startswith("accesspoint/"):
        return S3_REGION.format(resource=resource)
    return ""
