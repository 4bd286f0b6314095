"""Buckets: made as asked, listed in pages, deleted only when empty or by force, named once in the world."""

from datetime import UTC, datetime, timedelta

import pytest

from keystead.products.lightsail import buckets
from lightsail.refusals import NO_BUCKET, refused

ACCOUNT = "123456789012"


def test_new_bucket_is_private_empty_and_shown_whole(room, lightsail):
    name = room.name("bucket")

    made = lightsail.create_bucket(
        bucketName=name, bundleId="medium_1_0", tags=[{"key": "Team", "value": "a b"}, {"key": "bare"}]
    )

    bucket = made["bucket"]
    assert bucket["arn"].startswith(f"arn:aws:lightsail:us-east-1:{ACCOUNT}:Bucket/")
    assert abs(bucket.pop("createdAt") - datetime.now(UTC)) < timedelta(minutes=1)
    assert bucket == {
        "resourceType": "Bucket",
        "accessRules": {"getObject": "private", "allowPublicOverrides": False},
        "arn": bucket["arn"],
        "bundleId": "medium_1_0",
        "url": f"{room.authority.ready.https}/{name}",
        "location": {"availabilityZone": "all", "regionName": "us-east-1"},
        "name": name,
        "supportCode": f"{ACCOUNT}/{name}",
        "tags": [{"key": "Team", "value": "a b"}, {"key": "bare"}],
        "objectVersioning": "NeverEnabled",
        "ableToUpdateBundle": True,
        "readonlyAccessAccounts": [],
        "state": {"code": "OK"},
        "accessLogConfig": {"enabled": False},
    }
    listed = lightsail.get_buckets(bucketName=name)
    assert {**bucket, "createdAt": listed["buckets"][0]["createdAt"]} == listed["buckets"][0]
    assert listed["accountLevelBpaSync"] == {"status": "InSync", "bpaImpactsLightsail": False}


def test_versioning_can_be_asked_for_at_once(lightsail, bucket):
    name = bucket(enableObjectVersioning=True)

    assert lightsail.get_buckets(bucketName=name)["buckets"][0]["objectVersioning"] == "Enabled"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two--hyphens", "The bucket name two--hyphens must not contain two hyphens in a row."),
        ("amzn-s3-demo-x", "The bucket name amzn-s3-demo-x must not start with amzn-s3-demo-"),
        ("sthree-mine", "The bucket name sthree-mine must not start with sthree-"),
        ("mine-s3alias", "The bucket name mine-s3alias must not end with -s3alias"),
        ("global-resolver", "The bucket name global-resolver is reserved."),
    ],
)
def test_name_that_fits_the_pattern_may_be_refused_all_the_same(lightsail, name, message):
    with refused("InvalidInputException", message):
        lightsail.create_bucket(bucketName=name, bundleId="small_1_0")


@pytest.mark.parametrize("name", ["a.b.c", "Upper", "-ab", "ab-", "a_b", "b" * 55, "ab", "../x", "bucket\n"])
def test_name_outside_the_pattern_is_refused(room, name):
    client = room.client("lightsail", parameter_validation=False)

    with pytest.raises(client.exceptions.InvalidInputException):
        client.create_bucket(bucketName=name, bundleId="small_1_0")


@pytest.mark.parametrize("name", ["abc", "b" * 54])
def test_shortest_and_longest_name_are_taken(lightsail, name):
    lightsail.create_bucket(bucketName=name, bundleId="small_1_0")

    assert lightsail.delete_bucket(bucketName=name)["operations"][0]["status"] == "Succeeded"


def test_name_is_taken_for_everybody_and_free_after_the_deletion(room, lightsail, bucket):
    name = bucket()
    elsewhere = room.client("lightsail", region="eu-west-1")

    for client in (lightsail, elsewhere):
        with refused("InvalidInputException", f"The bucket name {name} is already in use."):
            client.create_bucket(bucketName=name, bundleId="small_1_0")

    first = lightsail.get_buckets(bucketName=name)["buckets"][0]["arn"]
    lightsail.delete_bucket(bucketName=name)
    again = elsewhere.create_bucket(bucketName=name, bundleId="small_1_0")["bucket"]["arn"]
    assert first.rpartition("/")[2] != again.rpartition("/")[2]
    elsewhere.delete_bucket(bucketName=name)


def test_unknown_bundle_is_refused(lightsail):
    message = "The bundle huge_1_0 does not exist or cannot be chosen."

    with refused("InvalidInputException", message):
        lightsail.create_bucket(bucketName="some-bucket", bundleId="huge_1_0")


def test_pages_show_every_bucket_once_oldest_first(room, monkeypatch):
    client = room.client("lightsail", region="eu-north-1")
    monkeypatch.setattr(buckets, "PAGE", 2)
    names = [room.name("paged") for _ in range(5)]
    for name in names:
        client.create_bucket(bucketName=name, bundleId="small_1_0")

    seen, token = [], {}
    while True:
        page = client.get_buckets(**token)
        seen += [each["name"] for each in page["buckets"]]
        if "nextPageToken" not in page:
            break
        token = {"pageToken": page["nextPageToken"]}

    assert names == seen
    with refused("InvalidInputException", "The pageToken is not one of this listing."):
        room.client("lightsail").get_buckets(**token)


@pytest.mark.parametrize("call", ["get_buckets", "delete_bucket", "update_bucket", "get_bucket_access_keys"])
def test_unknown_bucket_is_not_found(lightsail, call):
    with refused("NotFoundException", NO_BUCKET.format("no-such-bucket")):
        getattr(lightsail, call)(bucketName="no-such-bucket")


def test_cors_is_shown_only_when_asked_for_by_name(lightsail, bucket):
    name = bucket()

    assert "cors" not in lightsail.get_buckets(bucketName=name)["buckets"][0]
    assert lightsail.get_buckets(bucketName=name, includeCors=True)["buckets"][0]["cors"] == {"rules": []}
    with refused("InvalidInputException", "The includeCors parameter can be used with a bucketName only."):
        lightsail.get_buckets(includeCors=True)


def test_bucket_with_a_key_goes_by_force_only_and_takes_the_key_along(room, lightsail, bucket):
    name = bucket()
    key = lightsail.create_bucket_access_key(bucketName=name)["accessKey"]["accessKeyId"]

    with refused("InvalidInputException", f"The bucket {name} cannot be deleted because it has access keys."):
        lightsail.delete_bucket(bucketName=name)
    lightsail.delete_bucket(bucketName=name, forceDelete=True)

    held = room.authority.command("creds-ls", limit=1000)["credentials"]
    assert key not in [each["id"] for each in held]


def test_bucket_that_instances_use_goes_by_force_only(lightsail, bucket):
    name = bucket()
    lightsail.set_resource_access_for_bucket(resourceName="web-1", bucketName=name, access="allow")
    message = f"The bucket {name} cannot be deleted because instances have access to it."

    with refused("InvalidInputException", message):
        lightsail.delete_bucket(bucketName=name)
    lightsail.set_resource_access_for_bucket(resourceName="web-1", bucketName=name, access="deny")

    lightsail.delete_bucket(bucketName=name)


def test_bucket_with_objects_goes_by_force_only_and_its_successor_is_empty(room, lightsail, bucket):
    name = bucket()
    s3 = room.client("s3")
    s3.put_object(Bucket=name, Key="kept", Body=b"x" * 100_000)

    with refused("InvalidInputException", f"The bucket {name} cannot be deleted because it is not empty."):
        lightsail.delete_bucket(bucketName=name)
    lightsail.delete_bucket(bucketName=name, forceDelete=True)

    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket=name, Key="kept")
    lightsail.create_bucket(bucketName=name, bundleId="small_1_0")
    assert "Contents" not in s3.list_objects_v2(Bucket=name)


def test_resources_with_access_are_listed_in_order_and_once(lightsail, bucket):
    name = bucket()
    for resource in ("web-1", "db-1", "web-1"):
        lightsail.set_resource_access_for_bucket(resourceName=resource, bucketName=name, access="allow")

    shown = lightsail.get_buckets(bucketName=name, includeConnectedResources=True)["buckets"][0]

    wanted = [{"name": each, "resourceType": "Instance"} for each in ("web-1", "db-1")]
    assert wanted == shown["resourcesReceivingAccess"]
