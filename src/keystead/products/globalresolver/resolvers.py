"""Global resolvers: create, read, list, change, and delete with all that is in them."""

from collections.abc import Sequence
from typing import Any

from keystead.gateway.call import Call
from keystead.products.globalresolver.errors import invalid
from keystead.products.globalresolver.facts import ResolverFacts
from keystead.products.globalresolver.ids import arn_of, dns_name
from keystead.products.globalresolver.listing import MOST_RESOLVERS, Listing
from keystead.products.globalresolver.records import CORE_ENDPOINTS, LISTS, RESOLVERS, VIEWS, Resolver
from keystead.products.globalresolver.times import as_datetime
from keystead.products.globalresolver.views import ViewRemoval
from keystead.products.globalresolver.workshop import Place, Workshop
from keystead.types import route53globalresolver as gr


class ResolverOperations:
    """The operations on global resolvers."""

    def __init__(
        self, workshop: Workshop, listing: Listing, removal: ViewRemoval, addresses: Sequence[str]
    ) -> None:
        """`addresses` are those of the DNS listeners, which answers show in place of anycast ones."""
        self._workshop = workshop
        self._listing = listing
        self._removal = removal
        self._addresses = addresses

    @gr.CreateGlobalResolver("write", resource="global-resolver/*")
    def create_global_resolver(
        self, call: Call, request: gr.CreateGlobalResolverInput
    ) -> gr.CreateGlobalResolverOutput:
        """Make a resolver, which has a name of its own and no views yet."""
        again = self._workshop.made_before(call, RESOLVERS, request)
        if again is not None:
            return self._shown(again, "CREATING")
        account, limit = call.principal.account, self._workshop.settings.global_resolvers_per_account
        held = RESOLVERS.count(call.tx, account)
        self._workshop.check_quota("GlobalResolversPerAccount", held, limit, account)
        facts = ResolverFacts(
            tuple(request["regions"]),
            request.get("ipAddressType", "IPV4"),
            request.get("publicIpStatus", "ENABLED_RESERVED"),
            request.get("observabilityRegion"),
            request.get("description"),
        )
        _check_regions(facts)
        made = self._workshop.make(call, RESOLVERS, "gr", Place("", ""), request, facts)
        return self._shown(made, "CREATING")

    @gr.GetGlobalResolver("read", resource="global-resolver/{globalResolverId}")
    def get_global_resolver(
        self, call: Call, request: gr.GetGlobalResolverInput
    ) -> gr.GetGlobalResolverOutput:
        """Return a resolver."""
        return self._shown(RESOLVERS.get(call.reader, call.principal.account, request["globalResolverId"]))

    @gr.ListGlobalResolvers("read", resource="*")
    def list_global_resolvers(
        self, call: Call, request: gr.ListGlobalResolversInput
    ) -> gr.ListGlobalResolversOutput:
        """List the account's resolvers in order of creation."""
        account = call.principal.account
        items, token = self._listing.page(
            call,
            "",
            request,
            lambda after, limit: RESOLVERS.of_account(call.reader, account, after, limit),
            self._shown,
            most=MOST_RESOLVERS,
        )
        return {"globalResolvers": items, "nextToken": token}

    @gr.UpdateGlobalResolver("write", resource="global-resolver/{globalResolverId}")
    def update_global_resolver(
        self, call: Call, request: gr.UpdateGlobalResolverInput
    ) -> gr.UpdateGlobalResolverOutput:
        """Change a resolver's name and settings; what the request leaves out stays."""
        resolver = RESOLVERS.get(call.tx, call.principal.account, request["globalResolverId"])
        old = resolver.facts
        facts = ResolverFacts(
            tuple(request.get("regions", old.regions)),
            request.get("ipAddressType", old.ip_address_type),
            request.get("publicIpStatus", old.public_ip_status),
            request.get("observabilityRegion", old.observability_region),
            request.get("description", old.description),
        )
        _check_regions(facts)
        name = request.get("name", resolver.name)
        changed = self._workshop.change(call, RESOLVERS, resolver, name=name, facts=facts)
        return self._shown(changed, "UPDATING")

    @gr.DeleteGlobalResolver("write", resource="global-resolver/{globalResolverId}")
    def delete_global_resolver(
        self, call: Call, request: gr.DeleteGlobalResolverInput
    ) -> gr.DeleteGlobalResolverOutput:
        """Delete a resolver with its views, sources, tokens, rules and lists: none is served any more."""
        resolver = RESOLVERS.get(call.tx, call.principal.account, request["globalResolverId"])
        for view in VIEWS.in_parent(call.tx, resolver.id):
            self._removal.remove(call, view)
        for shelf in (LISTS, CORE_ENDPOINTS):
            for each in shelf.in_parent(call.tx, resolver.id):
                self._workshop.remove(call.tx, each.id)
        self._workshop.remove(call.tx, resolver.id)
        shown = self._shown(resolver, "DELETING")
        del shown["publicIpStatus"]
        return shown

    def _shown(self, resolver: Resolver, status: str = "") -> Any:
        """Return a resolver as answers show it. The model has a shape of these members for each operation."""
        facts = resolver.facts
        return {
            "id": resolver.id,
            "arn": arn_of(resolver.account, RESOLVERS.type, resolver.id),
            "clientToken": resolver.client_token,
            "dnsName": dns_name(resolver.id, self._workshop.settings.domain),
            "name": resolver.name,
            "regions": list(facts.regions),
            "createdAt": as_datetime(resolver.created_at),
            "updatedAt": as_datetime(resolver.updated_at),
            "status": status or resolver.status,
            "ipv4Addresses": [each for each in self._addresses if ":" not in each],
            "ipv6Addresses": [each for each in self._addresses if ":" in each],
            "ipAddressType": facts.ip_address_type,
            "publicIpStatus": facts.public_ip_status,
            "observabilityRegion": facts.observability_region,
            "description": facts.description,
        }


def _check_regions(facts: ResolverFacts) -> None:
    if not facts.regions or not all(facts.regions):
        raise invalid("regions", "At least one region is needed.")
    if facts.observability_region is not None and facts.observability_region not in facts.regions:
        raise invalid("observabilityRegion", "The observability region must be one of the regions.")
