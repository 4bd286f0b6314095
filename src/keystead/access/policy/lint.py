"""Validation of policy documents when they are written: AWS's faults, in AWS's order and words.

Follows the texts and the order that AWS was observed to give, as open emulators carry them. The first failure
wins, over the whole document: each stage looks at every statement before the next one begins.
"""

import re
from collections.abc import Iterator

from keystead.access.policy.conditions import parse_operator
from keystead.access.policy.document import (
    EVERYONE,
    VARIABLES_VERSION,
    Document,
    PolicySyntaxError,
    Principals,
    Statement,
    parse_document,
)
from keystead.access.policy.lint_resources import check_resources
from keystead.access.policy.malformed import MalformedPolicy

SYNTAX = "Syntax errors in policy."
INVALID_JSON = "This policy contains invalid Json"
OLD_VERSION = "Policy document must be version 2012-10-17 or greater."
LEGACY = "The policy failed legacy parsing"
SID_NOT_ALPHANUMERIC = (
    "Statement IDs (SID) must be alpha-numeric."
    " Check that your input satisfies the regular expression [0-9A-Za-z]*"
)
SID_NOT_UNIQUE = "Statement IDs (SID) in a single policy must be unique."
NO_ACTIONS = "Policy statement must contain actions."
NO_RESOURCES = "Policy statement must contain resources."
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
TWO_COLONS = "Actions/Condition can contain only one colon."
PRINCIPAL_IN_IDENTITY_POLICY = "Policy document should not specify a principal."
TRUST_ACTIONS_ONLY = (
    "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML, "
    " and sts:AssumeRoleWithWebIdentity"
)
RESOURCE_IN_TRUST_POLICY = "Has prohibited field Resource."
NO_PRINCIPAL = "Missing required field Principal"
INVALID_PRINCIPAL = 'Invalid principal in policy: "{kind}":"{name}"'

TRUST_POLICIES_NEED_2012 = False
"""UNCONFIRMED: whether a new trust policy of version 2008-10-17 is refused. AWS's own guides still print such
policies for service roles, so they are taken here; identity policies of that version are refused."""
TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:decodeauthorizationmessage",
        "sts:getaccesskeyinfo",
        "sts:getcalleridentity",
        "sts:getfederationtoken",
        "sts:getservicebearertoken",
        "sts:getsessiontoken",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
MULTIVALUED_KEYS = frozenset(
    {"aws:tagkeys", "aws:calledvia", "aws:principalorgpaths", "sts:transitivetagkeys"}
)

_SID = re.compile(r"[0-9A-Za-z]*")
_BAD_VENDOR = re.compile(r"[^A-Za-z0-9.-]")
_AWS_PRINCIPAL = re.compile(
    r"[0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[^*?]+)"
    r"|arn:aws[a-z-]*:sts::[0-9]{12}:(assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?/]+)|A[A-Z0-9]{15,31}(:[^*?]+)?"
)
_SERVICE_PRINCIPAL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_FEDERATED_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(oidc|saml)-provider/[^*?]+|[a-z0-9-]+(\.[a-z0-9-]+)+"
)
_PRINCIPAL_FORMS = {"AWS": _AWS_PRINCIPAL, "Service": _SERVICE_PRINCIPAL, "Federated": _FEDERATED_PRINCIPAL}

_DATE = re.compile(
    r"(?P<year>-?[0-9]{1,9})(-(?P<month>[0-9]{1,2})(-(?P<day>[0-9]{1,2}))?)?"
    r"([Tt]((?P<hour>[0-9]{1,2})(:(?P<minute>[0-9]{1,2})(:(?P<second>[0-9]{1,2})(\.[0-9]{1,9})?"
    r"([Zz]|[+-](?P<zone_hour>[0-9]{2})(:(?P<zone_minute>[0-9]{2}))?)?)?)?)?)?"
)
_DATE_BOUNDS = {
    "year": (-292_275_054, 292_278_993),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
    "zone_hour": (0, 23),
    "zone_minute": (0, 59),
}
_LAST_EPOCH_SECOND = 2**63 - 1


def lint_identity_policy(text: str) -> Document:
    """Return the document of an identity, session, boundary or control policy. Raises MalformedPolicy."""
    document = _parse(text, SYNTAX)
    if document.version != VARIABLES_VERSION:
        raise MalformedPolicy(OLD_VERSION)
    _check_language(document)
    for statement in document.statements:
        if not (statement.resources or statement.not_resources):
            raise MalformedPolicy(NO_RESOURCES)
    if any(_principals(statement) is not None for statement in document.statements):
        raise MalformedPolicy(PRINCIPAL_IN_IDENTITY_POLICY)
    return document


def lint_trust_policy(text: str) -> Document:
    """Return the document of a role's trust policy. Raises MalformedPolicy.

    That the principals exist is for the caller to check: see `named_principals`.
    """
    document = _parse(text, INVALID_JSON)
    if TRUST_POLICIES_NEED_2012 and document.version != VARIABLES_VERSION:
        raise MalformedPolicy(OLD_VERSION)
    _check_language(document)
    for statement in document.statements:
        if statement.actions is None or any(one.lower() not in TRUST_ACTIONS for one in statement.actions):
            raise MalformedPolicy(TRUST_ACTIONS_ONLY)
    for statement in document.statements:
        if statement.resources is not None or statement.not_resources is not None:
            raise MalformedPolicy(RESOURCE_IN_TRUST_POLICY)
    _check_principals(document)
    return document


def lint_resource_policy(text: str) -> Document:
    """Return the document of a resource policy, of either version. Raises MalformedPolicy."""
    document = _parse(text, SYNTAX)
    _check_language(document, any_sid=True)
    for statement in document.statements:
        if not (statement.resources or statement.not_resources):
            raise MalformedPolicy(NO_RESOURCES)
    _check_principals(document)
    return document


def named_principals(document: Document) -> list[tuple[str, str]]:
    """Return the (type, name) pairs of all principals that a document names, each once, in order."""
    named = (_principals(statement) for statement in document.statements)
    return list(dict.fromkeys(name for principals in named if principals for name in principals.names))


def invalid_principal(kind: str, name: str) -> MalformedPolicy:
    """Return the fault of a principal that is not one, or that does not exist."""
    return MalformedPolicy(INVALID_PRINCIPAL.format(kind="AWS" if kind == "AWS" else kind.upper(), name=name))


def warnings(document: Document) -> list[str]:
    """Return what is allowed and probably not meant; one sentence each."""
    return [text for statement in document.statements for text in _warnings(statement)]


def _parse(text: str, not_json: str) -> Document:
    try:
        document = parse_document(text)
    except PolicySyntaxError as error:
        raise MalformedPolicy(SYNTAX if error.is_json else not_json) from error
    for statement in document.statements:
        if any(parse_operator(condition.operator) is None for condition in statement.conditions):
            raise MalformedPolicy(SYNTAX)
    return document


def _check_language(document: Document, *, any_sid: bool = False) -> None:
    """Check what all kinds of policy have in common, after their syntax and version.

    Resource policies take `any_sid`: their services are less strict about it.
    """
    statements = document.statements
    if any(not _passes_legacy_parsing(statement) for statement in statements):
        raise MalformedPolicy(LEGACY)
    resource_fault = check_resources(statements, LEGACY)
    _check_sids([statement.sid for statement in statements if statement.sid], any_sid)
    if not all(statement.actions or statement.not_actions for statement in statements):
        raise MalformedPolicy(NO_ACTIONS)
    if resource_fault:
        raise MalformedPolicy(resource_fault)
    for statement in statements:
        _check_actions(statement.actions or ())
    for statement in statements:
        _check_actions(statement.not_actions or ())


def _passes_legacy_parsing(statement: Statement) -> bool:
    return statement.effect in ("Allow", "Deny") and all(_is_date(value) for value in _dates(statement))


def _dates(statement: Statement) -> Iterator[str]:
    for condition in statement.conditions:
        name = parse_operator(condition.operator)
        if name is not None and name.base.startswith("Date"):
            yield from condition.values


def _is_date(text: str) -> bool:
    if "t" not in text.lower() and "-" not in text:
        return re.fullmatch(r"[0-9]{1,19}", text) is not None and int(text) <= _LAST_EPOCH_SECOND
    found = _DATE.fullmatch(text)
    return found is not None and all(
        low <= int(found[name]) <= high for name, (low, high) in _DATE_BOUNDS.items() if found[name]
    )


def _check_sids(sids: list[str], any_sid: bool) -> None:
    # UNCONFIRMED: which of the two AWS says first.
    if not any_sid and any(not _SID.fullmatch(sid) for sid in sids):
        raise MalformedPolicy(SID_NOT_ALPHANUMERIC)
    if len(set(sids)) < len(sids):
        raise MalformedPolicy(SID_NOT_UNIQUE)


def _check_actions(actions: tuple[str, ...]) -> None:
    for action in actions:
        vendor, colon, name = action.partition(":")
        if action != EVERYONE and not colon:
            raise MalformedPolicy(NO_VENDOR)
        if ":" in name:
            raise MalformedPolicy(TWO_COLONS)
        if action != EVERYONE and (not vendor or _BAD_VENDOR.search(vendor)):
            raise MalformedPolicy(f"Vendor {vendor} is not valid")


def _check_principals(document: Document) -> None:
    if any(_principals(statement) is None for statement in document.statements):
        raise MalformedPolicy(NO_PRINCIPAL)
    for statement in document.statements:
        named = _principals(statement)
        if named is not None and not named.names:
            raise MalformedPolicy(NO_PRINCIPAL)
    for kind, name in named_principals(document):
        form = _PRINCIPAL_FORMS.get(kind)
        if (kind, name) != ("AWS", EVERYONE) and form is not None and not form.fullmatch(name):
            raise invalid_principal(kind, name)


def _principals(statement: Statement) -> Principals | None:
    return statement.principals or statement.not_principals


def _warnings(statement: Statement) -> Iterator[str]:
    name = f"statement {statement.sid}" if statement.sid else "a statement"
    if statement.effect == "Allow" and statement.not_principals is not None:
        yield f"{name}: Allow with NotPrincipal grants access to everybody else, anonymous callers included"
    for condition in statement.conditions:
        if condition.key.lower() in MULTIVALUED_KEYS and ":" not in condition.operator:
            yield f"{name}: {condition.key} has several values, and {condition.operator} has no set operator"
