"""Uploads by browser forms that boto3 signed: what is stored, and what is refused and leaves nothing."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from s3.buckets import make_bucket, make_key
from s3.conftest import Room
from s3.forms import encoded, made, post, send
from support.running import Key

VERSIONS = pytest.mark.parametrize("version", ["s3", "s3v4"])


def holds_nothing(room: Room) -> bool:
    objects = room.s3.list_objects_v2(Bucket=room.name)["KeyCount"]
    folder = Path(room.authority.settings.data) / "objects"
    aside = list((folder / "aside").iterdir())
    return objects == 0 and aside == []


def document(fields: dict[str, str]) -> dict[str, Any]:
    return json.loads(base64.b64decode(fields["policy"]))


@VERSIONS
def test_a_form_stores_its_file(room: Room, version: str) -> None:
    conditions = [{"x-amz-meta-who": "me"}, ["starts-with", "$Content-Type", "image/"]]
    fields = {"x-amz-meta-who": "me", "Content-Type": "image/jpeg"}
    form = made(room, "photos/${filename}", version=version, Fields=fields, Conditions=conditions)

    answer = send(form, b"\xff\xd8 a photo\r\n--no boundary")

    assert answer.status == 204
    assert answer.headers["location"] == f"{room.authority.url}/{room.name}/photos/photo.jpg"
    found = room.s3.get_object(Bucket=room.name, Key="photos/photo.jpg")
    assert found["Body"].read() == b"\xff\xd8 a photo\r\n--no boundary"
    assert (found["ContentType"], found["Metadata"]) == ("image/jpeg", {"who": "me"})
    assert answer.headers["etag"] == found["ETag"]


@VERSIONS
def test_a_large_file_is_streamed_to_a_blob(room: Room, version: str) -> None:
    body = hashlib.shake_256(b"seed").digest(3 * 1024 * 1024)

    assert send(made(room, version=version), body).status == 204
    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == body


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a b.txt", "a b.txt"), ("C:\\pictures\\ü.png", "ü.png"), ("../../etc/passwd", "passwd"), ("", "")],
)
def test_the_name_of_the_file_is_its_last_part(room: Room, name: str, shown: str) -> None:
    assert send(made(room, "in/${filename}"), file_name=name).status == 204
    (found,) = room.s3.list_objects_v2(Bucket=room.name)["Contents"]
    assert found["Key"] == f"in/{shown}"


def test_success_is_answered_as_the_form_asks(room: Room) -> None:
    def ask(**fields: str) -> Any:
        conditions = [{name: value} for name, value in fields.items()]
        return send(made(room, "a key", Fields=fields, Conditions=conditions))

    created = ask(success_action_status="201")
    assert (created.status, created.headers["content-type"]) == (201, "application/xml")
    etag = hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert f"<Bucket>{room.name}</Bucket><Key>a key</Key><ETag>&quot;{etag}&quot;</ETag>" in created.body
    assert ask(success_action_status="200").status == 200
    assert ask(success_action_status="418").status == 204
    sent = ask(success_action_redirect="http://localhost/done?x=1")
    assert sent.status == 303
    assert sent.headers["location"] == (
        f"http://localhost/done?x=1&bucket={room.name}&key=a+key&etag=%22{etag}%22"
    )
    assert ask(success_action_redirect="javascript:alert(1)").status == 204


def test_what_is_not_text_of_a_header_is_refused(room: Room) -> None:
    fields = {"x-amz-meta-who": "a\r\nset-cookie: b"}
    answer = send(made(room, Fields=fields, Conditions=[fields]))

    assert answer.status == 400
    assert holds_nothing(room)


def test_tags_and_lists_need_their_own_permission(room: Room) -> None:
    tagging = "<Tagging><TagSet><Tag><Key>team</Key><Value>a b</Value></Tag></TagSet></Tagging>"
    fields = {"tagging": tagging, "acl": "public-read"}
    form = made(room, Fields=fields, Conditions=[{name: value} for name, value in fields.items()])

    assert send(form).status == 204
    tags = room.s3.get_object_tagging(Bucket=room.name, Key="k")["TagSet"]
    assert tags == [{"Key": "team", "Value": "a b"}]

    key = room.authority.user_key(f"only-puts-{room.name}")
    allow(room, f"only-puts-{room.name}", "s3:PutObject")
    client = room.client(key, signature_version="s3v4")
    denied = made(room, "j", client=client, Fields=fields, Conditions=[{n: v} for n, v in fields.items()])
    assert send(denied).status == 403
    assert send(made(room, "j", client=client)).status == 204


def allow(room: Room, user: str, action: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{room.name}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    room.authority.client("iam").put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy)


@VERSIONS
def test_an_iam_user_posts_what_its_policy_allows(room: Room, version: str) -> None:
    user = f"poster-{version}-{room.name}"
    client = room.client(room.authority.user_key(user), signature_version=version)

    assert send(made(room, client=client)).status == 403
    assert holds_nothing(room)
    allow(room, user, "s3:PutObject")
    assert send(made(room, client=client)).status == 204


@VERSIONS
def test_a_session_posts_with_its_token_only(room: Room, version: str) -> None:
    given = room.authority.client("sts", room.authority.admin_key).get_session_token()["Credentials"]
    key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    form = made(room, client=room.client(key, signature_version=version))

    wrong = send(form, **{"x-amz-security-token": given["SessionToken"][:-4] + "AAAA"})
    form_without = {**form, "fields": {k: v for k, v in form["fields"].items() if "token" not in k}}

    assert wrong.status in (400, 403)
    assert send(form_without).status in (400, 403)
    assert holds_nothing(room)
    assert send(form).status == 204


@VERSIONS
@pytest.mark.parametrize("how", ["deactivate", "delete", "expire-key"])
def test_a_form_ends_with_its_key(room: Room, version: str, how: str) -> None:
    form = made(room, version=version)
    assert send(form).status == 204
    room.s3.delete_object(Bucket=room.name, Key="k")

    if how == "deactivate":
        room.authority.command("creds-deactivate", id=room.key.id)
    elif how == "delete":
        lightsail = room.authority.client("lightsail")
        lightsail.delete_bucket_access_key(bucketName=room.name, accessKeyId=room.key.id)
    else:
        room.authority.command("creds-expire", id=room.key.id, at="2020-01-01T00:00:00Z")
    answer = send(form)

    assert answer.status == 403
    assert "InvalidAccessKeyId" in answer.body
    reader = room.client(room.authority.admin_key)
    assert reader.list_objects_v2(Bucket=room.name)["KeyCount"] == 0


@VERSIONS
def test_a_form_ends_with_its_policy(room: Room, version: str) -> None:
    form = made(room, version=version, ExpiresIn=60)
    room.authority.command("clock-advance", seconds=timedelta(seconds=70).total_seconds())
    answer = send(form)
    room.authority.command("clock-reset")

    assert (answer.status, "Policy expired." in answer.body) == (403, True)
    assert holds_nothing(room)


@VERSIONS
def test_a_key_of_another_bucket_does_not_post(room: Room, version: str) -> None:
    other = make_bucket(room.authority)
    client = room.client(make_key(room.authority, other), signature_version=version)

    answer = send(made(room, client=client))

    assert (answer.status, "<Code>AccessDenied</Code>" in answer.body) == (403, True)
    assert holds_nothing(room)


@VERSIONS
@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"key": "another"}, 403, "Policy Condition failed"),
        ({"x-amz-meta-extra": "1"}, 403, "Extra input fields: x-amz-meta-extra"),
        ({"acl": "public-read"}, 403, "Extra input fields: acl"),
        ({"policy": base64.b64encode(b"{}").decode()}, 403, "SignatureDoesNotMatch"),
        ({"policy": ""}, 403, "SignatureDoesNotMatch"),
        ({"bucket": "another-bucket"}, 400, "InvalidArgument"),
        ({"x-amz-meta-long": "x" * 21_000}, 400, "MaxPostPreDataLengthExceeded"),
    ],
)
def test_a_changed_form_is_refused(
    room: Room, version: str, changes: dict[str, str], status: int, code: str
) -> None:
    answer = send(made(room, version=version), **changes)

    assert (answer.status, code in answer.body) == (status, True), answer.body
    assert holds_nothing(room)


@VERSIONS
def test_every_field_of_a_signature_counts(room: Room, version: str) -> None:
    form = made(room, version=version)
    for name in form["fields"]:
        left = {other: value for other, value in form["fields"].items() if other != name}
        assert send({**form, "fields": left}).status in (400, 403), name
        spoilt = {**form["fields"], name: form["fields"][name][:-1] + "~"}
        assert send({**form, "fields": spoilt}).status in (400, 403), name
    assert holds_nothing(room)


@pytest.mark.parametrize(
    ("size", "status", "code"), [(9, 400, "EntityTooSmall"), (200_001, 400, "EntityTooLarge"), (10, 204, "")]
)
def test_the_length_of_the_file_keeps_to_the_policy(room: Room, size: int, status: int, code: str) -> None:
    answer = send(made(room, Conditions=[["content-length-range", 10, 200_000]]), b"x" * size)

    assert (answer.status, code in answer.body) == (status, True)
    assert holds_nothing(room) == (status != 204)


def signed_anew(room: Room, policy: Any) -> Any:
    """Return a form with a policy that boto3 would not write, signed by the bucket's key."""
    text = base64.b64encode(policy if isinstance(policy, bytes) else json.dumps(policy).encode())
    signature = base64.b64encode(hmac.digest(room.key.secret.encode(), text, "sha1")).decode()
    fields = {"key": "k", "AWSAccessKeyId": room.key.id, "policy": text.decode(), "signature": signature}
    return {"url": f"{room.authority.url}/{room.name}", "fields": fields}


@pytest.mark.parametrize(
    "policy",
    [
        b"{",
        b"\xff",
        b"[" * 5000,
        {},
        {"expiration": "2099-01-01T00:00:00Z"},
        {"expiration": "2099-01-01T00:00:00", "conditions": []},
        {"expiration": "tomorrow", "conditions": []},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["matches", "$key", "k"]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["eq", "key", "k"]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["eq", "$key"]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["content-length-range", "x", 1]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["content-length-range", 1]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": [["content-length-range", 1, "9" * 5000]]},
        {"expiration": "2099-01-01T00:00:00Z", "conditions": "all"},
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(room: Room, policy: Any) -> None:
    answer = send(signed_anew(room, policy))

    assert (answer.status, "<Code>InvalidPolicyDocument</Code>" in answer.body) == (400, True)
    assert holds_nothing(room)


def test_conditions_are_case_sensitive_and_about_all_entries_of_a_list(room: Room) -> None:
    conditions = [{"bucket": room.name}, ["eq", "$KEY", "k"], ["starts-with", "$Content-Type", "image/"]]
    form = signed_anew(room, {"expiration": "2099-01-01T00:00:00Z", "conditions": conditions})

    assert send(form, **{"Content-Type": "image/png, text/html"}).status == 403
    assert send(form, **{"Content-Type": "Image/png"}).status == 403
    assert send(form).status == 403
    assert send(form, **{"Content-Type": "image/png,image/gif", "x-ignore-this": "1"}).status == 204


def test_two_signatures_or_a_signed_head_are_refused(room: Room) -> None:
    new, old = made(room), made(room, version="s3")
    both = {**new, "fields": {**old["fields"], **new["fields"]}}
    body = encoded([*new["fields"].items()], b"hello")
    signed_head = post(new["url"], body, Authorization=f"AWS {room.key.id}:AAAA", Date="x")

    assert send(both).status == 400
    assert signed_head.status in (400, 403)
    assert holds_nothing(room)


def test_what_is_no_form_is_told_so(room: Room) -> None:
    form = made(room)
    fields = [*form["fields"].items()]
    good = encoded(fields, b"hello")

    def code(body: bytes, **headers: str) -> tuple[int, str]:
        answer = post(form["url"], body, **headers)
        return answer.status, answer.body.partition("<Code>")[2].partition("<")[0]

    assert code(good, **{"Content-Type": "application/x-www-form-urlencoded"}) == (412, "PreconditionFailed")
    assert code(encoded(fields, None)) == (400, "InvalidArgument")
    assert code(encoded([*fields, ("key", "k")], b"hello")) == (400, "InvalidArgument")
    assert code(encoded([each for each in fields if each[0] != "key"], b"hello")) == (400, "InvalidArgument")
    assert code(good[:-20]) == (400, "MalformedPOSTRequest")
    assert code(b"") == (400, "MalformedPOSTRequest")
    assert code(encoded([], b"hello")) == (400, "InvalidArgument")
    assert code(encoded([("key", "k")], b"hello")) == (403, "AccessDenied")
    assert holds_nothing(room)


def test_fields_after_the_file_are_ignored(room: Room) -> None:
    form = made(room)
    body = encoded([*form["fields"].items()], b"hello").removesuffix(b"--\r\n")
    after = body + b'\r\nContent-Disposition: form-data; name="acl"\r\n\r\npublic-read\r\n------browser--\r\n'

    assert post(form["url"], after).status == 204
    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == b"hello"
    grants = room.s3.get_object_acl(Bucket=room.name, Key="k")["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
