"""What goes back, to the byte: documents, errors, request ids, and text that would break them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from strategies import models

from keystead.protocol import default_error
from keystead.protocol.headers import split_list
from keystead.protocol.timestamps import (
    format_iso8601,
    format_rfc822,
    format_unix,
    parse_iso8601,
    parse_rfc822,
    parse_unix_text,
)

CATALOGUE = models()
REQUEST_ID = "0f0e0d0c-0000-4000-8000-000000000000"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_query_result_is_wrapped_and_carries_its_request_id() -> None:
    key = {"UserName": "bob", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Active", "CreateDate": NOON}
    result = {"AccessKey": key | {"SecretAccessKey": "a/b+c"}}

    response = CATALOGUE.service("iam").operation("CreateAccessKey").serialise(result, REQUEST_ID)

    assert response.status == 200
    assert response.headers == [(b"content-type", b"text/xml"), (b"x-amzn-requestid", REQUEST_ID.encode())]
    assert response.body.decode() == (
        '<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult>'
        "<AccessKey><UserName>bob</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>Active</Status>"
        "<SecretAccessKey>a/b+c</SecretAccessKey><CreateDate>2026-01-31T12:00:00Z</CreateDate></AccessKey>"
        f"</CreateAccessKeyResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        "</CreateAccessKeyResponse>"
    )


def test_query_operation_without_output_has_no_result_element() -> None:
    response = CATALOGUE.service("iam").operation("DeleteUser").serialise({}, REQUEST_ID)

    assert response.body.decode() == (
        '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></DeleteUserResponse>"
    )


def test_query_error_says_whose_fault_it_is() -> None:
    iam = CATALOGUE.service("iam")
    modelled = iam.operation("CreateAccessKey").serialise_error(
        code="NoSuchEntity",
        status=404,
        message="The user with name <b> cannot be found.",
        request_id=REQUEST_ID,
    )
    ours = iam.serialise_error(code="InternalFailure", status=500, message="", request_id=REQUEST_ID)

    assert modelled.status == 404
    assert modelled.body.decode() == (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        "<Code>NoSuchEntity</Code><Message>The user with name &lt;b&gt; cannot be found.</Message></Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
    assert b"<Type>Receiver</Type><Code>InternalFailure</Code>" in ours.body


def test_json_error_names_itself_in_body_and_header() -> None:
    response = (
        CATALOGUE.service("ssm")
        .operation("GetAccessToken")
        .serialise_error(code="ResourceNotFoundException", status=400, message="No.", request_id=REQUEST_ID)
    )

    assert (b"x-amzn-errortype", b"ResourceNotFoundException") in response.headers
    assert (b"content-type", b"application/x-amz-json-1.1") in response.headers
    assert json.loads(response.body) == {"__type": "ResourceNotFoundException", "Message": "No."}


def test_rest_json_error_puts_header_members_into_headers() -> None:
    response = (
        CATALOGUE.service("grafana")
        .operation("CreateWorkspaceServiceAccountToken")
        .serialise_error(
            code="ThrottlingException",
            status=429,
            message="Slow down.",
            request_id=REQUEST_ID,
            members={"retryAfterSeconds": 7, "serviceCode": "grafana"},
        )
    )

    assert (b"retry-after", b"7") in response.headers
    assert json.loads(response.body) == {
        "__type": "ThrottlingException",
        "message": "Slow down.",
        "serviceCode": "grafana",
    }


def test_s3_error_has_no_wrapper_and_takes_members_that_no_model_has() -> None:
    response = CATALOGUE.service("s3").serialise_error(
        code="NoSuchKey", status=404, message="Gone.", request_id="ABC", members={"Key": "a&b"}
    )

    assert response.headers == [(b"content-type", b"application/xml"), (b"x-amz-request-id", b"ABC")]
    assert response.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>Gone.</Message>'
        "<Key>a&amp;b</Key><RequestId>ABC</RequestId></Error>"
    )


def test_error_to_head_has_no_body() -> None:
    response = (
        CATALOGUE.service("s3")
        .operation("HeadObject")
        .serialise_error(code="NoSuchKey", status=404, message="Gone.", request_id="ABC")
    )

    assert (response.status, response.body) == (404, b"")


def test_error_of_an_unknown_service_is_awss_own() -> None:
    response = default_error("InvalidAction", 400, "Could not find operation X for version Y", REQUEST_ID)

    assert response.body.startswith(
        b'<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09">'
    )


def test_s3_documents_have_the_roots_that_other_clients_expect() -> None:
    s3 = CATALOGUE.service("s3")
    listing = s3.operation("ListObjectsV2").serialise({"Name": "b", "KeyCount": 0}, "id")
    location = s3.operation("GetBucketLocation").serialise({"LocationConstraint": "eu-west-1"}, "id")

    xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    assert f"<ListBucketResult {xmlns}><Name>b</Name>" in listing.body.decode()
    assert location.body.decode().endswith(f"<LocationConstraint {xmlns}>eu-west-1</LocationConstraint>")


def test_text_that_xml_cannot_hold_is_sent_as_references() -> None:
    user = {"UserName": "a\x00b\x1f\r\ud800", "Path": "</Path>"}

    body = CATALOGUE.service("iam").operation("GetUser").serialise({"User": user}, REQUEST_ID).body

    assert b"<UserName>a&#x0;b&#x1F;&#xD;&#xD800;</UserName>" in body
    assert b"<Path>&lt;/Path&gt;</Path>" in body


def test_attribute_cannot_be_broken_out_of() -> None:
    grantee = {"Type": 'x"><evil/>', "ID": "1"}
    grants = {"Grants": [{"Grantee": grantee, "Permission": "READ"}]}

    body = CATALOGUE.service("s3").operation("GetBucketAcl").serialise(grants, "id").body

    root = ElementTree.fromstring(body)
    assert [element for element in root.iter() if element.tag.endswith("evil")] == []


def test_header_value_cannot_start_another_header() -> None:
    result = {"Metadata": {"note": "a\r\nset-cookie: x"}, "ContentType": "text/\nplain"}

    headers = CATALOGUE.service("s3").operation("HeadObject").serialise(result, "id").headers

    assert (b"x-amz-meta-note", b"a  set-cookie: x") in headers
    assert (b"content-type", b"text/ plain") in headers


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOON, "2026-01-31T12:00:00Z"),
        (NOON.replace(microsecond=123_999), "2026-01-31T12:00:00.123Z"),
        (NOON.replace(microsecond=999), "2026-01-31T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=5))), "2026-01-31T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_iso8601_is_written_in_utc_with_milliseconds_at_most(at: datetime, text: str) -> None:
    assert text == format_iso8601(at)
    assert parse_iso8601(text) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    "text", ["2026-01-31T13:00:00+01:00", "2026-01-31t12:00:00z", "2026-01-31T12:00:00.000000Z"]
)
def test_iso8601_is_read_with_any_offset(text: str) -> None:
    assert parse_iso8601(text) == NOON


def test_http_date_and_epoch_seconds_say_the_same_instant() -> None:
    assert format_rfc822(NOON) == "Sat, 31 Jan 2026 12:00:00 GMT"
    assert NOON == parse_rfc822("Sat, 31 Jan 2026 12:00:00 GMT") == parse_unix_text(str(format_unix(NOON)))
    assert format_unix(NOON + timedelta(milliseconds=5)) == 1769860800.005


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-01-31", "20260131T120000Z", "2026-W05-6", "2026-02-30T00:00:00Z", "2026-01-31T12:00:00",
        "2026-01-31T25:00:00Z", "0001-01-01T00:00:00+23:59", "Sat, 31 Foo 2026 12:00:00 GMT", "1e99", "nan", "٣",
        "99999999999999",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    for parse in (parse_iso8601, parse_rfc822, parse_unix_text):
        with pytest.raises(ValueError, match="is "):
            parse(text)


def test_time_without_a_zone_is_our_mistake() -> None:
    with pytest.raises(TypeError):
        format_iso8601(datetime(2026, 1, 31))


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a,b , c", ["a", "b", "c"]),
        ('"b,c", "\\"def\\"", a', ["b,c", '"def"', "a"]),
        ('"a",,b', ["a", "", "b"]),
    ],
)
def test_list_in_a_header_is_split_at_commas_outside_quotes(text: str, items: list[str]) -> None:
    assert items == split_list(text)


@pytest.mark.parametrize("text", ['"open', '"a"b', '"a\\'])
def test_list_in_a_header_with_broken_quotes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quotes"):
        split_list(text)
