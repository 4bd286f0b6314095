"""A call of every operation of Lightsail, on a bucket by name. `on_bucket` ones are decided on the bucket's ARN."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Members = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """What is sent, and whether policies see the bucket; `changes` says that it would."""

    members: Members
    on_bucket: bool = True


def _by_name(**more: object) -> Members:
    return lambda name: {"bucketName": name, **more}


def _by_resource(**more: object) -> Members:
    return lambda name: {"resourceName": name, **more}


def _nothing(_: str) -> dict[str, Any]:
    return {}


_NOW = datetime.now(UTC)
CALLS = {
    "CreateBucketAccessKey": Call(_by_name()),
    "DeleteBucket": Call(_by_name(forceDelete=True)),
    "DeleteBucketAccessKey": Call(_by_name(accessKeyId="AKIARZPUZDIKAAAAAAAA")),
    "GetBucketAccessKeys": Call(_by_name()),
    "GetBucketBundles": Call(_nothing, on_bucket=False),
    "GetBucketMetricData": Call(
        _by_name(
            metricName="NumberOfObjects",
            startTime=_NOW - timedelta(days=1),
            endTime=_NOW,
            period=86400,
            statistics=["Sum"],
            unit="Count",
        )
    ),
    "GetBuckets": Call(_by_name()),
    "GetOperation": Call(lambda _: {"operationId": "any"}, on_bucket=False),
    "GetOperations": Call(_nothing, on_bucket=False),
    "GetOperationsForResource": Call(_by_resource()),
    "GetRegions": Call(_nothing, on_bucket=False),
    "SetResourceAccessForBucket": Call(_by_name(resourceName="web-1", access="allow")),
    "TagResource": Call(_by_resource(tags=[{"key": "a", "value": "b"}])),
    "UntagResource": Call(_by_resource(tagKeys=["a"])),
    "UpdateBucket": Call(_by_name(accessRules={"getObject": "public"})),
    "UpdateBucketBundle": Call(_by_name(bundleId="large_1_0")),
}
"""Every operation but CreateBucket, which is about a bucket that is not there yet."""
