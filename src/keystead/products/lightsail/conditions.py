"""The condition keys of Lightsail: the tags of the bucket that a request is about.

Follows the Service Authorization Reference, "Condition keys for Amazon Lightsail". The tags that a request
brings are read by the gateway, for every service alike.
"""

from collections.abc import Mapping
from typing import Any

from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.products.lightsail.finding import bucket_in
from keystead.store.interface import Reader

_RESOURCE_TAG = "aws:resourcetag/"


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of a condition key, given in lower case, or None when a request has none."""
    if key.startswith(_RESOURCE_TAG):
        bucket = bucket_in(reader, call, request)
        return None if bucket is None else _value(bucket.tags, key.removeprefix(_RESOURCE_TAG))
    return None


def _value(tags: Mapping[str, str | None], wanted: str) -> Values | None:
    return next(((value or "",) for name, value in tags.items() if name.lower() == wanted), None)
