"""Tags of buckets. Keys are told apart by case, and a tag may have no value.

Follows "Tags in Amazon Lightsail" (Lightsail User Guide): 50 to a resource, keys of at most 128 and values of at
most 256 letters, digits, spaces and `+-=._:/@`; what begins with `aws:` is AWS's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from keystead.gateway.call import Call
from keystead.kernel.lazily import later
from keystead.products.lightsail import bucket_records
from keystead.products.lightsail.bucket import Bucket
from keystead.products.lightsail.errors import invalid
from keystead.products.lightsail.finding import RESOURCE, named
from keystead.products.lightsail.oplog import TAGGING, OperationLog
from keystead.types import lightsail

if TYPE_CHECKING:
    import regex
else:
    regex = later("regex")

MOST_TAGS = 50
BAD_TAG = (
    "A tag has a key of 1 to 128 and a value of 0 to 256 letters, digits, spaces and characters of +-=._:/@"
)
_KEY: Final = r"[\p{L}\p{N}\p{Zs}+\-=._:/@]{1,128}"
_VALUE: Final = r"[\p{L}\p{N}\p{Zs}+\-=._:/@]{0,256}"


class TagOperations:
    """The operations on tags."""

    def __init__(self, log: OperationLog) -> None:
        self._log = log

    @lightsail.TagResource("write", resource=RESOURCE)
    def tag_resource(self, call: Call, request: lightsail.TagResourceRequest) -> lightsail.TagResourceResult:
        """Add tags, replacing those of the same key."""
        bucket = _tagged(call, request["resourceName"], request.get("resourceArn"))
        tags = with_tags(bucket.tags, request["tags"])
        bucket_records.save(call.tx, replace(bucket, tags=tags))
        return {"operations": self._log.note(call, bucket.name, TAGGING)}

    @lightsail.UntagResource("write", resource=RESOURCE)
    def untag_resource(
        self, call: Call, request: lightsail.UntagResourceRequest
    ) -> lightsail.UntagResourceResult:
        """Remove tags; a key that is not there is no error."""
        bucket = _tagged(call, request["resourceName"], request.get("resourceArn"))
        kept = {key: value for key, value in bucket.tags.items() if key not in request["tagKeys"]}
        bucket_records.save(call.tx, replace(bucket, tags=kept))
        return {"operations": self._log.note(call, bucket.name, TAGGING)}


def _tagged(call: Call, name: str, arn: str | None) -> Bucket:
    """Return the bucket. Raises NotFound, and the modelled error for an ARN that is another's."""
    bucket = named(call, name, RESOURCE)
    if arn is not None and arn != bucket.arn:
        raise invalid(f"The resourceArn is not that of the resource {name}.")
    return bucket


def with_tags(tags: Mapping[str, str | None], added: Sequence[lightsail.Tag]) -> Mapping[str, str | None]:
    """Return tags with others added; one of the same key keeps its place. Raises the modelled error."""
    new: dict[str, str | None] = {}
    for tag in added:
        key, value = tag.get("key", ""), tag.get("value")
        _check(key, value)
        if key in new:
            raise invalid(f"The tag key {key} is given twice.")
        new[key] = value
    together = {**tags, **new}
    if len(together) > MOST_TAGS:
        raise invalid(f"A resource can have at most {MOST_TAGS} tags.")
    return together


def _check(key: str, value: str | None) -> None:
    if not regex.fullmatch(_KEY, key) or not regex.fullmatch(_VALUE, value or ""):
        raise invalid(BAD_TAG)
    if key.lower().startswith("aws:"):
        raise invalid("A tag key must not start with aws:")


def shown(tags: Mapping[str, str | None]) -> list[lightsail.Tag]:
    """Return tags as answers list them; one without a value has none there either."""
    return [{"key": key} if value is None else {"key": key, "value": value} for key, value in tags.items()]
