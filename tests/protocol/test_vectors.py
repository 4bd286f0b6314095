"""AWS's own protocol cases, as botocore ships them: every request parses, every result reads back.

Cases are read as data from `tests/vectors/botocore-protocols`. Each one that cannot hold here is in one of
the tables below with its reason.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.model import OperationModel
from botocore.model import ServiceModel as BotocoreService
from botocore.parsers import PROTOCOL_PARSERS
from wire_values import as_params, botocore_response, comparable, wire_request

from keystead.protocol import CompiledOperation, ServiceModel

VECTORS = Path(__file__).parent.parent / "vectors" / "botocore-protocols"
FILES = ("query", "json", "json_1_0", "json_1_0-query-compatible", "rest-json", "rest-xml")
REQUEST_ID = "0f0e0d0c-0000-4000-8000-000000000000"

_COMPRESSED = "the case leaves out the compressed body; undoing compression is the gateway's business"
_FILLED_IN = "the client under test fills in a token that its caller left out; a server sees the token"
_NOTHING_SENT = "an empty collection leaves no trace in what is sent"
_EMPTY_PAYLOAD = "clients send {} for an absent payload too; it is read as an empty structure"
_BOTOCORE_IGNORES = "botocore cannot read it and has the case on its own ignore list: "

# Every case here runs, and must fail for its reason: one that begins to pass has to leave the table.
UNPARSED = {
    "SDKAppliedContentEncoding_awsQuery": _COMPRESSED,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": _COMPRESSED,
    "SDKAppliedContentEncoding_awsJson1_0": _COMPRESSED,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": _COMPRESSED,
    "SDKAppliedContentEncoding_awsJson1_1": _COMPRESSED,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": _COMPRESSED,
    "SDKAppliedContentEncoding_restJson1": _COMPRESSED,
    "SDKAppendedGzipAfterProvidedEncoding_restJson1": _COMPRESSED,
    "SDKAppliedContentEncoding_restXml": _COMPRESSED,
    "SDKAppendedGzipAfterProvidedEncoding_restXml": _COMPRESSED,
    "QueryProtocolIdempotencyTokenAutoFill": _FILLED_IN,
    "RestJsonQueryIdempotencyTokenAutoFill": _FILLED_IN,
    "QueryIdempotencyTokenAutoFill": _FILLED_IN,
    "QueryEmptyQueryMaps": _NOTHING_SENT,
    "RestJsonHttpPrefixHeadersAreNotPresent": _NOTHING_SENT,
    "HttpPrefixHeadersAreNotPresent": _NOTHING_SENT,
    "RestJsonOmitsEmptyListQueryValues": _NOTHING_SENT,
    "RestJsonHttpWithEmptyStructurePayload": _EMPTY_PAYLOAD,
    "RestJsonHttpWithHeadersButNoPayload": _EMPTY_PAYLOAD,
    "MediaTypeHeaderInputBase64": "a Smithy media type is text; botocore's jsonvalue, which we follow, is JSON",
}
UNROUTED = {
    "RestJsonHostWithPath": "the case puts a base path before the URI template, which a server does not know",
}
UNREAD = {
    "QueryXmlLists": _BOTOCORE_IGNORES + "flattened lists by the name of their elements",
    "XmlLists": _BOTOCORE_IGNORES + "flattened lists by the name of their elements",
    "RestJsonHttpPayloadTraitsWithNoBlobBody": _BOTOCORE_IGNORES + "an absent blob is read as empty",
    "HttpPayloadTraitsWithNoBlobBody": _BOTOCORE_IGNORES + "an absent blob is read as empty",
    "RestJsonHttpPayloadWithUnsetUnion": _BOTOCORE_IGNORES + "an absent union is an error",
    "RestXmlHttpPayloadWithUnsetUnion": _BOTOCORE_IGNORES + "an absent union is an error",
    "RestJsonInputAndOutputWithQuotedStringHeaders": _BOTOCORE_IGNORES + "quotes in a list in a header",
    "RestJsonInputAndOutputWithTimestampHeaders": _BOTOCORE_IGNORES + "dates in a list in a header",
    "InputAndOutputWithTimestampHeaders": _BOTOCORE_IGNORES + "dates in a list in a header",
    "HttpPrefixHeadersResponse": "the empty prefix also catches our own request id header",
    "QueryCompatibleAwsJson10CustomCodeError": "the case answers 400 where its model says 402; we follow the model",
}


def cases(direction: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for file in FILES:
        for suite in json.loads((VECTORS / direction / f"{file}.json").read_text()):
            for case in suite["cases"]:
                yield file, suite, case


def parameters(direction: str, failing: dict[str, str]) -> list[Any]:
    return [
        pytest.param(suite, case, id=f"{file}-{case['id']}", marks=marks(case["id"], failing))
        for file, suite, case in cases(direction)
    ]


def rest_parameters() -> list[Any]:
    return [
        pytest.param(suite, case, id=f"{file}-{case['id']}", marks=marks(case["id"], UNROUTED))
        for file, suite, case in cases("input")
        if file.startswith("rest")
    ]


def marks(case_id: str, failing: dict[str, str]) -> list[Any]:
    return [pytest.mark.xfail(reason=failing[case_id], strict=True)] if case_id in failing else []


def description(suite: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    given = case["given"]
    return {
        "metadata": {"endpointPrefix": "case", **suite["metadata"]},
        "operations": {given["name"]: given},
        "shapes": suite["shapes"],
    }


def compiled(suite: dict[str, Any], case: dict[str, Any]) -> CompiledOperation:
    return ServiceModel("case", description(suite, case)).operation(case["given"]["name"])


@pytest.mark.parametrize(("suite", "case"), parameters("input", UNPARSED))
def test_official_request_is_parsed_into_its_params(suite: dict[str, Any], case: dict[str, Any]) -> None:
    operation = compiled(suite, case)
    sent = case["serialized"]
    headers = sent.get("headers", {})
    request = wire_request(sent["method"], sent["uri"], headers, sent.get("body", "").encode())

    params = operation.parse(request)

    expected = as_a_server_sees(case["params"], operation, request.query)
    assert comparable(expected) == comparable(params)


def as_a_server_sees(params: dict[str, Any], operation: CompiledOperation, query: bytes) -> dict[str, Any]:
    """Return a client's params with what Smithy says of servers: a map of the query string holds all of it."""
    if operation.input is None:
        return {}
    expected = as_params(params, operation.input)
    for name, member in operation.input.members.items():
        if member.kind == "map" and member.location == "querystring":
            whole = parse_qs(query.decode(), keep_blank_values=True)
            expected[name] = (
                whole if member.value.kind == "list" else {key: one[0] for key, one in whole.items()}
            )
    return expected


@pytest.mark.parametrize(("suite", "case"), rest_parameters())
def test_official_request_is_routed_to_its_operation(suite: dict[str, Any], case: dict[str, Any]) -> None:
    service = ServiceModel("case", description(suite, case))
    sent = case["serialized"]
    request = wire_request(sent["method"], sent["uri"], {}, b"")

    found = service.match_rest(request.method, request.path, request.query)

    assert found is not None
    assert case["given"]["name"] == found[0]


@pytest.mark.parametrize(("suite", "case"), parameters("output", UNREAD))
def test_official_result_is_read_back_by_botocore(suite: dict[str, Any], case: dict[str, Any]) -> None:
    if "error" in case:
        check_error(suite, case)
    else:
        check_result(suite, case)


def check_result(suite: dict[str, Any], case: dict[str, Any]) -> None:
    operation = compiled(suite, case)
    result = as_params(case["result"], operation.output) if operation.output is not None else {}

    response = operation.serialise(result, REQUEST_ID)

    read = read_back(suite, case, response)
    assert comparable(result) == comparable(read)
    assert case["response"]["status_code"] == response.status


def check_error(suite: dict[str, Any], case: dict[str, Any]) -> None:
    operation = compiled(suite, case)
    [error] = operation.errors.values()
    members = as_params(case["error"], error.shape)
    message = case.get("errorMessage", "")

    response = operation.serialise_error(
        code=error.code, status=error.status, message=message, request_id=REQUEST_ID, members=members
    )

    service, model = oracle(suite, case)
    parser = PROTOCOL_PARSERS[service.metadata["protocol"]]()
    read = parser.parse(botocore_response(response), model.output_shape)
    modelled = parser.parse(botocore_response(response), service.shape_for(error.name))
    modelled.pop("ResponseMetadata", None)
    assert case["errorCode"] == read["Error"]["Code"]
    assert message == (read["Error"]["Message"] or "")
    assert comparable(members) == comparable(modelled)
    assert case["response"]["status_code"] == response.status


def oracle(suite: dict[str, Any], case: dict[str, Any]) -> tuple[BotocoreService, OperationModel]:
    service = BotocoreService(description(suite, case))
    return service, OperationModel(case["given"], service)


def read_back(suite: dict[str, Any], case: dict[str, Any], response: Any) -> dict[str, Any]:
    service, operation = oracle(suite, case)
    shape = operation.output_shape
    if service.metadata["protocol"] == "query" and shape is not None:
        shape.serialization["resultWrapper"] = f"{operation.name}Result"
    read = PROTOCOL_PARSERS[service.metadata["protocol"]]().parse(botocore_response(response), shape)
    read.pop("ResponseMetadata")
    return read


@pytest.mark.parametrize(
    ("direction", "failing"), [("input", UNPARSED), ("input", UNROUTED), ("output", UNREAD)]
)
def test_every_case_in_the_tables_exists(direction: str, failing: dict[str, str]) -> None:
    known = {case["id"] for _, _, case in cases(direction)}

    assert set() == failing.keys() - known
