"""The ARNs that policies must allow, and the condition keys: the tags of the workspace that a request is about.

Follows the Service Authorization Reference, "Amazon Managed Grafana". The resource part begins with a slash.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.identity import records as identity_records
from keystead.kernel.arn import parse_arn
from keystead.products.grafana import records
from keystead.store.interface import Reader

WORKSPACE = "/workspaces/{workspaceId}"
TAGGED = "{resourceArn}"
_RESOURCE_TAG = "aws:resourcetag/"
_RESOURCE = re.compile(r"/workspaces/(g-[0-9a-f]{10})")


def workspace_in(call: Call, text: str) -> str | None:
    """Return the id in an ARN of this account and Region, or None for whatever else."""
    try:
        arn = parse_arn(text)
    except ValueError:
        return None
    named = _RESOURCE.fullmatch(arn.resource)
    is_here = (arn.service, arn.region, arn.account) == ("grafana", call.region, call.principal.account)
    return named[1] if named is not None and is_here else None


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of a condition key, given in lower case, or None when a request has none."""
    if not key.startswith(_RESOURCE_TAG):
        return None
    named = request.get("workspaceId") or workspace_in(call, request.get("resourceArn", ""))
    workspace = None if named is None else records.find(reader, named)
    if workspace is None or (workspace.account, workspace.region) != (call.principal.account, call.region):
        return None
    wanted = key.removeprefix(_RESOURCE_TAG)
    tags = identity_records.tags(reader, workspace.id)
    return next(((tag.value,) for tag in tags if tag.key.lower() == wanted), None)


def further_actions(reader: Reader, call: Call, request: Mapping[str, Any]) -> Sequence[str]:
    """Return what a request needs beside its own action: tags at creation are an action of their own."""
    del reader
    tagged = call.action == "grafana:CreateWorkspace" and request.get("tags")
    return ("grafana:TagResource",) if tagged else ()
