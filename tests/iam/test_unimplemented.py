"""What is not served answers one honest error, after authentication and never with an empty success."""

import pytest

from iam.answers import NO_TOKEN, refused
from support.running import Key

TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("list_server_certificates", {}),
        ("create_login_profile", {"UserName": "u"}),
        ("get_login_profile", {"UserName": "u"}),
        ("list_mfa_devices", {}),
    ],
)
def test_operation_of_the_model_that_is_not_served_is_an_invalid_action(room, operation, members):
    name = room.iam.meta.method_to_api_mapping[operation]

    with refused("InvalidAction", f"Could not find operation {name} for version 2010-05-08"):
        getattr(room.iam, operation)(**members)


def test_unserved_operation_of_sts_is_an_invalid_action(room):
    with refused("InvalidAction", "Could not find operation AssumeRoot for version 2011-06-15"):
        room.sts.assume_root(TargetPrincipal="123456789012", TaskPolicyArn={"arn": TASK})


def test_stranger_learns_nothing_of_what_is_served(room):
    stranger = room.client("iam", Key("AKIARZPUZDIKAAAAAAAA", "x" * 40))

    for ask in (stranger.list_roles, stranger.list_users):
        with refused("InvalidClientTokenId", NO_TOKEN):
            ask()
