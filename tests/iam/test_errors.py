"""Each error that an operation's model lists is answered as modelled, or listed with the reason why it never is."""

import pytest

from iam.answers import refused
from iam.calls import CALLS, ELSEWHERE, FAILURES, NEVER_ANSWERED, perform
from iam.calls_rest import WITHOUT_DISK
from seeds.faults import broken_disk


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_modelled_error_is_answered(room, failure):
    members, message = failure.provoke(room)

    with refused(failure.code, message) as caught:
        perform(room.iam, failure.operation, members)

    assert type(caught.error) is room.iam.exceptions.from_code(failure.code)


@pytest.mark.parametrize("operation", sorted(CALLS.keys() - WITHOUT_DISK))
def test_broken_disk_is_a_service_failure_and_nothing_of_it_shows(room, operation):
    name = room.user()
    ours = {"ServiceFailure", "PolicyEvaluation"} & _codes(room, operation)
    code = ours.pop() if ours else "InternalFailure"

    with broken_disk(room.authority), refused(code, "An internal error occurred."):
        perform(room.iam, operation, CALLS[operation].members(name))

    assert room.iam.get_user(UserName=name)["User"]["Path"] == "/"


def test_every_listed_error_is_accounted_for(room):
    listed = {(operation, code) for operation in CALLS for code in _codes(room, operation)}
    produced = {(failure.operation, failure.code) for failure in FAILURES} | set(ELSEWHERE)
    service_failures = {(operation, "ServiceFailure") for operation in CALLS}

    assert not produced & set(NEVER_ANSWERED)
    assert listed - service_failures == produced | set(NEVER_ANSWERED)


def _codes(room, operation: str) -> set[str]:
    errors = room.iam.meta.service_model.operation_model(operation).error_shapes
    return {error.metadata["error"]["code"] for error in errors}
