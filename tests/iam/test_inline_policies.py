"""Policies that hang on users, groups and roles alike: attached and inline ones, through boto3."""

import json

import pytest

from iam.answers import check_metadata, refused
from iam.calls_policies import BOUNDED, KINDS, SIZES, holder, policy
from iam.samples import ADMINISTRATOR, READ_ONLY, allow


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


def call(room, template: str, kind: str, **members: object) -> dict:
    return getattr(room.iam, template.format(kind.lower()))(**members)


def test_attached_policies_are_listed_by_name_until_detached(room, kind):
    held, own = holder(room, kind), policy(room)
    for arn in (READ_ONLY, ADMINISTRATOR, own, own):
        check_metadata(call(room, "attach_{}_policy", kind, **held, PolicyArn=arn))

    listed = call(room, "list_attached_{}_policies", kind, **held)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in listed] == [ADMINISTRATOR, own, READ_ONLY]
    assert room.iam.get_policy(PolicyArn=own)["Policy"]["AttachmentCount"] == 1

    call(room, "detach_{}_policy", kind, **held, PolicyArn=own)
    listed = call(room, "list_attached_{}_policies", kind, **held)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in listed] == [ADMINISTRATOR, READ_ONLY]


def test_attached_policies_are_filtered_by_path(room, kind):
    held = holder(room, kind)
    made = room.iam.create_policy(PolicyName=room.name("p"), Path="/deep/", PolicyDocument=allow())["Policy"]
    for arn in (made["Arn"], ADMINISTRATOR):
        call(room, "attach_{}_policy", kind, **held, PolicyArn=arn)

    listed = call(room, "list_attached_{}_policies", kind, **held, PathPrefix="/deep/")["AttachedPolicies"]

    assert listed == [{"PolicyName": made["PolicyName"], "PolicyArn": made["Arn"]}]


def test_inline_policy_is_kept_to_the_letter_replaced_and_deleted(room, kind):
    held = holder(room, kind)
    text = '{ "Version": "2012-10-17",\n\t"Statement": {"Effect":"Allow","Action":"s3:*","Resource":"*"} }'
    check_metadata(call(room, "put_{}_policy", kind, **held, PolicyName="Pol", PolicyDocument=text))

    shown = call(room, "get_{}_policy", kind, **held, PolicyName="pol")
    assert (shown["PolicyName"], shown["PolicyDocument"]) == ("Pol", json.loads(text))
    assert {key: shown[key] for key in held} == held

    call(room, "put_{}_policy", kind, **held, PolicyName="pol", PolicyDocument=allow())
    shown = call(room, "get_{}_policy", kind, **held, PolicyName="Pol")
    assert (shown["PolicyName"], shown["PolicyDocument"]) == ("pol", json.loads(allow()))
    assert call(room, "list_{}_policies", kind, **held)["PolicyNames"] == ["pol"]

    call(room, "delete_{}_policy", kind, **held, PolicyName="pol")
    assert call(room, "list_{}_policies", kind, **held)["PolicyNames"] == []


def test_sizes_of_all_inline_policies_add_up_and_white_space_does_not_count(room, kind):
    held, limit = holder(room, kind), SIZES[kind]
    base = len(allow(resource="arn:aws:s3:::").replace(" ", ""))
    half = allow(resource="arn:aws:s3:::" + "b" * (limit // 2 - base))
    spaced = half.replace("{", "{ \n\t ")
    message = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {next(iter(held.values()))}"

    call(room, "put_{}_policy", kind, **held, PolicyName="one", PolicyDocument=spaced)
    call(room, "put_{}_policy", kind, **held, PolicyName="two", PolicyDocument=half)
    with refused("LimitExceeded", message):
        call(room, "put_{}_policy", kind, **held, PolicyName="three", PolicyDocument=allow())

    assert call(room, "list_{}_policies", kind, **held)["PolicyNames"] == ["one", "two"]


def test_principal_has_no_place_in_an_inline_policy(room, kind):
    text = allow(Principal="*")

    with refused("MalformedPolicyDocument", "Policy document should not specify a principal."):
        call(room, "put_{}_policy", kind, **holder(room, kind), PolicyName="p", PolicyDocument=text)


@pytest.mark.parametrize("kind", BOUNDED)
def test_boundary_replaces_the_one_before_and_is_counted(room, kind):
    held, first, second = holder(room, kind), policy(room), policy(room)

    for arn in (first, second):
        call(room, "put_{}_permissions_boundary", kind, **held, PermissionsBoundary=arn)

    counts = [room.iam.get_policy(PolicyArn=arn)["Policy"] for arn in (first, second)]
    shown = call(room, "get_{}", kind, **held)[kind]
    assert [each["PermissionsBoundaryUsageCount"] for each in counts] == [0, 1]
    assert shown["PermissionsBoundary"]["PermissionsBoundaryArn"] == second
