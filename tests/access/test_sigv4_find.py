"""Reading what a caller presented: everything readable is read exactly, everything else is malformed."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigv4_requests import HOST, IAM, KEY_ID, Sent, presented, sign

from keystead.access.sigv4 import Malformed, Reason, find

SCOPE = "20260102/us-east-1/iam/aws4_request"
CREDENTIAL = f"Credential={KEY_ID}/{SCOPE}"
SIGNED = "SignedHeaders=host;x-amz-date"
SIGNATURE = "Signature=" + "0a" * 32
USUAL = f"AWS4-HMAC-SHA256 {CREDENTIAL}, {SIGNED}, {SIGNATURE}"


def with_authorization(text: str) -> Sent:
    headers = ((b"host", HOST.encode()), (b"x-amz-date", b"20260102T030405Z"))
    return Sent(headers=(*headers, (b"authorization", text.encode("latin-1"))))


def presigned(**changes: str | None) -> Sent:
    """A presigned request whose query has these parameters changed, or left out; `_` stands for `-`."""
    sent = sign(IAM, method="GET", presigned_seconds=60)
    parameters = dict(pair.split("=", 1) for pair in sent.query.decode().split("&"))
    for name, value in changes.items():
        parameters.pop(name.replace("_", "-"))
        if value is not None:
            parameters[name.replace("_", "-")] = value
    return replace(sent, query="&".join(f"{name}={value}" for name, value in parameters.items()).encode())


def reason_of(sent: Sent) -> Reason:
    with pytest.raises(Malformed) as malformed:
        find(sent.request())
    return malformed.value.reason


@pytest.mark.parametrize(
    "text",
    [
        USUAL,
        f"AWS4-HMAC-SHA256 {CREDENTIAL},{SIGNED},{SIGNATURE}",
        f"AWS4-HMAC-SHA256 {SIGNATURE},   {SIGNED} ,{CREDENTIAL}",
        f"  AWS4-HMAC-SHA256   {CREDENTIAL}, {SIGNED}, {SIGNATURE} ",
    ],
)
def test_header_is_read_in_any_order_and_spacing(text: str) -> None:
    found = presented(with_authorization(text))

    assert (found.key_id, found.scope) == (KEY_ID, SCOPE)
    assert (found.date, found.region, found.service) == ("20260102", "us-east-1", "iam")
    assert found.signed_headers == (b"host", b"x-amz-date")
    assert found.signature == "0a" * 32
    assert (found.timestamp, found.time, found.form) == ("20260102T030405Z", 1767323045.0, "header")


def test_presigned_query_is_read() -> None:
    found = presented(sign(IAM, method="GET", target="/?a=b", token="to/ken==", presigned_seconds=77))

    assert (found.form, found.key_id, found.expires_seconds) == ("query", KEY_ID, 77)
    assert found.session_token is not None
    assert found.session_token.reveal() == b"to/ken=="


def test_nothing_presented_is_none() -> None:
    assert (
        find(Sent(query=b"Action=GetUser&X-Amz-Date=1&Signature=2", headers=((b"host", b"h"),)).request())
        is None
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("AWS4-HMAC-SHA256 garbage", Reason.NOT_KEY_VALUE),
        ("AWS4-HMAC-SHA256", Reason.NOT_KEY_VALUE),
        ("AWS4-HMAC-SHA256 ,", Reason.NOT_KEY_VALUE),
        (f"{USUAL},", Reason.NOT_KEY_VALUE),
        (f"AWS4-HMAC-SHA256 {CREDENTIAL}, {SIGNED}, Signature=", Reason.MISSING_PARAMETERS),
        (f"AWS4-HMAC-SHA256 {CREDENTIAL}, {SIGNATURE}", Reason.MISSING_PARAMETERS),
        (f"{USUAL}, {SIGNATURE}", Reason.UNEXPECTED_PARAMETER),
        (f"{USUAL}, Extra=1", Reason.UNEXPECTED_PARAMETER),
        ("", Reason.UNSUPPORTED_ALGORITHM),
        ("Bearer abc", Reason.UNSUPPORTED_ALGORITHM),
        (f"aws4-hmac-sha256 {CREDENTIAL}, {SIGNED}, {SIGNATURE}", Reason.UNSUPPORTED_ALGORITHM),
        (USUAL.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), Reason.UNSUPPORTED_ALGORITHM),
        (USUAL.replace("iam/aws4", "iam/extra/aws4"), Reason.CREDENTIAL_FORM),
        (USUAL.replace("us-east-1/", ""), Reason.CREDENTIAL_FORM),
        (USUAL.replace("host;x-amz-date", "x-amz-date;host"), Reason.SIGNED_HEADERS_FORM),
        (USUAL.replace("host;x-amz-date", "host;host"), Reason.SIGNED_HEADERS_FORM),
        (USUAL.replace("host;x-amz-date", "Host;x-amz-date"), Reason.SIGNED_HEADERS_FORM),
        (USUAL.replace("host;x-amz-date", ";host;x-amz-date"), Reason.SIGNED_HEADERS_FORM),
    ],
)
def test_unreadable_header_is_malformed(text: str, reason: Reason) -> None:
    assert reason_of(with_authorization(text)) is reason


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        (None, Reason.MISSING_DATE),
        (b"", Reason.DATE_FORM),
        (b"2026-01-02T03:04:05Z", Reason.DATE_FORM),
        (b"20260102T030405", Reason.DATE_FORM),
        (b"20261302T030405Z", Reason.DATE_FORM),
        (b"00000102T030405Z", Reason.DATE_FORM),
        ("²0260102T030405Z".encode("latin-1"), Reason.DATE_FORM),
        (b"2026-W01T030405Z", Reason.DATE_FORM),
    ],
)
def test_unreadable_timestamp_is_malformed(date: bytes | None, reason: Reason) -> None:
    assert reason_of(with_authorization(USUAL).with_header(b"x-amz-date", date)) is reason


@pytest.mark.parametrize("date", [b"Fri, 02 Jan 2026 03:04:05 GMT", b"20260102T030405Z"])
def test_date_header_stands_in_for_x_amz_date(date: bytes) -> None:
    sent = with_authorization(USUAL).with_header(b"x-amz-date", None).with_header(b"date", date)

    assert presented(sent).timestamp == "20260102T030405Z"


def test_unreadable_date_header_is_malformed() -> None:
    sent = with_authorization(USUAL).with_header(b"x-amz-date", None).with_header(b"date", b"yesterday")

    assert reason_of(sent) is Reason.DATE_FORM


@pytest.mark.parametrize(
    "sent",
    [
        with_authorization(USUAL).also(b"authorization", USUAL.encode()),
        with_authorization(USUAL).also(b"authorization", b""),
        replace(with_authorization(USUAL), query=b"X-Amz-Algorithm=AWS4-HMAC-SHA256"),
        replace(with_authorization(USUAL), query=b"X-Amz-%53ignature=00"),
        replace(with_authorization(USUAL), query=b"AWSAccessKeyId=a&Signature=b&Expires=1"),
        Sent(query=b"AWSAccessKeyId=a&Signature=b&Expires=1&X-Amz-Algorithm=AWS4-HMAC-SHA256"),
    ],
)
def test_more_than_one_mechanism_is_malformed(sent: Sent) -> None:
    assert reason_of(sent) is Reason.MORE_THAN_ONE_MECHANISM


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (presigned(X_Amz_Algorithm=None), Reason.MISSING_QUERY_PARAMETERS),
        (presigned(X_Amz_Signature=""), Reason.MISSING_QUERY_PARAMETERS),
        (presigned(X_Amz_Date=None), Reason.MISSING_QUERY_PARAMETERS),
        (presigned(X_Amz_SignedHeaders=None), Reason.MISSING_QUERY_PARAMETERS),
        (presigned(X_Amz_Algorithm="AWS4-HMAC-SHA1"), Reason.UNSUPPORTED_ALGORITHM),
        (presigned(X_Amz_Credential="a%2Fb"), Reason.CREDENTIAL_FORM),
        (presigned(X_Amz_Date="now"), Reason.DATE_FORM),
        (presigned(X_Amz_SignedHeaders="host%3Bhost"), Reason.SIGNED_HEADERS_FORM),
        (presigned(X_Amz_Expires=""), Reason.EXPIRES_NOT_A_NUMBER),
        (presigned(X_Amz_Expires="1e3"), Reason.EXPIRES_NOT_A_NUMBER),
        (presigned(X_Amz_Expires="%C2%B2"), Reason.EXPIRES_NOT_A_NUMBER),
        (presigned(X_Amz_Expires="9" * 4000), Reason.EXPIRES_NOT_A_NUMBER),
        (presigned(X_Amz_Expires="-1"), Reason.EXPIRES_NEGATIVE),
        (presigned(X_Amz_Expires="0"), Reason.EXPIRES_NEGATIVE),
        (presigned(X_Amz_Expires="604801"), Reason.EXPIRES_TOO_LONG),
    ],
)
def test_unreadable_presigned_request_is_malformed(sent: Sent, reason: Reason) -> None:
    assert reason_of(sent) is reason


@pytest.mark.parametrize("name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"])
def test_repeated_query_parameter_is_malformed(name: str) -> None:
    sent = presigned()

    assert (
        reason_of(replace(sent, query=sent.query + f"&X-Amz-{name}=1".encode()))
        is Reason.UNEXPECTED_PARAMETER
    )


@pytest.mark.parametrize("query", [b"list-type=2&prefix=a%2F", b"prefix=" + b"a" * 600])
def test_query_without_a_mark_presents_nothing_however_often_it_is_read(query: bytes) -> None:
    sent = Sent(query=query, headers=((b"host", HOST.encode()),))

    assert [find(sent.request()) for _ in range(2)] == [None, None]


@pytest.mark.parametrize("mark", ["X-Amz-Signature", "%58-Amz-Signature", "X-Amz-Signatur%65"])
def test_mark_in_a_query_is_found_however_it_is_spelled_and_often_it_is_read(mark: str) -> None:
    signed = presigned().query.decode()
    sent = replace(presigned(), query=signed.replace("X-Amz-Signature", mark).encode())

    found = [presented(sent) for _ in range(2)]

    assert [each.form for each in found] == ["query", "query"]
    assert {each.signature for each in found} == {signed.rpartition("X-Amz-Signature=")[2].partition("&")[0]}


def test_two_session_tokens_are_malformed() -> None:
    sent = sign(IAM, method="GET", token="one", presigned_seconds=60)

    assert reason_of(sent.also(b"x-amz-security-token", b"one")) is Reason.UNEXPECTED_PARAMETER
    assert (
        reason_of(replace(sent, query=sent.query + b"&X-Amz-Security-Token=one"))
        is Reason.UNEXPECTED_PARAMETER
    )


@given(st.text(st.characters(max_codepoint=0xFF)), st.binary(max_size=80))
def test_any_header_and_query_is_read_or_malformed(text: str, query: bytes) -> None:
    for authorization in (text, "AWS4-HMAC-SHA256 " + text, USUAL + text):
        with suppress(Malformed):
            find(replace(with_authorization(authorization), query=query).request())


@given(st.text(st.characters(max_codepoint=0xFF)))
def test_any_date_header_is_read_or_malformed(text: str) -> None:
    sent = with_authorization(USUAL).with_header(b"x-amz-date", None)

    with suppress(Malformed):
        find(sent.with_header(b"date", text.encode("latin-1")).request())


def test_repr_shows_neither_signature_nor_token() -> None:
    sent = sign(IAM, method="GET", token="tokentoken", presigned_seconds=60)
    found = presented(sent)

    assert found.signature not in repr(found)
    assert "tokentoken" not in repr(found)
