"""Versioning and CORS by S3's own calls: the same record that Lightsail's API shows, and not for a bucket's key."""

import urllib.request

import pytest
from botocore.exceptions import ClientError

from s3.conftest import Room
from s3.test_truth_table import user

RULE = {
    "ID": "site",
    "AllowedMethods": ["GET", "PUT"],
    "AllowedOrigins": ["https://*.example.com"],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 60,
}


@pytest.fixture
def owner(room: Room):
    """A client of the account that owns the room's bucket."""
    return room.authority.client("s3")


def shown(room: Room) -> dict:
    return room.authority.client("lightsail").get_buckets(bucketName=room.name, includeCors=True)["buckets"][
        0
    ]


def test_versioning_is_switched_for_both_sides_and_takes_overrides_back(make_room) -> None:
    room = make_room(allows_public_overrides=True)
    owner = room.authority.client("s3")

    owner.put_bucket_versioning(Bucket=room.name, VersioningConfiguration={"Status": "Enabled"})

    assert owner.get_bucket_versioning(Bucket=room.name)["Status"] == "Enabled"
    assert (shown(room)["objectVersioning"], shown(room)["accessRules"]["allowPublicOverrides"]) == (
        "Enabled",
        False,
    )
    first = room.s3.put_object(Bucket=room.name, Key="k", Body=b"1")["VersionId"]
    owner.put_bucket_versioning(Bucket=room.name, VersioningConfiguration={"Status": "Suspended"})
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"2")
    assert room.s3.get_object(Bucket=room.name, Key="k", VersionId=first)["Body"].read() == b"1"
    assert shown(room)["objectVersioning"] == "Suspended"


def test_cors_is_put_shown_on_both_sides_obeyed_and_deleted(room: Room, owner) -> None:
    with pytest.raises(ClientError, match="NoSuchCORSConfiguration"):
        owner.get_bucket_cors(Bucket=room.name)

    owner.put_bucket_cors(Bucket=room.name, CORSConfiguration={"CORSRules": [RULE]})

    assert owner.get_bucket_cors(Bucket=room.name)["CORSRules"] == [RULE]
    assert shown(room)["cors"]["rules"][0]["allowedOrigins"] == RULE["AllowedOrigins"]
    asked = urllib.request.Request(
        f"{room.authority.url}/{room.name}/k",
        method="OPTIONS",
        headers={"Origin": "https://www.example.com", "Access-Control-Request-Method": "PUT"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.headers["access-control-allow-origin"] == "https://www.example.com"

    owner.delete_bucket_cors(Bucket=room.name)
    owner.delete_bucket_cors(Bucket=room.name)
    assert shown(room)["cors"] == {"rules": []}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AllowedMethods": ["PATCH"]}, "InvalidRequest"),
        ({"AllowedOrigins": ["http://*.*"]}, "InvalidRequest"),
        ({"AllowedOrigins": ["a b"]}, "InvalidRequest"),
        ({"ExposeHeaders": ["x-*"]}, "InvalidRequest"),
    ],
)
def test_a_rule_that_no_browser_could_be_told_is_refused(room: Room, owner, changes: dict, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        owner.put_bucket_cors(Bucket=room.name, CORSConfiguration={"CORSRules": [{**RULE, **changes}]})

    assert shown(room)["cors"] == {"rules": []}


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ({"Status": "Off"}, "IllegalVersioningConfigurationException"),
        ({}, "IllegalVersioningConfigurationException"),
        ({"Status": "Enabled", "MFADelete": "Enabled"}, "NotImplemented"),
    ],
)
def test_versioning_that_is_none_is_refused(room: Room, owner, ask: dict, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        owner.put_bucket_versioning(Bucket=room.name, VersioningConfiguration=ask)

    assert shown(room)["objectVersioning"] == "NeverEnabled"


def test_a_bucket_key_sees_its_rules_and_sets_nothing(room: Room, owner, make_room) -> None:
    with pytest.raises(ClientError, match="NoSuchCORSConfiguration"):
        room.s3.get_bucket_cors(Bucket=room.name)
    owner.put_bucket_cors(Bucket=room.name, CORSConfiguration={"CORSRules": [RULE]})
    for ask in (
        lambda: room.s3.put_bucket_versioning(
            Bucket=room.name, VersioningConfiguration={"Status": "Enabled"}
        ),
        lambda: room.s3.put_bucket_cors(Bucket=room.name, CORSConfiguration={"CORSRules": [RULE]}),
        lambda: room.s3.delete_bucket_cors(Bucket=room.name),
        lambda: make_room().s3.get_bucket_cors(Bucket=room.name),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            ask()
    assert room.s3.get_bucket_cors(Bucket=room.name)["CORSRules"] == [RULE]
    assert shown(room)["objectVersioning"] == "NeverEnabled"


def test_a_user_sets_what_its_policy_names(room: Room) -> None:
    allowed: dict[str, object] = {
        "Effect": "Allow",
        "Action": "s3:PutBucketCORS",
        "Resource": f"arn:aws:s3:::{room.name}",
    }
    client = room.client(user(room, allowed))

    client.put_bucket_cors(Bucket=room.name, CORSConfiguration={"CORSRules": [RULE]})

    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_bucket_versioning(Bucket=room.name, VersioningConfiguration={"Status": "Enabled"})
    assert len(shown(room)["cors"]["rules"]) == 1
