"""One query's way through the door: read, admitted, judged by the firewall, answered from a zone or an upstream.

Follows facts/dns.md §6 to §9. A query that is not admitted is refused before anything else is done for it,
always in the same words, and no upstream hears of it.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import dns.exception
import dns.message

from keystead.credentials.usage import Usage
from keystead.kernel.clock import Clock
from keystead.kernel.errors import StoreUnavailable
from keystead.products.globalresolver.door import message, subnet
from keystead.products.globalresolver.door.admission import Admission, Admitted, Denied
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.firewall import Unusable, decide
from keystead.products.globalresolver.door.message import Malformed, Query, Record
from keystead.products.globalresolver.door.plans import Plan, Plans
from keystead.products.globalresolver.door.querylog import QueryLog
from keystead.products.globalresolver.door.upstream import Unanswered, Upstreams
from keystead.products.globalresolver.door.zonetable import Found, Labels, wire_name
from keystead.products.globalresolver.ids import SERVICE
from keystead.products.globalresolver.records import Rule

if TYPE_CHECKING:
    from dns.rdata import Rdata

_LOG = logging.getLogger("keystead.dns")

BLOCKED, PROHIBITED, NOT_READY, NO_REACHABLE_AUTHORITY = 15, 18, 14, 22
"""Extended errors, RFC 8914 §4."""
NOT_ADMITTED = "Not admitted"
_ENABLED = "ENABLED"
_TOKEN_TRANSPORTS = frozenset({"DOH", "DOT"})


class Contradiction(Exception):
    """Tokens were presented that disagree; DoH says so by its status."""


@dataclass(slots=True)
class Outcome:
    """What became of a query, for the log."""

    access: Admitted | Denied
    rule: Rule | None = None


class Answering:
    """Answers queries of every transport."""

    def __init__(
        self,
        admission: Admission,
        plans: Plans,
        upstreams: Callable[[], Upstreams],
        usage: Usage,
        log: QueryLog,
        clock: Clock,
        *,
        region: str,
        tells_reasons: bool,
    ) -> None:
        self._admission = admission
        self._plans = plans
        self._upstreams = upstreams
        self._usage = usage
        self._log = log
        self._clock = clock
        self._region = region
        self._tells_reasons = tells_reasons

    def answer(self, arrival: Arrival, wire: bytes) -> bytes | Awaitable[bytes] | None:
        """Return the answer to a message at once where nothing has to be waited for, else an awaitable of it.

        None is no answer at all: what came is no query. Raises Contradiction on DoH only.
        """
        try:
            query = message.parse_query(wire)
        except Malformed as malformed:
            return malformed.answer
        began = self._clock.real_epoch()
        tokens = _presented(arrival, query)
        if len(tokens) > 1 and arrival.transport == "DOH":
            raise Contradiction
        access = self._admission.judge(arrival, tokens)
        outcome = Outcome(access)
        if isinstance(access, Denied):
            text = access.reason if self._tells_reasons else NOT_ADMITTED
            told = message.answer(query, message.REFUSED, error=(PROHIBITED, text))
            return self._logged(arrival, query, outcome, told, began)
        if access.token is not None:
            self._usage.touch(access.token.id, SERVICE, self._region, arrival.host)
        refusal = _not_served(query)
        if refusal is not None:
            told = message.answer(query, refusal)
            return self._logged(arrival, query, outcome, told, began)
        plan = self._plans.held(access.view)
        if plan is not None:
            told = self._from_memory(access, plan, query, outcome)
            if told is not None:
                return self._logged(arrival, query, outcome, told, began)
        return self._later(arrival, query, access, outcome, plan, began)

    async def _later(
        self,
        arrival: Arrival,
        query: Query,
        access: Admitted,
        outcome: Outcome,
        plan: Plan | None,
        began: float,
    ) -> bytes:
        """Return the answer that has to be waited for; whatever goes wrong, there is one."""
        try:
            told = None
            if plan is None:
                plan = await self._plans.of(access.view)
                told = self._from_memory(access, plan, query, outcome)
            if told is None:
                told = await self._resolved(arrival, query, access, plan, outcome)
        except StoreUnavailable:
            told = message.answer(query, message.REFUSED, error=(NOT_READY, ""))
        except Exception:
            # Any failure of ours is this query's alone: its siblings on the connection go on.
            _LOG.exception("a DNS query failed")
            told = message.answer(query, message.SERVFAIL)
        return self._logged(arrival, query, outcome, told, began)

    def _from_memory(self, access: Admitted, plan: Plan, query: Query, outcome: Outcome) -> bytes | None:
        """Return the answer if firewall and zones have it; None if an upstream has to be asked."""
        try:
            rule = decide(plan.rules, query)
        except Unusable:
            if access.view.facts.firewall_rules_fail_open != _ENABLED:
                return message.answer(query, message.REFUSED, error=(BLOCKED, "the firewall cannot decide"))
            rule = None
        outcome.rule = rule
        if rule is not None and rule.facts.action == "BLOCK":
            return self._blocked(query, rule)
        found = plan.zones.look_up(query.labels, query.type)
        if found is None or found.onward is not None:
            return None
        return _zone_answer(query, found)

    def _blocked(self, query: Query, rule: Rule) -> bytes | None:
        """Return what a blocking rule answers; None for one whose other name has to be resolved."""
        error = (BLOCKED, rule.id)
        match rule.facts.block_response:
            case "NXDOMAIN":
                return message.answer(query, message.NXDOMAIN, error=error)
            case "OVERRIDE":
                return None
            case _:
                return message.answer(query, message.NOERROR, error=error)

    async def _resolved(
        self, arrival: Arrival, query: Query, access: Admitted, plan: Plan, outcome: Outcome
    ) -> bytes:
        rule = outcome.rule
        if rule is not None and rule.facts.action == "BLOCK":
            return await self._overridden(arrival, query, access, plan, rule)
        found = plan.zones.look_up(query.labels, query.type)
        if found is not None and found.onward is not None:
            beyond = await self._beyond(arrival, query, access, found.onward)
            return message.answer(query, message.NOERROR, [*found.records, *beyond])
        try:
            wire = await self._forward(arrival, query, access, query.question)
            is_validated = access.view.facts.dnssec_validation == _ENABLED
            asks = query.wants_dnssec or bool(query.flags & message.AD)
            return message.relayed(query, wire, keeps_authentic=is_validated and asks)
        except (Unanswered, ValueError):
            return message.answer(query, message.SERVFAIL, error=(NO_REACHABLE_AUTHORITY, ""))

    async def _overridden(
        self, arrival: Arrival, query: Query, access: Admitted, plan: Plan, rule: Rule
    ) -> bytes:
        """Return the rule's CNAME and what its target has, since stub resolvers do not ask again."""
        target = tuple((rule.facts.override_domain or "").lower().rstrip(".").encode().split(b"."))
        name = wire_name(target)
        records = [Record(message.CNAME, rule.facts.override_ttl or 0, name)]
        if query.type != message.CNAME:
            found = plan.zones.look_up(target, query.type)
            if found is None:
                records += await self._beyond(arrival, query, access, target)
            else:
                records += [_owned(each, name) for each in found.records]
        return message.answer(query, message.NOERROR, records, error=(BLOCKED, rule.id))

    async def _beyond(self, arrival: Arrival, query: Query, access: Admitted, labels: Labels) -> list[Record]:
        """Return what an upstream has of another name than the one that was asked for; nothing if it has not."""
        try:
            wire = await self._forward(
                arrival, query, access, message.question_of(wire_name(labels), query.type)
            )
            parsed = dns.message.from_wire(wire, ignore_trailing=True)
        except (Unanswered, dns.exception.DNSException, ValueError):
            return []
        return [
            Record(int(rrset.rdtype), rrset.ttl, bytes(data.to_wire() or b""), rrset.name.to_wire())
            for rrset in parsed.answer
            # An RRset's items are typed by nothing in dnspython.
            for data in cast("Iterable[Rdata]", rrset)
        ]

    async def _forward(self, arrival: Arrival, query: Query, access: Admitted, question: bytes) -> bytes:
        facts = access.view.facts
        is_validated = facts.dnssec_validation == _ENABLED
        where = subnet.NOTHING
        if facts.edns_client_subnet == _ENABLED:
            where = subnet.forwarded(query.option(message.CLIENT_SUBNET_OPTION), arrival.host)

        def build(message_id: int) -> bytes:
            return message.upstream_query(
                message_id,
                question,
                checking_disabled=not is_validated,
                wants_dnssec=query.wants_dnssec,
                subnet=where,
            )

        return await self._upstreams().ask(build, question)

    def _logged(self, arrival: Arrival, query: Query, outcome: Outcome, told: bytes, began: float) -> bytes:
        self._log.add(arrival, query, outcome.access, outcome.rule, told, began)
        return message.cut_for_datagram(query, told) if arrival.is_datagram else told


def _presented(arrival: Arrival, query: Query) -> list[bytes]:
    """Return the tokens that came with a query, each once; an option given twice counts as two."""
    if arrival.transport not in _TOKEN_TRANSPORTS:
        return []
    options = query.option(message.ACCESS_TOKEN_OPTION)
    if len(options) > 1:
        return options
    return list(dict.fromkeys([*arrival.tokens, *options]))


def _not_served(query: Query) -> int | None:
    """Return the code for what is not answered at all, or None."""
    if query.edns_version > 0:
        return message.BADVERS
    if query.klass != message.IN or message.is_transfer(query.type):
        return message.REFUSED
    return message.NOTIMP if query.type == message.ANY else None


def _zone_answer(query: Query, found: Found) -> bytes:
    code = message.NOERROR if found.exists else message.NXDOMAIN
    return message.answer(query, code, found.records, found.authority)


def _owned(record: Record, owner: bytes) -> Record:
    return record if record.owner is not None else Record(record.type, record.ttl, record.data, owner)
