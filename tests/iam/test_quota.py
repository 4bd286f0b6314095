"""The quota of two keys holds when fifty callers ask at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from iam.answers import check_error, refused
from iam.room import USER_ARN
from support.running import Key

QUOTA = "Cannot exceed quota for AccessKeysPerUser: 2"
CALLERS = 50


def ask(room, name: str) -> Key | ClientError:
    try:
        return room.key(name)
    except ClientError as error:
        return error


def test_exactly_two_of_fifty_parallel_requests_are_given_a_key(room):
    name = room.user()

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda _: ask(room, name), range(CALLERS)))

    keys = [answer for answer in answers if isinstance(answer, Key)]
    assert Counter({Key: 2, room.iam.exceptions.LimitExceededException: 48}) == Counter(map(type, answers))
    for answer in answers:
        if isinstance(answer, ClientError):
            check_error(answer, "LimitExceeded", QUOTA)
    listed = room.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert {key.id for key in keys} == {each["AccessKeyId"] for each in listed}
    assert [room.caller(key) for key in keys] == [f"{USER_ARN}/{name}"] * 2


def test_inactive_keys_count_and_deleted_ones_do_not(room):
    name = room.user()
    first, second = room.key(name), room.key(name)
    for key in (first, second):
        room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")

    with refused("LimitExceeded", QUOTA):
        room.key(name)

    room.iam.delete_access_key(UserName=name, AccessKeyId=first.id)
    room.key(name)
    with refused("LimitExceeded", QUOTA):
        room.key(name)


def test_expired_keys_count(room):
    name = room.user()
    for key in (room.key(name), room.key(name)):
        room.authority.command("creds-expire", id=key.id, at="2020-01-01T00:00:00Z")

    with refused("LimitExceeded", QUOTA):
        room.key(name)
