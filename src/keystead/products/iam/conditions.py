"""The condition keys of IAM's own, and the tags of the resource that a request is about.

Follows the Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
Management": what a policy is attached to has its boundary as `iam:PermissionsBoundary`, a new user or role the
boundary that it is to get.
"""

from collections.abc import Callable, Mapping
from typing import Any

from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.identity import managed, policy_records, records, role_records
from keystead.store.interface import Reader

_RESOURCE_TAGS = ("aws:resourcetag/", "iam:resourcetag/")
_MEMBERS = {
    "iam:policyarn": "PolicyArn",
    "iam:servicespecificcredentialservicename": "ServiceName",
    "iam:servicespecificcredentialagedays": "CredentialAgeDays",
}


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of a condition key, given in lower case, or None when a request has none."""
    if key in _MEMBERS:
        value = request.get(_MEMBERS[key])
        return None if value is None else (str(value),)
    if key == "iam:permissionsboundary":
        return _boundary(reader, call, request)
    for prefix in _RESOURCE_TAGS:
        if key.startswith(prefix):
            return _tag(reader, call, request, key.removeprefix(prefix))
    return None


def _boundary(reader: Reader, call: Call, request: Mapping[str, Any]) -> Values | None:
    asked: str | None = request.get("PermissionsBoundary")
    if asked is not None:
        return (asked,)
    resource = _resource_id(reader, call, request)
    found = None if resource is None else policy_records.boundary(reader, resource)
    return None if found is None else (found,)


def _tag(reader: Reader, call: Call, request: Mapping[str, Any], wanted: str) -> Values | None:
    resource = _resource_id(reader, call, request)
    if resource is None:
        return None
    return next(((tag.value,) for tag in records.tags(reader, resource) if tag.key.lower() == wanted), None)


def _resource_id(reader: Reader, call: Call, request: Mapping[str, Any]) -> str | None:
    """Return the unique id of what a request is about: of several things named, what its ARN is of."""
    account = call.principal.account
    for member, find in _BY_MEMBER.items():
        if member in request:
            return find(reader, account, request[member])
    # Operations that name nothing are about the caller, or about nothing that has tags.
    return call.principal.owner if call.principal.type in ("user", "root") else None


def _no_id(reader: Reader, account: str, name: str) -> str | None:
    del reader, account, name
    return None


def _user_id(reader: Reader, account: str, name: str) -> str | None:
    user = records.user_named(reader, account, name)
    return None if user is None else user.id


def _role_id(reader: Reader, account: str, name: str) -> str | None:
    role = role_records.role_named(reader, account, name)
    return None if role is None else role.id


def _profile_id(reader: Reader, account: str, name: str) -> str | None:
    profile = role_records.profile_named(reader, account, name)
    return None if profile is None else profile.id


def _policy_id(reader: Reader, account: str, arn: str) -> str | None:
    policy = managed.find(arn) or policy_records.policy_by_arn(reader, account, arn)
    return None if policy is None else policy.id


_BY_MEMBER: Mapping[str, Callable[[Reader, str, str], str | None]] = {
    "GroupName": _no_id,  # Groups have no tags and no boundary.
    "InstanceProfileName": _profile_id,
    "UserName": _user_id,
    "RoleName": _role_id,
    "PolicyArn": _policy_id,
}
"""By member of a request, the one that its resource ARN is made of first."""
