"""Another account's names, ARNs and ids answer exactly as unknown ones, at every operation that takes any.

For each operation and each member that names something, two calls differ in that member alone: once it names what
another account has, once what nobody has. Answers may differ in nothing but the name that the caller gave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from badinput.rows import rows
from iam.calls import CALLS, perform
from iam.calls_groups import group, profile, role
from iam.calls_policies import policy
from iam.calls_rest import SERVICE
from iam.room import Room
from iam.samples import ADMINISTRATOR, allow
from support.running import key_in

STRANGERS_ACCOUNT = "444455556666"
UNKNOWN = {
    "UserName": "nobody-here",
    "GroupName": "no-group",
    "RoleName": "no-role",
    "InstanceProfileName": "no-profile",
    "AccessKeyId": "AKIARZPUZDIKAAAAAAAA",
    "ServiceSpecificCredentialId": "ACCAAAAAAAAAAAAAAAAAA",
}
"""What nobody has, of the same form as what somebody has."""
BY_ARN = {
    "PolicyArn": "policy/no-policy",
    "PermissionsBoundary": "policy/no-policy",
    "PolicySourceArn": "user/nobody",
}
MAKES_A_NAME = {"CreateUser", "CreateGroup", "CreateRole", "CreateInstanceProfile"}
NAMED = [
    (operation, member)
    for operation, call in CALLS.items()
    for member in call.members("x")
    if member in UNKNOWN | BY_ARN and not (operation in MAKES_A_NAME and member in UNKNOWN)
]


class OneAccount(Room):
    """A room as one account sees it."""

    def __init__(self, authority: Any, key: Any) -> None:
        super().__init__(authority)
        self.iam = self.client("iam", key)

    def name(self, stem: str = "user") -> str:
        """Return a name that the other account does not use: a wall must not be mistaken for a namesake."""
        return f"their-{super().name(stem)}"


@dataclass
class Held:
    """What an account has, by the member that names it."""

    names: Mapping[str, str]
    account: str

    def unknown(self, member: str) -> str:
        """Return what this account has not, spelt as if it were its own."""
        return UNKNOWN.get(member) or f"arn:aws:iam::{self.account}:{BY_ARN[member]}"


def _furnish(room: Room, account: str) -> Held:
    """Make one of everything, joined, so that a look through a wall would see it."""
    user, arn = room.user(), policy(room)
    room.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    room.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=allow())
    credential = room.iam.create_service_specific_credential(UserName=user, ServiceName=SERVICE)
    return Held(
        {
            "UserName": user,
            "GroupName": group(room),
            "RoleName": role(room),
            "InstanceProfileName": profile(room),
            "AccessKeyId": room.key(user).id,
            "ServiceSpecificCredentialId": credential["ServiceSpecificCredential"][
                "ServiceSpecificCredentialId"
            ],
            "PolicyArn": arn,
            "PermissionsBoundary": arn,
            "PolicySourceArn": room.iam.get_user(UserName=user)["User"]["Arn"],
        },
        account,
    )


@pytest.fixture(scope="module")
def ours(room):
    return _furnish(room, room.authority.settings.account)


@pytest.fixture(scope="module")
def strangers(room):
    """Another account's root and its administrator, each as an IAM client, and what they have."""
    made = room.authority.command("account-create", id=STRANGERS_ACCOUNT)
    theirs = OneAccount(room.authority, key_in(made["credentials"]))
    held = _furnish(theirs, STRANGERS_ACCOUNT)
    administrator = theirs.user("administrator")
    theirs.iam.attach_user_policy(UserName=administrator, PolicyArn=ADMINISTRATOR)
    return {"root": theirs.iam, "administrator": room.client("iam", theirs.key(administrator))}, held


def _outcome(client: Any, operation: str, members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return how a call ended, with the name that the caller gave cut out, or the ARN and the name in it."""
    try:
        answer = perform(client, operation, members)
    except ClientError as error:
        told, metadata = error.response["Error"], error.response["ResponseMetadata"]
        message = told["Message"].replace(name, "NAME").replace(name.rpartition("/")[2], "NAME")
        return str(metadata["HTTPStatusCode"]), told["Code"], message
    kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    return "200", repr(kept).replace(name, "NAME")


@pytest.mark.parametrize("who", ["root", "administrator"])
@pytest.mark.parametrize(("operation", "member"), NAMED, ids=lambda value: value)
def test_what_another_account_has_answers_as_what_nobody_has(room, ours, strangers, operation, member, who):
    clients, held = strangers
    members = {**CALLS[operation].members("x")}
    members |= {name: held.names[name] for name in members if name in held.names}
    before = _of_account(room, ours)

    seen, unseen = (
        _outcome(clients[who], operation, {**members, member: name}, name)
        for name in (ours.names[member], ours.unknown(member))
    )

    assert seen == unseen
    assert before == _of_account(room, ours)


def _of_account(room: Room, ours: Held) -> dict[str, list]:
    """Return every row that speaks of our account or of anything that it has."""
    marks = {ours.account, *ours.names.values()}
    return {
        table: [row for row in held if marks & {value for value in row if isinstance(value, str)}]
        for table, held in rows(room.authority).items()
    }


def test_every_operation_that_names_anything_is_tried():
    tried = {operation for operation, _ in NAMED}
    without = CALLS.keys() - tried - MAKES_A_NAME

    assert all(CALLS[one].resource("x") == "*" or one.startswith(("Create", "List")) for one in without), (
        without
    )
