"""Batches of firewall rules: each item by itself, in order, whatever becomes of the others.

Follows facts/dns.md §3, "Batch members": the call succeeds even when every item failed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keystead.gateway.call import Call
from keystead.kernel.errors import DomainError
from keystead.products.globalresolver.errors import invalid, translate
from keystead.products.globalresolver.records import Rule
from keystead.products.globalresolver.rules import Rules, shown
from keystead.types import route53globalresolver as gr
from keystead.types.errors import OperationError

# AWS does not say how many items a batch may have.
_MOST_ITEMS = 100
_STATUSES = {
    "ValidationException": 400,
    "ServiceQuotaExceededException": 402,
    "ResourceNotFoundException": 404,
    "ConflictException": 409,
}
Done = tuple[dict[str, Any], bool]


class RuleBatches:
    """The operations on several rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    @gr.BatchCreateFirewallRule("write", resource="*")
    def batch_create_firewall_rule(
        self, call: Call, request: gr.BatchCreateFirewallRuleInput
    ) -> gr.BatchCreateFirewallRuleOutput:
        """Make rules; those that fail are told with why."""

        def one(item: Mapping[str, Any]) -> dict[str, Any]:
            made = self._rules.create(call, item)
            return shown(made, "CREATING") | {"clientToken": item["clientToken"]}

        return _each(request["firewallRules"], one, _echo)

    @gr.BatchUpdateFirewallRule("write", resource="*")
    def batch_update_firewall_rule(
        self, call: Call, request: gr.BatchUpdateFirewallRuleInput
    ) -> gr.BatchUpdateFirewallRuleOutput:
        """Change rules; those that fail are told with why."""
        return _each(
            request["firewallRules"],
            lambda item: _updated(self._rules.update(call, item)),
            lambda item: {"id": item["firewallRuleId"]},
        )

    @gr.BatchDeleteFirewallRule("write", resource="*")
    def batch_delete_firewall_rule(
        self, call: Call, request: gr.BatchDeleteFirewallRuleInput
    ) -> gr.BatchDeleteFirewallRuleOutput:
        """Delete rules; those that fail are told with why."""

        def one(item: Mapping[str, Any]) -> dict[str, Any]:
            gone = self._rules.delete(call, item["firewallRuleId"])
            return {"id": gone.id, "name": gone.name, "status": "DELETING"}

        return _each(request["firewallRules"], one, lambda item: {"id": item["firewallRuleId"]})


def _each(
    items: Sequence[Mapping[str, Any]],
    work: Callable[[Mapping[str, Any]], dict[str, Any]],
    echo: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Any:
    """Return the outcome of each item; the answer is of the model's shape for each of the operations.

    An item that fails has checked everything before it wrote anything, so that it leaves no trace.
    """
    if not 1 <= len(items) <= _MOST_ITEMS:
        raise invalid("firewallRules", f"A batch has between 1 and {_MOST_ITEMS} rules.")
    successes: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for item in items:
        try:
            successes.append({"firewallRule": work(item), "code": 200})
        except (DomainError, OperationError) as error:
            code, message = _told(error)
            failures.append({"firewallRule": echo(item), "code": code, "message": message})
    return {"successes": successes, "failures": failures}


def _told(error: DomainError | OperationError) -> tuple[int, str]:
    said = error if isinstance(error, OperationError) else translate(error)
    if said is None:
        raise error
    return _STATUSES.get(type(said).__name__, 400), said.message


def _echo(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's item as answers show a rule that was not made."""
    renamed = {name: value for name, value in item.items() if name != "qType"}
    return renamed | ({"queryType": item["qType"]} if "qType" in item else {})


def _updated(rule: Rule) -> dict[str, Any]:
    told: dict[str, Any] = shown(rule, "UPDATING")
    return told
