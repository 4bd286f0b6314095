"""The condition keys of Lightsail: tags of the bucket that a request is about, and tags that a request brings.

Follows the Service Authorization Reference, "Condition keys for Amazon Lightsail".
"""

from collections.abc import Mapping
from typing import Any

from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.products.lightsail.finding import bucket_in
from keystead.store.interface import Reader

_RESOURCE_TAG, _REQUEST_TAG = "aws:resourcetag/", "aws:requesttag/"


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of a condition key, given in lower case, or None when a request has none."""
    if key.startswith(_RESOURCE_TAG):
        bucket = bucket_in(reader, call, request)
        return None if bucket is None else _value(bucket.tags, key.removeprefix(_RESOURCE_TAG))
    brought = {tag["key"]: tag.get("value") for tag in request.get("tags") or () if "key" in tag}
    if key.startswith(_REQUEST_TAG):
        return _value(brought, key.removeprefix(_REQUEST_TAG))
    if key == "aws:tagkeys":
        keys = tuple(brought) or tuple(request.get("tagKeys") or ())
        return keys or None
    return None


def _value(tags: Mapping[str, str | None], wanted: str) -> Values | None:
    return next(((value or "",) for name, value in tags.items() if name.lower() == wanted), None)
