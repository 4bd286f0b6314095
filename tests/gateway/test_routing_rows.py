"""Which operation a request is for: target, then form, then scope; the signature must be for that very service."""

from datetime import UTC, datetime

import pytest
from gateway_under_test import FORM, IAM, STS, with_gateway

from keystead.types import iam, sts
from keystead.types.operation import Operation

EPOCH = datetime.fromtimestamp(0, UTC)
GRAFANA = Operation("grafana", "ListWorkspaces")
SSM = Operation("ssm", "DescribeDocument")


class Echo:
    """One operation of each way of being found; each says which it was."""

    @iam.GetUser("read", resource="*")
    def get_user(self, call, request):
        return {"User": {"UserName": "iam-form", "Path": "/", "UserId": "", "Arn": "", "CreateDate": EPOCH}}

    @sts.GetCallerIdentity("read", resource="*")
    def get_caller_identity(self, call, request):
        return {"UserId": "sts-form"}

    @SSM("read", resource="*")
    def describe_document(self, call, request):
        return {"Document": {"Name": "ssm-target"}}

    @GRAFANA("read", resource="*")
    def list_workspaces(self, call, request):
        return {"workspaces": [], "nextToken": "grafana-path"}


JSON = "application/x-amz-json-1.1"
GET_USER = f"Action=GetUser&Version={IAM}".encode()
IDENTITY = f"Action=GetCallerIdentity&Version={STS}".encode()
DOCUMENT = b'{"Name":"some-document"}'
TARGET = {"X-Amz-Target": "AmazonSSM.DescribeDocument", "Content-Type": JSON}

ROWS = {
    "form": ({"body": GET_USER, "headers": {"Content-Type": FORM}}, 200, "iam-form"),
    "form of another service": (
        {"body": IDENTITY, "headers": {"Content-Type": FORM}, "sign_for": "sts"},
        200,
        "sts-form",
    ),
    "form in the query of a GET": ({"method": "GET", "target": f"/?{GET_USER.decode()}"}, 200, "iam-form"),
    "form signed for another service": (
        {"body": IDENTITY, "headers": {"Content-Type": FORM}, "sign_for": "iam"},
        403,
        "SignatureDoesNotMatch",
    ),
    "form for STS signed for S3": (
        {"body": IDENTITY, "headers": {"Content-Type": FORM}, "sign_for": "s3"},
        403,
        "SignatureDoesNotMatch",
    ),
    "form of an unknown version": (
        {"body": b"Action=GetUser&Version=1999-01-01", "headers": {"Content-Type": FORM}},
        400,
        "InvalidAction",
    ),
    "form of an unknown action": (
        {"body": f"Action=Nothing&Version={IAM}".encode(), "headers": {"Content-Type": FORM}},
        400,
        "InvalidAction",
    ),
    "form of an action that nobody serves": (
        {"body": f"Action=CreateLoginProfile&Version={IAM}".encode(), "headers": {"Content-Type": FORM}},
        400,
        "InvalidAction",
    ),
    "form with an action in another case": (
        {"body": f"Action=getuser&Version={IAM}".encode(), "headers": {"Content-Type": FORM}},
        400,
        "InvalidAction",
    ),
    "form unsigned": (
        {"body": GET_USER, "headers": {"Content-Type": FORM}, "sign_for": None},
        403,
        "MissingAuthenticationToken",
    ),
    "form of an unknown action, unsigned": (
        {
            "body": f"Action=Nothing&Version={IAM}".encode(),
            "headers": {"Content-Type": FORM},
            "sign_for": None,
        },
        403,
        "MissingAuthenticationToken",
    ),
    "target": ({"body": DOCUMENT, "headers": TARGET, "sign_for": "ssm"}, 200, "ssm-target"),
    "target in another region": (
        {"body": DOCUMENT, "headers": TARGET, "sign_for": "ssm", "region": "eu-west-1"},
        200,
        "ssm-target",
    ),
    "target before form": (
        {"body": GET_USER, "headers": {**TARGET, "Content-Type": FORM}, "sign_for": "iam"},
        400,
        "InvalidSignatureException",
    ),
    "target in another case": (
        {
            "body": DOCUMENT,
            "headers": {**TARGET, "X-Amz-Target": "amazonssm.DescribeDocument"},
            "sign_for": "ssm",
        },
        400,
        "UnknownOperationException",
    ),
    "target without its prefix": (
        {"body": DOCUMENT, "headers": {**TARGET, "X-Amz-Target": "DescribeDocument"}, "sign_for": "ssm"},
        400,
        "UnknownOperationException",
    ),
    "target of 10 KiB": (
        {
            "body": DOCUMENT,
            "headers": {**TARGET, "X-Amz-Target": "AmazonSSM." + "x" * 10240},
            "sign_for": "ssm",
        },
        400,
        "UnknownOperationException",
    ),
    "target unsigned": (
        {"body": DOCUMENT, "headers": TARGET, "sign_for": None},
        400,
        "MissingAuthenticationTokenException",
    ),
    "target signed for another service": (
        {"body": DOCUMENT, "headers": TARGET, "sign_for": "grafana"},
        400,
        "InvalidSignatureException",
    ),
    "path in the scope's service": (
        {"method": "GET", "target": "/workspaces", "sign_for": "grafana"},
        200,
        "grafana-path",
    ),
    "path that the scope's service lacks": (
        {"method": "GET", "target": "/nothing", "sign_for": "grafana"},
        None,
        "UnknownOperationException",
    ),
    "path of a scope that nobody serves": (
        {"method": "GET", "target": "/workspaces", "sign_for": "lambda"},
        404,
        "UnknownOperationException",
    ),
    "nothing at all": ({"method": "GET", "sign_for": None}, 403, "MissingAuthenticationToken"),
    "path unsigned": (
        {"method": "GET", "target": "/workspaces", "sign_for": None},
        403,
        "MissingAuthenticationToken",
    ),
    "form elsewhere than at the root": (
        {"target": "/elsewhere", "body": GET_USER, "headers": {"Content-Type": FORM}},
        None,
        "",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_request_is_routed_as_the_table_says(tmp_path, name):
    sent, status, expected = ROWS[name]

    async def test(bench):
        return await bench.send(**sent)

    answer = with_gateway(tmp_path, [Echo()], test)

    assert (answer.status == status) if status else (400 <= answer.status < 500)
    if status == 200:
        assert expected in answer.text
    elif expected:
        assert answer.code == expected
