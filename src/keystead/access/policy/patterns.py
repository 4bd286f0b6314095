"""Patterns: text with wildcards and policy variables, made into regular expressions once.

Follows the IAM User Guide, "IAM policy elements: Variables and tags". The value of a variable is literal: its
`*` is no wildcard. So that the expression need not be made anew for each request, the values are written
before the text that is matched, and the expression refers back to them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from keystead.access.policy.context import RequestContext

ARN_FIELDS = 6


class UnreadablePattern(Exception):
    """A variable is not closed, has no name, or its default is not quoted."""


class Wildcard(Enum):
    """What is not literal in a pattern."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`. `key` is in lower case, `spelt` as the document has it."""

    key: str
    spelt: str
    default: str | None


Piece = str | Wildcard | Variable
Pattern = tuple[Piece, ...]

_VARIABLE = re.compile(r"\$\{\s*([^{},']+?)\s*(?:,\s*'([^']*)'\s*)?\}")
_LITERAL_NAMES = frozenset("*?$")
_SEPARATOR = "\0"


def parse_pattern(text: str, *, variables: bool, wildcards: bool = True) -> Pattern:
    """Return the pieces of `text`. Raises UnreadablePattern for a `${` that is no variable."""
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        if variables and text.startswith("${", at):
            found = _VARIABLE.match(text, at)
            if found is None:
                raise UnreadablePattern(text)
            name = found[1]
            pieces.append(name if name in _LITERAL_NAMES else Variable(name.lower(), name, found[2]))
            at = found.end()
            continue
        character = text[at]
        pieces.append(Wildcard(character) if wildcards and character in "*?" else character)
        at += 1
    return _joined(pieces)


def parse_resource(text: str, *, variables: bool) -> Pattern:
    """Return the pieces of a Resource: a variable counts only after the fifth colon, before it is text."""
    head, fields = _after_fifth_colon(text)
    if fields is None:
        return parse_pattern(text, variables=False)
    return _joined((*parse_pattern(head, variables=False), *parse_pattern(fields, variables=variables)))


def variables_of(pattern: Pattern) -> tuple[Variable, ...]:
    """Return the distinct variables of a pattern in order."""
    return tuple(dict.fromkeys(piece for piece in pattern if isinstance(piece, Variable)))


def is_literal(pattern: Pattern) -> bool:
    """Whether a pattern is text and nothing else."""
    return all(isinstance(piece, str) for piece in pattern)


def literal(pattern: Pattern) -> str:
    """Return the text of a pattern that is literal."""
    return "".join(piece for piece in pattern if isinstance(piece, str))


def substitute(pattern: Pattern, context: RequestContext) -> Pattern | None:
    """Return the pattern with its variables replaced by their values, or None when one has no value."""
    pieces: list[Piece] = []
    for piece in pattern:
        value = _value(piece, context) if isinstance(piece, Variable) else piece
        if value is None:
            return None
        pieces.append(value)
    return _joined(pieces)


def arn_fields(pattern: Pattern) -> list[Pattern]:
    """Return a pattern cut at its first five literal colons; what is missing matches anything."""
    fields: list[list[Piece]] = [[]]
    for piece in pattern:
        if not isinstance(piece, str):
            fields[-1].append(piece)
            continue
        first, *others = piece.split(":", ARN_FIELDS - len(fields))
        fields[-1].append(first)
        fields.extend([other] for other in others)
    missing: list[Pattern] = [(Wildcard.ANY,)] * (ARN_FIELDS - len(fields))
    return [_joined(field) for field in fields] + missing


class Matcher:
    """A compiled pattern. Linear in the text for each wildcard: no pattern can make it backtrack for long."""

    __slots__ = ("_regex", "_variables")

    def __init__(self, source: str, variables: tuple[Variable, ...]) -> None:
        self._variables = variables
        self._regex = re.compile(source, re.DOTALL)

    def matches(self, text: str, context: RequestContext) -> bool | None:
        """Return whether `text` matches; None when a variable of the pattern has no value."""
        if not self._variables:
            return self._regex.fullmatch(text) is not None
        values: list[str] = []
        for variable in self._variables:
            value = _value(variable, context)
            if value is None:
                return None
            values.append(value)
        return self._regex.fullmatch(_SEPARATOR.join((*values, text))) is not None


def glob(pattern: Pattern) -> Matcher:
    """Return the matcher of a pattern over plain text: wildcards match anything."""
    variables = variables_of(pattern)
    return Matcher(_values_source(variables) + glob_source(pattern, variables), variables)


def arn_glob(pattern: Pattern) -> Matcher:
    """Return the matcher of a pattern over ARNs: field by field, only the last one's wildcards span a colon."""
    variables = variables_of(pattern)
    return Matcher(_values_source(variables) + arn_source(pattern, variables), variables)


def arn_source(pattern: Pattern, variables: Sequence[Variable] = ()) -> str:
    """Return a regular expression for ARNs. No variable may stand before the fifth colon."""
    *fields, last = arn_fields(pattern)
    sources = [glob_source(field, variables, character="[^:]") for field in fields]
    return ":".join([*sources, glob_source(last, variables)])


def glob_source(pattern: Pattern, variables: Sequence[Variable] = (), character: str = ".") -> str:
    """Return a regular expression in which each `*` takes the shortest way to what follows, for good.

    The first place where the next part fits is never worse than a later one, so each part but the last is
    atomic: without that a few dozen stars would take longer than the universe has.
    """
    parts = _split_at_any(pattern)
    sources = [_part_source(part, variables, character) for part in parts]
    if len(sources) == 1:
        return sources[0]
    first, *middle, last = sources
    atomic = "".join(f"(?>{character}*?{source})" for source in middle if source)
    return f"{first}{atomic}{character}*{last}"


def _split_at_any(pattern: Pattern) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in pattern:
        if piece is Wildcard.ANY:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def _part_source(part: Iterable[Piece], variables: Sequence[Variable], character: str) -> str:
    source = ""
    for piece in part:
        if isinstance(piece, str):
            source += re.escape(piece)
        elif isinstance(piece, Variable):
            source += f"(?P=v{variables.index(piece)})"
        else:
            source += character
    return source


def _values_source(variables: Sequence[Variable]) -> str:
    return "".join(f"(?P<v{number}>[^\\0]*)\\0" for number in range(len(variables)))


def _value(variable: Variable, context: RequestContext) -> str | None:
    """Return what a variable stands for. A value that holds the separator counts as none."""
    value = context.single(variable.key)
    if value is None:
        value = variable.default
    return value if value is None or _SEPARATOR not in value else None


def _after_fifth_colon(text: str) -> tuple[str, str | None]:
    fields = text.split(":", ARN_FIELDS - 1)
    if len(fields) < ARN_FIELDS:
        return text, None
    return ":".join(fields[:-1]) + ":", fields[-1]


def _joined(pieces: Iterable[Piece]) -> Pattern:
    """Return pieces with neighbouring text run together."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return tuple(joined)
