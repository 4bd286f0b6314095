"""Tags of buckets: added, replaced in place, removed; and policies can ask for them."""

import json

import pytest
from botocore.exceptions import ClientError

from keystead.products.lightsail.tagging import BAD_TAG
from lightsail.refusals import refused


def tags(lightsail, name):
    return lightsail.get_buckets(bucketName=name)["buckets"][0]["tags"]


def test_tags_are_added_replaced_in_place_and_removed(lightsail, bucket):
    name = bucket(tags=[{"key": "a", "value": "1"}, {"key": "A", "value": "2"}])
    arn = lightsail.get_buckets(bucketName=name)["buckets"][0]["arn"]

    lightsail.tag_resource(resourceName=name, resourceArn=arn, tags=[{"key": "b"}, {"key": "a", "value": ""}])
    added = tags(lightsail, name)
    lightsail.untag_resource(resourceName=name, tagKeys=["A", "no-such-key"])

    assert added == [{"key": "a", "value": ""}, {"key": "A", "value": "2"}, {"key": "b"}]
    assert tags(lightsail, name) == [{"key": "a", "value": ""}, {"key": "b"}]


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ([{"key": "aws:x", "value": "1"}], "A tag key must not start with aws:"),
        ([{"key": "AWS:x", "value": "1"}], "A tag key must not start with aws:"),
        ([{"value": "1"}], BAD_TAG),
        ([{"key": "k" * 129}], BAD_TAG),
        ([{"key": "k", "value": "v" * 257}], BAD_TAG),
        ([{"key": "k\n"}], BAD_TAG),
        ([{"key": "k", "value": "<b>"}], BAD_TAG),
        ([{"key": "k"}, {"key": "k"}], "The tag key k is given twice."),
        ([{"key": f"k{n}"} for n in range(51)], "A resource can have at most 50 tags."),
    ],
)
def test_bad_tags_are_refused_and_none_of_them_kept(lightsail, bucket, added, message):
    name = bucket()

    with refused("InvalidInputException", message):
        lightsail.tag_resource(resourceName=name, tags=added)

    assert tags(lightsail, name) == []


def test_longest_tags_in_any_script_are_taken(lightsail, bucket):
    name = bucket()
    long = [{"key": "ключ +-=._:/@" + "k" * 115, "value": "ü" * 256}]

    lightsail.tag_resource(resourceName=name, tags=long)

    assert long == tags(lightsail, name)


def test_unknown_resource_and_foreign_arn(lightsail, bucket):
    arn = "arn:aws:lightsail:us-east-1:123456789012:Bucket/00000000-0000-4000-8000-000000000000"
    name = bucket()

    with refused("NotFoundException", "The resource does not exist: nothing"):
        lightsail.tag_resource(resourceName="nothing", tags=[{"key": "a"}])
    with refused("InvalidInputException", f"The resourceArn is not that of the resource {name}."):
        lightsail.tag_resource(resourceName=name, resourceArn=arn, tags=[{"key": "a"}])


def test_policy_decides_by_the_tags_of_bucket_and_request(room, lightsail, bucket):
    mine, other = bucket(tags=[{"key": "Team", "value": "blue"}]), bucket()
    user = room.user()
    allowed = [
        {
            "Effect": "Allow",
            "Action": "lightsail:CreateBucketAccessKey",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/Team": "blue"}},
        },
        {
            "Effect": "Allow",
            "Action": "lightsail:CreateBucket",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:RequestTag/Team": "blue"},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]},
            },
        },
        {
            "Effect": "Allow",
            "Action": "lightsail:UntagResource",
            "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["Note"]}},
        },
    ]
    room.iam.put_user_policy(
        UserName=user,
        PolicyName="tags",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    client = room.client("lightsail", room.key(user))

    client.create_bucket_access_key(bucketName=mine)
    new = room.name("tagged")
    client.create_bucket(bucketName=new, bundleId="small_1_0", tags=[{"key": "Team", "value": "blue"}])
    client.untag_resource(resourceName=mine, tagKeys=["Note"])
    for call in (
        lambda: client.untag_resource(resourceName=mine, tagKeys=["Note", "Team"]),
        lambda: client.create_bucket_access_key(bucketName=other),
        lambda: client.create_bucket(bucketName=new + "-2", bundleId="small_1_0"),
        lambda: client.create_bucket(
            bucketName=new + "-3", bundleId="small_1_0", tags=[{"key": "Team", "value": "red"}]
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
