"""Which door a request is for: DESIGN §8's order, row by row, over doors that say who they are."""

import pytest

from keystead.access.doors import HTTPDoor
from keystead.gateway.http.dispatch import Dispatch

SIGV4 = (
    b"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0"
)
PRESIGNED = b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2F" + (
    b"s3%2Faws4_request"
)
FORM = b"application/x-www-form-urlencoded; charset=utf-8"
WORKSPACE, BUCKETS = "workspaces", "buckets"


async def _nobody(scope, receive, send):
    raise AssertionError("no request is given on here")


def _doors():
    return [
        HTTPDoor(WORKSPACE, _nobody, lambda host: host.startswith("g-"), prefixes=(b"/_ws/",)),
        HTTPDoor(
            BUCKETS,
            _nobody,
            lambda host: host.endswith(".s3.localhost"),
            signing_name="s3",
            takes_the_rest=True,
        ),
    ]


def _names_operation(method, raw_path, query):
    return (method, raw_path) == ("GET", b"/workspaces")


def _found(doors, target, method="GET", **head):
    raw_path, _, query = target.partition(b"?")
    fields = {name.replace("_", "-").encode(): value for name, value in head.items()}
    door = Dispatch(doors, _names_operation).find(
        method, raw_path, query, {b"host": b"127.0.0.1:4650", **fields}
    )
    return None if door is None else door.name


@pytest.mark.parametrize(
    ("target", "head", "door"),
    [
        (b"/", {"host": b"G-1.localhost:4650"}, WORKSPACE),
        (b"/", {"host": b"b.s3.localhost"}, BUCKETS),
        (b"/_ws/g-1/api", {"host": b"b.s3.localhost"}, BUCKETS),
        (b"/_ws/g-1/api/health", {}, WORKSPACE),
        (b"/_ws", {}, None),
        (b"/_keystead/health", {}, None),
        (b"/_ws/g-1/api", {"x_amz_target": b"Lightsail_20161128.GetBuckets"}, WORKSPACE),
        (b"/b/k", {"x_amz_target": b"Lightsail_20161128.GetBuckets"}, None),
        (b"/?Action=ListBuckets&Version=1", {}, None),
        (b"/?Action=GetCallerIdentity&" + PRESIGNED, {}, None),
        (b"/b/k?Action=Anything", {}, BUCKETS),
        (b"/", {"method": "POST", "content_type": FORM, "authorization": SIGV4 % b"s3"}, None),
        (b"/b", {"method": "POST", "content_type": b"multipart/form-data; boundary=x"}, BUCKETS),
        (b"/b/k", {"authorization": SIGV4 % b"s3"}, BUCKETS),
        (b"/workspaces", {"authorization": SIGV4 % b"s3"}, BUCKETS),
        (b"/workspaces", {"authorization": SIGV4 % b"grafana"}, None),
        (b"/b/k", {"authorization": SIGV4 % b"grafana"}, None),
        (b"/b/k?" + PRESIGNED, {}, BUCKETS),
        (b"/b/k?" + PRESIGNED.replace(b"%2F", b"/"), {}, BUCKETS),
        (b"/b/k", {}, BUCKETS),
        (b"/", {}, BUCKETS),
        (b"/workspaces", {}, None),
        (b"/b/k", {"authorization": b"AWS AKIA:signature"}, BUCKETS),
        (b"/b/k?AWSAccessKeyId=AKIA&Signature=x&Expires=1", {}, BUCKETS),
    ],
)
def test_request_goes_where_its_head_says_in_this_order(target, head, door):
    assert _found(_doors(), target, **head) == door


def test_without_doors_everything_is_for_the_api():
    assert _found([], b"/b/k") is None


def test_hosts_that_are_remembered_stay_few(monkeypatch):
    monkeypatch.setattr("keystead.gateway.http.dispatch._MAX_HOSTS", 10)
    dispatch = Dispatch(_doors(), _names_operation)

    for number in range(25):
        dispatch.find("GET", b"/", b"", {b"host": b"h%d" % number})

    assert len(dispatch._by_host) <= 10
