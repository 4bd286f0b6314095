"""Firewall domain lists: create, read, list, fill, import, and delete."""

from collections.abc import Sequence
from typing import Any

import msgspec

from keystead.access.objects import Errand, Fetched, Objects, Unreadable
from keystead.gateway.call import Call
from keystead.kernel.errors import QuotaExceeded
from keystead.products.globalresolver import records
from keystead.products.globalresolver.domains import BadDomain, BadLine, domains_in_file, normal_domain
from keystead.products.globalresolver.errors import conflict, invalid
from keystead.products.globalresolver.facts import ListFacts
from keystead.products.globalresolver.ids import arn_of
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.records import LISTS, RESOLVERS, RULES, DomainList
from keystead.products.globalresolver.times import as_datetime
from keystead.products.globalresolver.workshop import Place, Workshop
from keystead.types import route53globalresolver as gr

_MOST_PER_UPDATE = 1000
_LARGEST_FILE = 4 * 1024 * 1024
"""Bytes: more than 10,000 of the longest domains."""
_OPERATIONS = ("ADD", "REMOVE", "REPLACE")


class DomainListOperations:
    """The operations on domain lists."""

    def __init__(self, workshop: Workshop, listing: Listing, objects: Objects) -> None:
        self._workshop = workshop
        self._listing = listing
        self._objects = objects

    @gr.CreateFirewallDomainList("write", resource="firewall-domain-list/*")
    def create_firewall_domain_list(
        self, call: Call, request: gr.CreateFirewallDomainListInput
    ) -> gr.CreateFirewallDomainListOutput:
        """Make a list, which is empty."""
        account = call.principal.account
        resolver = RESOLVERS.get(call.tx, account, request["globalResolverId"])
        again = self._workshop.made_before(call, LISTS, request)
        if again is not None:
            return _created(again)
        limit = self._workshop.settings.domain_lists_per_account
        self._workshop.check_quota(
            "FirewallDomainListsPerAccount", LISTS.count(call.tx, account), limit, account
        )
        facts = ListFacts(description=request.get("description"))
        place = Place(resolver.id, resolver.id)
        return _created(self._workshop.make(call, LISTS, "fdl", place, request, facts))

    @gr.GetFirewallDomainList("read", resource="firewall-domain-list/{firewallDomainListId}")
    def get_firewall_domain_list(
        self, call: Call, request: gr.GetFirewallDomainListInput
    ) -> gr.GetFirewallDomainListOutput:
        """Return a list without its domains."""
        found = LISTS.get(call.reader, call.principal.account, request["firewallDomainListId"])
        return _shown(found) | {
            "clientToken": found.client_token,
            "domainCount": found.facts.domain_count,
            "statusMessage": found.facts.status_message,
        }

    @gr.ListFirewallDomainLists("read", resource="*")
    def list_firewall_domain_lists(
        self, call: Call, request: gr.ListFirewallDomainListsInput
    ) -> gr.ListFirewallDomainListsOutput:
        """List the account's lists in order of creation, or those of one resolver."""
        account, resolver_id = call.principal.account, request.get("globalResolverId")
        if resolver_id is not None:
            RESOLVERS.get(call.reader, account, resolver_id)

        def fetch(after: int, limit: int) -> Sequence[DomainList]:
            if resolver_id is None:
                return LISTS.of_account(call.reader, account, after, limit)
            return LISTS.in_parent(call.reader, resolver_id, after, limit)

        items, token = self._listing.page(call, resolver_id or "", request, fetch, _shown)
        return {"firewallDomainLists": items, "nextToken": token}

    @gr.ListFirewallDomains("read", resource="firewall-domain-list/{firewallDomainListId}")
    def list_firewall_domains(
        self, call: Call, request: gr.ListFirewallDomainsInput
    ) -> gr.ListFirewallDomainsOutput:
        """List a list's domains in order of their letters."""
        found = LISTS.get(call.reader, call.principal.account, request["firewallDomainListId"])
        items, token = self._listing.texts(
            call,
            found.id,
            request,
            lambda after, limit: records.domains(call.reader, found.id, after, limit),
        )
        return {"domains": items, "nextToken": token}

    @gr.UpdateFirewallDomains("write", resource="firewall-domain-list/{firewallDomainListId}")
    def update_firewall_domains(
        self, call: Call, request: gr.UpdateFirewallDomainsInput
    ) -> gr.UpdateFirewallDomainsOutput:
        """Add domains to a list, remove them, or put them in place of all that it had."""
        found = LISTS.get(call.tx, call.principal.account, request["firewallDomainListId"])
        _require_operation(request["operation"])
        if not 1 <= len(request["domains"]) <= _MOST_PER_UPDATE:
            raise invalid("domains", f"An update names between 1 and {_MOST_PER_UPDATE} domains.")
        try:
            domains = [normal_domain(text) for text in request["domains"]]
        except BadDomain as error:
            raise invalid("domains", f"{error} is not a domain.") from error
        changed = self._fill(call, found, request["operation"], domains)
        return {"id": changed.id, "name": changed.name, "status": "UPDATING"}

    async def _fetched(self, call: Call, request: gr.ImportFirewallDomainsInput) -> Fetched:
        """Read the file that an import names, as its caller may."""
        LISTS.get(call.reader, call.principal.account, request["firewallDomainListId"])
        _require_operation(request["operation"])
        bucket, key = _place(request["domainFileUrl"])
        is_secure = call.late is not None and call.late("aws:securetransport") == ("true",)
        errand = Errand(
            bucket,
            key,
            call.principal,
            call.credential,
            call.request_id,
            call.source_address,
            call.user_agent,
            is_secure,
        )
        try:
            return await self._objects.fetch(errand, _LARGEST_FILE)
        except Unreadable as unreadable:
            raise _refused(unreadable) from unreadable

    @gr.ImportFirewallDomains(
        "write", resource="firewall-domain-list/{firewallDomainListId}", prepare="_fetched"
    )
    def import_firewall_domains(
        self, call: Call, request: gr.ImportFirewallDomainsInput
    ) -> gr.ImportFirewallDomainsOutput:
        """Change a list by the domains of a file in a bucket of this authority.

        A file with a bad line changes nothing: the list's `statusMessage` says which, since AWS reads the file
        after it has answered.
        """
        found = LISTS.get(call.tx, call.principal.account, request["firewallDomainListId"])
        fetched: Fetched = call.prepared
        try:
            fetched.require_again(call.tx)
        except Unreadable as unreadable:
            raise _refused(unreadable) from unreadable
        try:
            domains = domains_in_file(fetched.data)
        except BadLine as bad:
            facts = msgspec.structs.replace(found.facts, status_message=f"{bad}; nothing was imported.")
            changed = self._workshop.change(call, LISTS, found, facts=facts)
        else:
            limit = self._workshop.settings.domains_per_import
            if len(domains) > limit:
                raise QuotaExceeded("DomainsPerImportedFile", limit, found.id)
            changed = self._fill(call, found, request["operation"], domains)
        return {"id": changed.id, "name": changed.name, "status": "UPDATING"}

    @gr.DeleteFirewallDomainList("write", resource="firewall-domain-list/{firewallDomainListId}")
    def delete_firewall_domain_list(
        self, call: Call, request: gr.DeleteFirewallDomainListInput
    ) -> gr.DeleteFirewallDomainListOutput:
        """Delete a list that no rule refers to."""
        found = LISTS.get(call.tx, call.principal.account, request["firewallDomainListId"])
        for rule in RULES.in_resolver(call.tx, found.resolver):
            if rule.facts.domain_list_id == found.id:
                raise conflict("The domain list is used by a firewall rule.", RULES.type, rule.id)
        self._workshop.remove(call.tx, found.id)
        return {
            "arn": arn_of(found.account, LISTS.type, found.id),
            "id": found.id,
            "name": found.name,
            "status": "DELETING",
        }

    def _fill(self, call: Call, found: DomainList, operation: str, domains: Sequence[str]) -> DomainList:
        """Return a list with its domains changed. Raises QuotaExceeded."""
        if operation != "ADD":
            records.remove_domains(call.tx, found.id, domains if operation == "REMOVE" else None)
        if operation != "REMOVE":
            records.add_domains(call.tx, found.id, domains)
        count, limit = records.count_domains(call.tx, found.id), self._workshop.settings.domains_per_list
        if count > limit:
            raise QuotaExceeded("DomainsPerFirewallDomainList", limit, found.id)
        facts = msgspec.structs.replace(
            found.facts, domain_count=count, version=found.facts.version + 1, status_message=None
        )
        return self._workshop.change(call, LISTS, found, facts=facts)


def _require_operation(operation: str) -> None:
    if operation not in _OPERATIONS:
        raise invalid("operation", "operation must be ADD, REMOVE or REPLACE.")


def _place(url: str) -> tuple[str, bytes]:
    """Return bucket and key of `s3://BUCKET/KEY`, in which nothing is escaped."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise invalid("domainFileUrl", "domainFileUrl must be s3://BUCKET/KEY, a bucket of this authority.")
    return bucket, key.encode("utf-8", "surrogatepass")


def _refused(unreadable: Unreadable) -> Exception:
    if unreadable.why == "denied":
        return gr.AccessDeniedException("The caller may not read the file: s3:GetObject is needed.")
    if unreadable.why == "missing":
        return invalid("domainFileUrl", "There is no such file.")
    return invalid("domainFileUrl", f"The file is larger than {_LARGEST_FILE} bytes.")


def _created(made: DomainList) -> Any:
    """Return a list as it is answered when it was made."""
    return _shown(made, "CREATING") | {"domainCount": made.facts.domain_count}


def _shown(found: DomainList, status: str = "") -> Any:
    """Return a list as listings show it. The model has a shape of these members for each operation."""
    return {
        "id": found.id,
        "arn": arn_of(found.account, LISTS.type, found.id),
        "globalResolverId": found.resolver,
        "name": found.name,
        "description": found.facts.description,
        "status": status or found.status,
        "createdAt": as_datetime(found.created_at),
        "updatedAt": as_datetime(found.updated_at),
    }
