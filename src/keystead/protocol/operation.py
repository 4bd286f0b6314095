"""One operation of one service, compiled: parse, validate and serialise as closures, and its errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from keystead.protocol.description import Operation
from keystead.protocol.errors import ValidationFailed
from keystead.protocol.faults import ErrorShape, Fault
from keystead.protocol.messages import describe, sentence_of
from keystead.protocol.shapes import Shape
from keystead.protocol.validate import Check
from keystead.protocol.wire import Params, Parse, Serialise, WireRequest, WireResponse


class Codec(Protocol):
    """What a protocol module offers: compilers for requests and results, and a writer of errors."""

    def parser(self, operation: Operation, shape: Shape | None, /) -> Parse: ...
    def serialiser(self, operation: Operation, shape: Shape | None, /) -> Serialise: ...
    def error(self, fault: Fault, /) -> WireResponse: ...


@dataclass(frozen=True, slots=True, eq=False)
class CompiledOperation:
    """An operation ready to serve.

    `parse` reads a request into params: absent members are absent, times are aware datetimes, blobs are
    bytes. It raises `Unreadable`. `validate` raises `ValidationFailed`. `serialise(result, request_id)`
    writes a result; members that are None are left out, members that the model lacks raise `UnknownMembers`
    (not under `python -O`).
    """

    name: str
    service: str
    method: str
    request_uri: str
    input: Shape | None
    output: Shape | None
    idempotency_member: str | None
    host_prefix: str | None
    host_labels: tuple[str, ...]
    is_unsigned: bool
    errors: Mapping[str, ErrorShape]
    validation_code: str
    parse: Parse
    validate: Callable[[Params], None]
    serialise: Serialise
    _write_error: Callable[[Fault], WireResponse]

    @property
    def streaming_request(self) -> bool:
        """Tell whether the request's body is a stream, handed through unread."""
        return _streams(self.input)

    @property
    def streaming_response(self) -> bool:
        """Tell whether the response's body is a stream."""
        return _streams(self.output)

    def parse_and_validate(self, request: WireRequest) -> Params:
        """Return the params of `request`. Raises `Unreadable` or `ValidationFailed`."""
        params = self.parse(request)
        self.validate(params)
        return params

    def serialise_error(
        self,
        *,
        code: str,
        status: int,
        message: str,
        request_id: str,
        sender: bool | None = None,
        members: Mapping[str, Any] | None = None,
        shape: str | None = None,
    ) -> WireResponse:
        """Return an error as this protocol writes it.

        `shape` names a modelled error; without it one is found by `code`. `sender` defaults to what the
        model says, else to whether `status` is below 500. Members that the model does not know are still
        written by the XML protocols (S3 has many) and by JSON errors without a shape.
        """
        modelled = self.errors.get(shape) if shape is not None else self._error_by_code(code)
        at_fault = sender if sender is not None else modelled.sender_fault if modelled else status < 500
        fault = Fault(code, status, message, request_id, at_fault, members or {}, modelled)
        response = self._write_error(fault)
        if self.method == "HEAD":
            response.body = b""
        return response

    def _error_by_code(self, code: str) -> ErrorShape | None:
        return next((error for error in self.errors.values() if error.code == code), None)


def validation(check: Check | None, service: str, code: str) -> Callable[[Params], None]:
    """Return what raises `ValidationFailed` with AWS's text for params that `check` does not like."""

    def validate(params: Params) -> None:
        if check is None:
            return
        violations = check(params)
        if violations:
            sentences = [sentence_of(service, violation) for violation in violations]
            raise ValidationFailed(code, describe(service, violations), sentences)

    return validate


def _streams(shape: Shape | None) -> bool:
    return shape is not None and shape.payload is not None and shape.members[shape.payload].is_streaming
