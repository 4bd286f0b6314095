"""Makes the explanation of a refused API request: the check that failed, and what an administrator can do about it.

Nothing of the body is in it but what names the denied resource: see `access.explanations` for what is never kept.
"""

import re

from keystead.access.authorise import considered
from keystead.access.explanations import Explanation, Explanations, describe_refusal, shown_key_id
from keystead.access.limits import Throttled
from keystead.access.sigv4 import Refused
from keystead.gateway.exchange import Exchange
from keystead.gateway.refusing import AccessDenied, Answer
from keystead.gateway.routing import Unrouted
from keystead.protocol import Unreadable, ValidationFailed
from keystead.types.errors import OperationError

_QUOTED = re.compile(r"'[^']*'")
_CONSTRAINT = " failed to satisfy constraint: "
_MAX_VIOLATIONS = 20
_LONGEST_VIOLATION = 500


def explain(exchange: Exchange, told: Answer, error: Exception, kept: Explanations) -> Explanation:
    """Return why the request of an exchange was refused with `told`."""
    service, caller, presented = exchange.service, exchange.caller, exchange.presented
    made = Explanation(
        exchange.request_id,
        kept.now(),
        exchange.request.source_address,
        told.code,
        told.status,
        check="internal",
        service="" if service is None else service.name,
        operation=_operation(exchange),
    )
    if caller is not None:
        made.account, made.principal = caller.principal.account, caller.principal.arn
        made.key_id = caller.credential.id
    elif presented is not None:
        made.key_id = shown_key_id(presented.key_id)
    match error:
        case Refused():
            describe_refusal(made, error, presented)
        case AccessDenied():
            _describe_denial(made, error)
        case Throttled():
            made.check = "limit"
        case Unrouted():
            made.check = "routing"
        case ValidationFailed():
            made.check, made.violations = "input", _without_values(error)
        case Unreadable():
            made.check, made.violations = "input", [_QUOTED.sub("'…'", error.message)[:_LONGEST_VIOLATION]]
        case _:
            # What is no failure of ours was said no to by the operation, in an error of its model.
            made.check = "operation" if isinstance(error, OperationError) or told.status < 500 else "internal"
    return made


def _operation(exchange: Exchange) -> str:
    """Return the operation's name if there is one of that name; what a caller made up is not kept."""
    service, name = exchange.service, exchange.operation_name
    is_one = exchange.entry is not None or (service is not None and name in service.model.operation_names)
    return name if is_one else ""


def _describe_denial(made: Explanation, denied: AccessDenied) -> None:
    decision = denied.decision
    made.check, made.reason, made.told = "authorisation", denied.reason, denied.message
    made.action, made.resource, made.outcome = denied.action, denied.resource, decision.outcome
    made.missing_keys = list(decision.missing_keys)
    if decision.statement is not None:
        made.decided_by = considered(decision.statement, decision.type)
    made.near = denied.near


def _without_values(failed: ValidationFailed) -> list[str]:
    """Return what each violation is about, without the value that the caller sent."""
    return [_without_value(sentence)[:_LONGEST_VIOLATION] for sentence in failed.violations[:_MAX_VIOLATIONS]]


def _without_value(sentence: str) -> str:
    about, _, constraint = sentence.rpartition(_CONSTRAINT)
    member = about.rpartition("at '")[2].rstrip("'")
    return f"{member}: {constraint}"
