"""Access sources: networks that are admitted to a view by one protocol."""

import ipaddress
from typing import Any

import msgspec

from keystead.gateway.call import Call
from keystead.kernel.errors import AlreadyExists
from keystead.products.globalresolver.errors import invalid, mismatched
from keystead.products.globalresolver.facts import SourceFacts
from keystead.products.globalresolver.ids import arn_of
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.records import CORE_ENDPOINTS, SOURCES, VIEWS, Source, View
from keystead.products.globalresolver.times import as_datetime
from keystead.products.globalresolver.workshop import Place, Workshop
from keystead.store.interface import Transaction
from keystead.types import route53globalresolver as gr

_FILTERS = frozenset(
    {"id", "arn", "cidr", "ipAddressType", "coreNetworkEndpointId", "segment"}
    | {"name", "dnsViewId", "protocol", "status"}
)
_FAMILIES = {4: "IPV4", 6: "IPV6"}


class SourceOperations:
    """The operations on access sources."""

    def __init__(self, workshop: Workshop, listing: Listing) -> None:
        self._workshop = workshop
        self._listing = listing

    @gr.CreateAccessSource("write", resource="dns-view/{dnsViewId}")
    def create_access_source(
        self, call: Call, request: gr.CreateAccessSourceInput
    ) -> gr.CreateAccessSourceOutput:
        """Admit a network to a view by one protocol; the most specific network of a resolver decides."""
        view = VIEWS.get(call.tx, call.principal.account, request["dnsViewId"])
        again = self._workshop.made_before(call, SOURCES, request)
        if again is not None:
            return _shown(again, "CREATING")
        self._workshop.check_quota(
            "AccessSourcesPerGlobalResolver",
            SOURCES.count_in_resolver(call.tx, view.resolver),
            self._workshop.settings.access_sources_per_resolver,
            view.resolver,
        )
        facts = SourceFacts(
            request["protocol"],
            request.get("ipAddressType", "IPV4" if "cidr" in request else "NONE"),
            request.get("cidr"),
            request.get("coreNetworkEndpointId"),
            request.get("segment"),
        )
        self._check(call.tx, view, facts)
        made = self._workshop.make(call, SOURCES, "as", Place(view.id, view.resolver), request, facts)
        return _shown(made, "CREATING")

    @gr.GetAccessSource("read", resource="access-source/{accessSourceId}")
    def get_access_source(self, call: Call, request: gr.GetAccessSourceInput) -> gr.GetAccessSourceOutput:
        """Return a source."""
        return _shown(SOURCES.get(call.reader, call.principal.account, request["accessSourceId"]))

    @gr.ListAccessSources("read", resource="*")
    def list_access_sources(
        self, call: Call, request: gr.ListAccessSourcesInput
    ) -> gr.ListAccessSourcesOutput:
        """List the account's sources in order of creation."""
        account = call.principal.account
        items, token = self._listing.page(
            call,
            "",
            request,
            lambda after, limit: SOURCES.of_account(call.reader, account, after, limit),
            _shown,
            _FILTERS,
        )
        return {"accessSources": items, "nextToken": token}

    @gr.UpdateAccessSource("write", resource="access-source/{accessSourceId}")
    def update_access_source(
        self, call: Call, request: gr.UpdateAccessSourceInput
    ) -> gr.UpdateAccessSourceOutput:
        """Change a source; what the request leaves out stays."""
        source = SOURCES.get(call.tx, call.principal.account, request["accessSourceId"])
        view = VIEWS.get(call.tx, source.account, request.get("dnsViewId", source.parent))
        if view.resolver != source.resolver:
            raise invalid("dnsViewId", "The DNS view must be one of the same global resolver.")
        facts = msgspec.structs.replace(
            source.facts,
            cidr=request.get("cidr", source.facts.cidr),
            ip_address_type=request.get("ipAddressType", source.facts.ip_address_type),
            protocol=request.get("protocol", source.facts.protocol),
        )
        self._check(call.tx, view, facts, source.id)
        name = request.get("name", source.name)
        changed = self._workshop.change(call, SOURCES, source, parent=view.id, name=name, facts=facts)
        return _shown(changed, "UPDATING")

    @gr.DeleteAccessSource("write", resource="access-source/{accessSourceId}")
    def delete_access_source(
        self, call: Call, request: gr.DeleteAccessSourceInput
    ) -> gr.DeleteAccessSourceOutput:
        """No longer admit a network, from the next query on."""
        source = SOURCES.get(call.tx, call.principal.account, request["accessSourceId"])
        self._workshop.remove(call.tx, source.id)
        return _shown(source, "DELETING")

    def _check(self, tx: Transaction, view: View, facts: SourceFacts, own_id: str = "") -> None:
        """Raise the modelled error unless a source is one network, or a segment of a core network, and new."""
        if (facts.cidr is None) == (facts.core_network_endpoint_id is None):
            raise mismatched("Either cidr, or coreNetworkEndpointId and segment, must be given.")
        if facts.core_network_endpoint_id is not None:
            _check_segment(tx, view, facts)
            return
        _check_network(facts)
        for other in SOURCES.in_resolver(tx, view.resolver):
            same = (other.facts.cidr, other.facts.protocol) == (facts.cidr, facts.protocol)
            if same and other.id != own_id:
                raise AlreadyExists(SOURCES.type, other.id)


def _check_segment(tx: Transaction, view: View, facts: SourceFacts) -> None:
    if facts.segment is None or facts.ip_address_type != "NONE":
        raise mismatched("A source of a core network needs its segment, and no ipAddressType.")
    CORE_ENDPOINTS.get(tx, view.account, facts.core_network_endpoint_id or "")


def _check_network(facts: SourceFacts) -> None:
    """Raise the modelled error unless the cidr is a network of the stated family, and not everybody.

    Private and loopback networks are taken, which AWS refuses: here they are who is to be admitted.
    """
    try:
        network = ipaddress.ip_network(facts.cidr or "")
    except ValueError as error:
        raise invalid("cidr", "cidr is not a network, or has host bits set.") from error
    if facts.segment is not None:
        raise mismatched("A segment belongs to a core network endpoint.")
    if str(network) != facts.cidr:
        raise invalid("cidr", f"cidr must be written as {network}.")
    if network.prefixlen == 0:
        raise invalid("cidr", "cidr cannot be every address.")
    if _FAMILIES[network.version] != facts.ip_address_type:
        raise invalid("ipAddressType", "ipAddressType is not that of the cidr.")


def _shown(source: Source, status: str = "") -> Any:
    """Return a source as answers show it. The model has a shape of these members for each operation."""
    facts = source.facts
    return {
        "id": source.id,
        "arn": arn_of(source.account, SOURCES.type, source.id),
        "cidr": facts.cidr,
        "ipAddressType": facts.ip_address_type,
        "coreNetworkEndpointId": facts.core_network_endpoint_id,
        "segment": facts.segment,
        "name": source.name or None,
        "dnsViewId": source.parent,
        "protocol": facts.protocol,
        "status": status or source.status,
        "createdAt": as_datetime(source.created_at),
        "updatedAt": as_datetime(source.updated_at),
    }
