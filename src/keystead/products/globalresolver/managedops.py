"""Managed domain lists as the API shows them: which there are, not what is in them."""

from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.kernel.paging import Markers
from keystead.products.globalresolver.errors import invalid
from keystead.products.globalresolver.listing import MOST, page_size
from keystead.products.globalresolver.managedlists import TYPES, ManagedList, ManagedLists
from keystead.types import route53globalresolver as gr


class ManagedListOperations:
    """The operations on managed lists."""

    def __init__(self, managed: ManagedLists, markers: Markers) -> None:
        self._managed = managed
        self._markers = markers

    @gr.GetManagedFirewallDomainList("read", resource="*")
    def get_managed_firewall_domain_list(
        self, call: Call, request: gr.GetManagedFirewallDomainListInput
    ) -> gr.GetManagedFirewallDomainListOutput:
        """Return a managed list without its domains."""
        list_id = request["managedFirewallDomainListId"]
        found = self._managed.find(list_id)
        if found is None:
            raise NotFound("managed-firewall-domain-list", list_id)
        return _shown(found)

    @gr.ListManagedFirewallDomainLists("read", resource="*")
    def list_managed_firewall_domain_lists(
        self, call: Call, request: gr.ListManagedFirewallDomainListsInput
    ) -> gr.ListManagedFirewallDomainListsOutput:
        """List the managed lists of a type by name."""
        kind = request["managedFirewallDomainListType"]
        if kind not in TYPES:
            raise invalid("managedFirewallDomainListType", "The type must be THREAT or CONTENT.")
        binding = f"{call.action}|{call.principal.account}|{kind}"
        after = self._markers.open(binding, request.get("nextToken"))
        rows = [each for each in self._managed.of_type(kind) if each.name > after]
        page = self._markers.page(binding, rows, page_size(request, MOST), lambda each: each.name)
        return {
            "managedFirewallDomainLists": [_shown(each) for each in page.rows],
            "nextToken": page.marker,
        }


def _shown(found: ManagedList) -> gr.ManagedFirewallDomainListsItem:
    return {
        "id": found.id,
        "name": found.name,
        "managedListType": found.type,
        "description": found.description,
    }
