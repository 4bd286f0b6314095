"""Firewall rules: create, read, list, change and delete one, with the rules that hold among their members.

Follows facts/dns.md §4, "Cross-field rules".
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from keystead.gateway.call import Call
from keystead.kernel.errors import NotFound
from keystead.products.globalresolver.domains import BadDomain, normal_domain
from keystead.products.globalresolver.errors import conflict, invalid, mismatched
from keystead.products.globalresolver.facts import RuleFacts
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.managedlists import ManagedLists
from keystead.products.globalresolver.querytypes import is_query_type
from keystead.products.globalresolver.records import LISTS, RULES, VIEWS, Rule, View
from keystead.products.globalresolver.times import as_datetime
from keystead.products.globalresolver.workshop import Place, Workshop
from keystead.types import route53globalresolver as gr

_LONGEST_OVERRIDE = 253
"""Characters of a name that is answered: with its lengths and its end it has 255 octets."""
_FIRST_PRIORITY, _LAST_PRIORITY = 1000, 10_000
_FILTERS = frozenset(
    {
        "id", "name", "action", "priority", "dnsViewId", "status", "firewallDomainListId", "dnsAdvancedProtection",
        "confidenceThreshold", "blockResponse", "blockOverrideDnsType", "blockOverrideDomain", "blockOverrideTtl",
        "queryType",
    }
)  # fmt: skip
_MEMBERS: Mapping[str, str] = {
    "action": "action",
    "priority": "priority",
    "firewallDomainListId": "domain_list_id",
    "dnsAdvancedProtection": "protection",
    "confidenceThreshold": "confidence",
    "blockResponse": "block_response",
    "blockOverrideDnsType": "override_type",
    "blockOverrideDomain": "override_domain",
    "blockOverrideTtl": "override_ttl",
    "qType": "query_type",
    "description": "description",
}
"""Members of requests, and the facts that they are."""


class Rules:
    """Makes, changes and removes rules, for single calls and batches alike."""

    def __init__(self, workshop: Workshop, managed: ManagedLists) -> None:
        self._workshop = workshop
        self._managed = managed

    def create(self, call: Call, request: Mapping[str, Any]) -> Rule:
        """Return a new rule, or the one that this client token made. Raises modelled and domain errors."""
        view = VIEWS.get(call.tx, call.principal.account, request["dnsViewId"])
        again = self._workshop.made_before(call, RULES, request)
        if again is not None:
            return again
        others, limit = RULES.in_parent(call.tx, view.id), self._workshop.settings.firewall_rules_per_view
        self._workshop.check_quota("FirewallRulesPerDNSView", len(others), limit, view.id)
        given = {fact: request[member] for member, fact in _MEMBERS.items() if member in request}
        if "priority" not in given:
            # UNCONFIRMED: what AWS gives a rule that asks for no priority.
            given["priority"] = max((rule.facts.priority + 1 for rule in others), default=_FIRST_PRIORITY)
        facts = RuleFacts(**given)
        self._check(call, view, facts)
        _check_unique(others, request["name"], facts.priority)
        return self._workshop.make(call, RULES, "fr", Place(view.id, view.resolver), request, facts)

    def update(self, call: Call, request: Mapping[str, Any]) -> Rule:
        """Return a rule changed; its list, its type and its view stay. Raises modelled and domain errors."""
        rule = RULES.get(call.tx, call.principal.account, request["firewallRuleId"])
        view = VIEWS.get(call.tx, rule.account, rule.parent)
        given = {fact: request[member] for member, fact in _MEMBERS.items() if member in request}
        facts = msgspec.structs.replace(_without_stale(rule.facts, given), **given)
        self._check(call, view, facts)
        name = request.get("name", rule.name)
        others = [other for other in RULES.in_parent(call.tx, view.id) if other.id != rule.id]
        _check_unique(others, name, facts.priority)
        return self._workshop.change(call, RULES, rule, name=name, facts=facts)

    def delete(self, call: Call, rule_id: str) -> Rule:
        """Return a rule that is deleted. Raises NotFound."""
        rule = RULES.get(call.tx, call.principal.account, rule_id)
        self._workshop.remove(call.tx, rule.id)
        return rule

    def _check(self, call: Call, view: View, facts: RuleFacts) -> None:
        if (facts.domain_list_id is None) == (facts.protection is None):
            raise mismatched("Either firewallDomainListId or dnsAdvancedProtection must be given.")
        if facts.protection is not None:
            _check_advanced(facts)
        else:
            self._check_list(call, view, facts)
        _check_block(facts)
        if not 1 <= facts.priority <= _LAST_PRIORITY:
            raise invalid("priority", f"priority must be between 1 and {_LAST_PRIORITY}.")
        if facts.query_type is not None and not is_query_type(facts.query_type):
            raise invalid("qType", "qType is not a type of DNS record.")

    def _check_list(self, call: Call, view: View, facts: RuleFacts) -> None:
        list_id = facts.domain_list_id or ""
        if facts.confidence is not None:
            raise mismatched("confidenceThreshold belongs to dnsAdvancedProtection.")
        if self._managed.find(list_id) is not None:
            return
        found = LISTS.get(call.tx, view.account, list_id)
        if found.resolver != view.resolver:
            raise NotFound(LISTS.type, list_id)


def _without_stale(facts: RuleFacts, given: Mapping[str, Any]) -> RuleFacts:
    """Return facts without what belongs to an action, or a way of blocking, that an update leaves behind."""
    if given.get("action", facts.action) != "BLOCK":
        facts = msgspec.structs.replace(facts, block_response=None)
    if given.get("block_response", facts.block_response) != "OVERRIDE":
        facts = msgspec.structs.replace(facts, override_type=None, override_domain=None, override_ttl=None)
    return facts


def _check_advanced(facts: RuleFacts) -> None:
    if facts.confidence is None:
        raise mismatched("dnsAdvancedProtection needs a confidenceThreshold.")
    if facts.action == "ALLOW":
        raise mismatched("dnsAdvancedProtection cannot ALLOW.")
    if facts.query_type is not None:
        raise mismatched("dnsAdvancedProtection takes no qType.")


def _check_block(facts: RuleFacts) -> None:
    """Raise the modelled error unless a rule says how it blocks exactly if it blocks."""
    override = (facts.override_domain, facts.override_type, facts.override_ttl)
    if (facts.action == "BLOCK") != (facts.block_response is not None):
        raise mismatched("blockResponse must be given for BLOCK, and for no other action.")
    if facts.block_response != "OVERRIDE":
        if any(each is not None for each in override):
            raise mismatched("blockOverride members belong to the blockResponse OVERRIDE.")
        return
    if any(each is None for each in override):
        raise mismatched("OVERRIDE needs blockOverrideDomain, blockOverrideDnsType and blockOverrideTtl.")
    try:
        domain = normal_domain(facts.override_domain or "")
        is_plain = "*" not in domain and len(domain) <= _LONGEST_OVERRIDE
    except BadDomain:
        is_plain = False
    if not is_plain:
        raise invalid("blockOverrideDomain", "blockOverrideDomain is not a domain name.")


def _check_unique(others: list[Rule], name: str, priority: int) -> None:
    for other in others:
        if other.name == name:
            raise conflict("Another rule of the DNS view has this name.", RULES.type, other.id)
        if other.facts.priority == priority:
            raise conflict("Another rule of the DNS view has this priority.", RULES.type, other.id)


class RuleOperations:
    """The operations on one rule."""

    def __init__(self, rules: Rules, listing: Listing) -> None:
        self._rules = rules
        self._listing = listing

    @gr.CreateFirewallRule(
        "write", resource="dns-view/{dnsViewId} firewall-domain-list/{firewallDomainListId}"
    )
    def create_firewall_rule(
        self, call: Call, request: gr.CreateFirewallRuleInput
    ) -> gr.CreateFirewallRuleOutput:
        """Make a rule, which is asked from the next query on."""
        return shown(self._rules.create(call, request), "CREATING")

    @gr.GetFirewallRule("read", resource="*")
    def get_firewall_rule(self, call: Call, request: gr.GetFirewallRuleInput) -> gr.GetFirewallRuleOutput:
        """Return a rule."""
        return shown(RULES.get(call.reader, call.principal.account, request["firewallRuleId"]))

    @gr.ListFirewallRules("read", resource="dns-view/{dnsViewId}")
    def list_firewall_rules(
        self, call: Call, request: gr.ListFirewallRulesInput
    ) -> gr.ListFirewallRulesOutput:
        """List a view's rules in order of creation."""
        view = VIEWS.get(call.reader, call.principal.account, request["dnsViewId"])
        items, token = self._listing.page(
            call,
            view.id,
            request,
            lambda after, limit: RULES.in_parent(call.reader, view.id, after, limit),
            shown,
            _FILTERS,
        )
        return {"firewallRules": items, "nextToken": token}

    @gr.UpdateFirewallRule("write", resource="*")
    def update_firewall_rule(
        self, call: Call, request: gr.UpdateFirewallRuleInput
    ) -> gr.UpdateFirewallRuleOutput:
        """Change a rule; what the request leaves out stays."""
        return shown(self._rules.update(call, request), "UPDATING")

    @gr.DeleteFirewallRule("write", resource="*")
    def delete_firewall_rule(
        self, call: Call, request: gr.DeleteFirewallRuleInput
    ) -> gr.DeleteFirewallRuleOutput:
        """Delete a rule."""
        return shown(self._rules.delete(call, request["firewallRuleId"]), "DELETING")


def shown(rule: Rule, status: str = "") -> Any:
    """Return a rule as answers show it. The model has a shape of these members for each operation."""
    facts = rule.facts
    return {
        "id": rule.id,
        "name": rule.name,
        "action": facts.action,
        "priority": facts.priority,
        "dnsViewId": rule.parent,
        "status": status or rule.status,
        "createdAt": as_datetime(rule.created_at),
        "updatedAt": as_datetime(rule.updated_at),
        "firewallDomainListId": facts.domain_list_id,
        "dnsAdvancedProtection": facts.protection,
        "confidenceThreshold": facts.confidence,
        "blockResponse": facts.block_response,
        "blockOverrideDnsType": facts.override_type,
        "blockOverrideDomain": facts.override_domain,
        "blockOverrideTtl": facts.override_ttl,
        "queryType": facts.query_type,
        "description": facts.description,
    }
