"""REST requests find their operation by method, raw path and query; what differs only in spelling does not."""

import pytest
from strategies import models

from keystead.protocol import Unreadable

CATALOGUE = models()


def route(service: str, method: str, target: str, **headers: str) -> tuple[str, dict[str, str]] | None:
    path, _, query = target.partition("?")
    return CATALOGUE.service(service).match_rest(method, path.encode(), query.encode(), headers)


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b/", "ListObjects"),
        ("GET", "/b?list-type=2", "ListObjectsV2"),
        ("GET", "/b?prefix=x&list-type=2", "ListObjectsV2"),
        ("GET", "/b?list-type=1", "ListObjects"),
        ("GET", "/b?uploads", "ListMultipartUploads"),
        ("GET", "/b?uploads=", "ListMultipartUploads"),
        ("GET", "/b?versions", "ListObjectVersions"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("PUT", "/b", "CreateBucket"),
        ("PUT", "/b?cors", "PutBucketCors"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b/k", "GetObject"),
        ("GET", "/b/k?uploadId=u", "ListParts"),
        ("GET", "/b/k?acl", "GetObjectAcl"),
        ("HEAD", "/b/k", "HeadObject"),
        ("PUT", "/b/k", "PutObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=u", "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"),
        ("DELETE", "/b/k", "DeleteObject"),
        ("DELETE", "/b/k?tagging", "DeleteObjectTagging"),
    ],
)
def test_s3_request_is_told_apart_by_its_query(method: str, target: str, operation: str) -> None:
    found = route("s3", method, target)

    assert found is not None
    assert operation == found[0]


def test_s3_copies_are_told_apart_by_their_header() -> None:
    source = {"x-amz-copy-source": "/b/other"}

    assert route("s3", "PUT", "/b/k", **source) == ("CopyObject", {"Bucket": "b", "Key": "k"})
    part = route("s3", "PUT", "/b/k?partNumber=1&uploadId=u", **source)
    assert part is not None
    assert part[0] == "UploadPartCopy"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/b/a/b/c", "a/b/c"),
        ("/b//leading", "/leading"),
        ("/b/a//b/", "a//b/"),
        ("/b/a%2Fb", "a/b"),
        ("/b/%2e%2e/x", "../x"),
        ("/b/../x", "../x"),
        ("/b/a+b%20c", "a+b c"),
        ("/b/%E2%82%AC", "€"),
        ("/b/€", "€"),
    ],
)
def test_greedy_label_keeps_every_byte_of_a_key(path: str, key: str) -> None:
    found = route("s3", "GET", path)

    assert found == ("GetObject", {"Bucket": "b", "Key": key})


@pytest.mark.parametrize("path", ["/b/%zz", "/b/%ff", "/b/%"])
def test_path_that_cannot_be_decoded_is_refused(path: str) -> None:
    with pytest.raises(Unreadable):
        route("s3", "GET", path)


@pytest.mark.parametrize(
    ("method", "target", "operation", "labels"),
    [
        ("GET", "/tokens/dns-view/v1", "ListAccessTokens", {"dnsViewId": "v1"}),
        ("GET", "/tokens/t1", "GetAccessToken", {"accessTokenId": "t1"}),
        ("GET", "/tokens/dns-view", "GetAccessToken", {"accessTokenId": "dns-view"}),
        (
            "DELETE",
            "/hosted-zone-associations/hosted-zone/Z1/resource-arn/arn:aws:x::1:dns-view/v1",
            "DisassociateHostedZone",
            {"hostedZoneId": "Z1", "resourceArn": "arn:aws:x::1:dns-view/v1"},
        ),
    ],
)
def test_literal_beats_label_and_label_beats_nothing(
    method: str, target: str, operation: str, labels: dict[str, str]
) -> None:
    assert route("route53globalresolver", method, target) == (operation, labels)


@pytest.mark.parametrize(
    ("service", "method", "target"),
    [
        ("grafana", "GET", "/workspace"),
        ("grafana", "GET", "/workspaces//authentication"),
        ("grafana", "GET", "//workspaces"),
        ("grafana", "TRACE", "/workspaces"),
        ("grafana", "GET", "/workspaces/g-0123456789/authentication/more"),
        ("route53globalresolver", "GET", "/tokens/"),
        ("s3", "POST", "/b"),
        ("s3", "GET", "*"),
    ],
)
def test_other_requests_have_no_operation(service: str, method: str, target: str) -> None:
    assert route(service, method, target) is None


def test_escaped_slash_in_a_label_is_no_separator() -> None:
    found = route("grafana", "GET", "/workspaces/g-0123456789%2F..%2Fx")

    assert found == ("DescribeWorkspace", {"workspaceId": "g-0123456789/../x"})


def test_trailing_slash_of_a_template_is_optional() -> None:
    for path in ("/2013-04-01/hostedzone/Z1/rrset/", "/2013-04-01/hostedzone/Z1/rrset"):
        assert route("route53", "POST", path) == ("ChangeResourceRecordSets", {"Id": "Z1"})
