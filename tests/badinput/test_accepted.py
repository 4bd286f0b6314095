"""Unusual requests that are right: refusing these would break clients that AWS serves."""

from datetime import UTC, datetime, timedelta

import pytest

from badinput.form_cases import root
from badinput.rows import rows
from badinput.signature_cases import ASK, ask
from badinput.wire import deliver, form, presigned, signed
from iam.room import USER_ARN

ASK_IN_QUERY = "Action=GetCallerIdentity&Version=2011-06-15"
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def arn_in(reply) -> str:
    assert reply.status == 200, reply.body
    return reply.text("GetCallerIdentityResult/Arn")


def test_signed_form_is_answered_as_its_user(stage):
    reply = deliver(ask(stage))

    assert f"{USER_ARN}/{stage.user_name}" == arn_in(reply)
    assert reply.namespace == NAMESPACE
    assert reply.headers["x-amzn-requestid"] == reply.text("ResponseMetadata/RequestId")


def test_same_request_again_within_its_window_is_answered_as_on_aws(stage):
    sent = ask(stage)

    assert arn_in(deliver(sent)) == arn_in(deliver(sent))


def test_replayed_change_is_carried_out_once(room, stage):
    name = room.name()
    sent = root(stage, form("CreateUser", "iam", UserName=name))

    replies = [deliver(sent).status for _ in range(2)]

    assert replies == [200, 409]


@pytest.mark.parametrize("minutes", [-14, 14])
def test_clock_that_is_wrong_within_the_window_is_forgiven(stage, minutes):
    assert arn_in(deliver(ask(stage, at=datetime.now(UTC) + timedelta(minutes=minutes))))


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "il-central-1", "ap-southeast-5"])
def test_sts_is_served_in_every_region(stage, region):
    assert arn_in(deliver(ask(stage, region=region)))


def test_get_with_the_call_in_its_query_is_the_same_call(stage):
    sent = signed(stage.url, stage.user, b"", method="GET", target=f"/?{ASK_IN_QUERY}")

    assert f"{USER_ARN}/{stage.user_name}" == arn_in(deliver(sent))


def test_presigned_call_works_for_who_has_no_key(stage):
    # How aws-iam-authenticator and Vault's AWS method prove who a machine is.
    assert f"{USER_ARN}/{stage.user_name}" == arn_in(deliver(presigned(stage.url, stage.user, ASK_IN_QUERY)))


def test_presigned_call_ends_with_its_key(room, stage):
    name = room.user()
    key = room.key(name)
    sent = presigned(stage.url, key, ASK_IN_QUERY, seconds=3600)
    assert arn_in(deliver(sent))

    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")

    assert ((reply := deliver(sent)).status, reply.code) == (403, "InvalidClientTokenId")


def test_presigned_call_ends_in_time_by_the_movable_clock(room, stage):
    sent = presigned(stage.url, stage.user, ASK_IN_QUERY, seconds=7200)
    try:
        room.authority.command("clock-advance", seconds=7100)
        assert arn_in(deliver(sent))
        room.authority.command("clock-advance", seconds=101)
        assert ((reply := deliver(sent)).status, reply.code) == (403, "SignatureDoesNotMatch")
    finally:
        room.authority.command("clock-reset")


def test_moved_clock_makes_no_honest_client_stale(room, stage):
    room.authority.command("clock-advance", seconds=30 * 24 * 3600)
    try:
        assert arn_in(deliver(ask(stage)))
    finally:
        room.authority.command("clock-reset")


@pytest.mark.parametrize(
    "value", ["blank+and+more", "blank%20and%20more", "slash%2fslash", "slash%2Fslash", "%c3%a9"]
)
def test_escapes_are_read_however_they_are_spelt(room, stage, value):
    name = room.user()
    body = (
        f"Action=TagUser&Version=2010-05-08&UserName={name}&Tags.member.1.Key=k&Tags.member.1.Value={value}"
    ).encode()

    reply = deliver(root(stage, body))

    expected = {"+": "blank and more", "20": "blank and more", "2f": "slash/slash", "c3": "\u00e9"}
    assert reply.status == 200, reply.body
    found = room.iam.list_user_tags(UserName=name)["Tags"][0]["Value"]
    assert found == next(text for mark, text in expected.items() if mark in value.lower())


def test_empty_list_and_unknown_members_are_passed_over(room, stage):
    before = rows(room.authority)

    tagged = deliver(root(stage, {**form("TagUser", "iam", UserName=stage.user_name), "Tags": ""}))
    got = deliver(root(stage, form("GetUser", "iam", UserName=stage.user_name, Unknown="x")))

    assert (tagged.status, got.status) == (200, 200)
    assert before == rows(room.authority)


def test_members_may_come_in_any_order_and_twice_with_the_first_counting(stage):
    body = f"UserName={stage.user_name}&Version=2010-05-08&UserName=nobody&Action=GetUser&Action=DeleteUser"

    reply = deliver(root(stage, body.encode()))

    assert reply.text("GetUserResult/User/UserName") == stage.user_name


def test_content_hash_that_the_header_claims_is_not_believed(stage):
    # Outside S3 the server hashes the body itself: an "unsigned payload" leaves nothing unsigned.
    claimed = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    honest = signed(stage.url, stage.user, ASK, headers=claimed, is_hash_claimed=False)
    unsigned = signed(stage.url, stage.user, ASK, headers=claimed)

    assert arn_in(deliver(honest))
    assert ((reply := deliver(unsigned)).status, reply.code) == (403, "SignatureDoesNotMatch")
