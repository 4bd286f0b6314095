"""Instance profiles through boto3: made, given a role, read on both sides, tagged and deleted."""

from iam.answers import check_metadata, refused
from iam.calls_groups import profile, role
from iam.samples import ARN


def names(profiles) -> list[str]:
    return [each["InstanceProfileName"] for each in profiles]


def test_new_profile_is_answered_in_full_and_without_a_role(room):
    tags = [{"Key": "k", "Value": "v"}]
    response = room.iam.create_instance_profile(InstanceProfileName="Web", Path="/app/", Tags=tags)

    made = response["InstanceProfile"]
    check_metadata(response)
    assert (made["Arn"], made["InstanceProfileId"][:4]) == (f"{ARN}:instance-profile/app/Web", "AIPA")
    assert (made["Path"], made["Roles"], made["Tags"]) == ("/app/", [], tags)
    assert made == room.iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]


def test_role_is_shown_on_both_sides_until_it_is_taken_out(room):
    holder, job = profile(room), role(room)
    members = {"InstanceProfileName": holder, "RoleName": job}
    check_metadata(room.iam.add_role_to_instance_profile(**members))

    shown = room.iam.get_instance_profile(InstanceProfileName=holder)["InstanceProfile"]
    found = room.iam.list_instance_profiles_for_role(RoleName=job)["InstanceProfiles"]
    assert shown["Roles"] == [room.iam.list_roles()["Roles"][_position(room, job)]]
    assert names(found) == [holder]

    room.iam.remove_role_from_instance_profile(**members)
    assert room.iam.get_instance_profile(InstanceProfileName=holder)["InstanceProfile"]["Roles"] == []
    assert room.iam.list_instance_profiles_for_role(RoleName=job)["InstanceProfiles"] == []


def test_role_that_is_not_in_a_profile_cannot_be_taken_out(room):
    holder, job = profile(room), role(room)

    with refused("NoSuchEntity", f"The role with name {job} cannot be found."):
        room.iam.remove_role_from_instance_profile(InstanceProfileName=holder, RoleName=job)


def test_profiles_are_listed_by_path_prefix_and_name_ignoring_case(room):
    for name, path in (("l-b", "/listed/"), ("L-A", "/listed/deep/"), ("l-c", "/elsewhere/")):
        room.iam.create_instance_profile(InstanceProfileName=name, Path=path)

    found = room.iam.list_instance_profiles(PathPrefix="/listed/")["InstanceProfiles"]

    assert names(found) == ["L-A", "l-b"]
    assert not any("Tags" in each for each in found)


def test_profile_tags_replace_by_key_ignoring_case_and_go(room):
    name = profile(room)
    first = [{"Key": "Team", "Value": "a"}, {"Key": "x", "Value": ""}]

    room.iam.tag_instance_profile(InstanceProfileName=name, Tags=first)
    room.iam.tag_instance_profile(InstanceProfileName=name, Tags=[{"Key": "team", "Value": "b"}])
    room.iam.untag_instance_profile(InstanceProfileName=name, TagKeys=["X"])

    found = room.iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"]
    assert found == [{"Key": "team", "Value": "b"}]


def test_deleted_profile_is_gone_and_its_name_is_free(room):
    name = profile(room)

    check_metadata(room.iam.delete_instance_profile(InstanceProfileName=name))

    with refused("NoSuchEntity", f"Instance Profile {name} cannot be found."):
        room.iam.get_instance_profile(InstanceProfileName=name)
    room.iam.create_instance_profile(InstanceProfileName=name)


def _position(room, name: str) -> int:
    return [each["RoleName"] for each in room.iam.list_roles()["Roles"]].index(name)
