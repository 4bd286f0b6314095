"""Operations: each change leaves one, found by id, region and bucket, also when the bucket is gone."""

import pytest

from keystead.products.lightsail import operations
from lightsail.refusals import refused


def test_every_change_leaves_an_operation_that_outlives_its_bucket(lightsail, bucket):
    name = bucket()
    key = lightsail.create_bucket_access_key(bucketName=name)["accessKey"]["accessKeyId"]
    made = [
        lightsail.update_bucket(bucketName=name),
        lightsail.update_bucket_bundle(bucketName=name, bundleId="large_1_0"),
        lightsail.set_resource_access_for_bucket(resourceName="web-1", bucketName=name, access="allow"),
        lightsail.tag_resource(resourceName=name, tags=[{"key": "a"}]),
        lightsail.untag_resource(resourceName=name, tagKeys=["a"]),
        lightsail.delete_bucket_access_key(bucketName=name, accessKeyId=key),
        lightsail.delete_bucket(bucketName=name, forceDelete=True),
    ]

    listed = lightsail.get_operations_for_resource(resourceName=name)["operations"]

    assert [each["operationType"] for each in listed] == [
        "CreateBucket",
        "CreateBucketAccessKey",
        "UpdateBucket",
        "UpdateBucketBundle",
        "SetResourceAccessForBucket",
        "UpdateBucket",
        "UpdateBucket",
        "DeleteBucketAccessKey",
        "DeleteBucket",
    ]
    assert [answer["operations"][0] for answer in made] == listed[2:]
    for operation in listed:
        assert operation == lightsail.get_operation(operationId=operation["id"])["operation"]
        assert (operation["status"], operation["isTerminal"]) == ("Succeeded", True)


def test_pages_lead_through_all_operations_of_a_region(room, monkeypatch):
    monkeypatch.setattr(operations, "PAGE", 3)
    client = room.client("lightsail", region="eu-west-3")
    name = room.name("paged")
    client.create_bucket(bucketName=name, bundleId="small_1_0")
    for _ in range(7):
        client.update_bucket(bucketName=name)

    for call, members in (
        (client.get_operations, {}),
        (client.get_operations_for_resource, {"resourceName": name}),
    ):
        seen, answer = [], call(**members)
        while True:
            seen += [each["id"] for each in answer["operations"]]
            if "nextPageToken" not in answer:
                break
            answer = call(**members, pageToken=answer["nextPageToken"])
        assert len(seen) == len(set(seen)) == 8


def test_unknown_operation_and_resource_are_not_found(lightsail):
    with refused("NotFoundException", "The Operation does not exist: nothing"):
        lightsail.get_operation(operationId="nothing")
    with refused("NotFoundException", "The resource does not exist: nothing"):
        lightsail.get_operations_for_resource(resourceName="nothing")


def test_forged_page_token_is_refused(lightsail):
    for token in ("x", "MTIz", "é"):
        with refused("InvalidInputException", "The pageToken is not one of this listing."):
            lightsail.get_operations(pageToken=token)


def test_refused_change_leaves_no_operation(lightsail, bucket):
    name = bucket()

    with pytest.raises(lightsail.exceptions.InvalidInputException):
        lightsail.update_bucket(bucketName=name, versioning="Sometimes")

    assert len(lightsail.get_operations_for_resource(resourceName=name)["operations"]) == 1
