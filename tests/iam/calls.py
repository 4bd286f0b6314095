"""One well-formed call of every operation that IAM and STS serve here, and how to make each fail.

The tables are by operation, so that a test can ask of each "is there one?" and a new operation shows as missing.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from botocore import xform_name

from iam import calls_groups, calls_policies, calls_rest, calls_roles
from iam.answers import no_key, no_user
from iam.room import USER_ARN, Room
from iam.table import Call, Failure, Members

NEVER_MADE = "AKIARZPUZDIKAAAAAAAA"
TAG = {"Key": "k", "Value": "v"}


def _user(name: str) -> Members:
    return {"UserName": name}


def _none(_: str) -> str:
    return "*"


def _its_arn(name: str) -> str:
    return f"{USER_ARN}/team/{name}"


_USER_CALLS: Mapping[str, Call] = {
    "CreateAccessKey": Call(_user, _its_arn),
    "CreateAccountAlias": Call(lambda _: {"AccountAlias": "an-alias"}, _none),
    "CreateUser": Call(
        lambda name: {"UserName": f"{name}-new", "Path": "/p/"}, lambda n: f"{USER_ARN}/p/{n}-new"
    ),
    "DeleteAccessKey": Call(lambda name: {"UserName": name, "AccessKeyId": NEVER_MADE}, _its_arn),
    "DeleteAccountAlias": Call(lambda _: {"AccountAlias": "an-alias"}, _none),
    "DeleteUser": Call(_user, _its_arn),
    "GetAccessKeyLastUsed": Call(lambda _: {"AccessKeyId": NEVER_MADE}, _none),
    "GetAccountSummary": Call(lambda _: {}, _none),
    "GetUser": Call(_user, _its_arn),
    "ListAccessKeys": Call(_user, _its_arn),
    "ListAccountAliases": Call(lambda _: {}, _none),
    "ListUserTags": Call(_user, _its_arn),
    "ListUsers": Call(lambda _: {}, lambda _: f"{USER_ARN}/"),
    "TagUser": Call(lambda name: {"UserName": name, "Tags": [TAG]}, _its_arn),
    "UntagUser": Call(lambda name: {"UserName": name, "TagKeys": ["k"]}, _its_arn),
    "UpdateAccessKey": Call(
        lambda name: {"UserName": name, "AccessKeyId": NEVER_MADE, "Status": "Active"}, _its_arn
    ),
    "UpdateUser": Call(lambda name: {"UserName": name, "NewPath": "/elsewhere/"}, _its_arn),
}
"""Operations on users and keys. GetAccessKeyLastUsed names no resource: the key asked about may not exist."""


def perform(client: Any, operation: str, members: Members) -> Any:
    """Call an operation by its API name."""
    return getattr(client, xform_name(operation))(**members)


def _no_such_user(operation: str) -> Failure:
    def provoke(room: Room) -> tuple[Members, str]:
        return _USER_CALLS[operation].members("nobody"), no_user("nobody")

    return Failure(operation, "NoSuchEntity", provoke)


def _no_such_key(operation: str) -> Failure:
    def provoke(room: Room) -> tuple[Members, str]:
        return _USER_CALLS[operation].members(room.user()), no_key(NEVER_MADE)

    return Failure(operation, "NoSuchEntity", provoke)


def _quota_of_keys(room: Room) -> tuple[Members, str]:
    name = room.user()
    room.key(name)
    room.key(name)
    return _user(name), "Cannot exceed quota for AccessKeysPerUser: 2"


def _name_taken(room: Room) -> tuple[Members, str]:
    name = room.user()
    return _user(name), f"User with name {name} already exists."


def _new_name_taken(room: Room) -> tuple[Members, str]:
    name, taken = room.user(), room.user()
    return {"UserName": name, "NewUserName": taken}, f"User with name {taken} already exists."


def _no_boundary(room: Room) -> tuple[Members, str]:
    arn = "arn:aws:iam::123456789012:policy/none"
    members = {"UserName": room.name(), "PermissionsBoundary": arn}
    return members, f"Policy {arn} does not exist or is not attachable."


def _reserved_tag(room: Room) -> tuple[Members, str]:
    tags = [{"Key": "aws:k", "Value": "v"}]
    return {
        "UserName": room.name(),
        "Tags": tags,
    }, "Tag keys beginning with aws: are reserved for system use."


def _reserved_tag_later(room: Room) -> tuple[Members, str]:
    members, message = _reserved_tag(room)
    return {**members, "UserName": room.user()}, message


def _too_many_tags(room: Room) -> tuple[Members, str]:
    name = room.user(Tags=[{"Key": str(number), "Value": ""} for number in range(50)])
    return {"UserName": name, "Tags": [TAG]}, "The number of tags has reached the maximum limit."


def _still_has_a_key(room: Room) -> tuple[Members, str]:
    name = room.user()
    room.key(name)
    return _user(name), "Cannot delete entity, must delete access keys first."


def _expired_key(room: Room) -> tuple[Members, str]:
    name = room.user()
    key = room.key(name)
    room.authority.command("creds-expire", id=key.id, at="2020-01-01T00:00:00Z")
    members = {"UserName": name, "AccessKeyId": key.id, "Status": "Active"}
    return members, f"The Access Key with id {key.id} has expired and cannot be activated."


def _alias_never_made(room: Room) -> tuple[Members, str]:
    return {"AccountAlias": "never-made"}, "The account alias never-made cannot be found."


def _alias_taken(room: Room) -> tuple[Members, str]:
    authority, other = room.authority.authority, "210987654321"

    def second_account(tx: Any) -> None:
        authority.accounts.create(tx, other)
        authority.accounts.set_alias(tx, other, "taken-alias")

    room.authority.run(authority.store.write(second_account))
    return {"AccountAlias": "taken-alias"}, "The account alias taken-alias already exists."


_USER_FAILURES = [
    *map(_no_such_user, ["CreateAccessKey", "DeleteAccessKey", "DeleteUser", "GetUser", "ListAccessKeys"]),
    *map(_no_such_user, ["ListUserTags", "TagUser", "UntagUser", "UpdateAccessKey", "UpdateUser"]),
    *map(_no_such_key, ["DeleteAccessKey", "UpdateAccessKey"]),
    Failure("CreateUser", "NoSuchEntity", _no_boundary),
    Failure("DeleteAccountAlias", "NoSuchEntity", _alias_never_made),
    Failure("CreateAccessKey", "LimitExceeded", _quota_of_keys),
    Failure("TagUser", "LimitExceeded", _too_many_tags),
    Failure("CreateUser", "EntityAlreadyExists", _name_taken),
    Failure("UpdateUser", "EntityAlreadyExists", _new_name_taken),
    Failure("CreateAccountAlias", "EntityAlreadyExists", _alias_taken),
    Failure("CreateUser", "InvalidInput", _reserved_tag),
    Failure("TagUser", "InvalidInput", _reserved_tag_later),
    Failure("UpdateAccessKey", "InvalidInput", _expired_key),
    Failure("DeleteUser", "DeleteConflict", _still_has_a_key),
]
_USER_ELSEWHERE = {
    ("CreateUser", "LimitExceeded"): "test_users_quota_is_exact, with a quota that two users reach"
}
_ONE_WRITER = "changes are made by one writer, one after the other: none meets another half-way"
_NO_QUOTA = "the operation adds nothing that a quota counts"
_USER_NEVER_ANSWERED = {
    **{
        (operation, "ConcurrentModification"): _ONE_WRITER
        for operation in (
            "CreateAccountAlias",
            "CreateUser",
            "DeleteAccountAlias",
            "DeleteUser",
            "TagUser",
            "UntagUser",
            "UpdateUser",
        )
    },
    ("UpdateUser", "EntityTemporarilyUnmodifiable"): _ONE_WRITER,
    **{
        (operation, "LimitExceeded"): _NO_QUOTA
        for operation in (
            "DeleteAccessKey",
            "DeleteAccountAlias",
            "DeleteUser",
            "UpdateAccessKey",
            "UpdateUser",
        )
    },
    ("CreateAccountAlias", "LimitExceeded"): "a second alias takes the place of the first",
}

_TABLES = (calls_groups, calls_roles, calls_policies, calls_rest)

CALLS: Mapping[str, Call] = {
    **_USER_CALLS,
    **{name: call for table in _TABLES for name, call in table.CALLS.items()},
}
"""IAM's operations."""
FAILURES = [*_USER_FAILURES, *chain.from_iterable(table.FAILURES for table in _TABLES)]
"""Each modelled error of each operation, beside ServiceFailure, which every operation answers to a broken disk."""
ELSEWHERE = {**_USER_ELSEWHERE, **calls_groups.ELSEWHERE, **calls_rest.ELSEWHERE}
"""Errors that are produced in a test of their own."""
NEVER_ANSWERED = {
    **_USER_NEVER_ANSWERED,
    **{key: reason for table in _TABLES for key, reason in table.NEVER_ANSWERED.items()},
}
"""Errors that the model lists and this authority has no occasion for, each with the reason."""
