"""Groups through boto3: made, read, renamed, filled and deleted."""

import pytest

from iam.answers import check_metadata, refused
from iam.calls_groups import group
from iam.room import ACCOUNT, Room
from iam.samples import ADMINISTRATOR, ARN, allow


def members(room, name: str) -> list[str]:
    return [user["UserName"] for user in room.iam.get_group(GroupName=name)["Users"]]


def groups_of(room, user: str) -> list[str]:
    return [each["GroupName"] for each in room.iam.list_groups_for_user(UserName=user)["Groups"]]


def test_new_group_is_answered_in_full_and_empty(room):
    response = room.iam.create_group(GroupName="Engineers", Path="/division/")

    made = response["Group"]
    check_metadata(response)
    assert made["Arn"] == f"{ARN}:group/division/Engineers"
    assert (made["Path"], made["GroupName"], made["GroupId"][:4]) == ("/division/", "Engineers", "AGPA")
    shown = room.iam.get_group(GroupName="engineers")
    assert (shown["Group"], shown["Users"], shown["IsTruncated"]) == (made, [], False)


def test_members_are_listed_on_both_sides(room):
    name, user = group(room), room.user()

    check_metadata(room.iam.add_user_to_group(GroupName=name, UserName=user))

    assert members(room, name) == [user]
    assert groups_of(room, user) == [name]


def test_membership_is_added_and_removed_once_however_often_it_is_asked_for(room):
    name, user = group(room), room.user()

    for _ in range(2):
        room.iam.add_user_to_group(GroupName=name, UserName=user)
    assert members(room, name) == [user]
    for _ in range(2):
        room.iam.remove_user_from_group(GroupName=name, UserName=user)

    assert members(room, name) == []


def test_renamed_group_keeps_id_members_and_policies(room):
    name, user = group(room), room.user()
    before = room.iam.get_group(GroupName=name)["Group"]
    room.iam.add_user_to_group(GroupName=name, UserName=user)
    room.iam.attach_group_policy(GroupName=name, PolicyArn=ADMINISTRATOR)

    room.iam.update_group(GroupName=name, NewGroupName=f"{name}-new", NewPath="/moved/")

    after = room.iam.get_group(GroupName=f"{name}-new")["Group"]
    attached = room.iam.list_attached_group_policies(GroupName=f"{name}-new")["AttachedPolicies"]
    assert after["GroupId"] == before["GroupId"]
    assert after["Arn"] == f"{ARN}:group/moved/{name}-new"
    assert members(room, f"{name}-new") == [user]
    assert [policy["PolicyArn"] for policy in attached] == [ADMINISTRATOR]


def test_group_may_change_the_case_of_its_own_name(room):
    name = group(room)

    room.iam.update_group(GroupName=name, NewGroupName=name.upper())

    assert room.iam.get_group(GroupName=name)["Group"]["GroupName"] == name.upper()


def test_groups_are_listed_by_path_prefix_and_name_ignoring_case(room):
    for name, path in (("listed-b", "/listed/"), ("Listed-A", "/listed/deep/"), ("listed-c", "/elsewhere/")):
        room.iam.create_group(GroupName=name, Path=path)

    found = room.iam.list_groups(PathPrefix="/listed/")["Groups"]

    assert [each["GroupName"] for each in found] == ["Listed-A", "listed-b"]


def test_group_says_what_must_go_first_in_order(room):
    name, user = group(room), room.user()
    room.iam.add_user_to_group(GroupName=name, UserName=user)
    room.iam.attach_group_policy(GroupName=name, PolicyArn=ADMINISTRATOR)
    room.iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=allow())
    steps = (
        ("remove users from group", lambda: room.iam.remove_user_from_group(GroupName=name, UserName=user)),
        (
            "detach all policies",
            lambda: room.iam.detach_group_policy(GroupName=name, PolicyArn=ADMINISTRATOR),
        ),
        ("delete policies", lambda: room.iam.delete_group_policy(GroupName=name, PolicyName="p")),
    )

    for remedy, mend in steps:
        with refused("DeleteConflict", f"Cannot delete entity, must {remedy} first."):
            room.iam.delete_group(GroupName=name)
        mend()

    room.iam.delete_group(GroupName=name)
    with refused("NoSuchEntity", f"The group with name {name} cannot be found."):
        room.iam.get_group(GroupName=name)


def test_user_says_what_must_go_first_in_order(room):
    name, user = group(room), room.user(PermissionsBoundary=ADMINISTRATOR)
    key = room.key(user)
    held = {"UserName": user}
    room.iam.add_user_to_group(GroupName=name, **held)
    room.iam.attach_user_policy(**held, PolicyArn=ADMINISTRATOR)
    room.iam.put_user_policy(**held, PolicyName="p", PolicyDocument=allow())
    credential = room.iam.create_service_specific_credential(**held, ServiceName="codecommit.amazonaws.com")[
        "ServiceSpecificCredential"
    ]["ServiceSpecificCredentialId"]
    steps = (
        ("remove users from group", "remove_user_from_group", {"GroupName": name}),
        ("detach all policies", "detach_user_policy", {"PolicyArn": ADMINISTRATOR}),
        ("delete policies", "delete_user_policy", {"PolicyName": "p"}),
        ("delete access keys", "delete_access_key", {"AccessKeyId": key.id}),
        (
            "remove referenced objects",
            "delete_service_specific_credential",
            {"ServiceSpecificCredentialId": credential},
        ),
    )

    for remedy, operation, mend in steps:
        with refused("DeleteConflict", f"Cannot delete entity, must {remedy} first."):
            room.iam.delete_user(**held)
        getattr(room.iam, operation)(**held, **mend)

    room.iam.delete_user(**held)
    assert room.iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]["PermissionsBoundaryUsageCount"] == 0


FULL = (
    ("groups_count", "GroupsPerAccount", 300, lambda iam: iam.create_group(GroupName="one-more")),
    (
        "profiles_count",
        "InstanceProfilesPerAccount",
        1000,
        lambda iam: iam.create_instance_profile(InstanceProfileName="one-more"),
    ),
)


@pytest.mark.parametrize(("counter", "quota", "limit", "create"), FULL, ids=lambda each: str(each)[:20])
def test_account_is_full_at_its_quota(authority, counter, quota, limit, create):
    own = Room(authority)
    full = f"UPDATE account SET {counter} = {limit} WHERE account = '{ACCOUNT}'"
    authority.run(authority.authority.store.write(lambda tx: tx.run(full)))

    with refused("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}"):
        create(own.iam)
    room_for_one = full.replace(str(limit), str(limit - 1))
    authority.run(authority.authority.store.write(lambda tx: tx.run(room_for_one)))

    check_metadata(create(own.iam))
