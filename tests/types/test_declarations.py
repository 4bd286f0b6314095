"""`Operation` leaves its declaration on a method and changes nothing else."""

import pytest

from keystead.types import iam
from keystead.types.errors import ServiceError
from keystead.types.operation import Operation, declaration_of

PING = Operation[dict, dict]("toy", "Ping")


def test_a_declared_method_is_still_itself_and_says_what_it_is():
    class Group:
        @PING("write", resource="thing/{Name}")
        def ping(self, call, request):
            return {"seen": request}

    declared = declaration_of(Group.ping)

    assert Group().ping(None, {"a": 1}) == {"seen": {"a": 1}}
    assert declared is not None
    assert (declared.service, declared.name, declared.form) == ("toy", "Ping", "write")
    assert (declared.resource, declared.action) == ("thing/{Name}", "toy:Ping")
    assert declared.authentication == "sigv4"


def test_an_action_of_another_name_can_be_declared():
    @PING("read", resource="*", action="toy:Look")
    def ping(self, call, request): ...

    assert declaration_of(ping).action == "toy:Look"


@pytest.mark.parametrize(
    "thing", [None, 5, print, object(), type("Odd", (), {"__keystead_operation__": "x"})()]
)
def test_nothing_else_is_taken_for_a_declaration(thing):
    assert declaration_of(thing) is None


def test_a_modelled_error_carries_its_shape_and_members():
    error = iam.NoSuchEntityException("The user with name bob cannot be found.", Extra=1)

    assert isinstance(error, ServiceError)
    assert (error.service, error.shape) == ("iam", "NoSuchEntityException")
    assert error.message == "The user with name bob cannot be found."
    assert error.members == {"Extra": 1}
