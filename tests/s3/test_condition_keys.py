"""Condition keys at the S3 door: each goes with its own actions, and with what is really done.

Source: "Actions, resources, and condition keys for Amazon S3" (Service Authorization Reference).
"""

from datetime import timedelta
from typing import Any

import pytest

from s3.conftest import Room
from s3.test_signatures import fetch
from s3.test_truth_table import allow, arns, code_of, user


def limited(room: Room, action: object, condition: dict[str, object], *others: dict[str, object]) -> Any:
    """Return a client of a user who may do an action to all of a room under a condition."""
    return room.client(user(room, allow(action, *arns(room), Condition=condition), *others))


def adding(client: Any, operation: str, *, query: str = "", headers: dict[str, str] | None = None) -> Any:
    """Return the client, which signs something more with each request of one operation."""

    def add(request: Any, **_: object) -> None:
        if query:
            request.url += ("&" if "?" in request.url else "?") + query
        for name, value in (headers or {}).items():
            # Replaced, and not added beside.
            del request.headers[name]
            request.headers[name] = value

    client.meta.events.register_first(f"before-sign.s3.{operation}", add)
    return client


def test_parameters_of_listings_are_no_keys_of_other_operations(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    client = limited(room, "s3:*", {"StringLike": {"s3:prefix": "mine/*"}})
    adding(client, "GetObject", query="prefix=mine/")

    assert code_of(client.list_objects_v2, Bucket=room.name, Prefix="mine/") == ""
    assert code_of(client.get_object, Bucket=room.name, Key="k") == "AccessDenied"
    assert code_of(client.list_multipart_uploads, Bucket=room.name, Prefix="mine/") == "AccessDenied"


@pytest.mark.parametrize("name", ["x-amz-acl", "x-amz-storage-class"])
def test_headers_of_writes_are_no_keys_of_reads(room: Room, name: str) -> None:
    value = {"x-amz-acl": "private", "x-amz-storage-class": "STANDARD"}[name]
    client = limited(room, "s3:*", {"StringEquals": {f"s3:{name}": value}})
    for operation in ("GetObject", "PutObject", "DeleteObject"):
        adding(client, operation, headers={name: value})

    assert code_of(client.put_object, Bucket=room.name, Key="k", Body=b"v") == ""
    assert code_of(client.get_object, Bucket=room.name, Key="k") == "AccessDenied"
    assert code_of(client.delete_object, Bucket=room.name, Key="k") == "AccessDenied"


@pytest.mark.parametrize(
    ("condition", "allowed", "refused"),
    [
        ({"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["a"]}}, {"a": "1"}, {"a": "1", "b": "1"}),
        ({"StringEquals": {"s3:RequestObjectTag/a": "1"}}, {"a": "1", "b": "2"}, {"a": "2"}),
    ],
)
def test_tags_of_a_request_are_those_that_it_gives(
    room: Room, condition: dict[str, object], allowed: dict[str, str], refused: dict[str, str]
) -> None:
    def as_set(tags: dict[str, str]) -> dict[str, object]:
        return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def as_text(tags: dict[str, str]) -> str:
        return "&".join(f"{key}={value}" for key, value in tags.items())

    name, source = {"Bucket": room.name, "Key": "k"}, {"Bucket": room.name, "Key": "source"}
    room.s3.put_object(**source, Body=b"v", Tagging=as_text(refused))
    reads = allow(["s3:GetObject", "s3:GetObjectTagging"], arns(room)[1])
    client = limited(room, ["s3:PutObject", "s3:PutObjectTagging"], condition, reads)

    assert code_of(client.put_object, **name, Body=b"v", Tagging=as_text(allowed)) == ""
    assert code_of(client.put_object, **name, Body=b"v", Tagging=as_text(refused)) == "AccessDenied"
    assert code_of(client.put_object_tagging, **name, Tagging=as_set(allowed)) == ""
    adding(client, "PutObjectTagging", headers={"x-amz-tagging": as_text(allowed)})
    assert code_of(client.put_object_tagging, **name, Tagging=as_set(refused)) == "AccessDenied"
    copied = {"CopySource": source, "Tagging": as_text(allowed)}
    assert code_of(client.copy_object, **name, **copied, TaggingDirective="COPY") == "AccessDenied"
    assert code_of(client.copy_object, **name, **copied, TaggingDirective="REPLACE") == ""
    given = room.s3.get_object_tagging(**name)["TagSet"]
    assert {each["Key"]: each["Value"] for each in given} == allowed


def test_who_may_not_tag_is_told_so_without_a_look_at_the_tags(room: Room) -> None:
    client = limited(room, "s3:PutObject", {"StringEquals": {"s3:RequestObjectTag/a": "1"}})
    adding(client, "PutObjectTagging", headers={"content-length": "1"})

    answer = code_of(client.put_object_tagging, Bucket=room.name, Key="k", Tagging={"TagSet": []})

    assert answer == "AccessDenied"


@pytest.mark.parametrize("spelling", ["{}/secret/k", "/{}/secret/k", "{}/%73ecret/k", "{}/secret%2Fk"])
def test_source_of_a_copy_is_compared_however_it_is_spelt(room: Room, spelling: str) -> None:
    room.s3.put_object(Bucket=room.name, Key="secret/k", Body=b"v")
    not_this = {
        "Effect": "Deny",
        "Action": "s3:PutObject",
        "Resource": "*",
        "Condition": {"StringLike": {"s3:x-amz-copy-source": f"{room.name}/secret/*"}},
    }
    client = room.client(user(room, allow("s3:*", *arns(room)), not_this))
    # boto3 would quote it itself.
    adding(client, "CopyObject", headers={"x-amz-copy-source": spelling.format(room.name)})

    assert code_of(client.copy_object, Bucket=room.name, Key="c", CopySource="any/thing") == "AccessDenied"
    assert code_of(client.put_object, Bucket=room.name, Key="c", Body=b"v") == ""


def test_version_of_a_condition_is_the_one_that_is_read(make_room) -> None:
    room = make_room(versioning="Enabled")
    put = {"Bucket": room.name, "Key": "k"}
    hidden, shown = (room.s3.put_object(**put, Body=body)["VersionId"] for body in (b"hidden", b"shown"))
    writes = allow("s3:PutObject", arns(room)[1])
    reads = ["s3:GetObjectVersion", "s3:GetObject"]
    client = limited(room, reads, {"StringEquals": {"s3:VersionId": shown}}, writes)
    copy = {"Bucket": room.name, "Key": "c"}

    assert code_of(client.get_object, **put, VersionId=shown) == ""
    assert code_of(client.get_object, **put, VersionId=hidden) == "AccessDenied"
    assert code_of(client.copy_object, **copy, CopySource={**put, "VersionId": shown}) == ""
    adding(client, "CopyObject", query=f"versionId={shown}")
    assert code_of(client.copy_object, **copy, CopySource={**put, "VersionId": hidden}) == "AccessDenied"


def test_signatures_that_are_too_old_can_be_denied(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    old = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"NumericGreaterThan": {"s3:signatureAge": "60000"}},
    }
    client = room.client(user(room, allow("s3:*", *arns(room)), old), signature_version="s3v4")
    url = client.generate_presigned_url("get_object", Params={"Bucket": room.name, "Key": "k"}, ExpiresIn=600)

    young = fetch(url)[0]
    room.authority.command("clock-advance", seconds=timedelta(seconds=70).total_seconds())
    aged = fetch(url)[0]
    room.authority.command("clock-reset")

    assert (young, aged) == (200, 403)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_region_is_known_whatever_signs(room: Room, version: str) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    name = {"Bucket": room.name, "Key": "k"}

    def status(region: str) -> int:
        there = {"StringEquals": {"aws:RequestedRegion": region}}
        key = user(room, allow("s3:GetObject", arns(room)[1], Condition=there))
        client = room.client(key, signature_version=version)
        return fetch(client.generate_presigned_url("get_object", Params=name))[0]

    assert (status("us-east-1"), status("eu-west-1")) == (200, 403)
