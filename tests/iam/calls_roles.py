"""The operations on roles: one well-formed call of each, and how to make each fail."""

from collections.abc import Mapping

from iam.calls_groups import NO_LINKED_ROLES, NO_QUOTA, NO_ROLE, ONE_WRITER, ROLE, TAG, role
from iam.room import Room
from iam.samples import ARN, allow, trust
from iam.table import Call, Failure, Members, never, plain


def _call(members: Members, resource: str = "role/none") -> Call:
    return Call(lambda _: dict(members), lambda _: f"{ARN}:{resource}")


CALLS: Mapping[str, Call] = {
    "CreateRole": _call(
        {"RoleName": "new", "Path": "/p/", "AssumeRolePolicyDocument": trust()}, "role/p/new"
    ),
    "DeleteRole": _call(ROLE),
    "GetRole": _call(ROLE),
    "ListRoleTags": _call(ROLE),
    "ListRoles": _call({}, "role/"),
    "TagRole": _call({**ROLE, "Tags": [TAG]}),
    "UntagRole": _call({**ROLE, "TagKeys": ["k"]}),
    "UpdateAssumeRolePolicy": _call({**ROLE, "PolicyDocument": trust()}),
    "UpdateRole": _call({**ROLE, "Description": "d"}),
    "UpdateRoleDescription": _call({**ROLE, "Description": "d"}),
}

_NOT_JSON = "This policy contains invalid Json"
_TOO_LONG = "Cannot exceed quota for ACLSizePerRole: 2048"


def long_trust() -> str:
    """Return a trust policy above its quota."""
    return trust(f"{ARN}:root").replace('"Statement"', f'"Id": "{"i" * 2048}", "Statement"')


def _taken(room: Room) -> tuple[Members, str]:
    name = role(room)
    members = {"RoleName": name, "AssumeRolePolicyDocument": trust()}
    return members, f"Role with name {name} already exists."


def _reserved_tag(room: Room) -> tuple[Members, str]:
    message = "Tag keys beginning with aws: are reserved for system use."
    tags = [{"Key": "aws:k", "Value": "v"}]
    return {"RoleName": room.name(), "AssumeRolePolicyDocument": trust(), "Tags": tags}, message


def _duplicate_tags(room: Room) -> tuple[Members, str]:
    message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    return {"RoleName": role(room), "Tags": [TAG, {"Key": "K", "Value": ""}]}, message


def _too_many_tags(room: Room) -> tuple[Members, str]:
    name = role(room)
    room.iam.tag_role(RoleName=name, Tags=[{"Key": str(number), "Value": ""} for number in range(50)])
    return {"RoleName": name, "Tags": [TAG]}, "The number of tags has reached the maximum limit."


def _in_use(room: Room) -> tuple[Members, str]:
    name = role(room)
    room.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow())
    return {"RoleName": name}, "Cannot delete entity, must delete policies first."


def _not_json(room: Room) -> tuple[Members, str]:
    return {"RoleName": role(room), "PolicyDocument": "{"}, _NOT_JSON


def _too_long(room: Room) -> tuple[Members, str]:
    return {"RoleName": role(room), "PolicyDocument": long_trust()}, _TOO_LONG


FAILURES = [
    *(
        plain(operation, "NoSuchEntity", CALLS[operation].members(""), NO_ROLE)
        for operation in CALLS
        if operation not in ("CreateRole", "ListRoles")
    ),
    Failure("CreateRole", "EntityAlreadyExists", _taken),
    Failure("CreateRole", "InvalidInput", _reserved_tag),
    plain(
        "CreateRole",
        "MalformedPolicyDocument",
        {"RoleName": "never", "AssumeRolePolicyDocument": "{"},
        _NOT_JSON,
    ),
    plain(
        "CreateRole",
        "LimitExceeded",
        {"RoleName": "never", "AssumeRolePolicyDocument": long_trust()},
        _TOO_LONG,
    ),
    Failure("UpdateAssumeRolePolicy", "MalformedPolicyDocument", _not_json),
    Failure("UpdateAssumeRolePolicy", "LimitExceeded", _too_long),
    Failure("TagRole", "InvalidInput", _duplicate_tags),
    Failure("TagRole", "LimitExceeded", _too_many_tags),
    Failure("DeleteRole", "DeleteConflict", _in_use),
]

NEVER_ANSWERED = {
    **never(
        NO_LINKED_ROLES,
        "UnmodifiableEntity",
        ("DeleteRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"),
    ),
    **never(ONE_WRITER, "ConcurrentModification", ("CreateRole", "DeleteRole", "TagRole", "UntagRole")),
    **never(NO_QUOTA, "LimitExceeded", ("DeleteRole",)),
}
