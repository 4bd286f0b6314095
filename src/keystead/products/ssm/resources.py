"""The ARNs and condition keys of what requests are about, as policies see them.

Follows the Service Authorization Reference, "Actions, resources, and condition keys for AWS Systems Manager".
"""

import re
from collections.abc import Mapping
from typing import Any

from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.products.ssm import builtin, document_records, tag_records
from keystead.products.ssm.tag_records import Place
from keystead.store.interface import Reader

_TEMPLATE = re.compile(r"(?P<kind>[a-z-]+)/\{(?P<member>[A-Za-z]+)\}")
_TAGS = ("aws:resourcetag/", "ssm:resourcetag/")
_KIND_OF_TYPE = {
    "Document": "document",
    "ManagedInstance": "managed-instance",
    "OpsItem": "opsitem",
    "Automation": "automation-execution",
}
TYPE_OF_KIND = {kind: type_ for type_, kind in _KIND_OF_TYPE.items()}


def ssm_arn(account: str, region: str, resource: str) -> str:
    """Return an ARN of this service."""
    return f"arn:aws:ssm:{region}:{account}:{resource}"


def node_arn(account: str, region: str, node_id: str) -> str:
    """Return the ARN of a node: a managed instance's, or EC2's for what is named like one of its."""
    if node_id.startswith("i-"):
        return f"arn:aws:ec2:{region}:{account}:instance/{node_id}"
    return ssm_arn(account, region, f"managed-instance/{node_id}")


def plain_document_name(account: str, region: str, name: str) -> str | None:
    """Return the name in a name, or in an ARN of this account and region or of Amazon's; None for anything else.

    What policies decide on and what is looked up are both made from it, so that they can never be two documents.
    """
    if name.startswith("arn:"):
        own = (ssm_arn(account, region, "document/"), ssm_arn("", region, "document/"))
        prefix = next((each for each in own if name.startswith(each)), None)
        if prefix is None:
            return None
        name = name.removeprefix(prefix)
    return None if not name or "/" in name or ":" in name else name


def document_arn(account: str, region: str, name: str) -> str:
    """Return the ARN of a document; those of Amazon have no account. A name that is none has the ARN of none."""
    plain = plain_document_name(account, region, name)
    if plain is None:
        return ssm_arn(account, region, "document/")
    return ssm_arn("" if plain in builtin.DOCUMENTS else account, region, f"document/{plain}")


def resource_arn(reader: Reader, call: Call, template: str, request: Mapping[str, Any]) -> str:
    """Return what policies must allow. A template is `*`, or a kind and the member that holds its id."""
    del reader
    found = _TEMPLATE.fullmatch(template)
    if found is None:
        return template
    account, region = call.principal.account, call.region
    value = request.get(found["member"])
    kind = found["kind"]
    if kind == "tagged":
        kind = _KIND_OF_TYPE.get(str(request.get("ResourceType")), "other")
    if kind == "document" and not value and "Target" in request:
        # A session without a document is decided on by its node alone.
        return node_arn(account, region, str(request["Target"]))
    if kind == "document":
        return document_arn(account, region, str(value))
    if kind == "managed-instance":
        return node_arn(account, region, str(value))
    if kind == "servicesetting":
        return _setting_arn(account, region, str(value))
    return ssm_arn(account, region, f"{kind}/{'*' if value is None else value}")


def _setting_arn(account: str, region: str, setting_id: str) -> str:
    if setting_id.startswith("arn:"):
        return setting_id
    return ssm_arn(account, region, f"servicesetting/{setting_id.lstrip('/')}")


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of a condition key, given in lower case, or None when a request has none."""
    if key == "ssm:documenttype":
        return _document_type(reader, call, request)
    for prefix in _TAGS:
        if key.startswith(prefix):
            return _tag(reader, call, request, key.removeprefix(prefix))
    return None


def _document_type(reader: Reader, call: Call, request: Mapping[str, Any]) -> Values | None:
    given: str | None = request.get("DocumentType")
    if given is not None:
        return (given,)
    name: str | None = request.get("Name", request.get("DocumentName"))
    if name is None:
        return None
    found = document_records.find(reader, call.principal.account, call.region, name.rpartition("/")[2])
    return None if found is None else (found.type,)


def _tag(reader: Reader, call: Call, request: Mapping[str, Any], wanted: str) -> Values | None:
    for member, type_ in _TYPE_BY_MEMBER.items():
        if member in request:
            where = type_ or str(request.get("ResourceType"))
            resource = str(request[member]).rpartition("/")[2]
            place = Place(call.principal.account, call.region, where, resource)
            tags = tag_records.tags(reader, place)
            return next(((value,) for key, value in tags.items() if key.lower() == wanted), None)
    return None


_TYPE_BY_MEMBER: Mapping[str, str] = {
    "ResourceId": "",  # As the request's ResourceType says.
    "Target": "ManagedInstance",
    "InstanceId": "ManagedInstance",
    "OpsItemId": "OpsItem",
    "AutomationExecutionId": "Automation",
    "Name": "Document",
}
