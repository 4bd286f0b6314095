"""The contract of `Lightsail.CreateBucketAccessKey`.

Follows the Lightsail API reference, "CreateBucketAccessKey" and "AccessKey", facts/s3.md §1 and §2 for its words.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from iam.room import ACCOUNT, Room
from seeds.access_keys import is_active, is_key_id, is_secret
from seeds.contract import Contract, Exceptional, Given, Members, Refusal, Response
from seeds.faults import broken_disk
from support.running import Key

_ELSEWHERE = "seed-elsewhere"
_ACTION = "lightsail:CreateBucketAccessKey"
_DENIED = (
    f"User: arn:aws:iam::{ACCOUNT}:user/{{user}} is not authorized to perform: {_ACTION}"
    f" on resource: arn:aws:lightsail:us-east-1:{ACCOUNT}:Bucket/*"
    f" because no identity-based policy allows the {_ACTION} action"
)
INVALID, NOT_FOUND = "InvalidInputException", "NotFoundException"
_PATTERN = "^[a-z0-9][a-z0-9-]{1,52}[a-z0-9]$"
_NOT_NULL = "Value null at 'bucketName' failed to satisfy constraint: Member must not be null"
_NULL = f"1 validation error detected: {_NOT_NULL}"


def _sentence(name: str, constraint: str) -> str:
    return f"Value '{name}' at 'bucketName' failed to satisfy constraint: Member must {constraint}"


def _bad(name: str, length: str = "") -> Refusal:
    """Return the refusal of a name outside the pattern, or also too short; of one too long only that is said."""
    pattern = _sentence(name, f"satisfy regular expression pattern: {_PATTERN}")
    if not length:
        return Refusal(INVALID, f"1 validation error detected: {pattern}")
    bounds = _sentence(name, f"have length {length}")
    if len(name) > 54:
        return Refusal(INVALID, f"1 validation error detected: {bounds}")
    return Refusal(INVALID, f"2 validation errors detected: {bounds}; {pattern}")


def _invalid(about: str, name: str, length: str = "") -> Given:
    return Given("bucketName", "invalid", about, _named(name), _bad(name, length))


def _named(name: str) -> Callable[[Room], Members]:
    return lambda _: {"bucketName": name}


def _new_bucket(room: Room) -> Members:
    name = room.name("seed-bucket")
    room.client("lightsail").create_bucket(bucketName=name, bundleId="small_1_0")
    return {"bucketName": name}


def _longest_name(room: Room) -> Members:
    name = (room.name("n") + "-").ljust(54, "0")
    room.client("lightsail").create_bucket(bucketName=name, bundleId="small_1_0")
    return {"bucketName": name}


def _full_bucket(room: Room) -> Members:
    members = _new_bucket(room)
    for _ in range(2):
        room.client("lightsail").create_bucket_access_key(**members)
    return members


def _bucket_elsewhere(room: Room) -> Members:
    elsewhere = room.client("lightsail", region="eu-west-1")
    if _ELSEWHERE not in [each["name"] for each in elsewhere.get_buckets()["buckets"]]:
        elsewhere.create_bucket(bucketName=_ELSEWHERE, bundleId="small_1_0")
    return {"bucketName": _ELSEWHERE}


def _stranger(room: Room) -> Key:
    """Return the key of a new user, whom no policy allows anything."""
    return room.key(room.user("stranger"))


def _opens_the_bucket(room: Room, sent: Members, response: Response) -> None:
    """The key writes and reads in the named bucket at once, and in no other."""
    made = response["accessKey"]
    s3 = room.client("s3", Key(made["accessKeyId"], made["secretAccessKey"]))
    s3.put_object(Bucket=sent["bucketName"], Key="k", Body=b"opened")
    assert s3.get_object(Bucket=sent["bucketName"], Key="k")["Body"].read() == b"opened"
    assert [sent["bucketName"]] == [each["Name"] for each in s3.list_buckets()["Buckets"]]


def _is_now(room: Room, value: Any) -> None:
    assert abs(value - datetime.now(UTC)) < timedelta(minutes=1)


def _is_the_one_operation(room: Room, value: Any) -> None:
    (operation,) = value
    assert operation == room.client("lightsail").get_operation(operationId=operation["id"])["operation"]
    assert tuple(operation[each] for each in ("operationType", "resourceType", "status", "isTerminal")) == (
        "CreateBucketAccessKey",
        "Bucket",
        "Succeeded",
        True,
    )


def _holdings(room: Room) -> object:
    """Return every bucket key in the operator's inventory, and how many operations there were."""
    listed = room.authority.command("creds-ls", limit=1000)["credentials"]
    rows = room.authority.look(lambda reader: reader.one("SELECT count(*) FROM lightsail_operation"))
    return rows, sorted(each["id"] for each in listed if each["kind"] == "lightsail.bucket-access-key")


CREATE_BUCKET_ACCESS_KEY = Contract(
    service="lightsail",
    operation="CreateBucketAccessKey",
    inputs=[
        Given("bucketName", "absent", "refused", lambda _: {}, Refusal(INVALID, _NULL)),
        Given("bucketName", "valid", "usual", _new_bucket, _opens_the_bucket),
        Given("bucketName", "valid", "of-54-characters", _longest_name, _opens_the_bucket),
        _invalid("empty", "", "greater than or equal to 3"),
        _invalid("two-characters", "ab", "greater than or equal to 3"),
        _invalid("upper-case", "Bucket"),
        _invalid("path", "../bucket"),
        _invalid("dotted", "a.bucket"),
        _invalid("line-end", "bucket\n"),
        _invalid("wildcard", "bucket-*"),
        _invalid("55-characters", "b" * 55, "less than or equal to 54"),
        Given(
            "bucketName",
            "invalid",
            "of-another-region",
            _bucket_elsewhere,
            Refusal(NOT_FOUND, f"The Bucket does not exist: {_ELSEWHERE}"),
        ),
    ],
    answer={
        "accessKey.accessKeyId": is_key_id,
        "accessKey.secretAccessKey": is_secret,
        "accessKey.status": is_active,
        "accessKey.createdAt": _is_now,
        "operations": _is_the_one_operation,
    },
    absent=("accessKey.lastUsed.lastUsedDate", "accessKey.lastUsed.region", "accessKey.lastUsed.serviceName"),
    exceptions=[
        Exceptional(
            Refusal(NOT_FOUND, "The Bucket does not exist: no-such-bucket", is_modelled=True),
            _named("no-such-bucket"),
        ),
        Exceptional(
            Refusal(INVALID, "Cannot exceed quota for BucketAccessKeysPerBucket: 2", is_modelled=True),
            _full_bucket,
        ),
        Exceptional(
            Refusal("AccessDeniedException", _DENIED, is_modelled=True),
            _named("no-such-bucket"),
            key=_stranger,
        ),
        Exceptional(
            Refusal("ServiceException", "An internal error occurred.", is_modelled=True),
            _new_bucket,
            lambda room: broken_disk(room.authority),
        ),
    ],
    never={
        "UnauthenticatedException": "bad credentials are answered before the service, as AWS does at its edge",
        "RegionSetupInProgressException": "every region is set up from the start",
    },
    usual=_new_bucket,
    holdings=_holdings,
)
