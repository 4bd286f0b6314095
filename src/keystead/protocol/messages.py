"""AWS's words for requests that break their model, in one table.

The wrapper and the constraint texts are those of AWS's service framework. Services differ in whether they
repeat the offending value, in the error code, and in a few members that have a sentence of their own.
Sources: [LS] AWS responses recorded by localstack, [EM] wording carried by open emulators, [GH] AWS
errors quoted in public issues.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MUST_NOT_BE_NULL = "Member must not be null"
MAX_SHOWN = 1024  # A refused value is repeated to its sender; a refused megabyte is not.


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken constraint: where (members, list positions from 1), by what value, and which."""

    path: tuple[str, ...]
    value: Any
    constraint: str
    is_sensitive: bool = False
    is_pattern: bool = False

    def under(self, name: str) -> "Violation":
        """Return the same violation as seen from one level further up."""
        return Violation((name, *self.path), self.value, self.constraint, self.is_sensitive, self.is_pattern)


# Services that name the member and keep the value to themselves [LS].
_WITHOUT_VALUE = frozenset({"iam"})

# (service, member) -> what is said when its pattern is broken, instead of everything else [EM].
_SENTENCES = {
    ("iam", "UserName"): (
        "The specified value for userName is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    ),
    ("iam", "NewUserName"): (
        "The specified value for newUserName is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    ),
    ("iam", "AccessKeyId"): (
        "The specified value for accessKeyId is invalid. It must contain only alphanumeric characters."
    ),
    ("iam", "Path"): (
        "The specified value for path is invalid. "
        "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    ),
    ("iam", "NewPath"): (
        "The specified value for newPath is invalid. "
        "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    ),
}

# (service, shape) -> the values that requests may say, where the model's list also has those that only
# answers say. UpdateAccessKey with `Expired`: UNCONFIRMED at AWS, refused here.
_INPUT_ENUMS = {("iam", "statusType"): ("Active", "Inactive")}

# The code of a failed validation, if the operation lists an error of that name; the first match wins.
_CODES = ("ValidationException", "InvalidInputException", "InvalidInput", "InvalidParameterException")
_DEFAULT_CODES = {"query": "ValidationError", "rest-xml": "InvalidInput"}


def validation_code(service: str, protocol: str, listed: Sequence[str]) -> str:
    """Return the code that a failed validation has at an operation whose model lists the errors `listed`.

    Query services say `ValidationError`, which no model lists; S3 says `InvalidArgument`.
    """
    if protocol == "query":
        return "ValidationError"
    if service == "s3":
        return "InvalidArgument"
    found = next((code for code in _CODES if code in listed), None)
    return found or _DEFAULT_CODES.get(protocol, "ValidationException")


def input_enum(service: str, shape: str, modelled: Sequence[str]) -> tuple[str, ...]:
    """Return the values that a request may say for `shape`."""
    return _INPUT_ENUMS.get((service, shape), tuple(modelled))


def describe(service: str, violations: Sequence[Violation]) -> str:
    """Return AWS's text for `violations`, of which there is at least one."""
    for violation in violations:
        sentence = _SENTENCES.get((service, violation.path[-1])) if violation.is_pattern else None
        if sentence is not None:
            return sentence
    count = len(violations)
    lines = "; ".join(sentence_of(service, violation) for violation in violations)
    return f"{count} validation error{'s' if count > 1 else ''} detected: {lines}"


def sentence_of(service: str, violation: Violation) -> str:
    """Return the sentence about one violation. Sensitive values are never in it."""
    shown = _shown(service, violation)
    path = ".".join(part[:1].lower() + part[1:] for part in violation.path)
    return f"Value {shown}at '{path}' failed to satisfy constraint: {violation.constraint}"


def _shown(service: str, violation: Violation) -> str:
    if violation.constraint == MUST_NOT_BE_NULL:
        return "null "
    if violation.is_sensitive or service in _WITHOUT_VALUE:
        return ""
    text = _as_text(violation.value)
    return "" if text is None else f"'{text[:MAX_SHOWN]}' "


def _as_text(value: Any) -> str | None:
    """Return `value` as AWS prints it; structures, maps and blobs are not printed."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case list():
            items = [_as_text(item) for item in value[:MAX_SHOWN]]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - checked by the match
            return None if None in items else f"[{', '.join(item for item in items if item is not None)}]"
        case _:
            return None
