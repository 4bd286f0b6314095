"""Nobody does what no policy allows, and nobody sees into another account or region."""

import json

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from iam.room import USER_ARN
from lightsail.calls import CALLS
from lightsail.refusals import refused
from support.running import Key

OTHER = "210987654321"
NAMED = [each for each in CALLS if CALLS[each].on_bucket]


def ask(client, operation, name):
    return getattr(client, xform_name(operation))(**CALLS[operation].members(name))


def denied(user, action, resource):
    on_resource = f" on resource: {resource}" if resource != "*" else " on resource: *"
    return (
        f"User: {USER_ARN}/{user} is not authorized to perform: lightsail:{action}{on_resource}"
        f" because no identity-based policy allows the lightsail:{action} action"
    )


def allow(room, user, action, resource):
    statement = [{"Effect": "Allow", "Action": action, "Resource": resource}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    room.iam.put_user_policy(UserName=user, PolicyName="allow", PolicyDocument=document)


@pytest.fixture(scope="module")
def plain(room):
    """A user without any permission."""
    name = room.user("plain")
    return name, room.client("lightsail", room.key(name))


@pytest.fixture(scope="module")
def neighbour(room):
    """The root of another account."""
    authority = room.authority.authority
    kind = next(kind for kind in authority.kinds if kind.name == "iam.access-key")
    room.authority.run(authority.store.write(lambda tx: authority.accounts.create(tx, OTHER)))
    minted = room.authority.run(
        authority.store.write(lambda tx: authority.issuer.mint(tx, kind, account=OTHER, owner="root"))
    )
    return room.client("lightsail", Key(minted.credential.id, minted.secret.reveal().decode()))


def test_every_operation_is_in_the_table(room):
    declared = room.authority.authority.gateway()._router.table.services["lightsail"].entries

    assert {*CALLS, "CreateBucket"} == set(declared)


@pytest.mark.parametrize("operation", CALLS)
def test_user_without_a_policy_is_denied_and_changes_nothing(lightsail, bucket, plain, operation):
    user, client = plain
    name = bucket()
    before = lightsail.get_buckets(bucketName=name, includeConnectedResources=True)["buckets"][0]
    resource = before["arn"] if CALLS[operation].on_bucket else "*"

    with refused("AccessDeniedException", denied(user, operation, resource)):
        ask(client, operation, name)

    after = lightsail.get_buckets(bucketName=name, includeConnectedResources=True)["buckets"][0]
    assert before == after
    assert len(lightsail.get_operations_for_resource(resourceName=name)["operations"]) == 1


def test_bucket_is_made_by_nobody_without_a_policy(plain):
    user, client = plain
    resource = "arn:aws:lightsail:us-east-1:123456789012:Bucket/*"

    with refused("AccessDeniedException", denied(user, "CreateBucket", resource)):
        client.create_bucket(bucketName="denied-bucket", bundleId="small_1_0")


def test_policy_for_one_bucket_opens_no_other_and_not_its_successor(room, lightsail, bucket):
    mine, other, user = bucket(), bucket(), room.user()
    allow(room, user, "lightsail:*", lightsail.get_buckets(bucketName=mine)["buckets"][0]["arn"])
    client = room.client("lightsail", room.key(user))

    assert client.get_buckets(bucketName=mine)["buckets"][0]["name"] == mine
    lightsail.delete_bucket(bucketName=mine)
    lightsail.create_bucket(bucketName=mine, bundleId="small_1_0")
    for name in (other, mine, "no-such-bucket"):
        with pytest.raises(ClientError) as caught:
            client.create_bucket_access_key(bucketName=name)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("operation", NAMED)
def test_bucket_of_another_account_looks_like_none(lightsail, bucket, neighbour, operation):
    name = bucket()
    before = lightsail.get_buckets(bucketName=name)["buckets"][0]

    told = []
    for asked in (name, "no-such-bucket"):
        with pytest.raises(neighbour.exceptions.NotFoundException) as caught:
            ask(neighbour, operation, asked)
        told.append(caught.value.response["Error"]["Message"].replace(asked, "NAME"))

    assert told[0] == told[1]
    assert before == lightsail.get_buckets(bucketName=name)["buckets"][0]


@pytest.mark.parametrize("operation", NAMED)
def test_bucket_of_another_region_looks_like_none(room, bucket, operation):
    elsewhere = room.client("lightsail", region="ap-south-1")

    with pytest.raises(elsewhere.exceptions.NotFoundException):
        ask(elsewhere, operation, bucket())


def test_operations_of_another_account_and_region_look_like_none(room, lightsail, bucket, neighbour):
    operation = lightsail.update_bucket(bucketName=bucket())["operations"][0]["id"]

    for client in (neighbour, room.client("lightsail", region="ap-south-1")):
        with refused("NotFoundException", f"The Operation does not exist: {operation}"):
            client.get_operation(operationId=operation)
        listed = client.get_operations()["operations"]
        assert operation not in [each["id"] for each in listed]


def test_operation_that_is_not_served_is_said_to_be_so(lightsail):
    with pytest.raises(ClientError) as caught:
        lightsail.get_instances()

    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
