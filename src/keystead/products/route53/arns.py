"""The ARNs that policies must allow: zones and changes, which have neither region nor account in them."""

from collections.abc import Mapping
from typing import Any

from keystead.gateway.call import Call
from keystead.store.interface import Reader


def bare_id(text: str) -> str:
    """Return an id without the kind that answers put before it; clients send both."""
    return text.rpartition("/")[2]


def resource_arn(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN of `hostedzone/{Id}` or `change/{Id}`."""
    del reader, call
    if template == "*":
        return template
    kind, _, member = template.partition("/")
    return f"arn:aws:route53:::{kind}/{bare_id(request[member.strip('{}')])}"
