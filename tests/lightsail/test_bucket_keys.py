"""Access keys of buckets: two at most, the secret once, last use as the door saw it, gone when deleted."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from lightsail.refusals import refused
from support.running import Key

THIRD = "Cannot exceed quota for BucketAccessKeysPerBucket: 2"


def make(lightsail, name):
    made = lightsail.create_bucket_access_key(bucketName=name)["accessKey"]
    return Key(made["accessKeyId"], made["secretAccessKey"])


def test_secret_is_told_once(room, lightsail, bucket):
    name = bucket()
    made = lightsail.create_bucket_access_key(bucketName=name)["accessKey"]

    listed = lightsail.get_bucket_access_keys(bucketName=name)["accessKeys"]

    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", made["accessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", made["secretAccessKey"])
    assert made["lastUsed"] == {}
    never = {"region": "N/A", "serviceName": "N/A"}
    kept = {member: made[member] for member in ("accessKeyId", "status", "createdAt")}
    assert [{**kept, "lastUsed": never}] == listed


def test_third_key_is_refused_and_room_is_made_by_deleting(lightsail, bucket):
    name = bucket()
    first, second = make(lightsail, name), make(lightsail, name)

    with refused("InvalidInputException", THIRD):
        lightsail.create_bucket_access_key(bucketName=name)
    lightsail.delete_bucket_access_key(bucketName=name, accessKeyId=first.id)

    third = make(lightsail, name)
    listed = lightsail.get_bucket_access_keys(bucketName=name)["accessKeys"]
    assert [second.id, third.id] == [each["accessKeyId"] for each in listed]


def test_twenty_at_once_make_exactly_two(lightsail, bucket):
    name = bucket()

    def attempt(_: int) -> str:
        try:
            make(lightsail, name)
        except ClientError as error:
            return error.response["Error"]["Message"]
        return "made"

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(attempt, range(20)))

    assert sorted(outcomes) == [THIRD] * 18 + ["made"] * 2
    assert len(lightsail.get_bucket_access_keys(bucketName=name)["accessKeys"]) == 2


def test_last_use_is_when_and_where_the_door_took_the_key(room, lightsail, bucket):
    name = bucket()
    key = make(lightsail, name)

    room.client("s3", key).list_objects_v2(Bucket=name)

    used = lightsail.get_bucket_access_keys(bucketName=name)["accessKeys"][0]["lastUsed"]
    assert (used["region"], used["serviceName"]) == ("us-east-1", "s3")
    assert used["lastUsedDate"].year > 2000


def test_deleted_key_is_refused_at_the_next_request(room, lightsail, bucket):
    name = bucket()
    key = make(lightsail, name)
    s3 = room.client("s3", key)
    s3.put_object(Bucket=name, Key="k", Body=b"v")

    lightsail.delete_bucket_access_key(bucketName=name, accessKeyId=key.id)

    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=name, Key="k")
    assert caught.value.response["Error"]["Code"] == "InvalidAccessKeyId"


def test_key_of_another_bucket_is_not_found(lightsail, bucket):
    name, other = bucket(), bucket()
    key = make(lightsail, other)

    with refused("NotFoundException", f"The BucketAccessKey does not exist: {key.id}"):
        lightsail.delete_bucket_access_key(bucketName=name, accessKeyId=key.id)

    assert len(lightsail.get_bucket_access_keys(bucketName=other)["accessKeys"]) == 1


def test_access_key_of_a_user_is_no_key_of_a_bucket(room, lightsail, bucket):
    name, user = bucket(), room.user()
    key = room.key(user)

    with refused("NotFoundException", f"The BucketAccessKey does not exist: {key.id}"):
        lightsail.delete_bucket_access_key(bucketName=name, accessKeyId=key.id)

    assert room.caller(key).endswith(user)


def test_key_that_the_operator_switched_off_or_let_expire_is_inactive(room, lightsail, bucket):
    name = bucket()
    off, expired = make(lightsail, name), make(lightsail, name)

    room.authority.command("creds-deactivate", id=off.id)
    room.authority.command("creds-expire", id=expired.id, at="2020-01-01T00:00:00Z")

    listed = lightsail.get_bucket_access_keys(bucketName=name)["accessKeys"]
    assert [each["status"] for each in listed] == ["Inactive", "Inactive"]


@pytest.mark.parametrize("service", ["iam", "sts", "lightsail"])
def test_bucket_key_is_an_unknown_key_elsewhere(room, lightsail, bucket, service):
    client = room.client(service, make(lightsail, bucket()))
    calls = {"iam": "list_users", "sts": "get_caller_identity", "lightsail": "get_buckets"}

    with pytest.raises(ClientError) as caught:
        getattr(client, calls[service])()

    wanted = "UnrecognizedClientException" if service == "lightsail" else "InvalidClientTokenId"
    assert wanted == caught.value.response["Error"]["Code"]


def test_secret_stands_in_no_file_of_the_authority_and_in_no_log(room, lightsail, bucket, caplog):
    key = make(lightsail, bucket())
    lightsail.get_bucket_access_keys(bucketName=lightsail.get_buckets()["buckets"][0]["name"])

    files = [path for path in room.authority.settings.data.rglob("*") if path.is_file()]

    assert files
    assert not [path.name for path in files if key.secret.encode() in path.read_bytes()]
    assert key.secret not in caplog.text
