"""The operations on policies: one well-formed call of each, and how to make each fail."""

from collections.abc import Iterator, Mapping

from botocore import xform_name

from iam.calls_groups import NO_LINKED_ROLES, NO_QUOTA, ONE_WRITER, TAG, group, role
from iam.room import Room
from iam.samples import (
    ARN,
    NO_BOUNDARY_OF,
    NO_POLICY,
    NOT_A_POLICY,
    allow,
    large,
)
from iam.table import Call, Failure, Members, never, plain

KINDS = ("User", "Group", "Role")
BOUNDED = ("User", "Role")
NOT_FOUND = f"Policy {NO_POLICY} was not found."
NOT_ATTACHABLE = f"Policy {NO_POLICY} does not exist or is not attachable."
NOT_VALID = f"ARN {NOT_A_POLICY} is not valid."
SYNTAX = "Syntax errors in policy."
SIZES = {"User": 2048, "Group": 5120, "Role": 10240}


def _about(kind: str, **members: object) -> Call:
    """Return a call about a user of that name, or a group or role that there is none of."""
    if kind == "User":
        return Call(lambda name: {"UserName": name, **members}, lambda name: f"{ARN}:user/team/{name}")
    arn = f"{ARN}:{kind.lower()}/none"
    return Call(lambda _: {f"{kind}Name": "none", **members}, lambda _: arn)


def _with_arn(**members: object) -> Call:
    return Call(lambda _: {"PolicyArn": NO_POLICY, **members}, lambda _: NO_POLICY)


_OF_KINDS = {
    name.format(kind): _about(kind, **members)
    for kind in KINDS
    for name, members in {
        "Attach{}Policy": {"PolicyArn": NO_POLICY},
        "Detach{}Policy": {"PolicyArn": NO_POLICY},
        "ListAttached{}Policies": {},
        "Put{}Policy": {"PolicyName": "p", "PolicyDocument": allow()},
        "Get{}Policy": {"PolicyName": "p"},
        "Delete{}Policy": {"PolicyName": "p"},
        "List{}Policies": {},
    }.items()
}
_BOUNDARIES = {
    name.format(kind): _about(kind, **members)
    for kind in BOUNDED
    for name, members in {
        "Put{}PermissionsBoundary": {"PermissionsBoundary": NO_POLICY},
        "Delete{}PermissionsBoundary": {},
    }.items()
}
_BY_ARN = {
    "CreatePolicyVersion": _with_arn(PolicyDocument=allow()),
    "DeletePolicy": _with_arn(),
    "DeletePolicyVersion": _with_arn(VersionId="v1"),
    "GetPolicy": _with_arn(),
    "GetPolicyVersion": _with_arn(VersionId="v1"),
    "ListEntitiesForPolicy": _with_arn(),
    "ListPolicyTags": _with_arn(),
    "ListPolicyVersions": _with_arn(),
    "SetDefaultPolicyVersion": _with_arn(VersionId="v1"),
    "TagPolicy": _with_arn(Tags=[TAG]),
    "UntagPolicy": _with_arn(TagKeys=["k"]),
}
CALLS: Mapping[str, Call] = {
    **_OF_KINDS,
    **_BOUNDARIES,
    **_BY_ARN,
    "CreatePolicy": Call(
        lambda _: {"PolicyName": "new", "Path": "/p/", "PolicyDocument": allow()},
        lambda _: f"{ARN}:policy/p/new",
    ),
    "ListPolicies": Call(lambda _: {}, lambda _: "*"),
}


def policy(room: Room) -> str:
    """Make a managed policy and return its ARN."""
    return room.iam.create_policy(PolicyName=room.name("policy"), PolicyDocument=allow())["Policy"]["Arn"]


def holder(room: Room, kind: str) -> Members:
    """Make a user, group or role and return the member that names it."""
    make = {"User": room.user, "Group": lambda: group(room), "Role": lambda: role(room)}
    return {f"{kind}Name": make[kind]()}


def _of_kind(kind: str) -> Iterator[Failure]:
    lower = kind.lower()
    nobody = f"The {lower} with name none cannot be found."
    for name, call in _OF_KINDS.items():
        if name.replace("Attached", "").endswith((f"{kind}Policy", f"{kind}Policies")):
            yield plain(name, "NoSuchEntity", call.members("none"), nobody)

    def not_attachable(room: Room) -> tuple[Members, str]:
        return {**holder(room, kind), "PolicyArn": NO_POLICY}, NOT_ATTACHABLE

    def not_attached(room: Room) -> tuple[Members, str]:
        return {**holder(room, kind), "PolicyArn": NO_POLICY}, NOT_FOUND

    def not_a_policy(room: Room) -> tuple[Members, str]:
        return {**holder(room, kind), "PolicyArn": NOT_A_POLICY}, NOT_VALID

    def eleventh(room: Room) -> tuple[Members, str]:
        held = holder(room, kind)
        attach = getattr(room.iam, f"attach_{lower}_policy")
        shipped = [one["Arn"] for one in room.iam.list_policies(Scope="AWS")["Policies"]]
        for arn in shipped[:10]:
            attach(**held, PolicyArn=arn)
        return {**held, "PolicyArn": shipped[10]}, f"Cannot exceed quota for PoliciesPer{kind}: 10"

    def no_inline(room: Room) -> tuple[Members, str]:
        message = f"The {lower} policy with name p cannot be found."
        return {**holder(room, kind), "PolicyName": "p"}, message

    def malformed(room: Room) -> tuple[Members, str]:
        return {**holder(room, kind), "PolicyName": "p", "PolicyDocument": "{"}, SYNTAX

    def too_large(room: Room) -> tuple[Members, str]:
        held = holder(room, kind)
        message = f"Maximum policy size of {SIZES[kind]} bytes exceeded for {lower} {held[f'{kind}Name']}"
        return {**held, "PolicyName": "p", "PolicyDocument": large(SIZES[kind])}, message

    yield Failure(f"Attach{kind}Policy", "NoSuchEntity", not_attachable)
    yield Failure(f"Attach{kind}Policy", "InvalidInput", not_a_policy)
    yield Failure(f"Attach{kind}Policy", "LimitExceeded", eleventh)
    yield Failure(f"Detach{kind}Policy", "NoSuchEntity", not_attached)
    yield Failure(f"Detach{kind}Policy", "InvalidInput", not_a_policy)
    yield Failure(f"Get{kind}Policy", "NoSuchEntity", no_inline)
    yield Failure(f"Delete{kind}Policy", "NoSuchEntity", no_inline)
    yield Failure(f"Put{kind}Policy", "MalformedPolicyDocument", malformed)
    yield Failure(f"Put{kind}Policy", "LimitExceeded", too_large)


def _boundary_of(kind: str) -> Iterator[Failure]:
    def missing(room: Room) -> tuple[Members, str]:
        return {**holder(room, kind), "PermissionsBoundary": NO_POLICY}, NOT_ATTACHABLE

    def not_a_policy(room: Room) -> tuple[Members, str]:
        return {**holder(room, kind), "PermissionsBoundary": NOT_A_POLICY}, NOT_VALID

    def none(room: Room) -> tuple[Members, str]:
        held = holder(room, kind)
        return held, NO_BOUNDARY_OF.format(held[f"{kind}Name"])

    yield Failure(f"Put{kind}PermissionsBoundary", "NoSuchEntity", missing)
    yield Failure(f"Put{kind}PermissionsBoundary", "InvalidInput", not_a_policy)
    yield Failure(f"Delete{kind}PermissionsBoundary", "NoSuchEntity", none)


def _taken(room: Room) -> tuple[Members, str]:
    name = policy(room).rsplit("/", 1)[-1]
    message = f"A policy called {name} already exists. Duplicate names are not allowed."
    return {"PolicyName": name, "PolicyDocument": allow()}, message


def _sixth_version(room: Room) -> tuple[Members, str]:
    arn = policy(room)
    for _ in range(4):
        room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow())
    message = (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an"
        " existing version."
    )
    return {"PolicyArn": arn, "PolicyDocument": allow()}, message


def _malformed_version(room: Room) -> tuple[Members, str]:
    return {"PolicyArn": policy(room), "PolicyDocument": "[]"}, SYNTAX


def _no_version(room: Room) -> tuple[Members, str]:
    arn = policy(room)
    return {
        "PolicyArn": arn,
        "VersionId": "v9",
    }, f"Policy {arn} version v9 does not exist or is not attachable."


def _default_version(room: Room) -> tuple[Members, str]:
    return {"PolicyArn": policy(room), "VersionId": "v1"}, "Cannot delete the default version of a policy."


def _attached(room: Room) -> tuple[Members, str]:
    arn = policy(room)
    room.iam.attach_user_policy(UserName=room.user(), PolicyArn=arn)
    return {"PolicyArn": arn}, "Cannot delete a policy attached to entities."


def _too_many_tags(room: Room) -> tuple[Members, str]:
    arn = policy(room)
    room.iam.tag_policy(PolicyArn=arn, Tags=[{"Key": str(number), "Value": ""} for number in range(50)])
    return {"PolicyArn": arn, "Tags": [TAG]}, "The number of tags has reached the maximum limit."


FAILURES = [
    *(failure for kind in KINDS for failure in _of_kind(kind)),
    *(failure for kind in BOUNDED for failure in _boundary_of(kind)),
    *(plain(name, "NoSuchEntity", call.members(""), NOT_FOUND) for name, call in _BY_ARN.items()),
    *(
        plain(name, "InvalidInput", {**call.members(""), "PolicyArn": NOT_A_POLICY}, NOT_VALID)
        for name, call in _BY_ARN.items()
    ),
    Failure("CreatePolicy", "EntityAlreadyExists", _taken),
    plain("CreatePolicy", "MalformedPolicyDocument", {"PolicyName": "never", "PolicyDocument": "{}"}, SYNTAX),
    plain(
        "CreatePolicy",
        "LimitExceeded",
        {"PolicyName": "never", "PolicyDocument": large(6144)},
        "Cannot exceed quota for PolicySize: 6144",
    ),
    plain(
        "CreatePolicy",
        "InvalidInput",
        {"PolicyName": "never", "PolicyDocument": allow(), "Tags": [{"Key": "aws:k", "Value": "v"}]},
        "Tag keys beginning with aws: are reserved for system use.",
    ),
    Failure("CreatePolicyVersion", "MalformedPolicyDocument", _malformed_version),
    Failure("CreatePolicyVersion", "LimitExceeded", _sixth_version),
    *(
        Failure(name, "NoSuchEntity", _no_version)
        for name in ("GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion")
    ),
    Failure("DeletePolicyVersion", "DeleteConflict", _default_version),
    Failure("DeletePolicy", "DeleteConflict", _attached),
    Failure("TagPolicy", "LimitExceeded", _too_many_tags),
]

READ_ONLY_CALLS: Mapping[str, Members] = {
    "CreatePolicyVersion": {"PolicyDocument": allow()},
    "DeletePolicy": {},
    "DeletePolicyVersion": {"VersionId": "v1"},
    "SetDefaultPolicyVersion": {"VersionId": "v1"},
    "TagPolicy": {"Tags": [TAG]},
    "UntagPolicy": {"TagKeys": ["k"]},
}
"""What cannot be done to an AWS managed policy."""

_ALWAYS_ATTACHABLE = "every policy here can be attached"
NEVER_ANSWERED = {
    **never(_ALWAYS_ATTACHABLE, "PolicyNotAttachable", (f"Attach{kind}Policy" for kind in KINDS)),
    **never(_ALWAYS_ATTACHABLE, "PolicyNotAttachable", (f"Put{kind}PermissionsBoundary" for kind in BOUNDED)),
    **never(
        "the model's rules for its members find every bad one",
        "InvalidInput",
        (f"ListAttached{kind}Policies" for kind in KINDS),
    ),
    **never(
        NO_QUOTA, "LimitExceeded", (f"{verb}{kind}Policy" for verb in ("Delete", "Detach") for kind in KINDS)
    ),
    **never(NO_QUOTA, "LimitExceeded", ("DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion")),
    **never(ONE_WRITER, "ConcurrentModification", ("CreatePolicy", "TagPolicy", "UntagPolicy")),
    **never(
        NO_LINKED_ROLES,
        "UnmodifiableEntity",
        (f"{verb}RolePolicy" for verb in ("Attach", "Detach", "Put", "Delete")),
    ),
    **never(
        NO_LINKED_ROLES,
        "UnmodifiableEntity",
        (f"{verb}RolePermissionsBoundary" for verb in ("Put", "Delete")),
    ),
}


def perform_on(room: Room, operation: str, arn: str) -> object:
    """Call one of READ_ONLY_CALLS on a policy."""
    method = getattr(room.iam, xform_name(operation))
    return method(PolicyArn=arn, **READ_ONLY_CALLS[operation])
