"""What each view answers by, ready in memory: its rules with their lists, and its zones.

Invalidation: a plan is made for one number of `Changes`, and is made again, on a thread, when the number has
moved. Domain lists and zones are kept by version beside it, since they are large and a change is mostly
elsewhere.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from keystead.kernel.clock import Clock
from keystead.products.globalresolver.door.firewall import (
    DomainTable,
    Firewall,
    Matcher,
    compile_rules,
    domain_table,
)
from keystead.products.globalresolver.door.heuristics import (
    THRESHOLDS,
    DictionaryNames,
    GeneratedNames,
    Tunnelling,
)
from keystead.products.globalresolver.door.zonetable import ZoneSet, ZoneTable, load_zone
from keystead.products.globalresolver.managedlists import ManagedLists
from keystead.products.globalresolver.records import LISTS, RULES, Rule, View, domains
from keystead.store.interface import Reader, Store
from keystead.zones import records as zone_records
from keystead.zones.changes import Changes

_LOG = logging.getLogger("keystead.dns")
_MOST_LISTS, _MOST_ZONES, _MOST_FIREWALLS = 1024, 2048, 256
_Made = list[tuple[Rule, Matcher | None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """One view's rules and zones, as of one number of `Changes`."""

    made_at: int
    firewall: Firewall
    zones: ZoneSet


@dataclass(slots=True)
class Plans:
    """Makes plans, and holds them while nothing changes."""

    store: Store
    changes: Changes
    managed: ManagedLists
    clock: Clock
    _held: dict[str, Plan] = field(default_factory=dict[str, Plan])
    _making: dict[str, "asyncio.Task[Plan]"] = field(default_factory=dict[str, "asyncio.Task[Plan]"])
    _lists: dict[tuple[str, int], DomainTable] = field(default_factory=dict[tuple[str, int], DomainTable])
    _zones: dict[tuple[str, int], ZoneTable] = field(default_factory=dict[tuple[str, int], ZoneTable])
    _guards: dict[tuple[str, int], Matcher] = field(default_factory=dict[tuple[str, int], Matcher])
    # By view: the rules and matchers that a firewall was made of, and the firewall.
    _firewalls: dict[str, tuple[_Made, Firewall]] = field(default_factory=dict[str, tuple[_Made, Firewall]])

    def held(self, view: View) -> Plan | None:
        """Return a view's plan if one is held that nothing has changed since."""
        plan = self._held.get(view.id)
        return plan if plan is not None and plan.made_at == self.changes.value else None

    async def of(self, view: View) -> Plan:
        """Return a view's plan as it is now, or became while it was waited for. Raises StoreUnavailable.

        One as of the call is good enough: changes that come faster than plans are made would hold queries for ever.
        """
        asked_at = self.changes.value
        while (plan := self._held.get(view.id)) is None or plan.made_at < asked_at:
            # One making serves all who wait; who came after it began may have to wait for the next.
            task = self._making.get(view.id)
            if task is None:
                task = self._making[view.id] = asyncio.create_task(self._make(view))
                task.add_done_callback(lambda _: self._making.pop(view.id, None))
            await asyncio.shield(task)
        return plan

    async def _make(self, view: View) -> Plan:
        number = self.changes.value
        firewall, zones = await self.store.read(
            lambda reader: (self._rules(reader, view), self._zone_set(reader, view))
        )
        plan = self._held[view.id] = Plan(number, firewall, zones)
        return plan

    def _rules(self, reader: Reader, view: View) -> Firewall:
        """Return a view's firewall: the one that was made before, if it was made of the same rules and lists."""
        rules = [(rule, self._matcher(reader, rule)) for rule in RULES.in_parent(reader, view.id)]
        held = self._firewalls.get(view.id)
        if held is not None and _are_same(held[0], rules):
            return held[1]
        if len(self._firewalls) >= _MOST_FIREWALLS:
            self._firewalls.clear()
        made = compile_rules(rules)
        self._firewalls[view.id] = (rules, made)
        return made

    def _matcher(self, reader: Reader, rule: Rule) -> Matcher | None:
        """Return what a rule asks of queries, or None if it cannot be evaluated: then fail open or closed."""
        facts = rule.facts
        try:
            if facts.protection is None:
                return self._domains(reader, facts.domain_list_id or "")
            key = (rule.id, rule.updated_at)
            if key not in self._guards:
                self._guards[key] = _guard(
                    facts.protection, THRESHOLDS[facts.confidence or "HIGH"], self.clock
                )
            return self._guards[key]
        except (OSError, UnicodeError, LookupError) as error:
            _LOG.warning("firewall rule %s cannot be evaluated: %s", rule.id, type(error).__name__)
            return None

    def _domains(self, reader: Reader, list_id: str) -> DomainTable:
        """Return a list's table. Raises LookupError if there is none, OSError if it is unreadable."""
        managed = self.managed.find(list_id) if list_id.startswith("mdl-") else None
        own = LISTS.by_id(reader, list_id)
        if managed is None and own is None:
            raise LookupError(list_id)
        version = managed.version if managed is not None else own.facts.version if own is not None else 0
        found = self._lists.get((list_id, version))
        if found is None:
            names = managed.domains() if managed is not None else domains(reader, list_id)
            if len(self._lists) >= _MOST_LISTS:
                self._lists.clear()
            found = self._lists[list_id, version] = domain_table(names)
        return found

    def _zone_set(self, reader: Reader, view: View) -> ZoneSet:
        tables: list[ZoneTable] = []
        for association in zone_records.associations_of_view(reader, view.id):
            zone = zone_records.zone_by_id(reader, association.zone_id)
            if zone is None:
                continue
            found = self._zones.get((zone.id, zone.version))
            if found is None:
                if len(self._zones) >= _MOST_ZONES:
                    self._zones.clear()
                found = self._zones[zone.id, zone.version] = load_zone(reader, zone)
            tables.append(found)
        return ZoneSet(tables)


def _are_same(some: _Made, others: _Made) -> bool:
    """Return whether rules are equal and ask the very same tables: comparing these would take as long as making."""
    return len(some) == len(others) and all(
        one == other and table is its_table
        for (one, table), (other, its_table) in zip(some, others, strict=True)
    )


def _guard(protection: str, threshold: float, clock: Clock) -> Matcher:
    if protection == "DGA":
        return GeneratedNames(threshold)
    if protection == "DICTIONARY_DGA":
        return DictionaryNames(threshold)
    return Tunnelling(threshold, clock)
