"""The way of a request through the house: every stage in order, on one screen.

There is no way to an operation but through `Gateway.handle`, and so none without a verified principal.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from keystead.access.authenticate import Authenticator
from keystead.access.authorise import Authoriser, denial
from keystead.access.doors import HTTPRequest
from keystead.access.explanations import Explanations
from keystead.access.limits import RequestLimits
from keystead.access.policy import Decision, ResourceSide
from keystead.access.policy.context import Late
from keystead.access.session_limits import objection
from keystead.access.sigv4 import Malformed, Reason, Refused, find
from keystead.audit.event import encode
from keystead.audit.journal import Journal
from keystead.credentials.usage import Usage
from keystead.gateway.call import NO_CREDENTIAL, Call
from keystead.gateway.context import RequestKeys
from keystead.gateway.exchange import Exchange, begin
from keystead.gateway.explaining import explain
from keystead.gateway.journaling import Scribe
from keystead.gateway.operations import Entry, OperationTable, no_further_actions, no_resource_policy
from keystead.gateway.refusing import AccessDenied, Answer, answer_to, broken, serialise
from keystead.gateway.routing import Router, Unrouted
from keystead.identity.principals import NOBODY, Principal
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import RequestIds
from keystead.protocol import WireRequest, WireResponse
from keystead.store.interface import Reader, Store, Transaction

Decide = Callable[[Reader, Principal, str, str, Late, ResourceSide | None], Decision]


class Gateway:
    """Answers API requests. Transport-free: whoever reads the request calls `handle`."""

    def __init__(
        self,
        table: OperationTable,
        authenticator: Authenticator,
        authoriser: Authoriser,
        store: Store,
        journal: Journal,
        usage: Usage,
        clock: Clock,
        entropy: Entropy,
        explanations: Explanations,
        limits: RequestLimits,
        *,
        audit_reads: bool,
    ) -> None:
        self._explanations = explanations
        self._limits = limits
        self._table = table
        self._router = Router(table)
        self._authenticator = authenticator
        self._authoriser = authoriser
        self._clock = clock
        self._store = store
        self._journal = journal
        self._usage = usage
        self._request_ids = RequestIds(entropy)
        self._scribe = Scribe(clock)
        self._audit_reads = audit_reads
        self._stages = [
            self._find_operation,
            self._authenticate,
            # Without a limit there is no such stage, and no cost.
            *([self._count] if limits.services else []),
            self._parse,
            self._authorise,
        ]

    async def handle(self, request: HTTPRequest) -> WireResponse:
        """Return the answer to a request. Never raises for anything that a request can hold."""
        found = self.answer(request)
        return found if isinstance(found, WireResponse) else await found

    def answer(self, request: HTTPRequest) -> WireResponse | Coroutine[Any, Any, WireResponse]:
        """Return the answer to a request, or what has to be awaited for it: a commit, or an operation that waits.

        Neither raises for anything that a request can hold.
        """
        exchange = begin(request, self._request_ids.next())
        try:
            for stage in self._stages:
                stage(exchange)
            entry = _entry(exchange)
            if entry.waits:
                return self._wait(exchange, entry)
            response = self._read(exchange, entry)
        except Exception as error:  # Whatever went wrong, the caller gets an answer in its own protocol.
            response = self._fail(exchange, error)
        exchange.end()
        return response

    async def _wait(self, exchange: Exchange, entry: Entry) -> WireResponse:
        try:
            response = await self._perform(exchange, entry)
        except Exception as error:  # As above.
            response = self._fail(exchange, error)
        exchange.end()
        return response

    def _fail(self, exchange: Exchange, error: Exception) -> WireResponse:
        try:
            return self._refuse(exchange, answer_to(exchange, error), error)
        except Exception as second:  # A face that cannot say no is broken, and that is the answer.
            return self._refuse(exchange, broken(exchange, second), second)

    def names_operation(self, method: str, raw_path: bytes, query: bytes) -> bool:
        """Return whether an unsigned request means an operation of the API all the same."""
        return self._table.names_rest_operation(method, raw_path, query)

    def _refuse(self, exchange: Exchange, told: Answer, error: Exception) -> WireResponse:
        response = serialise(exchange, told)
        self._journal.observe(self._scribe.refused(exchange, told))
        if exchange.caller is not None or self._explanations.has_room():
            self._explanations.keep(explain(exchange, told, error, self._explanations))
        return response

    def _find_operation(self, exchange: Exchange) -> None:
        malformed: Malformed | None = None
        try:
            exchange.presented = find(exchange.signed)
        except Malformed as error:
            malformed = error
        self._router.route(exchange, is_unsigned=exchange.presented is None and malformed is None)
        if malformed is not None:
            raise malformed

    def _authenticate(self, exchange: Exchange) -> None:
        if _is_unsigned(exchange):
            return
        presented, service = exchange.presented, exchange.service
        if presented is None or service is None:
            raise Refused(Reason.MISSING_AUTHENTICATION)
        exchange.caller = self._authenticator.authenticate(exchange.signed, presented, service.rules)
        self._usage.touch(
            exchange.caller.credential.id, service.name, presented.region, exchange.request.source_address
        )

    def _count(self, exchange: Exchange) -> None:
        """Count the request against its account's limit. Raises Throttled."""
        if exchange.caller is not None and exchange.service is not None:
            self._limits.count(exchange.service.name, exchange.caller.principal.account)

    def _parse(self, exchange: Exchange) -> None:
        request = exchange.request
        entry = _entry(exchange)
        exchange.params = entry.compiled.operation.parse_and_validate(
            WireRequest(
                request.method,
                request.raw_path,
                request.raw_query,
                exchange.headers() if exchange.form is None else {},
                request.body,
                exchange.form,
                exchange.labels,
            )
        )

    def _authorise(self, exchange: Exchange) -> None:
        if _is_unsigned(exchange):
            exchange.call = self._unsigned_call(exchange)
            return
        caller, presented = exchange.caller, exchange.presented
        if caller is None or presented is None:
            raise Refused(Reason.MISSING_AUTHENTICATION)
        exchange.call = Call(
            exchange.request_id,
            caller.principal,
            caller.credential,
            _entry(exchange).declaration.action,
            presented.region,
            exchange.request.source_address,
            exchange.header(b"user-agent"),
            self._store.reader,
        )
        self._require_allowed(exchange, exchange.call, self._authoriser.decide)

    def _unsigned_call(self, exchange: Exchange) -> Call:
        """Return the call of an operation that needs no signature: it judges itself what it is shown."""
        call = Call(
            exchange.request_id,
            NOBODY,
            NO_CREDENTIAL,
            _entry(exchange).declaration.action,
            "",
            exchange.request.source_address,
            exchange.header(b"user-agent"),
            self._store.reader,
        )
        call.late = RequestKeys(exchange, "", self._clock)
        return call

    async def _perform(self, exchange: Exchange, entry: Entry) -> WireResponse:
        """Perform an operation that waits: for its own asynchronous part, for the commit, or both."""
        if entry.prepare is not None:
            # What was begun at once has no task of its own yet (http/eager.py); from the next turn on it has, and
            # may use time-outs.
            await asyncio.sleep(0)
            call = _call(exchange)
            call.prepared = await entry.prepare(call, exchange.params)
        if entry.declaration.form == "write":
            return await self._store.write(lambda tx: self._write(tx, exchange, entry))
        return self._read(exchange, entry)

    def _read(self, exchange: Exchange, entry: Entry) -> WireResponse:
        """Perform an operation that changes nothing, against a committed state."""
        result = entry.method(_call(exchange), exchange.params)
        response = entry.compiled.operation.serialise(result or {}, exchange.request_id)
        if self._audit_reads:
            self._journal.observe_read(lambda: self._scribe.succeeded(exchange, result))
        return response

    def _write(self, tx: Transaction, exchange: Exchange, entry: Entry) -> WireResponse:
        """Perform a change inside its transaction, for a caller who is still good and still may.

        The answer is made here, so that one that cannot be written undoes the change.
        """
        call = _call(exchange)
        call.reader = call.transaction = tx
        if not _is_unsigned(exchange):
            if exchange.caller is None:
                raise Refused(Reason.MISSING_AUTHENTICATION)
            exchange.caller = self._authenticator.again(tx, exchange.caller)
            call.principal = exchange.caller.principal
            self._require_allowed(exchange, call, self._authoriser.decide_again)
        result = entry.method(call, exchange.params)
        tx.note(encode(self._scribe.succeeded(exchange, result)))
        return entry.compiled.operation.serialise(result or {}, exchange.request_id)

    def _require_allowed(self, exchange: Exchange, call: Call, decide: Decide) -> None:
        """Let the call pass if its principal may act on all that the operation names. Raises AccessDenied."""
        entry, principal = _entry(exchange), call.principal
        face, reader, params = entry.face, call.reader, exchange.params
        if principal.session is not None and (told := objection(principal.session, call.action)) is not None:
            raise AccessDenied(told, Decision("implicitDeny", "none"), call.action, "*", [])
        is_above = self._authoriser.is_above_policies(principal)
        has_sides = face.resource_side is not no_resource_policy
        if is_above and not has_sides:
            return
        actions = (call.action,)
        if face.further_actions is not no_further_actions:
            actions = (call.action, *face.further_actions(reader, call, params))
        if self._authoriser.is_always_allowed(call.action):
            actions = actions[1:]
        for template in entry.resources if actions else ():
            arn = face.resource_arn(reader, call, template, params)
            side = face.resource_side(reader, call, arn, params) if has_sides else None
            if side is None and is_above:
                continue
            account = principal.account if side is None else side.account
            late = call.late = RequestKeys(exchange, account, self._clock)
            for action in actions:
                decision = decide(reader, principal, action, arn, late, side)
                if decision.outcome != "allowed":
                    near = self._authoriser.near(reader, principal, action, arn, late, side)
                    told = denial(principal, action, arn, decision, side)
                    raise AccessDenied(told, decision, action, arn, near)


def _is_unsigned(exchange: Exchange) -> bool:
    """Return whether the operation takes no signature. Its model must say so, and not its declaration alone."""
    entry = exchange.entry
    return (
        entry is not None
        and entry.declaration.authentication == "none-by-model"
        and entry.compiled.operation.is_unsigned
    )


def _entry(exchange: Exchange) -> Entry:
    """Return the operation asked for. Raises Unrouted for one that the model may have and nobody serves."""
    if exchange.entry is not None:
        return exchange.entry
    if exchange.form is not None:
        version = exchange.form.get("Version", "")
        name = exchange.operation_name
        raise Unrouted("InvalidAction", f"Could not find operation {name} for version {version}")
    raise Unrouted("UnknownOperationException", "The requested operation is not implemented.")


def _call(exchange: Exchange) -> Call:
    if exchange.call is None:
        raise Refused(Reason.MISSING_AUTHENTICATION)
    return exchange.call
