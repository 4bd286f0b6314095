"""DNS views: create, read, list, change, switch off and on, and delete with all that is in them."""

from typing import Any

import msgspec

from keystead.credentials import shelf
from keystead.credentials.issue import Issuer
from keystead.gateway.call import Call
from keystead.products.globalresolver import records
from keystead.products.globalresolver.errors import conflict
from keystead.products.globalresolver.facts import ViewFacts
from keystead.products.globalresolver.ids import arn_of
from keystead.products.globalresolver.kinds import ACCESS_TOKEN
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.records import DISABLED, OPERATIONAL, RESOLVERS, VIEWS, View
from keystead.products.globalresolver.times import as_datetime
from keystead.products.globalresolver.workshop import Place, Workshop
from keystead.types import route53globalresolver as gr
from keystead.zones.zones import Zones

# AWS documents only the last of these defaults; that the others are off as well is UNCONFIRMED.
_DEFAULTS = {"dnssecValidation": DISABLED, "ednsClientSubnet": DISABLED, "firewallRulesFailOpen": DISABLED}


class ViewRemoval:
    """Takes a view away with all that hangs on it, in the caller's transaction."""

    def __init__(self, workshop: Workshop, issuer: Issuer, zones: Zones) -> None:
        self._workshop = workshop
        self._issuer = issuer
        self._zones = zones

    def remove(self, call: Call, view: View) -> None:
        """Revoke the view's tokens and delete its sources, rules and associations, then itself."""
        for token in shelf.of_owner(call.tx, view.account, view.resolver, ACCESS_TOKEN):
            if token.audience == view.id:
                self._issuer.revoke(call.tx, token.id)
        self._zones.dissociate_all(call.tx, view.id)
        records.remove_children(call.tx, view.id)
        self._workshop.remove(call.tx, view.id)


class ViewOperations:
    """The operations on DNS views."""

    def __init__(self, workshop: Workshop, listing: Listing, removal: ViewRemoval) -> None:
        self._workshop = workshop
        self._listing = listing
        self._removal = removal

    @gr.CreateDNSView("write", resource="dns-view/*")
    def create_dns_view(self, call: Call, request: gr.CreateDNSViewInput) -> gr.CreateDNSViewOutput:
        """Make a view, which admits nobody until it has a token or a source."""
        account, settings = call.principal.account, self._workshop.settings
        resolver = RESOLVERS.get(call.tx, account, request["globalResolverId"])
        again = self._workshop.made_before(call, VIEWS, request)
        if again is not None:
            return shown(again, "CREATING")
        for name, held, limit in (
            (
                "DNSViewsPerGlobalResolver",
                VIEWS.count_in_parent(call.tx, resolver.id),
                settings.dns_views_per_resolver,
            ),
            ("DNSViewsPerAccount", VIEWS.count(call.tx, account), settings.dns_views_per_account),
        ):
            self._workshop.check_quota(name, held, limit, resolver.id)
        facts = ViewFacts(
            *(request.get(name, default) for name, default in _DEFAULTS.items()),
            description=request.get("description"),
        )
        place = Place(resolver.id, resolver.id)
        return shown(self._workshop.make(call, VIEWS, "dnsv", place, request, facts), "CREATING")

    @gr.GetDNSView("read", resource="dns-view/{dnsViewId}")
    def get_dns_view(self, call: Call, request: gr.GetDNSViewInput) -> gr.GetDNSViewOutput:
        """Return a view."""
        return shown(VIEWS.get(call.reader, call.principal.account, request["dnsViewId"]))

    @gr.ListDNSViews("read", resource="*")
    def list_dns_views(self, call: Call, request: gr.ListDNSViewsInput) -> gr.ListDNSViewsOutput:
        """List a resolver's views in order of creation."""
        resolver = RESOLVERS.get(call.reader, call.principal.account, request["globalResolverId"])
        items, token = self._listing.page(
            call,
            resolver.id,
            request,
            lambda after, limit: VIEWS.in_parent(call.reader, resolver.id, after, limit),
            shown,
        )
        return {"dnsViews": items, "nextToken": token}

    @gr.ListSharedDNSViews("read", resource="*")
    def list_shared_dns_views(
        self, call: Call, request: gr.ListSharedDNSViewsInput
    ) -> gr.ListSharedDNSViewsOutput:
        """List the views that other accounts share with the caller's."""
        account = call.principal.account
        items, token = self._listing.page(
            call,
            "",
            request,
            lambda after, limit: records.shared_with(call.reader, account, after, limit),
            lambda view: shown(view) | {"ownerAccountId": view.account},
        )
        return {"dnsViews": items, "nextToken": token}

    @gr.UpdateDNSView("write", resource="dns-view/{dnsViewId}")
    def update_dns_view(self, call: Call, request: gr.UpdateDNSViewInput) -> gr.UpdateDNSViewOutput:
        """Change a view's name and settings; what the request leaves out stays."""
        view = VIEWS.get(call.tx, call.principal.account, request["dnsViewId"])
        facts = msgspec.structs.replace(
            view.facts,
            dnssec_validation=request.get("dnssecValidation", view.facts.dnssec_validation),
            edns_client_subnet=request.get("ednsClientSubnet", view.facts.edns_client_subnet),
            firewall_rules_fail_open=request.get(
                "firewallRulesFailOpen", view.facts.firewall_rules_fail_open
            ),
            description=request.get("description", view.facts.description),
        )
        name = request.get("name", view.name)
        return shown(self._workshop.change(call, VIEWS, view, name=name, facts=facts), "UPDATING")

    @gr.DisableDNSView("write", resource="dns-view/{dnsViewId}")
    def disable_dns_view(self, call: Call, request: gr.DisableDNSViewInput) -> gr.DisableDNSViewOutput:
        """Have a view answer nobody, from the next query on."""
        return self._switch(call, request["dnsViewId"], DISABLED, "DISABLING")

    @gr.EnableDNSView("write", resource="dns-view/{dnsViewId}")
    def enable_dns_view(self, call: Call, request: gr.EnableDNSViewInput) -> gr.EnableDNSViewOutput:
        """Have a view answer again."""
        return self._switch(call, request["dnsViewId"], OPERATIONAL, "ENABLING")

    @gr.DeleteDNSView("write", resource="dns-view/{dnsViewId}")
    def delete_dns_view(self, call: Call, request: gr.DeleteDNSViewInput) -> gr.DeleteDNSViewOutput:
        """Delete a view with its tokens, sources, rules and associations. A shared one stays."""
        view = VIEWS.get(call.tx, call.principal.account, request["dnsViewId"])
        if records.is_shared(call.tx, view.id):
            raise conflict("You can't delete a DNS view while it's shared.", VIEWS.type, view.id)
        self._removal.remove(call, view)
        return shown(view, "DELETING")

    def _switch(self, call: Call, view_id: str, status: str, on_the_way: str) -> Any:
        """Return a view switched; the answer is of the model's shape for either operation."""
        view = VIEWS.get(call.tx, call.principal.account, view_id)
        if view.status == status:
            return shown(view)
        return shown(self._workshop.change(call, VIEWS, view, status=status), on_the_way)


def shown(view: View, status: str = "") -> Any:
    """Return a view as answers show it. The model has a shape of these members for each operation."""
    facts = view.facts
    return {
        "id": view.id,
        "arn": arn_of(view.account, VIEWS.type, view.id),
        "clientToken": view.client_token,
        "dnssecValidation": facts.dnssec_validation,
        "ednsClientSubnet": facts.edns_client_subnet,
        "firewallRulesFailOpen": facts.firewall_rules_fail_open,
        "name": view.name,
        "description": facts.description,
        "globalResolverId": view.resolver,
        "createdAt": as_datetime(view.created_at),
        "updatedAt": as_datetime(view.updated_at),
        "status": status or view.status,
    }
