"""The seed operations keep their contracts: every parameter, every answered member, every exception.

A slice adds its contract to `CONTRACTS`, and nothing else.
"""

from typing import Any

import pytest
from botocore import xform_name

from iam.answers import check_metadata, refused
from seeds.contract import Contract, Exceptional, Given, Refusal, gaps, value_at
from seeds.create_access_key import CREATE_ACCESS_KEY
from seeds.create_access_token import CREATE_ACCESS_TOKEN
from seeds.create_bucket_access_key import CREATE_BUCKET_ACCESS_KEY
from seeds.create_service_account_token import CREATE_SERVICE_ACCOUNT_TOKEN
from seeds.faults import FULL, engine_of
from seeds.get_access_token import GET_ACCESS_TOKEN
from support.running import Key

CONTRACTS = [
    CREATE_ACCESS_KEY,
    CREATE_ACCESS_TOKEN,
    CREATE_BUCKET_ACCESS_KEY,
    CREATE_SERVICE_ACCOUNT_TOKEN,
    GET_ACCESS_TOKEN,
]
GIVENS = [(contract, given) for contract in CONTRACTS for given in contract.inputs]
ANSWERS = [(contract, path) for contract in CONTRACTS for path in contract.answer]
ABSENT = [(contract, path) for contract in CONTRACTS for path in contract.absent]
EXCEPTIONS = [(contract, each) for contract in CONTRACTS for each in contract.exceptions]


def call(room, contract: Contract, members: dict[str, Any], key: Key | None = None) -> Any:
    """Send members as they are: what is wrong with them is the server's to say."""
    client = room.client(contract.service, key or contract.caller(room), parameter_validation=False)
    return getattr(client, xform_name(contract.operation))(**members)


def expect_refusal(
    room, contract: Contract, refusal: Refusal, members: dict[str, Any], key: Key | None = None
) -> None:
    message = refusal.message
    if key is not None:
        arn = room.client("sts", key).get_caller_identity()["Arn"]
        message = message.format(user=arn.rpartition("/")[2], **members)
    with refused(refusal.code, message) as caught:
        call(room, contract, members, key)
    if refusal.is_modelled:
        modelled = room.client(contract.service).exceptions
        assert type(caught.error).__name__ == modelled.from_code(refusal.code).__name__ != "ClientError"


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_contract_leaves_nothing_of_the_model_out(room, contract):
    model = room.client(contract.service).meta.service_model.operation_model(contract.operation)

    assert gaps(contract, model) == []


@pytest.mark.parametrize(("contract", "given"), GIVENS, ids=str)
def test_input_is_taken_or_refused_as_stated(room, contract: Contract, given: Given):
    members = given.members(room)
    before = contract.holdings(room)

    if isinstance(given.expected, Refusal):
        expect_refusal(room, contract, given.expected, members)
        assert before == contract.holdings(room)
    else:
        response = call(room, contract, members)
        check_metadata(response)
        given.expected(room, members, response)


@pytest.mark.parametrize(("contract", "path"), ANSWERS, ids=str)
def test_member_of_the_answer_is_as_stated(room, contract: Contract, path: str):
    response = call(room, contract, contract.usual(room))

    contract.answer[path](room, value_at(response, path))


@pytest.mark.parametrize(("contract", "path"), ABSENT, ids=str)
def test_member_is_absent_as_stated(room, contract: Contract, path: str):
    response = call(room, contract, contract.usual(room))

    with pytest.raises(KeyError):
        value_at(response, path)


@pytest.mark.parametrize(("contract", "exceptional"), EXCEPTIONS, ids=str)
def test_exception_is_answered_leaves_no_trace_and_passes(room, contract: Contract, exceptional: Exceptional):
    members, key = exceptional.members(room), exceptional.key(room)
    before = contract.holdings(room)

    with exceptional.during(room):
        expect_refusal(room, contract, exceptional.refusal, members, key)

    assert before == contract.holdings(room)
    assert room.authority.command("audit-verify")["holds"]
    check_metadata(call(room, contract, contract.usual(room)))


def test_full_disk_is_one(room, caplog):
    exceptional = next(each for each in CREATE_ACCESS_KEY.exceptions if each.refusal.code == "ServiceFailure")
    members = exceptional.members(room)

    with exceptional.during(room):
        caplog.clear()
        expect_refusal(room, CREATE_ACCESS_KEY, exceptional.refusal, members)

    assert FULL[engine_of(room.authority)] in caplog.text
