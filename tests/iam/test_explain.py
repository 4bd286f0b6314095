"""Every refusal of the API is explained to the operator by its request id, and no explanation holds a secret."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from badinput import wire
from iam.samples import ADMINISTRATOR, ARN, allow
from support.running import Key

CANARY = "canary/wJalrXUtnFEMI+K7MDENGbPxRfiCYKEY0"


@pytest.fixture(scope="module")
def url(room):
    return room.authority.url


def request_id(call, **members) -> str:
    with pytest.raises(ClientError) as refused:
        call(**members)
    return refused.value.response["ResponseMetadata"]["RequestId"]


def explained(room, request_id: str) -> dict:
    return room.authority.command("explain", id=request_id)


def refused_reply(sent: wire.Sent) -> str:
    reply = wire.deliver(sent)
    assert reply.status >= 400
    return reply.headers["x-amzn-requestid"]


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def test_wrong_secret_shows_what_was_signed_and_says_to_compare(room):
    key = room.key(room.user())

    found = explained(room, request_id(room.client("sts", Key(key.id, CANARY)).get_caller_identity))

    assert (found["check"], found["reason"]) == ("authentication", "signature-mismatch")
    assert found["code"] == "SignatureDoesNotMatch"
    assert found["canonical_request"].startswith("POST\n/\n\ncontent-type:application/x-www-form-urlencoded")
    assert found["string_to_sign"].startswith("AWS4-HMAC-SHA256\n")
    assert "secret access key is wrong" in found["next"]
    assert f"{key.id}: iam.access-key of {ARN}:user/" in found["key"]
    assert "account" not in found  # Nobody was verified, whosever key it is.


def test_unknown_key_and_key_that_was_switched_off_are_told_apart(room):
    name = room.user()
    key = room.key(name)
    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")
    unknown = Key("AKIARZPUZDIKAAAAAAAA", CANARY)

    reasons = [
        explained(room, request_id(room.client("sts", used).get_caller_identity)) for used in (key, unknown)
    ]

    assert [found["reason"] for found in reasons] == ["inactive-key", "unknown-key"]
    assert reasons[0]["key"].endswith("now Inactive")
    assert reasons[1]["key"].endswith("no such key is here now")


def test_late_clock_shows_expected_against_seen(room, url):
    at = datetime.now(UTC) - timedelta(minutes=20)
    sent = wire.signed(url, room.authority.root_key, wire.form("GetCallerIdentity"), at=at)

    found = explained(room, refused_reply(sent))

    assert found["reason"] == "clock-early"
    assert found["details"]["request_time"] == at.strftime("%Y%m%dT%H%M%SZ")
    assert found["details"]["edge"] in found["what"]
    assert "keystead doctor" in found["next"]


def test_wrong_service_in_the_scope_shows_both(room, url):
    sent = wire.signed(url, room.authority.root_key, wire.form("GetCallerIdentity"), service="iam")

    found = explained(room, refused_reply(sent))

    assert (found["details"]["given"], found["details"]["expected"]) == ("iam", "sts")
    assert "names the service iam; expected sts" in found["what"]


def test_deny_is_explained_by_its_statement(room):
    name = room.user()
    key = room.key(name)
    room.iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    deny = {"Sid": "NoKeys", "Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*"}
    room.iam.put_user_policy(
        UserName=name,
        PolicyName="guard",
        PolicyDocument=document({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}, deny),
    )

    found = explained(room, request_id(room.client("iam", key).create_access_key, UserName=name))

    assert (found["check"], found["outcome"]) == ("authorisation", "explicitDeny")
    assert (found["action"], found["resource"]) == ("iam:CreateAccessKey", f"{ARN}:user/{name}")
    assert found["decided_by"] == {
        "policy": "guard",
        "kind": "user",
        "statement": 2,
        "line": 1,
        "sid": "NoKeys",
        "layer": "identity",
    }
    assert "Statement 2 (Sid NoKeys)" in found["what"]
    assert (found["account"], found["principal"]) == ("123456789012", f"{ARN}:user/{name}")


def test_missing_allow_names_statements_that_nearly_apply_and_missing_keys(room):
    name = room.user()
    elsewhere = {"Effect": "Allow", "Action": "iam:Get*", "Resource": f"{ARN}:user/other"}
    if_tagged = {
        "Effect": "Allow",
        "Action": "iam:GetUser",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    }
    room.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(elsewhere, if_tagged))

    found = explained(room, request_id(room.client("iam", room.key(name)).get_user, UserName="nobody"))

    assert [one["fails_on"] for one in found["near"]] == ["resource", "condition"]
    assert found["missing_keys"] == ["aws:PrincipalTag/team"]
    assert "its Resource does not include this one" in found["next"]
    assert "aws:PrincipalTag/team" in found["next"]


def test_user_without_any_policy_is_told_to_attach_one(room):
    found = explained(room, request_id(room.client("iam", room.key(room.user())).list_users))

    assert found["what"] == f"No identity policy of the caller allows iam:ListUsers on {ARN}:user/."
    assert "attach a policy" in found["next"]


def test_boundary_that_does_not_allow_is_named(room):
    name = room.user()
    boundary = room.iam.create_policy(PolicyName=room.name("edge"), PolicyDocument=allow("s3:*"))["Policy"][
        "Arn"
    ]
    room.iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    room.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)

    found = explained(room, request_id(room.client("iam", room.key(name)).list_users))

    assert found["what"].startswith("No permissions boundary allows iam:ListUsers")


def test_input_is_explained_without_what_was_sent(room):
    found = explained(room, request_id(room.unchecked.create_user, UserName=CANARY))

    assert found["check"] == "input"
    assert found["violations"] == ["userName: Member must satisfy regular expression pattern: [\\w+=,.@-]+"]
    assert CANARY not in json.dumps(found)


def test_unknown_operation_and_modelled_error_are_told_apart(room, url):
    nameless = wire.signed(url, room.authority.root_key, wire.form("NoSuchThing"))

    routed = explained(room, refused_reply(nameless))
    modelled = explained(room, request_id(room.iam.get_user, UserName="nobody"))

    assert (routed["check"], modelled["check"]) == ("routing", "operation")
    assert (modelled["code"], modelled["operation"]) == ("NoSuchEntity", "GetUser")


def test_done_requests_and_made_up_ids_have_no_explanation(room):
    done = room.sts.get_caller_identity()["ResponseMetadata"]["RequestId"]

    for each in (done, "no-such-request"):
        with pytest.raises(Exception, match="no refusal is kept under the request id"):
            explained(room, each)


def test_no_secret_that_a_request_carried_is_kept(room, url):
    key = room.authority.root_key
    right = wire.signed(url, key, wire.form("GetCallerIdentity"))
    temporary = Key("ASIARZPUZDIKAAAAAAAA", CANARY, CANARY)
    broken = [
        right.with_header("Authorization", CANARY),
        right.with_header("Authorization", f"AWS4-HMAC-SHA256 {CANARY}"),
        right.altered(key.id, CANARY.replace("/", "_")),
        right.altered("us-east-1", CANARY.replace("/", "_").lower()),
        right.altered("Signature=", f"Signature={CANARY}"),
        right.with_body(f"Action=GetCallerIdentity&Version=2011-06-15&Password={CANARY}".encode()),
        right.with_body(f"Action={CANARY}&Version=2011-06-15".encode()),
        right.with_target(f"/?token={CANARY}&X-Amz-Security-Token={CANARY}"),
        right.adding("Cookie", CANARY).adding("X-Amz-Meta", CANARY),
        wire.signed(url, temporary, wire.form("GetCallerIdentity")),
        wire.signed(url, Key(key.id, CANARY), wire.form("GetCallerIdentity", Password=CANARY)),
        wire.signed(url, Key(key.id, key.secret, CANARY), wire.form("GetCallerIdentity")),
        wire.signed(url, key, wire.form("CreateLoginProfile", "iam", Password=CANARY), service="iam"),
        wire.presigned(url, Key(key.id, "wrong"), urlencode(wire.form("GetCallerIdentity", Password=CANARY))),
    ]
    ids = [refused_reply(sent) for sent in broken]

    kept = room.authority.authority.base.explanations
    shelves = [kept._unverified, *kept._verified.values()]
    everything = b"\n".join(encoded for shelf in shelves for _, encoded in shelf.values())

    assert all(explained(room, each)["next"] for each in ids)
    for trace in (CANARY, CANARY.replace("/", "_"), CANARY.lower(), CANARY[:20], key.secret, "wrong"):
        assert trace.encode() not in everything.replace(b"secret access key is wrong", b"")
