"""Copies of requests and results without what the model marks as sensitive: what the journal may hold.

Follows the `sensitive` trait of Smithy 2.0, "Documentation traits". Compiled once per operation; an operation
whose shape holds nothing sensitive costs nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from keystead.protocol.shapes import Shape

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""CloudTrail's own placeholder."""

UNMARKED = frozenset({"ActivationCode", "SessionToken", "TokenCode", "TokenValue"})
"""Members that open something and that models, STS's for one, do not mark as sensitive."""

Redact = Callable[[Any], Any]


def redactor(shape: Shape | None) -> Redact:
    """Return a function from params to a copy with sensitive and binary members hidden."""
    redact = None if shape is None else _compile(shape, ())
    return redact or _unchanged


def _unchanged(value: Any) -> Any:
    return value


def _hidden(value: Any) -> Any:
    del value
    return HIDDEN


def _compile(shape: Shape, above: tuple[str, ...]) -> Redact | None:
    """Return what hides parts of values of `shape`, or None when there is nothing to hide."""
    if shape.definition.sensitive or shape.kind == "blob" or shape.is_streaming:
        return _hidden
    if shape.name in above:
        # A shape inside itself: hiding it whole is safe, and the journal needs no unbounded trees.
        return _hidden
    inner = (*above, shape.name)
    match shape.kind:
        case "structure":
            parts = {
                name: _hidden if name in UNMARKED else _compile(member, inner)
                for name, member in shape.members.items()
            }
            return _structure({name: part for name, part in parts.items() if part is not None})
        case "list":
            element = _compile(shape.element, inner)
            return None if element is None else lambda values: [element(value) for value in values]
        case "map":
            part = _compile(shape.value, inner)
            return (
                None if part is None else lambda values: {key: part(value) for key, value in values.items()}
            )
        case _:
            return None


def _structure(parts: Mapping[str, Redact]) -> Redact | None:
    if not parts:
        return None

    def redact(params: Mapping[str, Any]) -> dict[str, Any]:
        return {name: parts[name](value) if name in parts else value for name, value in params.items()}

    return redact
