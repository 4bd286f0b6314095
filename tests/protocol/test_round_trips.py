"""Round trips with botocore as the oracle: what it writes we read, and what we write it reads."""

import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import ServiceModel as BotocoreService
from botocore.parsers import PROTOCOL_PARSERS
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strategies import models, operations_under_test, valid_params, wild_params, wild_results
from wire_values import botocore_response, comparable

from keystead.protocol import CompiledOperation, ServiceModel, WireRequest, parse_form

REQUEST_ID = "0f0e0d0c-0000-4000-8000-000000000000"

bounded = settings(
    max_examples=25,
    deadline=None,
    database=None,
    # Shrinking a failing request of forty members takes minutes; what was drawn is printed and small enough.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
every_operation = pytest.mark.parametrize(
    ("service_name", "name"), [pytest.param(*pair, id="-".join(pair)) for pair in operations_under_test()]
)

every_rest_operation = pytest.mark.parametrize(
    ("service_name", "name"),
    [
        pytest.param(*pair, id="-".join(pair))
        for pair in operations_under_test()
        if models().service(pair[0]).protocol.startswith("rest")
    ],
)


@cache
def catalogue() -> Any:
    return models()


@cache
def botocore_service(name: str) -> BotocoreService:
    return BotocoreService(json.loads(catalogue().content(name)))


def compiled(service_name: str, name: str) -> tuple[ServiceModel, CompiledOperation]:
    service = catalogue().service(service_name)
    return service, service.operation(name)


def request_of_botocore(service: ServiceModel, name: str, params: dict[str, Any]) -> WireRequest:
    """Return what botocore would send, as the gateway would hand it over."""
    model = botocore_service(service.name).operation_model(name)
    written = create_serializer(service.protocol, include_validation=False).serialize_to_request(
        params, model
    )
    prepare_request_dict(written, "http://127.0.0.1:4650")
    sent = create_request_object(written).prepare()
    url = urlsplit(sent.url)
    headers = {key.lower(): _text(value) for key, value in sent.headers.items()}
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    request = WireRequest(sent.method, url.path.encode(), url.query.encode(), headers, body)
    if service.protocol == "query":
        request.form = parse_form(body)
    return request


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@every_operation
@bounded
@given(data=st.data())
def test_what_botocore_sends_is_parsed_into_what_it_was_given(
    service_name: str, name: str, data: st.DataObject
) -> None:
    service, operation = compiled(service_name, name)
    params = data.draw(wild_params(operation, service.protocol))
    request = request_of_botocore(service, name, params)

    parsed = operation.parse(request)

    assert comparable(params) == comparable(_without_additions(operation, params, parsed))


@every_rest_operation
@bounded
@given(data=st.data())
def test_what_botocore_sends_is_routed_to_the_operation_it_meant(
    service_name: str, name: str, data: st.DataObject
) -> None:
    service, operation = compiled(service_name, name)
    request = request_of_botocore(service, name, data.draw(wild_params(operation, service.protocol)))

    found = service.match_rest(request.method, request.path, request.query, request.headers)

    assert found is not None
    assert name == found[0]
    request.labels = found[1]
    assert operation.parse(request)


@every_operation
@bounded
@given(data=st.data())
def test_valid_request_passes_validation(service_name: str, name: str, data: st.DataObject) -> None:
    service, operation = compiled(service_name, name)
    params = data.draw(valid_params(operation, service.protocol))

    operation.validate(operation.parse(request_of_botocore(service, name, params)))


@every_operation
@bounded
@given(data=st.data())
def test_botocore_reads_the_result_that_was_written(
    service_name: str, name: str, data: st.DataObject
) -> None:
    service, operation = compiled(service_name, name)
    result = data.draw(wild_results(operation, service.protocol))

    response = operation.serialise(result, REQUEST_ID)

    model = botocore_service(service_name).operation_model(name)
    read = PROTOCOL_PARSERS[service.protocol]().parse(botocore_response(response), model.output_shape)
    assert read.pop("ResponseMetadata")["RequestId"] == REQUEST_ID
    assert comparable(result) == comparable(_without_empty_header_maps(operation, read))


@every_operation
def test_botocore_reads_every_error_that_the_model_lists(service_name: str, name: str) -> None:
    service, operation = compiled(service_name, name)
    model = botocore_service(service_name).operation_model(name)
    parser = PROTOCOL_PARSERS[service.protocol]()

    for error in operation.errors.values():
        response = operation.serialise_error(
            code=error.code, status=error.status, message="No <such> thing & more.", request_id=REQUEST_ID
        )

        read = parser.parse(botocore_response(response), model.output_shape)
        expected = (str(error.status) if operation.method == "HEAD" else error.code, REQUEST_ID)
        assert expected == (read["Error"]["Code"], read["ResponseMetadata"]["RequestId"])
        if operation.method != "HEAD":
            assert read["Error"]["Message"] == "No <such> thing & more."
        assert error.status == response.status


def _without_additions(
    operation: CompiledOperation, sent: dict[str, Any], parsed: dict[str, Any]
) -> dict[str, Any]:
    """Drop what HTTP adds to a request: an empty body where a stream is absent, and its length."""
    payload = operation.input.payload if operation.input is not None and operation.streaming_request else None
    return {
        name: value
        for name, value in parsed.items()
        if name in sent or name not in (payload, "ContentLength")
    }


def _without_empty_header_maps(operation: CompiledOperation, read: dict[str, Any]) -> dict[str, Any]:
    """Botocore gives an empty map where no header has the prefix."""
    members = operation.output.members if operation.output is not None else {}
    return {
        name: value
        for name, value in read.items()
        if value or name not in members or members[name].location != "headers"
    }
