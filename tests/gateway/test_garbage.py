"""What a request made is freed when it is answered, and not left to the garbage collector."""

import gc
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway.gateway_under_test import FORM, HOST, IAM, STS, with_gateway
from keystead.access.doors import HTTPRequest
from keystead.access.policy.context import Values
from keystead.types import iam, sts
from support.running import Key, admin_key_of

REQUESTS = 20


class Group:
    """An operation that reads and one that writes."""

    @sts.GetCallerIdentity("read", resource="*")
    def get_caller_identity(self, call, request):
        return {"Account": call.principal.account}

    @iam.GetUser("read", resource="user/{UserName}")
    def get_user(self, call, request):
        raise iam.NoSuchEntityException("There is none.")

    @iam.DeleteUser("write", resource="user/{UserName}")
    def delete_user(self, call, request):
        """Delete nothing."""


def _request(service: str, version: str, action: str, key: Key, **members: str) -> HTTPRequest:
    body = urlencode({"Action": action, "Version": version, **members}).encode()
    signed = AWSRequest("POST", f"http://{HOST}/", {"Content-Type": FORM, "Host": HOST}, body)
    SigV4Auth(Credentials(key.id, key.secret), service, "us-east-1").add_auth(signed)
    sent = [(name.lower().encode(), str(value).encode()) for name, value in signed.headers.items()]
    return HTTPRequest("POST", b"/", b"", sent, dict(sent), body, "127.0.0.1", False)


@pytest.mark.parametrize(
    ("service", "version", "action", "members", "status"),
    [
        ("sts", STS, "GetCallerIdentity", {}, 200),
        ("iam", IAM, "GetUser", {"UserName": "nobody"}, 404),
        ("iam", IAM, "DeleteUser", {"UserName": "bob"}, 200),
    ],
)
def test_an_answered_request_leaves_nothing_to_the_collector(
    tmp_path, service, version, action, members, status
):
    async def test(bench):
        key = admin_key_of(tmp_path / "data")
        request = _request(service, version, action, key, **members)
        statuses = {(await bench.gateway.handle(request)).status for _ in range(2)}
        gc.collect()
        for _ in range(REQUESTS):
            await bench.gateway.handle(request)
        return statuses, gc.collect()

    gc.disable()
    try:
        statuses, left = with_gateway(tmp_path, [Group()], test, condition_key=_no_key)
    finally:
        gc.enable()

    assert statuses == {status}
    assert left < REQUESTS


def _no_key(reader, call, request, key) -> Values | None:
    return None
