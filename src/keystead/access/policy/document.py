"""Policy documents: JSON text read strictly into statements that know where they stand in it.

Follows the IAM User Guide, "Grammar of the IAM JSON policy language". What the grammar forbids raises here,
except what AWS names a better fault for: those stay readable (a missing Action, `allow` in lower case, an
operator that nobody knows), so that `lint` can say it and `compile` can refuse it.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, cast

MAX_CHARACTERS = 131_072
"""What the model allows of `policyDocumentType`; quotas are far smaller."""
MAX_NESTING = 16
"""The grammar needs six levels; a parser that recurses must know when to stop."""

VARIABLES_VERSION = "2012-10-17"
VERSIONS = frozenset({"2008-10-17", VARIABLES_VERSION})
PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
EVERYONE = "*"

_DOCUMENT_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    [
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    ]
)
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


class PolicySyntaxError(Exception):
    """The text is not a policy document. The message is for administrators; AWS says less."""

    is_json = True


class NotJSON(PolicySyntaxError):
    """The text is not even JSON, or is none that can be read in bounded time and space."""

    is_json = False


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a document: `line` and `column` count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator, both as spelt. A JSON number or boolean is its text."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal or NotPrincipal element: (type, name) pairs in order; `"*"` alone is ("AWS", "*")."""

    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as written; None where an element is absent."""

    sid: str | None
    effect: str
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: Principals | None
    not_principals: Principals | None
    conditions: tuple[Condition, ...]
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document. `version` is None when it does not say; that means 2008-10-17."""

    version: str | None
    id: str | None
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        """Whether `${…}` means a variable here; before 2012-10-17 it is plain text."""
        return self.version == VARIABLES_VERSION


@dataclass(frozen=True, slots=True)
class _Number:
    """A JSON number by its text: never converted, so that no digits are lost and none cost time."""

    text: str


_JSON = str | bool | _Number | None | list["_JSON"] | dict[str, "_JSON"]


def parse_document(text: str) -> Document:
    """Return the document that `text` spells, at most MAX_CHARACTERS long. Raises PolicySyntaxError."""
    document = _object(_load(text), "the document")
    _only(document, _DOCUMENT_ELEMENTS, "the document")
    version = _optional_text(document, "Version")
    if version is not None and version not in VERSIONS:
        raise PolicySyntaxError(f"Version {version} is not one of {', '.join(sorted(VERSIONS))}")
    if "Statement" not in document:
        raise PolicySyntaxError("the document has no Statement")
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    if not listed:
        raise PolicySyntaxError("Statement is empty")
    places = _places(text)
    return Document(
        version,
        _optional_text(document, "Id"),
        tuple(_statement(one, *next(places)) for one in listed),
    )


def _statement(value: _JSON, start: Position, end: Position) -> Statement:
    statement = _object(value, "a statement")
    _only(statement, _STATEMENT_ELEMENTS, "a statement")
    for name in ("Action", "Resource", "Principal"):
        if name in statement and f"Not{name}" in statement:
            raise PolicySyntaxError(f"a statement has both {name} and Not{name}")
    effect = _optional_text(statement, "Effect")
    if effect is None or effect.lower() not in ("allow", "deny"):
        raise PolicySyntaxError("Effect is neither Allow nor Deny")
    return Statement(
        _optional_text(statement, "Sid"),
        effect,
        _optional_texts(statement, "Action"),
        _optional_texts(statement, "NotAction"),
        _optional_texts(statement, "Resource"),
        _optional_texts(statement, "NotResource"),
        _principals(statement, "Principal"),
        _principals(statement, "NotPrincipal"),
        tuple(_conditions(statement.get("Condition", {}))),
        start,
        end,
    )


def _principals(statement: dict[str, _JSON], name: str) -> Principals | None:
    if name not in statement:
        return None
    value = statement[name]
    if value == EVERYONE:
        return Principals((("AWS", EVERYONE),))
    by_type = _object(value, name)
    _only(by_type, PRINCIPAL_TYPES, name)
    return Principals(tuple((kind, one) for kind in by_type for one in _texts(by_type[kind], kind)))


def _conditions(value: _JSON) -> Iterator[Condition]:
    for operator, body in _object(value, "Condition").items():
        for key, values in _object(body, operator).items():
            listed = values if isinstance(values, list) else [values]
            yield Condition(_text(operator), _text(key), tuple(_scalar(one, key) for one in listed))


def _scalar(value: _JSON, what: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return value.text
    if isinstance(value, str):
        return _text(value)
    raise PolicySyntaxError(f"{what} has a value that is not a string, number or boolean")


def _optional_texts(statement: dict[str, _JSON], name: str) -> tuple[str, ...] | None:
    return _texts(statement[name], name) if name in statement else None


def _texts(value: _JSON, what: str) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in listed):
        raise PolicySyntaxError(f"{what} is not a string or a list of strings")
    return tuple(_text(one) for one in listed if isinstance(one, str))


def _optional_text(element: dict[str, _JSON], name: str) -> str | None:
    if name not in element:
        return None
    value = element[name]
    if not isinstance(value, str):
        raise PolicySyntaxError(f"{name} is not a string")
    return _text(value)


def _text(value: str) -> str:
    # Half a surrogate pair cannot be written as UTF-8: it would break whoever reports it.
    if _SURROGATE.search(value):
        raise PolicySyntaxError("a string has half a surrogate pair")
    return value


def _object(value: _JSON, what: str) -> dict[str, _JSON]:
    if not isinstance(value, dict):
        raise PolicySyntaxError(f"{what} is not an object")
    return value


def _only(element: dict[str, _JSON], names: frozenset[str], what: str) -> None:
    unknown = element.keys() - names
    if unknown:
        raise PolicySyntaxError(f"{what} has the unknown element {min(unknown)!r}")


def _load(text: str) -> _JSON:
    if len(text) > MAX_CHARACTERS:
        raise NotJSON(f"the document is longer than {MAX_CHARACTERS} characters")
    _check_nesting(text)
    try:
        start = _skip(text, 0)
        value, end = _DECODER.raw_decode(text, start)
    except ValueError as error:
        raise NotJSON(f"the document is not JSON: {error}") from error
    if _skip(text, end) != len(text):
        raise NotJSON("the document goes on after its end")
    return cast(_JSON, value)  # The decoder's own type is Any; its hooks make nothing else.


def _check_nesting(text: str) -> None:
    depth = 0
    for token in _NESTING.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth > MAX_NESTING:
            raise NotJSON(f"the document nests deeper than {MAX_NESTING}")


def _without_duplicates(pairs: list[tuple[str, _JSON]]) -> dict[str, _JSON]:
    element = dict(pairs)
    if len(element) != len(pairs):
        raise PolicySyntaxError("an object has the same key twice")
    return element


def _no_constant(name: str) -> NoReturn:
    raise NotJSON(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_int=_Number, parse_float=_Number, parse_constant=_no_constant
)


def _skip(text: str, at: int) -> int:
    found = _WHITE_SPACE.match(text, at)
    return found.end() if found else at


def _places(text: str) -> Iterator[tuple[Position, Position]]:
    """Yield where each statement begins and ends, as AWS's simulator counts.

    Both are the column after the brace: the awscli example for simulate-custom-policy gives 38 and 167 for a
    statement whose braces stand in columns 37 and 166.
    """
    lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def after(index: int) -> Position:
        line = bisect_right(lines, index)
        return Position(line, index - lines[line - 1] + 2)

    for start, end in _spans(text):
        yield after(start), after(end - 1)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of each statement in a document that has been decoded once, and so is sound."""
    at = _statement_offset(text)
    if text[at] != "[":
        yield at, _DECODER.raw_decode(text, at)[1]
        return
    while text[at] != "]":
        at = _skip(text, at + 1)
        end = _DECODER.raw_decode(text, at)[1]
        yield at, end
        at = _skip(text, end)


def _statement_offset(text: str) -> int:
    at = _skip(text, 0)
    key, value_at = "", at
    while key != "Statement":
        key, at = _DECODER.raw_decode(text, _skip(text, at + 1))
        value_at = _skip(text, _skip(text, at) + 1)
        at = _skip(text, _DECODER.raw_decode(text, value_at)[1])
    return value_at
