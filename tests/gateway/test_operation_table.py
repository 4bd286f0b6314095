"""The table of operations refuses at start-up what could not be served as declared."""

from collections.abc import Mapping

import pytest

from keystead.gateway.call import Call
from keystead.gateway.operations import BadDeclaration, Face, OperationTable, plain_resource
from keystead.identity.principals import Principal
from keystead.protocol import Models, UnknownService
from keystead.types import iam, sts
from keystead.types.operation import Operation


def _table(*groups: object) -> OperationTable:
    return OperationTable(Models(), [Face(groups=groups)], ["eu-west-1"], "us-east-1")


def _group(operation: Operation, **declared: str) -> object:
    class Group:
        @operation("read", **{"resource": "*", **declared})
        def method(self, call, request): ...

    return Group()


def test_a_declared_operation_is_found_by_its_name():
    table = _table(_group(iam.GetUser), _group(sts.GetCallerIdentity))

    assert set(table.services) == {"iam", "sts"}
    entry = table.services["iam"].entries["GetUser"]
    assert (entry.declaration.name, entry.declaration.action) == ("GetUser", "iam:GetUser")
    assert entry.service is table.services["iam"]


def test_an_operation_that_its_model_lacks_is_refused():
    with pytest.raises(BadDeclaration, match="iam has no operation MakeUser"):
        _table(_group(Operation("iam", "MakeUser")))


def test_a_service_without_a_model_is_refused():
    with pytest.raises(UnknownService):
        _table(_group(Operation("nosuch", "GetThing")))


@pytest.mark.parametrize("name", ["../iam", "iam/2010-05-08", "", "ïam", "."])
def test_a_service_name_is_never_a_path(name):
    with pytest.raises(UnknownService):
        _table(_group(Operation(name, "GetUser")))


def test_an_operation_declared_twice_is_refused():
    with pytest.raises(BadDeclaration, match="iam:GetUser is declared twice"):
        _table(_group(iam.GetUser), _group(iam.GetUser))


def test_an_operation_declared_twice_by_two_products_is_refused():
    faces = [Face(groups=[_group(iam.GetUser)]), Face(groups=[_group(iam.GetUser)])]

    with pytest.raises(BadDeclaration):
        OperationTable(Models(), faces, [], "us-east-1")


@pytest.mark.parametrize("resource", ["", " "])
def test_an_operation_without_a_resource_is_refused(resource):
    with pytest.raises(BadDeclaration, match="lacks an action or a resource"):
        _table(_group(iam.GetUser, resource=resource))


def test_a_base_classs_operations_are_served_and_plain_methods_are_not():
    class Base:
        @iam.GetUser("read", resource="*")
        def get_user(self, call, request): ...

        def helper(self): ...

    class Group(Base): ...

    assert set(_table(Group()).services["iam"].entries) == {"GetUser"}


@pytest.mark.parametrize(
    ("region", "served"), [("us-east-1", True), ("eu-west-1", True), ("mars-north-1", False)]
)
@pytest.mark.parametrize("service", ["iam", "sts"])
def test_every_service_is_served_in_every_known_region(service, region, served):
    table = _table(_group(iam.GetUser), _group(sts.GetCallerIdentity))

    assert (region in table.services[service].rules.regions) == served


def test_a_resource_template_is_filled_from_the_request():
    request: Mapping[str, str] = {"Box": "green", "Name": "{Box}"}
    principal = Principal("root", "123456789012", "root", "123456789012", "", "")
    call = Call("", principal, None, "toys:GetBox", "eu-north-1", "", "", None)

    arn = "arn:aws:toys:eu-north-1:123456789012:box"
    assert plain_resource(None, call, "box/{Box}/{Name}", request) == f"{arn}/green/{{Box}}"
    assert plain_resource(None, call, "box/{Lid}", request) == f"{arn}/*"
    assert plain_resource(None, call, "*", request) == "*"


def test_two_services_that_a_request_cannot_tell_apart_are_refused():
    """RDS and Neptune share a version and a signing name: the second would take the first one's requests."""
    groups = [_group(Operation(service, "DescribeDBClusters")) for service in ("rds", "neptune")]

    with pytest.raises(BadDeclaration):
        _table(*groups)
