"""The operations on groups and instance profiles: one well-formed call of each, and how to make each fail."""

from collections.abc import Mapping

from iam.answers import no_user
from iam.room import Room
from iam.samples import ARN, trust
from iam.table import Call, Failure, Members, never, plain

GROUP = {"GroupName": "none"}
PROFILE = {"InstanceProfileName": "none"}
ROLE = {"RoleName": "none"}
TAG = {"Key": "k", "Value": "v"}
NO_GROUP = "The group with name none cannot be found."
NO_PROFILE = "Instance Profile none cannot be found."
NO_ROLE = "The role with name none cannot be found."


def _call(members: Members, resource: str) -> Call:
    return Call(lambda _: dict(members), lambda _: f"{ARN}:{resource}")


CALLS: Mapping[str, Call] = {
    "AddUserToGroup": _call({**GROUP, "UserName": "nobody"}, "group/none"),
    "CreateGroup": _call({"GroupName": "new", "Path": "/p/"}, "group/p/new"),
    "DeleteGroup": _call(GROUP, "group/none"),
    "GetGroup": _call(GROUP, "group/none"),
    "ListGroups": _call({}, "group/"),
    "ListGroupsForUser": Call(lambda name: {"UserName": name}, lambda name: f"{ARN}:user/team/{name}"),
    "RemoveUserFromGroup": _call({**GROUP, "UserName": "nobody"}, "group/none"),
    "UpdateGroup": _call({**GROUP, "NewPath": "/p/"}, "group/none"),
    "AddRoleToInstanceProfile": _call({**PROFILE, **ROLE}, "instance-profile/none"),
    "CreateInstanceProfile": _call({"InstanceProfileName": "new"}, "instance-profile/new"),
    "DeleteInstanceProfile": _call(PROFILE, "instance-profile/none"),
    "GetInstanceProfile": _call(PROFILE, "instance-profile/none"),
    "ListInstanceProfileTags": _call(PROFILE, "instance-profile/none"),
    "ListInstanceProfiles": _call({}, "instance-profile/"),
    "ListInstanceProfilesForRole": _call(ROLE, "role/none"),
    "RemoveRoleFromInstanceProfile": _call({**PROFILE, **ROLE}, "instance-profile/none"),
    "TagInstanceProfile": _call({**PROFILE, "Tags": [TAG]}, "instance-profile/none"),
    "UntagInstanceProfile": _call({**PROFILE, "TagKeys": ["k"]}, "instance-profile/none"),
}


def _missing(operation: str, message: str) -> Failure:
    return plain(operation, "NoSuchEntity", CALLS[operation].members("nobody"), message)


def group(room: Room) -> str:
    """Make a group and return its name."""
    name = room.name("group")
    room.iam.create_group(GroupName=name)
    return name


def profile(room: Room) -> str:
    """Make an instance profile and return its name."""
    name = room.name("profile")
    room.iam.create_instance_profile(InstanceProfileName=name)
    return name


def role(room: Room) -> str:
    """Make a role that the account trusts and return its name."""
    name = room.name("role")
    room.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    return name


def _user_in_ten_groups(room: Room) -> tuple[Members, str]:
    user = room.user()
    for _ in range(10):
        room.iam.add_user_to_group(GroupName=group(room), UserName=user)
    return {"GroupName": group(room), "UserName": user}, "Cannot exceed quota for GroupsPerUser: 10"


def _group_taken(room: Room) -> tuple[Members, str]:
    name = group(room)
    return {"GroupName": name.upper()}, f"Group with name {name.upper()} already exists."


def _new_group_name_taken(room: Room) -> tuple[Members, str]:
    name, taken = group(room), group(room)
    return {"GroupName": name, "NewGroupName": taken}, f"Group with name {taken} already exists."


def _group_with_member(room: Room) -> tuple[Members, str]:
    name = group(room)
    room.iam.add_user_to_group(GroupName=name, UserName=room.user())
    return {"GroupName": name}, "Cannot delete entity, must remove users from group first."


def _profile_taken(room: Room) -> tuple[Members, str]:
    name = profile(room)
    return {"InstanceProfileName": name}, f"Instance Profile {name} already exists."


def _profile_with_role(room: Room) -> Members:
    members = {"InstanceProfileName": profile(room), "RoleName": role(room)}
    room.iam.add_role_to_instance_profile(**members)
    return members


def _second_role(room: Room) -> tuple[Members, str]:
    members = {**_profile_with_role(room), "RoleName": role(room)}
    return members, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"


def _profile_in_use(room: Room) -> tuple[Members, str]:
    name = _profile_with_role(room)["InstanceProfileName"]
    message = "Cannot delete entity, must remove roles from instance profile first."
    return {"InstanceProfileName": name}, message


def _reserved_tag(room: Room) -> tuple[Members, str]:
    tags = [{"Key": "aws:k", "Value": "v"}]
    message = "Tag keys beginning with aws: are reserved for system use."
    return {"InstanceProfileName": room.name(), "Tags": tags}, message


def _reserved_tag_later(room: Room) -> tuple[Members, str]:
    members, message = _reserved_tag(room)
    return {**members, "InstanceProfileName": profile(room)}, message


def _too_many_tags(room: Room) -> tuple[Members, str]:
    name = profile(room)
    tags = [{"Key": str(number), "Value": ""} for number in range(50)]
    room.iam.tag_instance_profile(InstanceProfileName=name, Tags=tags)
    members = {"InstanceProfileName": name, "Tags": [TAG]}
    return members, "The number of tags has reached the maximum limit."


def _member_is_missing(room: Room) -> tuple[Members, str]:
    return {"GroupName": group(room), "UserName": "nobody"}, no_user("nobody")


FAILURES = [
    *(_missing(operation, NO_GROUP) for operation in ("DeleteGroup", "GetGroup", "UpdateGroup")),
    *(
        Failure(operation, "NoSuchEntity", _member_is_missing)
        for operation in ("AddUserToGroup", "RemoveUserFromGroup")
    ),
    _missing("ListGroupsForUser", no_user("nobody")),
    *(
        _missing(operation, NO_PROFILE)
        for operation in (
            "AddRoleToInstanceProfile",
            "DeleteInstanceProfile",
            "GetInstanceProfile",
            "ListInstanceProfileTags",
            "RemoveRoleFromInstanceProfile",
            "TagInstanceProfile",
            "UntagInstanceProfile",
        )
    ),
    _missing("ListInstanceProfilesForRole", NO_ROLE),
    Failure("AddUserToGroup", "LimitExceeded", _user_in_ten_groups),
    Failure("CreateGroup", "EntityAlreadyExists", _group_taken),
    Failure("UpdateGroup", "EntityAlreadyExists", _new_group_name_taken),
    Failure("DeleteGroup", "DeleteConflict", _group_with_member),
    Failure("CreateInstanceProfile", "EntityAlreadyExists", _profile_taken),
    Failure("CreateInstanceProfile", "InvalidInput", _reserved_tag),
    Failure("TagInstanceProfile", "InvalidInput", _reserved_tag_later),
    Failure("TagInstanceProfile", "LimitExceeded", _too_many_tags),
    Failure("AddRoleToInstanceProfile", "LimitExceeded", _second_role),
    Failure("DeleteInstanceProfile", "DeleteConflict", _profile_in_use),
]

ELSEWHERE = {
    ("CreateGroup", "LimitExceeded"): "test_account_is_full_at_its_quota",
    ("CreateInstanceProfile", "LimitExceeded"): "test_account_is_full_at_its_quota",
}

ONE_WRITER = "changes are made by one writer, one after the other: none meets another half-way"
NO_QUOTA = "the operation adds nothing that a quota counts"
NO_LINKED_ROLES = "there are no service-linked roles, so that every role may be changed"
ANY_KEY = "whatever key is not there is no error"
NEVER_ANSWERED = {
    **never(NO_QUOTA, "LimitExceeded", ("DeleteGroup", "RemoveUserFromGroup", "UpdateGroup")),
    **never(NO_QUOTA, "LimitExceeded", ("DeleteInstanceProfile", "RemoveRoleFromInstanceProfile")),
    **never("a new group names nothing that could be missing", "NoSuchEntity", ("CreateGroup",)),
    **never("the profile's quota speaks first", "EntityAlreadyExists", ("AddRoleToInstanceProfile",)),
    **never(
        NO_LINKED_ROLES,
        "UnmodifiableEntity",
        ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"),
    ),
    **never(
        ONE_WRITER,
        "ConcurrentModification",
        ("CreateInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile"),
    ),
    **never(ANY_KEY, "InvalidInput", ("UntagInstanceProfile",)),
}
