"""Core network endpoints: records only, as there is no core network that an address could be on here."""

import ipaddress
from collections.abc import Mapping
from typing import Any

import msgspec

from keystead.gateway.call import Call
from keystead.kernel.errors import StillInUse
from keystead.products.globalresolver.errors import conflict, invalid
from keystead.products.globalresolver.facts import CoreEndpointFacts
from keystead.products.globalresolver.ids import arn_of, dns_name
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.records import CORE_ENDPOINTS, RESOLVERS, SOURCES, CoreEndpoint
from keystead.products.globalresolver.times import as_datetime
from keystead.products.globalresolver.workshop import Place, Workshop
from keystead.types import route53globalresolver as gr

_FILTERS = frozenset({"id", "arn", "globalResolverId", "coreNetworkArn", "name", "status"})
_MEMBERS = ("dnsLabel", "regionScope", "ipv4Address", "ipv6Address", "regions")
Address = dict[str, str | list[str]]


class CoreEndpointOperations:
    """The operations on core network endpoints."""

    def __init__(self, workshop: Workshop, listing: Listing) -> None:
        self._workshop = workshop
        self._listing = listing

    @gr.CreateCoreNetworkEndpoint("write", resource="*")
    def create_core_network_endpoint(
        self, call: Call, request: gr.CreateCoreNetworkEndpointInput
    ) -> gr.CreateCoreNetworkEndpointOutput:
        """Keep an endpoint of a resolver in a core network."""
        resolver = RESOLVERS.get(call.tx, call.principal.account, request["globalResolverId"])
        again = self._workshop.made_before(call, CORE_ENDPOINTS, request)
        if again is not None:
            return self._shown(again, "CREATING")
        addresses: list[Address] = []
        for item in request["ipAddresses"]:
            _add(addresses, item)
        facts = CoreEndpointFacts(request["coreNetworkArn"], resolver.facts.regions, tuple(addresses))
        place = Place(resolver.id, resolver.id)
        return self._shown(
            self._workshop.make(call, CORE_ENDPOINTS, "cne", place, request, facts), "CREATING"
        )

    @gr.GetCoreNetworkEndpoint("read", resource="*")
    def get_core_network_endpoint(
        self, call: Call, request: gr.GetCoreNetworkEndpointInput
    ) -> gr.GetCoreNetworkEndpointOutput:
        """Return an endpoint."""
        return self._shown(self._endpoint(call, request["coreNetworkEndpointId"]))

    @gr.ListCoreNetworkEndpoints("read", resource="*")
    def list_core_network_endpoints(
        self, call: Call, request: gr.ListCoreNetworkEndpointsInput
    ) -> gr.ListCoreNetworkEndpointsOutput:
        """List the account's endpoints in order of creation."""
        account = call.principal.account
        items, token = self._listing.page(
            call,
            "",
            request,
            lambda after, limit: CORE_ENDPOINTS.of_account(call.reader, account, after, limit),
            self._shown,
            _FILTERS,
        )
        return {"coreNetworkEndpoints": items, "nextToken": token}

    @gr.UpdateCoreNetworkEndpoint("write", resource="*")
    def update_core_network_endpoint(
        self, call: Call, request: gr.UpdateCoreNetworkEndpointInput
    ) -> gr.UpdateCoreNetworkEndpointOutput:
        """Change an endpoint's name, and add, remove or change addresses in the order given."""
        endpoint = self._endpoint(call, request["coreNetworkEndpointId"])
        addresses: list[Address] = list(endpoint.facts.ip_addresses)
        for item in request.get("updateIpAddresses", []):
            if item["operation"] == "ADD":
                _add(addresses, item)
                continue
            old = [each for each in addresses if each["dnsLabel"] == item.get("dnsLabel")]
            if not old:
                raise invalid("updateIpAddresses", "There is no address with this dnsLabel.")
            addresses.remove(old[0])
            if item["operation"] == "UPDATE":
                _add(addresses, item)
        facts = msgspec.structs.replace(endpoint.facts, ip_addresses=tuple(addresses))
        name = request.get("name", endpoint.name)
        changed = self._workshop.change(call, CORE_ENDPOINTS, endpoint, name=name, facts=facts)
        return self._shown(changed, "UPDATING")

    @gr.DeleteCoreNetworkEndpoint("write", resource="*")
    def delete_core_network_endpoint(
        self, call: Call, request: gr.DeleteCoreNetworkEndpointInput
    ) -> gr.DeleteCoreNetworkEndpointOutput:
        """Delete an endpoint that no access source refers to."""
        endpoint = self._endpoint(call, request["coreNetworkEndpointId"])
        for source in SOURCES.in_resolver(call.tx, endpoint.resolver):
            if source.facts.core_network_endpoint_id == endpoint.id:
                raise StillInUse(f"delete the access source {source.id}")
        self._workshop.remove(call.tx, endpoint.id)
        return self._shown(endpoint, "DELETING")

    def _endpoint(self, call: Call, endpoint_id: str) -> CoreEndpoint:
        return CORE_ENDPOINTS.get(call.reader, call.principal.account, endpoint_id)

    def _shown(self, endpoint: CoreEndpoint, status: str = "") -> Any:
        """Return an endpoint as answers show it. The model has a shape of these members for each operation."""
        name = dns_name(endpoint.resolver, self._workshop.settings.domain)
        return {
            "id": endpoint.id,
            "arn": arn_of(endpoint.account, CORE_ENDPOINTS.type, endpoint.id),
            "globalResolverId": endpoint.resolver,
            "coreNetworkArn": endpoint.facts.core_network_arn,
            "availableRegions": list(endpoint.facts.regions),
            "ipAddresses": [
                each | {"dnsName": f"{each['dnsLabel']}.{name}"} for each in endpoint.facts.ip_addresses
            ],
            "name": endpoint.name or None,
            "status": status or endpoint.status,
            "createdAt": as_datetime(endpoint.created_at),
            "updatedAt": as_datetime(endpoint.updated_at),
        }


def _add(addresses: list[Address], item: Mapping[str, Any]) -> None:
    """Add an address to those of an endpoint. Raises the modelled error."""
    if any(each["dnsLabel"] == item["dnsLabel"] for each in addresses):
        raise conflict("Another address has this dnsLabel.", CORE_ENDPOINTS.type, str(item["dnsLabel"]))
    for member, version in (("ipv4Address", 4), ("ipv6Address", 6)):
        if member in item and not _is_address(item[member], version):
            raise invalid(member, f"{member} is not an address.")
    if item["regionScope"] == "REGIONAL" and not item.get("regions"):
        raise invalid("regions", "A regional address needs its regions.")
    addresses.append({member: item[member] for member in _MEMBERS if member in item})


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
