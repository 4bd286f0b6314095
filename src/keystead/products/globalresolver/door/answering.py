"""One query's way through the door: read, admitted, judged by the firewall, answered from a zone or an upstream.

Follows facts/dns.md §6 to §9. A query that is not admitted is refused before anything else is done for it,
always in the same words, and no upstream hears of it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import dns.exception

from keystead.credentials.usage import Usage
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.errors import StoreUnavailable
from keystead.kernel.lazily import later
from keystead.products.globalresolver.door import message, subnet
from keystead.products.globalresolver.door.admission import Admission, Admitted, Denied, Standing
from keystead.products.globalresolver.door.arrival import Arrival
from keystead.products.globalresolver.door.cache import AnswerCache, Reading
from keystead.products.globalresolver.door.firewall import Unusable
from keystead.products.globalresolver.door.logline import Circumstances
from keystead.products.globalresolver.door.message import Malformed, Query, Record
from keystead.products.globalresolver.door.plans import Plan, Plans
from keystead.products.globalresolver.door.querylog import QueryLog
from keystead.products.globalresolver.door.recall import LONGEST_ANSWER, Known, Recall
from keystead.products.globalresolver.door.told import Told
from keystead.products.globalresolver.door.upstream import Unanswered
from keystead.products.globalresolver.door.zonetable import Found, Labels, wire_name
from keystead.products.globalresolver.ids import SERVICE
from keystead.products.globalresolver.records import Rule

if TYPE_CHECKING:
    from dns.rdata import Rdata

    from dns import message as dns_message
else:
    dns_message = later("dns.message")

_LOG = logging.getLogger("keystead.dns")

BLOCKED, PROHIBITED, NOT_READY, NO_REACHABLE_AUTHORITY = 15, 18, 14, 22
"""Extended errors, RFC 8914 §4."""
NOT_ADMITTED = "Not admitted"
_ENABLED = "ENABLED"
_TOKEN_TRANSPORTS = frozenset({"DOH", "DOT"})
Reply = Callable[[bytes], None]
"""Takes an answer that had to be waited for; called once, and never before `answer` has returned."""


class _Later(Enum):
    LATER = "later"


LATER: Final = _Later.LATER
"""Not answered yet: the reply will be called."""


class Contradiction(Exception):
    """Tokens were presented that disagree; DoH says so by its status."""


class Answering:
    """Answers queries of every transport."""

    def __init__(
        self,
        admission: Admission,
        plans: Plans,
        upstreams: AnswerCache,
        usage: Usage,
        log: QueryLog,
        clock: Clock,
        entropy: Entropy,
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
        self._recall = Recall(entropy)
        self._region = region
        self._tells_reasons = tells_reasons
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(
        self, arrival: Arrival, wire: bytes, reply: Reply, key: bytes | None = None
    ) -> bytes | _Later | None:
        """Return the answer to a message at once where nothing has to be waited for, else LATER.

        None is no answer at all: what came is no query. `key` is what the decision is remembered under where the
        message by itself will not be looked at again. Raises Contradiction on DoH only.
        """
        if key is None and not arrival.is_datagram:
            key = self._recall.key_of_message(arrival, wire)
            known = self.again(key, arrival.host, arrival.port)
            if known is not None:
                return wire[:2] + known.told.rest
        try:
            query = message.parse_query(wire)
        except Malformed as malformed:
            return malformed.answer
        began = self._clock.real_epoch()
        tokens = _presented(arrival, query)
        if len(tokens) > 1 and arrival.transport == "DOH":
            raise Contradiction
        access = self._admission.judge(arrival, tokens)
        way = _Way(self, arrival, query, access, began, reply)
        if isinstance(access, Denied):
            text = access.reason if self._tells_reasons else NOT_ADMITTED
            return self.logged(way, message.answer(query, message.REFUSED, error=(PROHIBITED, text)))
        if access.token is not None:
            self._usage.touch(access.token.id, SERVICE, self._region, arrival.host)
        refusal = _not_served(query)
        if refusal is not None:
            return self.logged(way, message.answer(query, refusal))
        if key is not None:
            # Now, and not when the plan is made: what changes meanwhile must end what is remembered.
            way.memo = key, self._admission.standing(access)
        plan = self._plans.held(access.view)
        if plan is None:
            self._start(self._planned(way, access))
            return LATER
        return self._by_plan(way, access, plan)

    def key_of_request(self, host: str, name: str, path: str, query: str) -> bytes:
        """Return what a GET's decision is remembered under: all that it presents."""
        return self._recall.key_of_request(host, name, path, query)

    def again(self, key: bytes, host: str, port: int) -> Known | None:
        """Return what was decided before, with its answer as of now; None if that does not stand any more.

        None too when what was kept for it has ended: an upstream has to be asked.
        """
        known = self._recall.find(key)
        if known is None or not self._admission.stands(known.standing):
            return None
        told = known.told
        if self._clock.monotonic() >= told.until:
            reading = None if known.rest is None else self._upstreams.reading(known.rest)
            if reading is None or len(reading.wire) > LONGEST_ANSWER:
                return None
            told = known.told = _told(known.query, known.access, reading)
        token = known.access.token
        if token is not None:
            self._usage.touch(token.id, SERVICE, self._region, host)
        if known.circumstances.resolver is not None:
            self._log.add(known.circumstances, host, port, told, self._clock.real_epoch())
        return known

    def logged(self, way: "_Way", told: bytes) -> bytes:
        """Return an answer as it leaves, and note it in the log."""
        self._log.add(way.circumstances(), way.arrival.host, way.arrival.port, Told(told[2:]), way.began)
        return message.fitted(way.query, told, is_datagram=way.arrival.is_datagram)

    def _by_plan(self, way: "_Way", access: Admitted, plan: Plan) -> bytes | _Later:
        own = self._from_memory(access, plan, way)
        if own is not None:
            self._remember(way, access, plan, None, Told(own[2:]))
            return self.logged(way, own)
        if way.found is not None or _is_blocking(way.rule):
            self._start(self._pieced(way, access, plan))
            return LATER
        rest = _upstream_query(way.arrival, way.query, access, way.query.question)
        reading = self._upstreams.reading(rest)
        if reading is None:
            self._upstreams.send(rest, way.query.question, partial(way.done, access))
            return LATER
        told = _told(way.query, access, reading)
        self._remember(way, access, plan, rest, told)
        return self.logged(way, way.query.id.to_bytes(2, "big") + told.rest)

    def _remember(self, way: "_Way", access: Admitted, plan: Plan, rest: bytes | None, told: Told) -> None:
        if way.memo is None or not plan.firewall.goes_by_the_query_alone:
            return
        key, standing = way.memo
        number, query = way.query.id.to_bytes(2, "big"), replace(way.query, options=())
        known = Known(number, standing, access, query, way.circumstances(), rest, told)
        self._recall.remember(key, known)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _planned(self, way: "_Way", access: Admitted) -> None:
        """Answer once the view's plan is made; whatever goes wrong, there is an answer."""
        try:
            told = self._by_plan(way, access, await self._plans.of(access.view))
        except StoreUnavailable:
            told = self.logged(way, message.answer(way.query, message.REFUSED, error=(NOT_READY, "")))
        except Exception:
            told = self.logged(way, _failed(way.query))
        if told is not LATER:
            way.reply(told)

    async def _pieced(self, way: "_Way", access: Admitted, plan: Plan) -> None:
        """Answer what is put together of our own records and an upstream's; whatever goes wrong, there is one."""
        try:
            told = await self._put_together(way, access, plan)
        except Exception:
            told = _failed(way.query)
        way.reply(self.logged(way, told))

    def _from_memory(self, access: Admitted, plan: Plan, way: "_Way") -> bytes | None:
        """Return the answer if firewall and zones have it; None if an upstream has to be asked."""
        query = way.query
        try:
            rule = plan.firewall.decide(query)
        except Unusable:
            if access.view.facts.firewall_rules_fail_open != _ENABLED:
                return message.answer(query, message.REFUSED, error=(BLOCKED, "the firewall cannot decide"))
            rule = None
        way.rule = rule
        if rule is not None and _is_blocking(rule):
            return self._blocked(query, rule)
        found = plan.zones.look_up(query.labels, query.type)
        if found is None:
            return None
        if found.onward is not None:
            way.found = found
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

    async def _put_together(self, way: "_Way", access: Admitted, plan: Plan) -> bytes:
        arrival, query, found = way.arrival, way.query, way.found
        if way.rule is not None and _is_blocking(way.rule):
            return await self._overridden(arrival, query, access, plan, way.rule)
        if found is None or found.onward is None:
            raise ValueError("nothing to put together")
        code, beyond = await self._beyond(arrival, query, access, found.onward)
        return message.answer(query, code, [*found.records, *beyond])

    async def _overridden(
        self, arrival: Arrival, query: Query, access: Admitted, plan: Plan, rule: Rule
    ) -> bytes:
        """Return the rule's CNAME and what its target has, since stub resolvers do not ask again."""
        target = tuple((rule.facts.override_domain or "").lower().rstrip(".").encode().split(b"."))
        name = wire_name(target)
        records = [Record(message.CNAME, rule.facts.override_ttl or 0, name)]
        code, onward = message.NOERROR, None
        if query.type != message.CNAME:
            found = plan.zones.look_up(target, query.type)
            if found is None:
                onward = target
            else:
                records += [_owned(each, name) for each in found.records]
                code, onward = _code_of(found), found.onward
        if onward is not None:
            code, beyond = await self._beyond(arrival, query, access, onward)
            records += beyond
        return message.answer(query, code, records, error=(BLOCKED, rule.id))

    async def _beyond(
        self, arrival: Arrival, query: Query, access: Admitted, labels: Labels
    ) -> tuple[int, list[Record]]:
        """Return what an upstream says of another name than the one that was asked for, and by which code.

        The code is the whole answer's (RFC 6604 §3): a failure told as success would read as "there is none".
        """
        try:
            question = message.question_of(wire_name(labels), query.type)
            rest = _upstream_query(arrival, query, access, question)
            wire = await self._upstreams.ask(rest, question)
            parsed = dns_message.from_wire(wire, ignore_trailing=True)
        except (Unanswered, dns.exception.DNSException, ValueError):
            return message.SERVFAIL, []
        code = message.code_of(wire)
        if code not in (message.NOERROR, message.NXDOMAIN):
            return message.SERVFAIL, []
        return code, [
            Record(int(rrset.rdtype), rrset.ttl, bytes(data.to_wire() or b""), rrset.name.to_wire())
            for rrset in parsed.answer
            # An RRset's items are typed by nothing in dnspython.
            for data in cast("Iterable[Rdata]", rrset)
        ]


class _Way:
    """A query on its way to an answer, and what has been found out about it so far."""

    __slots__ = ("access", "answering", "arrival", "began", "found", "memo", "query", "reply", "rule")

    def __init__(
        self,
        answering: Answering,
        arrival: Arrival,
        query: Query,
        access: Admitted | Denied,
        began: float,
        reply: Reply,
    ) -> None:
        self.answering = answering
        self.arrival = arrival
        self.query = query
        self.access = access
        self.began = began
        self.reply = reply
        self.memo: tuple[bytes, Standing] | None = (
            None  # What the decision is remembered under, and stands on.
        )
        self.rule: Rule | None = None
        self.found: Found | None = None

    def circumstances(self) -> Circumstances:
        """Return what the log says of it besides the answer."""
        query = self.query
        return Circumstances(self.arrival, (query.labels, query.type, query.klass), self.access, self.rule)

    def done(self, access: Admitted, wire: bytes | None) -> None:
        """Reply with what an upstream said; whatever goes wrong, there is a reply."""
        try:
            told = _relayed(self.query, access, wire)
        except Exception:
            told = _failed(self.query)
        self.reply(self.answering.logged(self, told))


def _is_blocking(rule: Rule | None) -> bool:
    return rule is not None and rule.facts.action == "BLOCK"


def _told(query: Query, access: Admitted, reading: Reading) -> Told:
    """Return what is kept as the answer to a query."""
    return Told(_relayed(query, access, reading.wire)[2:], reading.until)


def _relayed(query: Query, access: Admitted, wire: bytes | None) -> bytes:
    is_validated = access.view.facts.dnssec_validation == _ENABLED
    asks = query.wants_dnssec or bool(query.flags & message.AD)
    if wire is not None:
        with suppress(ValueError):
            return message.relayed(query, wire, keeps_authentic=is_validated and asks)
    return message.answer(query, message.SERVFAIL, error=(NO_REACHABLE_AUTHORITY, ""))


def _failed(query: Query) -> bytes:
    """Return the answer for a failure of ours, which is this query's alone: its siblings go on."""
    _LOG.exception("a DNS query failed")
    return message.answer(query, message.SERVFAIL)


def _upstream_query(arrival: Arrival, query: Query, access: Admitted, question: bytes) -> bytes:
    """Return what an upstream is asked, without its id, as the view's settings have it."""
    facts = access.view.facts
    where = subnet.NOTHING
    if facts.edns_client_subnet == _ENABLED:
        where = subnet.forwarded(query.option(message.CLIENT_SUBNET_OPTION), arrival.host)
    return message.upstream_query(
        question,
        checking_disabled=facts.dnssec_validation != _ENABLED,
        wants_dnssec=query.wants_dnssec,
        subnet=where,
    )


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
    return message.answer(query, _code_of(found), found.records, found.authority)


def _code_of(found: Found) -> int:
    return message.NOERROR if found.exists else message.NXDOMAIN


def _owned(record: Record, owner: bytes) -> Record:
    return record if record.owner is not None else Record(record.type, record.ttl, record.data, owner)
