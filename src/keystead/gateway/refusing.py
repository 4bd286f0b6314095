"""What a caller is told when a request fails: one answer per sort of failure, and nothing of our insides.

Three families, never mixed (STYLE, Errors): the request could not be read or verified, the operation says no in
an error that its model lists, or we broke, which shows a request id only.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keystead.access.explanations import Considered
from keystead.access.limits import Throttled
from keystead.access.policy import Decision
from keystead.access.refusals import Family, answer, denied, throttled
from keystead.access.sigv4 import Refused
from keystead.gateway.exchange import Exchange
from keystead.gateway.routing import Unrouted
from keystead.kernel.errors import DomainError
from keystead.protocol import ErrorShape, Unreadable, ValidationFailed, WireResponse, default_error
from keystead.types.errors import CommonError, OperationError, ServiceError

THROTTLING = "ThrottlingException"
RETRY_AFTER = "retryAfterSeconds"
_LOG = logging.getLogger("keystead.gateway")

INTERNAL = "InternalFailure"
INTERNAL_MESSAGE = "An internal error occurred."
"""All that a caller learns of our own failures; the log has the rest under the request id."""


class AccessDenied(Exception):
    """The decision was no. `message` is what AWS tells the caller, `reason` what the journal keeps.

    `near` are the Allow statements about the action that did not apply, for administrators.
    """

    def __init__(
        self, message: str, decision: Decision, action: str, resource: str, near: list[Considered]
    ) -> None:
        super().__init__(decision.outcome)
        self.message = message
        self.reason = f"{decision.outcome} {decision.type}"
        self.decision = decision
        self.action = action
        self.resource = resource
        self.near = near


@dataclass(frozen=True, slots=True)
class Answer:
    """An error for the wire and, as `reason`, what the journal keeps of it."""

    code: str
    status: int
    message: str
    reason: str
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    shape: str | None = None


def answer_to(exchange: Exchange, error: Exception) -> Answer:
    """Return what to answer to a request that ended in `error`."""
    family: Family = "query" if exchange.service is None else exchange.service.family
    match error:
        case Refused():
            told = answer(error, family)
            return Answer(told.code, told.status, told.message, error.reason, dict(told.members))
        case AccessDenied():
            told = denied(error.message, family)
            return Answer(told.code, told.status, told.message, error.reason)
        case Throttled():
            return _throttled(exchange, error, family)
        case Unrouted():
            return Answer(error.code, error.status, error.message, "unrouted")
        case ValidationFailed():
            members: Mapping[str, Any] = {}
            if exchange.entry is not None:
                members = exchange.entry.face.invalid_members(error.violations)
            return Answer(error.code, error.status, error.message, "invalid-input", members)
        case Unreadable():
            return Answer(error.code, error.status, error.message, "invalid-input")
        case OperationError():
            return _said_no(exchange, error)
        case DomainError() if exchange.entry is not None:
            translated = exchange.entry.face.translate(error)
            return broken(exchange, error) if translated is None else _said_no(exchange, translated)
        case _:
            return broken(exchange, error)


def _throttled(exchange: Exchange, error: Throttled, family: Family) -> Answer:
    """Return the operation's own throttling error where its model lists one, or else the protocol's."""
    told = throttled(family)
    entry = exchange.entry
    shape = None if entry is None else entry.compiled.operation.errors.get(THROTTLING)
    if shape is None:
        return Answer(told.code, told.status, told.message, "throttled")
    members = {RETRY_AFTER: error.retry_seconds} if RETRY_AFTER in shape.members else {}
    return Answer(shape.code, shape.status, told.message, "throttled", members, shape.name)


def _said_no(exchange: Exchange, error: OperationError) -> Answer:
    if isinstance(error, CommonError):
        return Answer(error.code, error.status, error.message, error.reason)
    modelled = _modelled(exchange, error)
    if modelled is None:
        # The operation's model does not list this error, so no client could make sense of it.
        return broken(exchange, error)
    return Answer(modelled.code, modelled.status, error.message, modelled.code, error.members, modelled.name)


def _modelled(exchange: Exchange, error: OperationError) -> ErrorShape | None:
    """Return the error as the operation's model lists it, or as its declaration adds it."""
    if not isinstance(error, ServiceError) or exchange.entry is None:
        return None
    listed = exchange.entry.compiled.operation.errors.get(error.shape)
    if listed is None and error.shape in exchange.entry.declaration.also:
        return exchange.entry.service.model.error(error.shape)
    return listed


def broken(exchange: Exchange, error: Exception) -> Answer:
    """Log what happened, and answer with the service's own error for it where its model lists one."""
    _LOG.error("request %s failed", exchange.request_id, exc_info=error)
    if exchange.entry is not None:
        for modelled in exchange.entry.compiled.operation.errors.values():
            if modelled.status >= 500:
                return Answer(modelled.code, modelled.status, INTERNAL_MESSAGE, "broken", shape=modelled.name)
    return Answer(INTERNAL, 500, INTERNAL_MESSAGE, "broken")


def serialise(exchange: Exchange, told: Answer) -> WireResponse:
    """Return `told` as the protocol of the request writes errors."""
    code, status, message, request_id = told.code, told.status, told.message, exchange.request_id
    if exchange.entry is not None:
        return exchange.entry.compiled.operation.serialise_error(
            code=code,
            status=status,
            message=message,
            request_id=request_id,
            members=told.members,
            shape=told.shape,
        )
    if exchange.service is not None:
        return exchange.service.model.serialise_error(
            code=code, status=status, message=message, request_id=request_id, members=told.members
        )
    return default_error(code, status, message, request_id, is_json=b"x-amz-target" in exchange.request.head)
