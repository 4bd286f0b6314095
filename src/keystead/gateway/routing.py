"""Decides which operation a request is for, once, from the raw request head.

Order: `X-Amz-Target`, then an `Action` form at `/`, then the service in the SigV4 credential scope (DESIGN §8).
What the head claims counts for nothing until the signature verifies for that very service: a form for STS
signed for another service is refused by the signature's scope.
"""

from dataclasses import dataclass

from keystead.access.sigv4 import Reason, Refused
from keystead.gateway.exchange import Exchange
from keystead.gateway.operations import OperationTable, Service
from keystead.protocol import Unreadable, is_usual, parse_form, parse_usual_form

FORM_TYPE = b"application/x-www-form-urlencoded"


class Unrouted(Exception):
    """No operation was found; the gateway answers in the words of the service, if that much is known."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Router:
    """Finds the service and the operation's name; whether it is implemented is asked after authentication."""

    table: OperationTable

    def route(self, exchange: Exchange, *, is_unsigned: bool) -> None:
        """Set service, operation name and what was decoded on the way.

        Raises Unrouted, Unreadable, and Refused for a request without any authentication that names no service.
        """
        if b"x-amz-target" in exchange.request.head:
            self._by_target(exchange, exchange.header(b"x-amz-target"))
        elif not self._by_action(exchange):
            if is_unsigned:
                raise Refused(Reason.MISSING_AUTHENTICATION)
            self._by_scope(exchange)
        service = exchange.service
        if service is not None:
            exchange.entry = service.entries.get(exchange.operation_name)

    def _by_target(self, exchange: Exchange, target: str) -> None:
        prefix, _, name = target.rpartition(".")
        service = self.table.by_target.get(prefix)
        if service is None:
            raise Unrouted("UnknownOperationException", "The requested operation is not known.")
        exchange.service, exchange.operation_name = service, name

    def _by_action(self, exchange: Exchange) -> bool:
        """Route a query-protocol call; False when the request is none."""
        request = exchange.request
        if request.raw_path not in (b"/", b""):
            return False
        if request.method == "POST" and exchange.request.head.get(b"content-type", b"").startswith(FORM_TYPE):
            read = parse_usual_form if is_usual(request.body) else parse_form
            exchange.form = read(request.body)
        elif request.method == "GET" and b"Action=" in request.raw_query:
            exchange.form = parse_form(request.raw_query)
        if not exchange.form or "Action" not in exchange.form:
            return False
        self._query_service(exchange, exchange.form["Action"], exchange.form.get("Version", ""))
        return True

    def _query_service(self, exchange: Exchange, action: str, version: str) -> None:
        exchange.operation_name = action
        exchange.service = self.table.by_version.get(version)
        if exchange.service is None:
            raise Unrouted("InvalidAction", f"Could not find operation {action} for version {version}")

    def _by_scope(self, exchange: Exchange) -> None:
        service = self._scoped(exchange)
        if service is None:
            raise Unrouted("UnknownOperationException", "The requested operation is not known.", 404)
        exchange.service = service
        if service.model.protocol in ("query", "json"):
            # Its operations all share one URI in the model: without an Action, or a target, none is meant.
            return
        request = exchange.request
        try:
            match = service.model.match_rest(
                request.method, request.raw_path, request.raw_query, exchange.headers()
            )
        except Unreadable:
            match = None
        if match is not None:
            exchange.operation_name, exchange.labels = match

    def _scoped(self, exchange: Exchange) -> Service | None:
        presented = exchange.presented
        return None if presented is None else self.table.by_signing_name.get(presented.service)
