"""GetSessionToken and GetFederationToken: who may make them, what they are, and what they may never call."""

from datetime import UTC, datetime

import pytest

from iam.answers import check_metadata, refused
from iam.room import ACCOUNT
from iam.samples import ADMINISTRATOR, ARN
from sts.parts import allowing, assume, denied, document, key_of, make_role, make_user, statement, trusting

NOT_WITH_A_SESSION = "Cannot call {} with session credentials"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"


def life(response) -> int:
    return round((response["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds(), -2)


def test_session_token_acts_as_its_user(room):
    arn, key = make_user(room)

    response = room.client("sts", key).get_session_token()

    check_metadata(response)
    assert life(response) == 43200
    assert room.caller(key_of(response)) == arn


def test_session_token_needs_no_policy_and_no_policy_forbids_it(room):
    _, key = make_user(room, document(statement("Deny", "*", Resource="*")))

    assert room.client("sts", key).get_session_token(DurationSeconds=900)


def test_session_token_of_the_root_lives_an_hour_at_most(room):
    response = room.sts.get_session_token(DurationSeconds=129600)

    assert life(response) == 3600
    assert room.caller(key_of(response)) == f"{ARN}:root"


def test_session_token_may_assume_roles_and_ask_who_it_is_but_call_nothing_else_of_iam_and_sts(room):
    arn, key = make_user(room, allowing("*"))
    session = key_of(room.client("sts", key).get_session_token())
    role = make_role(room, trusting(arn), allowing("iam:ListUsers"), MaxSessionDuration=43200)
    sts = room.client("sts", session)

    assert room.client("iam", assume(room, session, role, DurationSeconds=43200)).list_users()
    assert sts.get_caller_identity()["Arn"] == arn
    for call, name in (
        (room.client("iam", session).list_users, "ListUsers"),
        (lambda: sts.get_session_token(), "GetSessionToken"),
        (lambda: sts.get_federation_token(Name="bob"), "GetFederationToken"),
        (lambda: sts.get_access_key_info(AccessKeyId=key.id), "GetAccessKeyInfo"),
    ):
        with refused("AccessDenied", NOT_WITH_A_SESSION.format(name)):
            call()


def test_root_by_a_session_token_is_no_more_than_a_user_there(room):
    session = key_of(room.sts.get_session_token())

    with refused("AccessDenied", NOT_WITH_A_SESSION.format("ListUsers")):
        room.client("iam", session).list_users()
    with refused("AccessDenied", "Roles may not be assumed by root accounts."):
        assume(room, session, make_role(room, trusting(f"{ARN}:root")))


@pytest.mark.parametrize("operation", ["GetSessionToken", "GetFederationToken"])
def test_role_session_makes_neither(room, operation):
    arn, key = make_user(room)
    session = assume(room, key, make_role(room, trusting(arn), allowing("*")))
    sts = room.client("sts", session)

    with refused("AccessDenied", NOT_WITH_A_SESSION.format(operation)):
        sts.get_session_token() if operation == "GetSessionToken" else sts.get_federation_token(Name="bob")


def test_federated_user_is_who_the_answer_says(room):
    _, key = make_user(room, allowing("sts:GetFederationToken", FEDERATED))

    response = room.client("sts", key).get_federation_token(Name="bob", DurationSeconds=900)

    check_metadata(response)
    assert response["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:bob", "Arn": FEDERATED}
    assert life(response) == 900
    who = room.client("sts", key_of(response)).get_caller_identity()
    assert (who["UserId"], who["Arn"]) == (f"{ACCOUNT}:bob", FEDERATED)


def test_federation_needs_a_policy_for_that_name(room):
    arn, key = make_user(room, allowing("sts:GetFederationToken", FEDERATED))
    other = FEDERATED.replace("bob", "eve")
    reason = "because no identity-based policy allows the sts:GetFederationToken action"

    with refused("AccessDenied", denied(arn, "sts:GetFederationToken", other, reason)):
        room.client("sts", key).get_federation_token(Name="eve")


def test_federated_user_calls_nothing_of_iam(room):
    _, key = make_user(room, allowing("*"))
    response = room.client("sts", key).get_federation_token(
        Name="bob", PolicyArns=[{"arn": ADMINISTRATOR}], Tags=[{"Key": "k", "Value": "v"}]
    )
    session = key_of(response)
    role = make_role(room, trusting(FEDERATED))

    assert response["PackedPolicySize"] > 0
    with refused("AccessDenied", NOT_WITH_A_SESSION.format("ListUsers")):
        room.client("iam", session).list_users()
    with refused("AccessDenied", NOT_WITH_A_SESSION.format("AssumeRole")):
        assume(room, session, role)


def test_root_federates_nobody(room):
    message = "GetFederationToken must be called with the long-term credentials of an IAM user."

    with refused("AccessDenied", message):
        room.sts.get_federation_token(Name="bob")


@pytest.mark.parametrize("seconds", [899, 129601])
def test_durations_outside_the_model_are_refused(room, seconds):
    sts = room.client("sts", make_user(room, allowing("*"))[1], parameter_validation=False)

    for call in (sts.get_session_token, lambda **members: sts.get_federation_token(Name="bob", **members)):
        with pytest.raises(sts.exceptions.ClientError, match="'durationSeconds' failed to satisfy"):
            call(DurationSeconds=seconds)
