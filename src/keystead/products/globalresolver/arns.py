"""The ARNs that policies must allow, of what a request is about.

Follows the Service Authorization Reference, "AWS Route 53 Global Resolver": ARNs name no region.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keystead.gateway.call import Call
from keystead.kernel.arn import parse_arn
from keystead.products.globalresolver.errors import invalid
from keystead.products.globalresolver.ids import SERVICE, TAGGED_TYPES
from keystead.store.interface import Reader

LISTS, VIEWS = "firewall-domain-list", "dns-view"
TAGGED = "tagged"
"""The template of operations that name a resource by its ARN."""


def resource_arn(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return the ARN of a template such as `dns-view/{dnsViewId}`; what is left out of a request is `*`."""
    del reader
    if template == "*":
        return template
    if template == TAGGED:
        arn: str = request["resourceArn"]
        return arn
    kind, _, member = template.partition("/")
    named = request.get(member.strip("{}"), "*")
    if kind == LISTS and named == "*" and "dnsViewId" in request:
        # A rule without a list is about its view only.
        kind, named = VIEWS, request["dnsViewId"]
    return f"arn:aws:{SERVICE}::{call.principal.account}:{kind}/{named}"


def further_actions(reader: Reader, call: Call, request: Mapping[str, Any]) -> Sequence[str]:
    """Return what a request must be allowed beside the operation: tagging, where it makes something with tags."""
    del reader
    makes = call.action.startswith(f"{SERVICE}:Create")
    return (f"{SERVICE}:TagResource",) if makes and request.get("tags") else ()


def split_arn(account: str, text: str) -> tuple[str, str] | None:
    """Return type and id of a resource of this account, or None for whatever else."""
    try:
        arn = parse_arn(text)
    except ValueError:
        return None
    kind, _, resource_id = arn.resource.partition("/")
    if (arn.service, arn.region, arn.account) != (SERVICE, "", account) or kind not in TAGGED_TYPES:
        return None
    return kind, resource_id


def view_in(text: str) -> tuple[str, str]:
    """Return account and id of the view that an ARN names. Raises the modelled error."""
    try:
        arn = parse_arn(text)
    except ValueError as error:
        raise invalid("resourceArn", "resourceArn is not an ARN.") from error
    kind, _, view_id = arn.resource.partition("/")
    if arn.service != SERVICE or kind != "dns-view" or not view_id:
        raise invalid("resourceArn", "resourceArn must be that of a DNS view.")
    return arn.account, view_id
