"""Validation of params against the model: required, length, range, pattern, enum.

One closure per shape answers None for a good value, so that good requests pay for no paths and no texts.
Patterns must match in full: AWS's framework matches so, whatever Smithy says of unanchored patterns, and a
half-matched name is how `g-0123456789/../x` gets in. They are compiled when first used; `\\w` and `\\d` mean
ASCII, as in the Java where these patterns live.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from keystead.protocol.messages import MUST_NOT_BE_NULL, Violation, input_enum
from keystead.protocol.shapes import Shape

Check: TypeAlias = Callable[[Any], "list[Violation] | None"]
Fits: TypeAlias = Callable[[str], object]

_UNBOUNDED = float("inf")

# Patterns on texts without a maximal length that take quadratic time: 100,000 hostile characters would stop
# the server for half a minute. Each stands beside one that accepts the same texts in linear time.
_IN_LINEAR_TIME = {
    r".*\S.*": r"(?=.*\S).*",
    r"\/?.+\/.+": r"(?=.[^/\n]*/.).*",
}


class Validator:
    """Compiles checks for the shapes of one service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._structures: dict[tuple[str, bool], Check] = {}

    def check(self, shape: Shape, is_sensitive: bool = False) -> Check | None:
        """Return the check of a value of `shape`, or None where every value is good.

        What stands inside something sensitive is sensitive too.
        """
        is_sensitive = is_sensitive or shape.definition.sensitive
        match shape.kind:
            case "structure":
                return None if shape.is_document else self._structure(shape, is_sensitive)
            case "list":
                return self._list(shape, is_sensitive)
            case "map":
                return self._map(shape, is_sensitive)
            case "string":
                return self._string(shape, is_sensitive)
            case "blob":
                return None if shape.is_streaming else _length(shape, is_sensitive)
            case "integer" | "long" | "float" | "double":
                return _range(shape, is_sensitive)
            case _:
                return None

    def _structure(self, shape: Shape, is_sensitive: bool) -> Check:
        key = (shape.name, is_sensitive)
        known = self._structures.get(key)
        if known is None:
            # A recursive shape meets itself while it is being built, and finds the finished check later.
            self._structures[key] = lambda value: self._structures[key](value)
            self._structures[key] = known = self._build_structure(shape, is_sensitive)
        return known

    def _build_structure(self, shape: Shape, is_sensitive: bool) -> Check:
        plan = [
            (name, name in shape.required, self.check(member, is_sensitive))
            for name, member in shape.members.items()
        ]
        plan = [(name, required, check) for name, required, check in plan if required or check is not None]
        if not plan:
            return _accept

        def check(value: Mapping[str, Any]) -> list[Violation] | None:
            found: list[Violation] | None = None
            for name, is_required, check_member in plan:
                item = value.get(name)
                if item is None:
                    if is_required:
                        found = [*(found or ()), Violation((name,), None, MUST_NOT_BE_NULL)]
                elif check_member is not None:
                    inside = check_member(item)
                    if inside is not None:
                        found = [*(found or ()), *(violation.under(name) for violation in inside)]
            return found

        return check

    def _list(self, shape: Shape, is_sensitive: bool) -> Check:
        check_length = _length(shape, is_sensitive)
        check_item = self.check(shape.element, is_sensitive)

        def check(value: list[Any]) -> list[Violation] | None:
            found = check_length(value) if check_length is not None else None
            if found is None and (check_item is not None or None in value):
                # A list that is too long is not walked: its length is already the answer.
                for position, item in enumerate(value, 1):
                    inside = _check_part(check_item, item)
                    if inside is not None:
                        found = [
                            *(found or ()),
                            *(one.under("member").under(str(position)) for one in inside),
                        ]
            return found

        return check

    def _map(self, shape: Shape, is_sensitive: bool) -> Check:
        check_length = _length(shape, is_sensitive)
        check_key = self.check(shape.key, is_sensitive)
        check_item = self.check(shape.value, is_sensitive)

        def check(value: Mapping[str, Any]) -> list[Violation] | None:
            found = check_length(value) if check_length is not None else None
            if found is not None:
                return found
            for key, item in value.items():
                if check_key is not None:
                    inside = check_key(key)
                    if inside is not None:
                        found = [*(found or ()), *(one.under("key") for one in inside)]
                inside = _check_part(check_item, item)
                if inside is not None:
                    found = [*(found or ()), *(one.under("member").under(key) for one in inside)]
            return found

        return check

    def _string(self, shape: Shape, is_sensitive: bool) -> Check:
        definition = shape.definition
        if definition.enum is not None:
            return _enum(input_enum(self._service, shape.name, definition.enum), is_sensitive)
        check_length = _length(shape, is_sensitive)
        if definition.pattern is None:
            return _storable(check_length, is_sensitive)
        low, high = _bounds(shape)
        # The pattern is only tried on texts that are not too long: some take quadratic time.
        fits, pattern = _lazy_pattern(definition.pattern), definition.pattern
        check_storable = _storable(None, is_sensitive)

        def check(value: str) -> list[Violation] | None:
            if low <= len(value) <= high:
                if fits(value) is not None:
                    # Some patterns take any character.
                    return check_storable(value)
                found = None
            else:
                found = check_length(value) if check_length is not None else None
                if len(value) > high or fits(value) is not None:
                    return found
            text = f"Member must satisfy regular expression pattern: {pattern}"
            # A sentence of its own is for patterns alone, so a wrong length hides that the pattern is broken.
            return [*(found or ()), Violation((), value, text, is_sensitive, is_pattern=found is None)]

        return check


def _accept(_: Any) -> None:
    return None


def _check_part(check: Check | None, item: Any) -> list[Violation] | None:
    if item is None:
        return [Violation((), None, MUST_NOT_BE_NULL)]
    return check(item) if check is not None else None


def _bounds(shape: Shape) -> tuple[float, float]:
    low, high = shape.definition.min, shape.definition.max
    return -_UNBOUNDED if low is None else low, _UNBOUNDED if high is None else high


def _length(shape: Shape, is_sensitive: bool) -> Check | None:
    low, high = _bounds(shape)
    if low <= 0 and high == _UNBOUNDED:
        return None

    def check(value: Any) -> list[Violation] | None:
        length = len(value)
        if low <= length <= high:
            return None
        limit = f"greater than or equal to {low}" if length < low else f"less than or equal to {high}"
        return [Violation((), value, f"Member must have length {limit}", is_sensitive)]

    return check


def _storable(check_length: Check | None, is_sensitive: bool) -> Check:
    """Return a check that also refuses NUL: not every database can keep it, and no name or reason has one."""

    def check(value: str) -> list[Violation] | None:
        found = check_length(value) if check_length is not None else None
        if "\0" in value:
            found = [*(found or ()), Violation((), value, "Member must not contain NUL", is_sensitive)]
        return found

    return check


def _range(shape: Shape, is_sensitive: bool) -> Check | None:
    low, high = _bounds(shape)
    if low == -_UNBOUNDED and high == _UNBOUNDED:
        return None

    def check(value: Any) -> list[Violation] | None:
        if low <= value <= high:
            return None
        # Not-a-number is on neither side; it is refused as too small.
        limit = f"less than or equal to {high}" if value > high else f"greater than or equal to {low}"
        return [Violation((), value, f"Member must have value {limit}", is_sensitive)]

    return check


def _enum(values: tuple[str, ...], is_sensitive: bool) -> Check:
    known = frozenset(values)
    text = f"Member must satisfy enum value set: [{', '.join(values)}]"

    def check(value: str) -> list[Violation] | None:
        return None if value in known else [Violation((), value, text, is_sensitive)]

    return check


def _lazy_pattern(pattern: str) -> Fits:
    fits: Fits | None = None

    def match(value: str) -> object:
        nonlocal fits
        if fits is None:
            fits = compile_pattern(pattern)
        return fits(value)

    return match


def compile_pattern(pattern: str) -> Fits:
    """Return the full match of `pattern`; `regex` takes over where `re` lacks the syntax (`\\p{L}`)."""
    pattern = _IN_LINEAR_TIME.get(pattern, pattern)
    try:
        return re.compile(pattern, re.ASCII).fullmatch
    except re.error:
        import regex  # A tenth of the start-up, and most services never need it.

        # With the ASCII flag, `\p{L}` would mean ASCII letters too.
        return regex.compile(pattern, 0 if "\\p{" in pattern else regex.ASCII).fullmatch
