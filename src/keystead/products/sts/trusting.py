"""Whether a role's trust policy lets a caller in: the resource side of AssumeRole, and what its conditions may ask.

Follows the IAM User Guide, "Cross-account policy evaluation logic", "Condition keys for AWS STS" and "Pass session
tags in AWS STS" for the actions that tags and a source identity need beside `sts:AssumeRole`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keystead.access.policy import CompiledPolicy, PolicySource, ResourceSide, compile_policy, trust_side
from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.gateway.operations import plain_resource
from keystead.identity import records, role_records
from keystead.identity.role_records import Role
from keystead.identity.roles import DEFAULT_SESSION_SECONDS
from keystead.identity.session_records import Scope
from keystead.kernel.arn import parse_arn, sts_arn
from keystead.kernel.ids import ACCOUNT_ID
from keystead.products.sts import errors
from keystead.store.interface import Reader
from keystead.types.errors import ValidationError

ROLE = "{RoleArn}"
FEDERATED_USER = "federated-user/{Name}"
TAG_SESSION, SET_SOURCE_IDENTITY = "sts:TagSession", "sts:SetSourceIdentity"
MAX_COMPILED = 10_000
_RESOURCE_TAGS = ("aws:resourcetag/", "iam:resourcetag/")


def role_of(reader: Reader, arn: str) -> Role | None:
    """Return the role of an ARN, whatever its account; None when there is none. Raises ValidationError."""
    account, name = _parts(arn)
    role = role_records.role_named(reader, account, name)
    return role if role is not None and role.arn == arn else None


def resource_arn(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN that policies must allow. Raises ValidationError when a role's is not one."""
    if template == ROLE:
        arn: str = request["RoleArn"]
        _parts(arn)
        return arn
    if template == FEDERATED_USER:
        return sts_arn(call.principal.account, f"federated-user/{request['Name']}")
    return plain_resource(reader, call, template, request)


def further_actions(reader: Reader, call: Call, request: Mapping[str, Any]) -> Sequence[str]:
    """Return what a request must be allowed beside the operation itself.

    UNCONFIRMED: whether tags and a source identity that only go on from the calling session need it too. The
    stricter reading.
    """
    del reader
    before = Scope() if call.principal.session is None else call.principal.session.scope
    is_role = "RoleArn" in request
    actions: list[str] = []
    if request.get("Tags") or (is_role and before.transitive):
        actions.append(TAG_SESSION)
    if request.get("SourceIdentity") or (is_role and before.source_identity):
        actions.append(SET_SOURCE_IDENTITY)
    return actions


class TrustPolicies:
    """The trust policies of roles, compiled. What is remembered is a pure function of the text, and never stale."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CompiledPolicy] = {}

    def side(self, reader: Reader, call: Call, arn: str, request: Mapping[str, Any]) -> ResourceSide | None:
        """Return the role's side of a request for one, None for a request about no role.

        A role that does not exist trusts nobody: whether it does must not be told. Raises NotForThisCaller.
        """
        if "RoleArn" not in request:
            return None
        if call.principal.is_root:
            raise errors.NotForThisCaller(errors.ROOT_ASSUMES)
        return self.of(reader, arn)

    def of(self, reader: Reader, arn: str) -> ResourceSide:
        """Return the side of the role of an ARN, whether it exists or not."""
        role = role_of(reader, arn)
        return trust_side(_parts(arn)[0], None if role is None else self._compile(role))

    def _compile(self, role: Role) -> CompiledPolicy:
        key = (role.trust, role.trust_ids)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            source = PolicySource(role.name, "resource")
            found = compile_policy(role.trust, source, "trust", principal_ids=role.trusted_ids())
            self._compiled[key] = found
        return found


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of one of STS's own condition keys, or of the role's tags."""
    answer = _OF_REQUEST.get(key)
    if answer is not None:
        return answer(call, request)
    for prefix in _RESOURCE_TAGS:
        if key.startswith(prefix) and "RoleArn" in request:
            return _tag(reader, request["RoleArn"], key.removeprefix(prefix))
    return None


def _parts(arn: str) -> tuple[str, str]:
    """Return the account and the name of a role's ARN. Raises ValidationError."""
    try:
        parsed = parse_arn(arn)
    except ValueError as error:
        raise ValidationError(errors.INVALID_ARN.format(arn=arn)) from error
    kind, _, path = parsed.resource.partition("/")
    is_role = (parsed.partition, parsed.service, parsed.region, kind) == ("aws", "iam", "", "role")
    if not is_role or not path or not ACCOUNT_ID.fullmatch(parsed.account):
        raise ValidationError(errors.INVALID_ARN.format(arn=arn))
    return parsed.account, path.rsplit("/", 1)[-1]


def _tag(reader: Reader, arn: str, wanted: str) -> Values | None:
    role = role_of(reader, arn)
    tags = [] if role is None else records.tags(reader, role.id)
    return next(((tag.value,) for tag in tags if tag.key.lower() == wanted), None)


def _member(name: str) -> Callable[[Call, Mapping[str, Any]], Values | None]:
    def answer(call: Call, request: Mapping[str, Any]) -> Values | None:
        del call
        return (request[name],) if name in request else None

    return answer


def _duration(call: Call, request: Mapping[str, Any]) -> Values | None:
    """UNCONFIRMED: whether AWS has the key when the request leaves the duration out. Here it has its default."""
    del call
    return (str(request.get("DurationSeconds", DEFAULT_SESSION_SECONDS)),) if "RoleArn" in request else None


def _source_identity(call: Call, request: Mapping[str, Any]) -> Values | None:
    before = "" if call.principal.session is None else call.principal.session.scope.source_identity
    given: str = request.get("SourceIdentity", before)
    return (given,) if given else None


def _transitive(call: Call, request: Mapping[str, Any]) -> Values | None:
    del call
    return tuple(request.get("TransitiveTagKeys", ())) or None


_OF_REQUEST: Mapping[str, Callable[[Call, Mapping[str, Any]], Values | None]] = {
    "sts:externalid": _member("ExternalId"),
    "sts:rolesessionname": _member("RoleSessionName"),
    "sts:durationseconds": _duration,
    "sts:sourceidentity": _source_identity,
    "sts:transitivetagkeys": _transitive,
}
