"""The contract of `IAM.CreateAccessKey`.

Follows the IAM API reference, "CreateAccessKey", and facts/iam.md §3 and §5 for the words of its errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from iam.room import ACCOUNT, USER_ARN, Room
from seeds.access_keys import is_active, is_key_id, is_secret
from seeds.contract import Contract, Exceptional, Given, Members, Refusal, Response
from seeds.faults import broken_disk, full_disk, over_the_limit
from support.running import Key

_MOST_KEYS_ON_A_PAGE = 60
_NO_USER = "The user with name nobody cannot be found."
_BAD_NAME = (
    "The specified value for userName is invalid. "
    "It must contain only alphanumeric characters and/or the following: +=,.@_-"
)
_TOO_LONG = (
    "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
    "Member must have length less than or equal to 128"
)
_EMPTY = (
    "2 validation errors detected: Value at 'userName' failed to satisfy constraint: "
    "Member must have length greater than or equal to 1; Value at 'userName' failed to satisfy constraint: "
    "Member must satisfy regular expression pattern: [\\w+=,.@-]+"
)


def _named(name: str) -> Any:
    return lambda _: {"UserName": name}


def _new_user(room: Room) -> Members:
    return {"UserName": room.user("Seed", Path="/seeds/")}


def _new_user_in_another_case(room: Room) -> Members:
    return {"UserName": room.user("Seed", Path="/seeds/").upper()}


def _longest_name(room: Room) -> Members:
    name = room.name("n").ljust(64, "+")
    room.iam.create_user(UserName=name, Path="/seeds/")
    return {"UserName": name}


def _full_user(room: Room) -> Members:
    name = room.user()
    room.key(name)
    room.key(name)
    return {"UserName": name}


def _is_the_users(room: Room, sent: Members, response: Response) -> None:
    """The key belongs to the named user and works at once; the name is shown as it is stored."""
    made = response["AccessKey"]
    stored = room.iam.get_user(UserName=sent["UserName"])["User"]
    assert stored["UserName"] == made["UserName"]
    assert f"{USER_ARN}/seeds/{stored['UserName']}" == room.caller(_key(made))


def _is_the_callers(room: Room, sent: Members, response: Response) -> None:
    """The key belongs to whoever signed, here the root, which has no name. It is deleted for the next test."""
    made = response["AccessKey"]
    try:
        assert "UserName" not in made
        assert f"arn:aws:iam::{ACCOUNT}:root" == room.caller(_key(made))
    finally:
        room.iam.delete_access_key(AccessKeyId=made["AccessKeyId"])


def _key(made: Response) -> Key:
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def _is_stored_name(room: Room, value: Any) -> None:
    assert value == room.iam.get_user(UserName=value)["User"]["UserName"]


def _is_now(room: Room, value: Any) -> None:
    assert abs(value - datetime.now(UTC)) < timedelta(minutes=1)
    assert value.microsecond == 0


def _credentials(room: Room) -> object:
    """Return every access key in the operator's inventory, but those that were made to fill the disk."""
    listed = room.authority.command("creds-ls", limit=1000)["credentials"]
    return sorted(each["id"] for each in listed if "user/spare-" not in each["owner"])


@contextmanager
def _disk_full_to_the_last_page(room: Room) -> Iterator[None]:
    """Fill the disk, and then the free room of the pages with keys of other users, until no key fits."""
    spare = [room.user("spare") for _ in range(_MOST_KEYS_ON_A_PAGE)]
    with full_disk(room.authority):
        for name in spare:
            try:
                room.key(name)
            except room.iam.exceptions.ServiceFailureException:
                break
        yield


CREATE_ACCESS_KEY = Contract(
    service="iam",
    operation="CreateAccessKey",
    inputs=[
        Given("UserName", "absent", "means-the-caller", lambda _: {}, _is_the_callers),
        Given("UserName", "valid", "as-stored", _new_user, _is_the_users),
        Given("UserName", "valid", "in-another-case", _new_user_in_another_case, _is_the_users),
        Given("UserName", "valid", "of-64-characters", _longest_name, _is_the_users),
        Given("UserName", "invalid", "empty", _named(""), Refusal("ValidationError", _EMPTY)),
        Given("UserName", "invalid", "path", _named("../x"), Refusal("ValidationError", _BAD_NAME)),
        Given("UserName", "invalid", "blank", _named("a b"), Refusal("ValidationError", _BAD_NAME)),
        Given("UserName", "invalid", "accented", _named("jos\u00e9"), Refusal("ValidationError", _BAD_NAME)),
        Given("UserName", "invalid", "line-end", _named("name\n"), Refusal("ValidationError", _BAD_NAME)),
        Given("UserName", "invalid", "wildcard", _named("*"), Refusal("ValidationError", _BAD_NAME)),
        Given(
            "UserName", "invalid", "129-characters", _named("n" * 129), Refusal("ValidationError", _TOO_LONG)
        ),
    ],
    answer={
        "AccessKey.UserName": _is_stored_name,
        "AccessKey.AccessKeyId": is_key_id,
        "AccessKey.Status": is_active,
        "AccessKey.SecretAccessKey": is_secret,
        "AccessKey.CreateDate": _is_now,
    },
    exceptions=[
        Exceptional(Refusal("NoSuchEntity", _NO_USER, is_modelled=True), _named("nobody")),
        Exceptional(
            Refusal("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", is_modelled=True),
            _full_user,
        ),
        Exceptional(
            Refusal("ServiceFailure", "An internal error occurred.", is_modelled=True),
            _new_user,
            _disk_full_to_the_last_page,
        ),
        Exceptional(
            Refusal("ServiceFailure", "An internal error occurred.", is_modelled=True),
            _new_user,
            lambda room: broken_disk(room.authority),
        ),
        Exceptional(
            # A common error of AWS's, which no operation of IAM lists.
            Refusal("Throttling", "Rate exceeded", is_modelled=False),
            _new_user,
            lambda room: over_the_limit(room.authority, "iam"),
        ),
    ],
    usual=_new_user,
    holdings=_credentials,
)
