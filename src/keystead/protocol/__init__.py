"""The wire: service models read at run time, compiled into parsers, validators and serialisers.

The only layer that reads botocore's data, and the only one that knows a wire format.
"""

from keystead.protocol.errors import UnknownMembers, Unreadable, ValidationFailed
from keystead.protocol.faults import ErrorShape
from keystead.protocol.forms import is_usual, parse_form, parse_query, parse_usual_form
from keystead.protocol.models import Models, ServiceModel, UnknownService, default_error
from keystead.protocol.operation import CompiledOperation
from keystead.protocol.wire import WireRequest, WireResponse

__all__ = [
    "CompiledOperation",
    "ErrorShape",
    "Models",
    "ServiceModel",
    "UnknownMembers",
    "UnknownService",
    "Unreadable",
    "ValidationFailed",
    "WireRequest",
    "WireResponse",
    "default_error",
    "is_usual",
    "parse_form",
    "parse_query",
    "parse_usual_form",
]
