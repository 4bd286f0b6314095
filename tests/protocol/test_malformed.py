"""What cannot be read is refused with the protocol's own error; nothing a caller sends raises anything else."""

import gc
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import models, operations_under_test

from keystead.protocol import Unreadable, ValidationFailed, WireRequest, parse_form, parse_query

CATALOGUE = models()
bounded = settings(max_examples=100, deadline=None, database=None)

XML = '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}</CompleteMultipartUpload>'
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<CompleteMultipartUpload>&b;</CompleteMultipartUpload>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE foo [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>'
    "<CompleteMultipartUpload><Part><ETag>&xxe;</ETag></Part></CompleteMultipartUpload>"
)


def refusal(service: str, operation: str, request: WireRequest) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        CATALOGUE.service(service).operation(operation).parse(request)
    return caught.value


def json_refusal(body: bytes) -> Unreadable:
    return refusal("ssm", "SendCommand", WireRequest(body=body))


def xml_refusal(body: bytes) -> Unreadable:
    labels = {"Bucket": "b", "Key": "k"}
    request = WireRequest("POST", b"/b/k", b"uploadId=u", {}, body, labels=labels)
    return refusal("s3", "CompleteMultipartUpload", request)


@pytest.mark.parametrize(
    "body",
    [
        b"MaxItems=abc",
        b"MaxItems=",
        b"MaxItems=1.5",
        b"MaxItems=99999999999",
        b"MaxItems=1e2",
        "MaxItems=٣".encode(),
    ],
)
def test_wrong_type_in_a_form_is_malformed_input(body: bytes) -> None:
    error = refusal("iam", "ListUsers", WireRequest(body=body))

    assert (error.code, error.status) == ("MalformedInput", 400)


@pytest.mark.parametrize(
    "body",
    [
        b"UserName=b&Tags.member.x.Key=k",
        b"UserName=b&Tags.member.1=k",
        b"UserName=b&Tags=k",
        b"UserName=b&Tags.member.1.Key.deeper=k",
        b"UserName=b&Tags.member.9999999999.Key=k",
        b"UserName=b&" + b"Tags" + b".member.1" * 500 + b"=k",
    ],
)
def test_broken_list_in_a_form_is_malformed_input(body: bytes) -> None:
    assert refusal("iam", "CreateUser", WireRequest(body=body)).code == "MalformedInput"


@pytest.mark.parametrize("body", [b"UserName=%zz", b"UserName=%4", b"UserName=%ff", b"User\xff=x", b"%=1"])
def test_broken_escapes_in_a_form_are_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_form(body)
    with pytest.raises(Unreadable):
        parse_query(body)


def test_form_with_too_many_keys_is_refused() -> None:
    with pytest.raises(Unreadable):
        parse_form(b"&".join(b"k%d=v" % count for count in range(10_001)))


def test_empty_list_in_a_form_is_an_empty_list() -> None:
    params = CATALOGUE.service("iam").operation("CreateUser").parse(WireRequest(body=b"UserName=bob&Tags="))

    assert params == {"UserName": "bob", "Tags": []}


def test_list_in_a_form_is_ordered_by_its_numbers() -> None:
    body = b"UserName=bob&TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a"

    params = CATALOGUE.service("iam").operation("UntagUser").parse(WireRequest(body=body))

    assert params["TagKeys"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"DocumentName": 1}', "NUMBER_VALUE cannot be converted to String"),
        (b'{"DocumentName": true}', "BOOLEAN_VALUE cannot be converted to String"),
        (b'{"DocumentName": []}', "Start of list found where not expected"),
        (b'{"DocumentName": {}}', "Start of structure or map found where not expected"),
        (b'{"TimeoutSeconds": "30"}', "STRING_VALUE cannot be converted to Integer"),
        (b'{"TimeoutSeconds": 30.5}', "NUMBER_VALUE cannot be converted to Integer"),
        (b'{"TimeoutSeconds": true}', "BOOLEAN_VALUE cannot be converted to Integer"),
        (b'{"InstanceIds": "i-1"}', "Expected list or null"),
        (b'{"Parameters": []}', "Start of list found where not expected"),
        (b"[]", "Unexpected field type"),
    ],
)
def test_wrong_json_type_is_told_in_awss_words(body: bytes, message: str) -> None:
    error = json_refusal(body)

    assert (error.code, error.status) == ("SerializationException", 400)
    assert message == error.message


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 100_000,
        b'{"DocumentName":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"Parameters": {"x": ' + b"[" * 900 + b"]" * 900 + b"}}",
        b"{",
        b"null",
        b'"text"',
        b'{"DocumentName": "\xff"}',
        b'{"DocumentName": "\\ud800"}',
        b'{"TimeoutSeconds": 99999999999999999999999999}',
        b'{"TimeoutSeconds": NaN}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
    ],
)
def test_broken_json_is_a_serialization_exception(body: bytes) -> None:
    assert json_refusal(body).code == "SerializationException"


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        EXTERNAL.encode(),
        b"<!DOCTYPE x><CompleteMultipartUpload/>",
        b"<CompleteMultipartUpload>&undefined;</CompleteMultipartUpload>",
        b"<CompleteMultipartUpload>",
        b"<CompleteMultipartUpload/><CompleteMultipartUpload/>",
        b"<Other/>",
        b"no xml",
        b"\xff\xfe",
        XML.format("").encode("utf-16"),
        XML.format("<Part>" * 1000 + "</Part>" * 1000).encode(),
        XML.format("<Part><PartNumber>one</PartNumber></Part>").encode(),
        XML.format("<Part><PartNumber>1</PartNumber><PartNumber>2</PartNumber></Part>").encode(),
        XML.format("<Part><PartNumber><x/></PartNumber></Part>").encode(),
    ],
)
def test_broken_or_hostile_xml_is_malformed(body: bytes) -> None:
    error = xml_refusal(body)

    assert (error.code, error.status) == ("MalformedXML", 400)


def test_a_million_elements_are_refused_within_bounds() -> None:
    body = XML.format("<Part><PartNumber>1</PartNumber></Part>" * 1_000_000).encode()
    gc.collect()
    tracemalloc.start()

    xml_refusal(body)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * 1024 * 1024


def test_other_rest_xml_services_say_malformed_input() -> None:
    request = WireRequest("POST", b"/2013-04-01/hostedzone", body=b"<broken", labels={})

    assert refusal("route53", "CreateHostedZone", request).code == "MalformedInput"


@pytest.mark.parametrize(
    ("query", "headers"), [(b"partNumber=x&uploadId=u", {}), (b"", {"content-length": "many"})]
)
def test_wrong_type_outside_the_body_is_an_invalid_argument_at_s3(
    query: bytes, headers: dict[str, str]
) -> None:
    name = "UploadPart" if query else "PutObject"
    request = WireRequest("PUT", b"/b/k", query, headers, labels={"Bucket": "b", "Key": "k"})

    assert refusal("s3", name, request).code == "InvalidArgument"


FUZZED = st.sampled_from(operations_under_test())
LIKELY = st.sampled_from(
    [b"{", b"}", b"[", b'"', b":", b",", b"<", b">", b"</", b"&", b"=", b"%", b".", b"null"]
)
NOISE = st.lists(st.binary(max_size=8) | LIKELY, max_size=40).map(b"".join)
WORDS = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4)


def names_of(service: str, name: str) -> list[str]:
    shape = CATALOGUE.service(service).operation(name).input
    return [member.wire_name or key for key, member in shape.members.items()] if shape is not None else []


@bounded
@given(data=st.data())
def test_random_bytes_raise_nothing_but_refusals(data: st.DataObject) -> None:
    service, name = data.draw(FUZZED)
    operation = CATALOGUE.service(service).operation(name)
    request = WireRequest(
        data.draw(st.sampled_from(["GET", "POST", "PUT", ""])),
        b"/" + data.draw(NOISE),
        data.draw(NOISE),
        data.draw(WORDS),
        data.draw(NOISE),
    )

    read_or_refuse(operation, request)
    route_or_refuse(service, request)


@bounded
@given(data=st.data())
def test_random_values_under_right_names_raise_nothing_but_refusals(data: st.DataObject) -> None:
    service, name = data.draw(FUZZED)
    operation = CATALOGUE.service(service).operation(name)
    names = names_of(service, name) or ["x"]
    keys = st.sampled_from(names) | st.builds(
        "{}.{}".format, st.sampled_from(names), st.text(".member1Key2entry")
    )
    values = st.dictionaries(keys, st.text(max_size=20), max_size=8)
    drawn = data.draw(values)
    labels = dict.fromkeys(names, "x") | drawn
    for body in (json_of(data, names), xml_of(name, drawn)):
        headers = {key.lower(): value for key, value in drawn.items()}
        read_or_refuse(operation, WireRequest("POST", b"/", b"a=1&max-keys=x", headers, body, drawn, labels))


def json_of(data: st.DataObject, names: list[str]) -> bytes:
    import msgspec

    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10)
    keys = st.sampled_from(names) | st.text(max_size=5)
    values = st.recursive(
        leaves, lambda part: st.lists(part, max_size=3) | st.dictionaries(keys, part, max_size=3)
    )
    return msgspec.json.encode(data.draw(st.dictionaries(keys, values, max_size=5)))


def xml_of(name: str, values: dict[str, str]) -> bytes:
    parts = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    return f"<{name}Request>{parts}</{name}Request>".encode()


def read_or_refuse(operation: Any, request: WireRequest) -> None:
    try:
        operation.parse_and_validate(request)
    except (Unreadable, ValidationFailed):
        return


def route_or_refuse(service: str, request: WireRequest) -> None:
    model = CATALOGUE.service(service)
    try:
        model.match_rest(request.method, request.path, request.query, request.headers)
    except Unreadable:
        return
