"""Whatever is sent, nothing breaks: no 5xx, no success for who may do nothing, and every error can be read."""

import string
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badinput.rows import rows
from badinput.wire import FORM_TYPE, Reply, Sent, deliver, form, signed
from iam.calls import CALLS

FUZZ = settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MEMBERS = [
    "UserName",
    "NewUserName",
    "Path",
    "NewPath",
    "PathPrefix",
    "AccessKeyId",
    "Status",
    "AccountAlias",
]
PIECES = ["Tags", "TagKeys", "member", "entry", "1", "2", "0", "-1", "x", "Key", "Value", "Tags.member.1.Key"]

text = st.text(st.characters(codec="utf-8"), max_size=40)
value = st.one_of(
    text, st.sampled_from(["", "0", "-1", "9" * 30, "Active", "/", "/a/", "user-1", "%", "\0", "a" * 600])
)
member = st.one_of(
    st.sampled_from([*MEMBERS, "Marker", "MaxItems", "PermissionsBoundary", "Version", "Action"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(".".join),
    text,
)
pairs = st.lists(st.tuples(member, value), max_size=8)
header_value = st.text(string.printable[:-5], max_size=60).map(str.strip)
authorization = st.one_of(
    header_value,
    st.builds(
        "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}".format,
        header_value,
        header_value,
        st.sampled_from(["host", "host;x-amz-date", ";", "", "x;a"]),
        st.sampled_from(["", "0" * 64, "z", "0" * 63]),
    ),
)


def check(reply: Reply) -> None:
    """Assert that the server meant what it said, and said it in XML."""
    assert reply.status < 500, reply.body
    assert reply.headers["content-type"] == "text/xml"
    assert reply.document.tag


def encoded(members: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(each)}" for name, each in members).encode()


@FUZZ
@given(operation=st.one_of(st.sampled_from(sorted(CALLS)), text), members=pairs)
def test_any_members_of_any_operation_are_answered(stage, operation, members):
    body = encoded([*form(operation, "iam").items(), *members])

    check(deliver(signed(stage.url, stage.root, body, service="iam")))


@FUZZ
@given(
    members=pairs,
    body=st.binary(max_size=60),
    target=st.sampled_from(["/", "//", "/a", "/?", "/?Action=x", "/%00"]),
)
def test_any_signed_bytes_change_nothing_for_a_user_without_policies(room, stage, members, body, target):
    before = rows(room.authority)

    reply = deliver(
        signed(
            stage.url, stage.user, encoded(members) + body, target=target, headers={"Content-Type": FORM_TYPE}
        )
    )

    check(reply)
    assert reply.status >= 400 or b"GetCallerIdentityResult" in reply.body
    assert before == rows(room.authority)


@FUZZ
@given(
    headers=st.dictionaries(
        st.sampled_from(
            ["X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Target", "Date", "X-Amz-Content-SHA256"]
        ),
        header_value,
    ),
    authorization=authorization,
)
def test_no_made_up_authorization_is_let_in(room, stage, headers, authorization):
    before = rows(room.authority)
    sent = Sent(
        stage.url,
        "POST",
        "/",
        (
            ("Host", "localhost"),
            ("Content-Type", FORM_TYPE),
            ("Authorization", authorization),
            *headers.items(),
        ),
        encoded(list(form("CreateUser", "iam", UserName="let-in").items())),
    )

    reply = deliver(sent)

    assert reply.status in (400, 403)
    assert before == rows(room.authority)


@pytest.mark.parametrize("position", range(0, 64, 7))
@pytest.mark.parametrize("bit", [0, 2])
def test_no_signature_but_the_right_one_is_let_in(stage, position, bit):
    sent = signed(stage.url, stage.user, form("GetCallerIdentity"))
    header = sent.header("Authorization")
    signature = header[-64:]
    digit = int(signature[position], 16) ^ (1 << bit)
    forged = f"{signature[:position]}{digit:x}{signature[position + 1 :]}"

    reply = deliver(sent.with_header("Authorization", header[:-64] + forged))

    assert (reply.status, reply.code) == (403, "SignatureDoesNotMatch")
