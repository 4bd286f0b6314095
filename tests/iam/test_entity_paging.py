"""Every listing of groups, roles, profiles and policies, one item to a page: each once, in order."""

from collections.abc import Callable
from typing import Any

import pytest

from iam.answers import refused
from iam.calls_groups import group, profile, role
from iam.calls_policies import holder, policy
from iam.room import Room
from iam.samples import allow, trust

Arrange = Callable[[Room], tuple[dict[str, Any], list[str]]]
NAMES = ("gamma", "Beta", "alpha")
ORDERED = ["alpha", "Beta", "gamma"]


def _groups(room: Room) -> tuple[dict[str, Any], list[str]]:
    path = f"/{room.name()}/"
    for name in NAMES:
        room.iam.create_group(GroupName=f"{path[1:-1]}{name}", Path=path)
    return {"PathPrefix": path}, [f"{path[1:-1]}{name}" for name in ORDERED]


def _roles(room: Room) -> tuple[dict[str, Any], list[str]]:
    path = f"/{room.name()}/"
    for name in NAMES:
        members = {"Path": path, "AssumeRolePolicyDocument": trust()}
        room.iam.create_role(RoleName=f"{path[1:-1]}{name}", **members)
    return {"PathPrefix": path}, [f"{path[1:-1]}{name}" for name in ORDERED]


def _profiles(room: Room) -> tuple[dict[str, Any], list[str]]:
    path = f"/{room.name()}/"
    for name in NAMES:
        room.iam.create_instance_profile(InstanceProfileName=f"{path[1:-1]}{name}", Path=path)
    return {"PathPrefix": path}, [f"{path[1:-1]}{name}" for name in ORDERED]


def _policies(room: Room) -> tuple[dict[str, Any], list[str]]:
    path = f"/{room.name()}/"
    for name in NAMES:
        room.iam.create_policy(PolicyName=f"{path[1:-1]}{name}", Path=path, PolicyDocument=allow())
    return {"PathPrefix": path}, [f"{path[1:-1]}{name}" for name in ORDERED]


def _versions(room: Room) -> tuple[dict[str, Any], list[str]]:
    arn = policy(room)
    for _ in range(3):
        room.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow())
    return {"PolicyArn": arn}, ["v4", "v3", "v2", "v1"]


def _members(room: Room) -> tuple[dict[str, Any], list[str]]:
    name, users = group(room), [room.user() for _ in range(3)]
    for user in reversed(users):
        room.iam.add_user_to_group(GroupName=name, UserName=user)
    return {"GroupName": name}, sorted(users)


def _groups_of_user(room: Room) -> tuple[dict[str, Any], list[str]]:
    user, groups = room.user(), [group(room) for _ in range(3)]
    for name in reversed(groups):
        room.iam.add_user_to_group(GroupName=name, UserName=user)
    return {"UserName": user}, sorted(groups)


def _profiles_of_role(room: Room) -> tuple[dict[str, Any], list[str]]:
    name, profiles = role(room), [profile(room) for _ in range(3)]
    for each in reversed(profiles):
        room.iam.add_role_to_instance_profile(InstanceProfileName=each, RoleName=name)
    return {"RoleName": name}, sorted(profiles)


def _attached(kind: str) -> Arrange:
    def arrange(room: Room) -> tuple[dict[str, Any], list[str]]:
        held, arns = holder(room, kind), [policy(room) for _ in range(3)]
        for arn in reversed(arns):
            getattr(room.iam, f"attach_{kind.lower()}_policy")(**held, PolicyArn=arn)
        return held, sorted(arn.rsplit("/", 1)[-1] for arn in arns)

    return arrange


def _inline(kind: str) -> Arrange:
    def arrange(room: Room) -> tuple[dict[str, Any], list[str]]:
        held = holder(room, kind)
        for name in NAMES:
            members = {"PolicyName": name, "PolicyDocument": allow()}
            getattr(room.iam, f"put_{kind.lower()}_policy")(**held, **members)
        return held, ORDERED

    return arrange


def _tags(kind: str) -> Arrange:
    tags = [{"Key": key, "Value": ""} for key in NAMES]

    def arrange(room: Room) -> tuple[dict[str, Any], list[str]]:
        members = {
            "role": lambda: {"RoleName": role(room)},
            "policy": lambda: {"PolicyArn": policy(room)},
            "instance_profile": lambda: {"InstanceProfileName": profile(room)},
        }[kind]()
        getattr(room.iam, f"tag_{kind}")(**members, Tags=tags)
        return members, list(NAMES)

    return arrange


def _credentials(room: Room) -> tuple[dict[str, Any], list[str]]:
    user = room.user()
    services = ["logs.amazonaws.com", "bedrock.amazonaws.com", "codecommit.amazonaws.com"]
    for service in services:
        room.iam.create_service_specific_credential(UserName=user, ServiceName=service)
    return {"UserName": user}, services


LISTINGS: dict[str, tuple[str, str | None, Arrange]] = {
    "list_groups": ("Groups", "GroupName", _groups),
    "list_roles": ("Roles", "RoleName", _roles),
    "list_instance_profiles": ("InstanceProfiles", "InstanceProfileName", _profiles),
    "list_policies": ("Policies", "PolicyName", _policies),
    "list_policy_versions": ("Versions", "VersionId", _versions),
    "get_group": ("Users", "UserName", _members),
    "list_groups_for_user": ("Groups", "GroupName", _groups_of_user),
    "list_instance_profiles_for_role": ("InstanceProfiles", "InstanceProfileName", _profiles_of_role),
    "list_attached_user_policies": ("AttachedPolicies", "PolicyName", _attached("User")),
    "list_attached_group_policies": ("AttachedPolicies", "PolicyName", _attached("Group")),
    "list_attached_role_policies": ("AttachedPolicies", "PolicyName", _attached("Role")),
    "list_user_policies": ("PolicyNames", None, _inline("User")),
    "list_group_policies": ("PolicyNames", None, _inline("Group")),
    "list_role_policies": ("PolicyNames", None, _inline("Role")),
    "list_role_tags": ("Tags", "Key", _tags("role")),
    "list_policy_tags": ("Tags", "Key", _tags("policy")),
    "list_instance_profile_tags": ("Tags", "Key", _tags("instance_profile")),
    "list_service_specific_credentials": ("ServiceSpecificCredentials", "ServiceName", _credentials),
}


def walk(room: Room, operation: str, members: dict[str, Any], size: int) -> list[dict[str, Any]]:
    """Return every page of a listing. By hand: boto3 has no paginator for some of them."""
    pages = [getattr(room.iam, operation)(**members, MaxItems=size)]
    while pages[-1]["IsTruncated"]:
        marker = pages[-1]["Marker"]
        pages.append(getattr(room.iam, operation)(**members, MaxItems=size, Marker=marker))
    return pages


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("operation", LISTINGS)
def test_listing_gives_each_item_once_in_order(room, operation, size):
    items, name, arrange = LISTINGS[operation]
    members, expected = arrange(room)

    pages = walk(room, operation, members, size)

    found = [row if name is None else row[name] for page in pages for row in page[items]]
    assert found == expected
    assert len(pages) == -(-len(expected) // size)
    assert "Marker" not in pages[-1]


@pytest.mark.parametrize("operation", LISTINGS)
def test_marker_of_another_listing_is_refused(room, operation):
    _, _, arrange = LISTINGS[operation]
    members, _ = arrange(room)
    room.user()
    room.user()
    foreign = room.iam.list_users(MaxItems=1)["Marker"]

    with refused("ValidationError", "Invalid Marker."):
        getattr(room.iam, operation)(**members, Marker=foreign)


def test_entities_of_a_policy_come_once_each_whatever_their_kind(room):
    arn = policy(room)
    for kind in ("User", "Group", "Role", "User"):
        getattr(room.iam, f"attach_{kind.lower()}_policy")(**holder(room, kind), PolicyArn=arn)
    kinds = ("PolicyGroups", "PolicyRoles", "PolicyUsers")

    pages = walk(room, "list_entities_for_policy", {"PolicyArn": arn}, 1)

    assert [sum(len(page[kind]) for kind in kinds) for page in pages] == [1, 1, 1, 1]
    assert [len([row for page in pages for row in page[kind]]) for kind in kinds] == [1, 1, 2]


def test_item_deleted_between_pages_ends_no_walk(room):
    members, expected = _groups(room)
    first = room.iam.list_groups(**members, MaxItems=1)
    room.iam.delete_group(GroupName=expected[0])

    rest = room.iam.list_groups(**members, Marker=first["Marker"])["Groups"]

    assert [each["GroupName"] for each in rest] == expected[1:]
