"""Assertions on answers as boto3 shows them: an error's code, status, whose fault, words and request id."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

_REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

STATUS = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "DeleteConflict": 409,
    "EntityAlreadyExists": 409,
    "IncompleteSignature": 400,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InternalServerException": 500,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "ExpiredToken": 403,
    "InvalidInput": 400,
    "InvalidInputException": 400,
    "InvalidParameterValue": 400,
    "LimitExceeded": 409,
    "MalformedPolicyDocument": 400,
    "MissingAuthenticationToken": 403,
    "NoSuchEntity": 404,
    "NotFoundException": 400,
    "NotSupportedService": 404,
    "PackedPolicyTooLarge": 400,
    "PolicyEvaluation": 500,
    "ReportExpired": 410,
    "ReportNotPresent": 410,
    "ResourceNotFoundException": 404,
    "ServiceException": 500,
    "ServiceFailure": 500,
    "ServiceQuotaExceededException": 402,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "ThrottlingException": 429,
    "UnknownOperationException": 400,
    "ValidationError": 400,
    "ValidationException": 400,
}
"""The status of every code that IAM and STS answer here: facts of the models and of AWS's common errors."""


JSON_RPC = "application/x-amz-json-1.1"


@dataclass
class Caught:
    """The error that a block ended in; set when the block is left."""

    error: ClientError | None = None


@contextmanager
def refused(code: str, message: str) -> Iterator[Caught]:
    """Expect the block to be refused with this code, its status, and exactly these words."""
    caught = Caught()
    with pytest.raises(ClientError) as raised:
        yield caught
    caught.error = raised.value
    check_error(raised.value, code, message)


def check_error(error: ClientError, code: str, message: str) -> None:
    """Assert everything that an error says."""
    told = error.response["Error"]
    assert (code, message) == (told["Code"], told["Message"])
    # Protocols in JSON do not say whose fault it is.
    assert told.get("Type") in (None, "Sender" if STATUS[code] < 500 else "Receiver")
    is_rpc = error.response["ResponseMetadata"]["HTTPHeaders"]["content-type"] == JSON_RPC
    # In JSON's RPC protocols, whatever is the caller's fault is 400.
    check_metadata(error.response, 400 if is_rpc and STATUS[code] < 500 else STATUS[code])


def check_metadata(response: Mapping[str, Any], status: int = 200) -> None:
    """Assert status and request id, which body and header must agree on."""
    metadata = response["ResponseMetadata"]
    assert status == metadata["HTTPStatusCode"]
    assert _REQUEST_ID.fullmatch(metadata["RequestId"])
    assert metadata["HTTPHeaders"]["x-amzn-requestid"] == metadata["RequestId"]
    assert metadata["HTTPHeaders"]["content-type"] in ("text/xml", "application/json", JSON_RPC)


NO_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"


def no_user(name: str) -> str:
    return f"The user with name {name} cannot be found."


def no_key(key_id: str) -> str:
    return f"The Access Key with id {key_id} cannot be found"


def denied(arn: str, action: str, resource: str | None) -> str:
    on_resource = "" if resource is None else f" on resource: {resource}"
    return (
        f"User: {arn} is not authorized to perform: {action}{on_resource}"
        f" because no identity-based policy allows the {action} action"
    )
