"""Makes the journal's events of requests: who asked for what, from where, and how it ended.

Request parameters and response elements go in as the model allows: what it marks sensitive is hidden.
"""

from collections.abc import Mapping
from typing import Any

from keystead.audit.event import EVENT_VERSION, Event, Identity, event_time
from keystead.gateway.exchange import Exchange
from keystead.gateway.refusing import Answer
from keystead.identity.testimony import identity_of
from keystead.kernel.clock import Clock
from keystead.kernel.ids import ACCESS_KEY_ID

_LONGEST_USER_AGENT = 256
_LARGEST_BODY = 8192
"""Bytes of a request beyond which an event leaves its parameters out, so that waiting events stay small."""


class Scribe:
    """Writes down how a request ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = 0
        self._second_text = ""

    def succeeded(self, exchange: Exchange, result: Mapping[str, Any] | None) -> Event:
        """Return the event of a request that was done."""
        event = self._event(exchange)
        entry = exchange.entry
        if entry is not None:
            event.readOnly = entry.declaration.form == "read"
            if not event.readOnly and result is not None:
                event.responseElements = entry.compiled.redact_response(result)
        return event

    def refused(self, exchange: Exchange, told: Answer) -> Event:
        """Return the event of a request that was not."""
        event = self._event(exchange)
        event.errorCode, event.reason = told.code, told.reason
        if exchange.caller is not None:
            # What an unverified caller is told may quote its header, and a secret put in the wrong place.
            event.errorMessage = told.message
        return event

    def _event(self, exchange: Exchange) -> Event:
        service, presented, request = exchange.service, exchange.presented, exchange.request
        identity = _identity(exchange)
        return Event(
            eventTime=self._now(),
            eventSource="" if service is None else service.event_source,
            eventName=exchange.operation_name,
            awsRegion="" if presented is None else presented.region,
            sourceIPAddress=request.source_address,
            userAgent=exchange.header(b"user-agent")[:_LONGEST_USER_AGENT],
            userIdentity=identity,
            requestID=exchange.request_id,
            eventType="AwsApiCall",
            eventVersion=EVENT_VERSION,
            requestParameters=_parameters(exchange),
            recipientAccountId=identity.accountId,
        )

    def _now(self) -> str:
        second = int(self._clock.real_epoch())
        if second != self._second:
            self._second, self._second_text = second, event_time(second)
        return self._second_text


def _identity(exchange: Exchange) -> Identity:
    if exchange.call is not None and exchange.call.identity is not None:
        return exchange.call.identity
    if exchange.caller is not None:
        return identity_of(exchange.caller.principal, exchange.caller.credential.id)
    key_id = "" if exchange.presented is None else exchange.presented.key_id
    # Only what looks like a key id is kept: some callers send the secret in its place.
    return Identity("Unknown", accessKeyId=key_id if ACCESS_KEY_ID.fullmatch(key_id) else "")


def _size(exchange: Exchange) -> int:
    return len(exchange.request.body) + len(exchange.request.raw_query)


def _parameters(exchange: Exchange) -> Mapping[str, Any] | None:
    if exchange.entry is None or not exchange.params or _size(exchange) > _LARGEST_BODY:
        return None
    parameters: Mapping[str, Any] = exchange.entry.compiled.redact_request(exchange.params)
    return parameters
