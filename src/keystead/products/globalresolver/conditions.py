"""The condition keys of Global Resolver: the tags of the resource that a request is about."""

from collections.abc import Mapping
from typing import Any

from keystead.access.policy.context import Values
from keystead.gateway.call import Call
from keystead.identity import records as identity_records
from keystead.products.globalresolver import records
from keystead.products.globalresolver.arns import split_arn
from keystead.store.interface import Reader

_RESOURCE_TAG = "aws:resourcetag/"
_BY_MEMBER = {
    "accessTokenId": records.TOKENS,
    "accessSourceId": records.SOURCES,
    "firewallDomainListId": records.LISTS,
    "dnsViewId": records.VIEWS,
    "globalResolverId": records.RESOLVERS,
    "coreNetworkEndpointId": records.CORE_ENDPOINTS,
}


def condition_key(reader: Reader, call: Call, request: Mapping[str, Any], key: str) -> Values | None:
    """Return the values of a condition key, given in lower case, or None when a request has none."""
    if not key.startswith(_RESOURCE_TAG):
        return None
    wanted, account = key.removeprefix(_RESOURCE_TAG), call.principal.account
    resource_id = _resource_id(reader, account, request)
    if resource_id is None:
        return None
    tags = identity_records.tags(reader, resource_id)
    return next(((tag.value,) for tag in tags if tag.key.lower() == wanted), None)


def _resource_id(reader: Reader, account: str, request: Mapping[str, Any]) -> str | None:
    """Return the id of what a request is about, if this account has it."""
    if "resourceArn" in request:
        found = split_arn(account, request["resourceArn"])
        return None if found is None else found[1]
    for member, shelf in _BY_MEMBER.items():
        if member in request:
            resource = shelf.find(reader, account, request[member])
            return None if resource is None else resource.id
    return None
