"""Finding the bucket that a request names, within the caller's account and the region it signed for."""

from collections.abc import Mapping
from typing import Any

from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket, bucket_arn
from keystead.store.interface import Reader

BUCKET, RESOURCE = "bucket", "resource"
"""The templates of operations that name a bucket as `bucketName`, and one as `resourceName`."""
_MEMBERS = {BUCKET: "bucketName", RESOURCE: "resourceName"}


def named(call: Call, name: str, what: str = BUCKET) -> Bucket:
    """Return the caller's bucket of this name. Raises NotFound; another account's, or region's, looks like none."""
    found = bucket_records.owned(call.reader, call.principal.account, call.region, name)
    if found is None:
        raise NotFound(what, name)
    return found


def bucket_in(reader: Reader, call: Call, request: Mapping[str, Any]) -> Bucket | None:
    """Return the caller's bucket that a request names, by whichever member, if there is one."""
    name = request.get("bucketName") or request.get("resourceName")
    if not isinstance(name, str):
        return None
    return bucket_records.owned(reader, call.principal.account, call.region, name)


def resource_arn(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN that policies must allow: the bucket's, by its unique id.

    Follows the Service Authorization Reference, "Amazon Lightsail". A bucket that is to be made, or is not there,
    has no id, and is `Bucket/*`: a policy for one bucket allows nothing of another. Without a name it is `*`.
    """
    if template not in _MEMBERS or _MEMBERS[template] not in request:
        return "*"
    found = bucket_in(reader, call, request)
    account, region = call.principal.account, call.region
    return bucket_arn(account, region, "*") if found is None else found.arn
