"""Who may do what at the S3 door: public access, shared accounts, policies, sessions and bucket keys.

Follows "Understanding bucket permissions in Amazon Lightsail" (Lightsail User Guide). Nobody is written to who may
not write: each refusal is followed by a look at what is stored.
"""

import itertools
import json
import urllib.error
import urllib.request
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from badinput.wire import signed
from keystead.products.lightsail import bucket_records
from s3.buckets import ACCOUNT, make_bucket, make_key
from s3.conftest import Room
from s3.forms import BOUNDARY, encoded
from support.running import Key

OTHER = "210987654321"
NAMES = (f"someone-{number}" for number in itertools.count(1))
ACLS = ("private", "public-read", "public-read-write", "authenticated-read")


def anonymous(room: Room, method: str, target: str, body: bytes | None = None, **headers: str):
    """Return status and body of a request that nobody signed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(room.authority.url + target, body, named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def code_of(call, **members: object) -> str:
    """Return the code of the error that a call is answered with, or nothing."""
    try:
        call(**members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def user(room: Room, *statements: dict[str, object]) -> Key:
    """Make a user of the buckets' account with one policy."""
    name = next(NAMES)
    key = room.authority.user_key(name)
    if statements:
        room.authority.client("iam").put_user_policy(
            UserName=name, PolicyName="p", PolicyDocument=policy(*statements)
        )
    return key


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(action: object, *resources: str, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), **more}


def deny(action: object, *resources: str) -> dict[str, object]:
    return {"Effect": "Deny", "Action": action, "Resource": list(resources)}


def arns(room: Room) -> tuple[str, str]:
    return f"arn:aws:s3:::{room.name}", f"arn:aws:s3:::{room.name}/*"


def change(room: Room, **changes: object) -> None:
    """Change the record of a room's bucket."""
    bucket = replace(room.bucket, **changes)
    store = room.authority.authority.store
    room.authority.run(store.write(lambda tx: bucket_records.save(tx, bucket)))


@pytest.mark.parametrize("acl", ACLS)
@pytest.mark.parametrize("overrides", [False, True])
@pytest.mark.parametrize("is_public", [False, True])
def test_anonymous_read(make_room, is_public: bool, overrides: bool, acl: str) -> None:
    room = make_room(is_public=is_public, allows_public_overrides=overrides)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"content", ACL=acl)
    opens = is_public or (overrides and acl.startswith("public-read"))

    target = f"/{room.name}/k"
    found = [
        anonymous(room, "GET", target),
        anonymous(room, "HEAD", target),
        anonymous(room, "GET", target, Range="bytes=1-2"),
    ]

    wanted = [(200, b"content"), (200, b""), (206, b"on")]
    assert found == wanted if opens else [status for status, _ in found] == [403, 403, 403]


def test_lists_are_kept_while_they_do_not_count(make_room) -> None:
    room = make_room(allows_public_overrides=True)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v", ACL="public-read")
    seen = []

    for overrides in (True, False, True):
        change(room, allows_public_overrides=overrides)
        seen.append(anonymous(room, "GET", f"/{room.name}/k")[0])

    assert seen == [200, 403, 200]


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/{}", None),
        ("GET", "/{}?list-type=2", None),
        ("GET", "/{}?versions", None),
        ("GET", "/{}?uploads", None),
        ("GET", "/{}?location", None),
        ("GET", "/{}?versioning", None),
        ("GET", "/{}?acl", None),
        ("GET", "/{}?policy", None),
        ("HEAD", "/{}", None),
        ("PUT", "/{}", None),
        ("DELETE", "/{}", None),
        ("POST", "/{}?delete", b"<Delete><Object><Key>k</Key></Object></Delete>"),
        ("GET", "/{}/k?acl", None),
        ("GET", "/{}/k?tagging", None),
        ("GET", "/{}/k?attributes", None),
        ("GET", "/{}/missing", None),
        ("HEAD", "/{}/missing", None),
        ("GET", "/{}/k?versionId=null&tagging", None),
        ("PUT", "/{}/k", b"other"),
        ("PUT", "/{}/new", b"other"),
        ("PUT", "/{}/k?acl", b""),
        ("PUT", "/{}/k?tagging", b"<Tagging><TagSet/></Tagging>"),
        ("DELETE", "/{}/k?tagging", None),
        ("DELETE", "/{}/k", None),
        ("POST", "/{}/k?uploads", b""),
        ("GET", "/", None),
    ],
)
def test_anonymous_never(make_room, method: str, target: str, body: bytes | None) -> None:
    room = make_room(is_public=True, allows_public_overrides=True)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v", ACL="public-read-write", Tagging="a=b")
    headers = {"Content_MD5": "x", "x_amz_acl": "public-read", "x_amz_object_attributes": "ETag"}

    status, answer = anonymous(room, method, target.format(room.name), body, **headers)

    assert (status, method == "HEAD" or b"<Code>AccessDenied</Code>" in answer) == (403, True)
    assert [each["Key"] for each in room.s3.list_objects_v2(Bucket=room.name)["Contents"]] == ["k"]
    assert room.s3.get_object_tagging(Bucket=room.name, Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert anonymous(room, "GET", f"/{room.name}/k") == (200, b"v")


def test_anonymous_does_not_learn_how_many_tags_there_are(make_room) -> None:
    room = make_room(is_public=True)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v", Tagging="a=b")

    with urllib.request.urlopen(f"{room.authority.url}/{room.name}/k", timeout=10) as answer:
        assert answer.headers["x-amz-tagging-count"] is None
    assert room.s3.get_object(Bucket=room.name, Key="k")["TagCount"] == 1


@pytest.fixture(scope="module")
def neighbour(authority) -> Key:
    """A key of the root of another account."""
    inner = authority.authority
    kind = next(kind for kind in inner.kinds if kind.name == "iam.access-key")
    authority.run(inner.store.write(lambda tx: inner.accounts.create(tx, OTHER)))
    minted = authority.run(
        inner.store.write(lambda tx: inner.issuer.mint(tx, kind, account=OTHER, owner="root"))
    )
    return Key(minted.credential.id, minted.secret.reveal().decode())


def neighbours_user(room: Room, neighbour: Key, *statements: dict[str, object]) -> Key:
    iam, name = room.authority.client("iam", neighbour), next(NAMES)
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


WRITES = {
    "put_object": {"Key": "k", "Body": b"x"},
    "copy_object": {"Key": "k2", "CopySource": "{}/k"},
    "delete_object": {"Key": "k"},
    "put_object_acl": {"Key": "k", "ACL": "public-read"},
    "put_object_tagging": {"Key": "k", "Tagging": {"TagSet": []}},
    "delete_object_tagging": {"Key": "k"},
    "create_multipart_upload": {"Key": "k"},
    "get_object_tagging": {"Key": "k"},
    "get_object_acl": {"Key": "k"},
    "list_multipart_uploads": {},
}


def writes_refused(room: Room, client) -> dict[str, str]:
    found = {}
    for name, members in WRITES.items():
        given = {
            key: value.format(room.name) if isinstance(value, str) else value
            for key, value in members.items()
        }
        found[name] = code_of(getattr(client, name), Bucket=room.name, **given)
    return found


@pytest.mark.parametrize("rules", [{}, {"is_public": True}], ids=["private", "public"])
def test_read_only_account_reads_and_never_writes(make_room, neighbour: Key, rules) -> None:
    room = make_room(readonly_accounts=(OTHER,), **rules)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v", ACL="public-read-write", Tagging="a=b")
    keys = [neighbour, neighbours_user(room, neighbour, allow("s3:*", "*"))]

    for client in map(room.client, keys):
        assert client.get_object(Bucket=room.name, Key="k")["Body"].read() == b"v"
        assert client.head_object(Bucket=room.name, Key="k")["ContentLength"] == 1
        assert client.list_objects_v2(Bucket=room.name)["KeyCount"] == 1
        assert writes_refused(room, client) == dict.fromkeys(WRITES, "AccessDenied")
    assert room.s3.get_object(Bucket=room.name, Key="k")["Body"].read() == b"v"


def test_read_only_account_decides_itself_who_of_it_reads(make_room, neighbour: Key) -> None:
    room = make_room(readonly_accounts=(OTHER,))
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    plain = room.client(neighbours_user(room, neighbour))
    denied = room.client(
        neighbours_user(room, neighbour, allow("s3:*", "*"), deny("s3:GetObject", arns(room)[1]))
    )

    for client in (plain, denied):
        assert code_of(client.get_object, Bucket=room.name, Key="k") == "AccessDenied"


def test_account_that_is_not_named_reads_nothing(room: Room, neighbour: Key) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    client = room.client(neighbour)

    for name in (room.name, "never-existed-here"):
        assert code_of(client.get_object, Bucket=name, Key="k") == (
            "AccessDenied" if name == room.name else "NoSuchBucket"
        )
    assert code_of(client.list_objects_v2, Bucket=room.name) == "AccessDenied"


def test_account_that_is_named_no_longer_reads_no_more(make_room, neighbour: Key) -> None:
    room = make_room(readonly_accounts=(OTHER,))
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    client = room.client(neighbour)
    before = code_of(client.get_object, Bucket=room.name, Key="k")

    change(room, readonly_accounts=())

    assert (before, code_of(client.get_object, Bucket=room.name, Key="k")) == ("", "AccessDenied")


def test_user_with_a_policy_for_one_prefix(room: Room, make_room) -> None:
    other = make_room()
    bucket, _ = arns(room)
    lists = allow("s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": "mine/*"}})
    client = room.client(user(room, allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/mine/*"), lists))
    for name in (room, other):
        name.s3.put_object(Bucket=name.name, Key="theirs/k", Body=b"v")

    client.put_object(Bucket=room.name, Key="mine/k", Body=b"v")

    assert client.list_objects_v2(Bucket=room.name, Prefix="mine/")["KeyCount"] == 1
    for name, key in ((room.name, "theirs/k"), (room.name, "mine"), (other.name, "mine/k")):
        assert code_of(client.put_object, Bucket=name, Key=key, Body=b"x") == "AccessDenied"
        assert code_of(client.get_object, Bucket=name, Key=key) == "AccessDenied"
    for prefix in ({}, {"Prefix": ""}, {"Prefix": "theirs/"}, {"Prefix": "mine"}):
        assert code_of(client.list_objects_v2, Bucket=room.name, **prefix) == "AccessDenied"
    source = f"{room.name}/theirs/k"
    assert code_of(client.copy_object, Bucket=room.name, Key="mine/c", CopySource=source) == "AccessDenied"
    assert code_of(client.delete_object, Bucket=room.name, Key="mine/k") == "AccessDenied"
    answer = client.delete_objects(Bucket=room.name, Delete={"Objects": [{"Key": "mine/k"}]})
    assert [each["Code"] for each in answer["Errors"]] == ["AccessDenied"]


def test_explicit_deny_wins_over_public(make_room) -> None:
    room = make_room(is_public=True)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    plain, denied = user(room), user(room, allow("s3:*", "*"), deny("s3:GetObject", arns(room)[1]))

    assert code_of(room.client(plain).get_object, Bucket=room.name, Key="k") == ""
    assert code_of(room.client(denied).get_object, Bucket=room.name, Key="k") == "AccessDenied"
    copy = {"Bucket": room.name, "Key": "c", "CopySource": f"{room.name}/k"}
    assert code_of(room.client(denied).copy_object, **copy) == "AccessDenied"


def test_session_may_what_its_session_policy_leaves(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="a/k", Body=b"v")
    room.s3.put_object(Bucket=room.name, Key="b/k", Body=b"v")
    key = user(room, allow("s3:*", *arns(room)), allow("sts:GetFederationToken", "*"))

    made = room.authority.client("sts", key).get_federation_token(
        Name="guest", Policy=policy(allow("s3:GetObject", f"{arns(room)[0]}/a/*"))
    )["Credentials"]
    client = room.client(Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))

    assert client.get_object(Bucket=room.name, Key="a/k")["Body"].read() == b"v"
    assert code_of(client.get_object, Bucket=room.name, Key="b/k") == "AccessDenied"
    assert code_of(client.put_object, Bucket=room.name, Key="a/k", Body=b"x") == "AccessDenied"
    assert code_of(client.list_objects_v2, Bucket=room.name) == "AccessDenied"
    without = room.client(Key(made["AccessKeyId"], made["SecretAccessKey"]))
    assert code_of(without.get_object, Bucket=room.name, Key="a/k") != ""


def test_session_of_a_role_may_what_its_session_policy_leaves(room: Room) -> None:
    name = next(NAMES)
    iam = room.authority.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow("s3:*", *arns(room))))
    sts = room.authority.client("sts", user(room, allow("sts:AssumeRole", role)))

    made = sts.assume_role(
        RoleArn=role, RoleSessionName="guest", Policy=policy(allow("s3:PutObject", arns(room)[1]))
    )["Credentials"]
    client = room.client(Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))

    assert code_of(client.put_object, Bucket=room.name, Key="k", Body=b"x") == ""
    assert code_of(client.get_object, Bucket=room.name, Key="k") == "AccessDenied"


@pytest.mark.parametrize("rules", [{}, {"is_public": True}], ids=["private", "public"])
def test_bucket_key_at_another_bucket(room: Room, make_room, rules) -> None:
    other = make_room(**rules)
    other.s3.put_object(Bucket=other.name, Key="k", Body=b"v", ACL="public-read")
    found = []

    for name in (other.name, "never-existed-here"):
        members: dict[str, dict[str, object]] = {
            "get_object": {"Key": "k"},
            "head_object": {"Key": "k"},
            "put_object": {"Key": "k"},
            "list_objects_v2": {},
            "head_bucket": {},
            "get_bucket_location": {},
            "create_bucket": {},
        }
        found.append(
            {call: code_of(getattr(room.s3, call), Bucket=name, **members[call]) for call in members}
        )
        copy = {"Bucket": room.name, "Key": "c", "CopySource": f"{name}/k"}
        found[-1]["copy"] = code_of(room.s3.copy_object, **copy)

    assert found[0] == found[1]
    assert set(found[0].values()) == {"AccessDenied", "403"}


def test_bucket_key_of_a_bucket_that_had_the_name_before(authority, room: Room) -> None:
    store = authority.authority.store
    authority.run(store.write(lambda tx: bucket_records.remove(tx, room.bucket.id)))
    new = make_bucket(authority, room.name)
    authority.client("s3", make_key(authority, new)).put_object(Bucket=room.name, Key="k", Body=b"v")

    for call, members in (
        ("get_object", {"Key": "k"}),
        ("put_object", {"Key": "k"}),
        ("list_objects_v2", {}),
    ):
        assert code_of(getattr(room.s3, call), Bucket=room.name, **members) == "AccessDenied"
    assert code_of(room.s3.list_buckets) in ("", "AccessDenied", "InvalidAccessKeyId")


def test_copy_is_judged_by_the_tags_of_the_version_that_is_copied(make_room) -> None:
    room = make_room(versioning="Enabled")
    secret = room.s3.put_object(Bucket=room.name, Key="k", Body=b"secret")["VersionId"]
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"open", Tagging="class=open")
    is_open = {"StringEquals": {"s3:ExistingObjectTag/class": "open"}}
    keys = arns(room)[1]
    reads = allow(["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"], keys, Condition=is_open)
    client = room.client(user(room, reads, allow(["s3:PutObject", "s3:PutObjectTagging"], keys)))
    copy = {"Bucket": room.name, "Key": "c"}

    assert code_of(client.get_object, Bucket=room.name, Key="k", VersionId=secret) == "AccessDenied"
    assert code_of(client.copy_object, **copy, CopySource=f"{room.name}/k") == ""
    source = f"{room.name}/k?versionId={secret}"
    assert code_of(client.copy_object, **copy, CopySource=source) == "AccessDenied"


def test_bulk_delete_is_judged_by_the_tags_of_the_version(make_room) -> None:
    room = make_room(versioning="Enabled")
    kept = room.s3.put_object(Bucket=room.name, Key="k", Body=b"kept")["VersionId"]
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"waste", Tagging="class=waste")
    is_waste = {"StringEquals": {"s3:ExistingObjectTag/class": "waste"}}
    client = room.client(user(room, allow("s3:DeleteObjectVersion", arns(room)[1], Condition=is_waste)))

    answer = client.delete_objects(Bucket=room.name, Delete={"Objects": [{"Key": "k", "VersionId": kept}]})

    assert [each["Code"] for each in answer["Errors"]] == ["AccessDenied"]


def test_tags_are_copied_only_for_who_may_read_them(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v", Tagging="a=b")
    may = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
    client = room.client(user(room, allow(may, arns(room)[1])))
    copy = {"Bucket": room.name, "Key": "c", "CopySource": f"{room.name}/k"}

    assert code_of(client.copy_object, **copy) == "AccessDenied"
    assert code_of(client.copy_object, **copy, TaggingDirective="REPLACE") == ""


def test_bucket_of_another_owner_than_expected(make_room) -> None:
    room = make_room(is_public=True)
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    calls = {
        "get_object": {"Key": "k"},
        "put_object": {"Key": "k", "Body": b"x"},
        "delete_object": {"Key": "k"},
        "list_objects_v2": {},
        "get_bucket_location": {},
        "get_object_tagging": {"Key": "k"},
        "create_multipart_upload": {"Key": "k"},
        "get_bucket_cors": {},
    }

    for client in (room.s3, room.client(room.authority.root_key)):
        for call, members in calls.items():
            asked = {"Bucket": room.name, "ExpectedBucketOwner": OTHER, **members}
            assert code_of(getattr(client, call), **asked) == "AccessDenied"
    assert anonymous(room, "GET", f"/{room.name}/k", x_amz_expected_bucket_owner=OTHER)[0] == 403
    assert room.s3.get_object(Bucket=room.name, Key="k", ExpectedBucketOwner=ACCOUNT)["Body"].read() == b"v"


def test_source_of_another_owner_than_expected(room: Room) -> None:
    room.s3.put_object(Bucket=room.name, Key="k", Body=b"v")
    copy = {"Bucket": room.name, "Key": "c", "CopySource": f"{room.name}/k"}

    found = [
        code_of(room.s3.copy_object, **copy, ExpectedSourceBucketOwner=each) for each in (OTHER, ACCOUNT)
    ]

    assert found == ["AccessDenied", ""]


def by_host(
    room: Room, name: str, method: str = "GET", target: str = "/k", body: bytes = b""
) -> tuple[int, bytes]:
    """Return status and body of a request that names its bucket in its Host."""
    port = urlsplit(room.authority.url).port
    url = f"http://{name}.s3.us-east-1.localhost:{port}"
    sent = signed(
        url,
        room.key,
        body,
        method=method,
        target=target,
        headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
        service="s3",
    )
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {**dict(sent.headers), "Host": f"{name}.s3.us-east-1.localhost:{port}"}
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_bucket_key_by_virtual_host(room: Room, make_room) -> None:
    other = make_room(is_public=True)
    for each in (room, other):
        each.s3.put_object(Bucket=each.name, Key="k", Body=b"v")

    assert by_host(room, room.name) == (200, b"v")
    assert by_host(room, room.name, "PUT", "/n", b"new")[0] == 200
    assert by_host(room, room.name, target=f"/{other.name}/k")[0] == 404
    for name in (other.name, "never-existed-here"):
        for method in ("GET", "PUT"):
            status, answer = by_host(room, name, method)
            assert (status, b"<Code>AccessDenied</Code>" in answer) == (403, True)


def test_a_form_of_nobodys_is_refused(room: Room) -> None:
    body = encoded([("key", "k")], b"hello")

    status, answer = anonymous(
        room, "POST", f"/{room.name}", body, Content_Type=f"multipart/form-data; boundary={BOUNDARY}"
    )

    assert (status, b"<Code>AccessDenied</Code>" in answer) == (403, True)
