"""REST routing: from method, raw path and query to an operation and the labels of its URI template.

Follows Smithy's `http` trait: a literal segment beats a label, a label beats a greedy one, and keys in a
template's query (`?uploads`) must be there. Paths are split raw and decoded afterwards, so that `%2F` in a
label is never a separator. A trailing slash is passed over, as AWS does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from keystead.protocol.description import Definition, Operation
from keystead.protocol.forms import parse_query, percent_decode
from keystead.protocol.shapes import resolve


class Template:
    """A URI template: its path in segments, and the literals of its query."""

    __slots__ = ("query", "segments")

    def __init__(self, request_uri: str) -> None:
        path, _, query = request_uri.partition("?")
        segments = path.split("/")[1:]
        self.segments = segments[:-1] if segments and not segments[-1] else segments
        self.query: dict[str, str] = {key: values[0] for key, values in parse_query(query.encode()).items()}

    def match(self, path: bytes) -> dict[str, str]:
        """Return the labels that `path` has under this template. Raises `ValueError` if it does not fit."""
        node = _Node()
        node.add(self.segments, _Route("", self, frozenset(), False))
        found = node.find(_segments(path), 0)
        if found is None:
            raise ValueError("The path does not fit the operation")
        return _labels(self, _segments(path))


@dataclass(frozen=True, slots=True)
class _Route:
    """An operation under its template; `hints` are required query keys and headers, which only break ties."""

    operation: str
    template: Template
    hints: frozenset[tuple[str, str]]
    is_deprecated: bool

    def fits(self, query: Mapping[str, list[str]]) -> bool:
        return all(
            key in query and (not value or value in query[key]) for key, value in self.template.query.items()
        )

    def is_hinted(self, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> bool:
        return all(name in (query if place == "querystring" else headers) for place, name in self.hints)


@dataclass(slots=True)
class _Node:
    """One step of the path: what may follow, and the routes that end here."""

    literals: dict[str, "_Node"] = field(default_factory=dict[str, "_Node"])
    label: "_Node | None" = None
    greedy: "_Node | None" = None
    routes: list[_Route] = field(default_factory=list[_Route])

    def add(self, segments: list[str], route: _Route) -> None:
        node = self
        for segment in segments:
            node = node._child(segment)
        node.routes.append(route)
        # Most specific first: more literals in the query, then more hints, then what is not deprecated.
        node.routes.sort(key=lambda one: (-len(one.template.query), -len(one.hints), one.is_deprecated))

    def _child(self, segment: str) -> "_Node":
        if segment.startswith("{") and segment.endswith("+}"):
            self.greedy = self.greedy or _Node()
            return self.greedy
        if segment.startswith("{") and segment.endswith("}"):
            self.label = self.label or _Node()
            return self.label
        return self.literals.setdefault(segment, _Node())

    def find(self, segments: list[str], at: int) -> "_Node | None":
        """Return the node where `segments` end, literals tried first. Empty labels do not match."""
        rest = len(segments) - at
        if self.routes and (rest == 0 or (rest == 1 and not segments[at])):
            return self
        if rest <= 0:
            return None
        segment = segments[at]
        literal = self.literals.get(segment)
        found = literal.find(segments, at + 1) if literal is not None else None
        if found is None and self.label is not None and segment:
            found = self.label.find(segments, at + 1)
        if found is None and any(segments[at:]):
            found = self._find_greedy(segments, at)
        return found

    def _find_greedy(self, segments: list[str], at: int) -> "_Node | None":
        # As much as possible first; something follows a greedy label only in templates that say so.
        if self.greedy is None:
            return None
        ends = range(len(segments), at, -1)
        return next((found for end in ends if (found := self.greedy.find(segments, end))), None)


class Router:
    """All REST routes of one service."""

    def __init__(self, operations: Iterable[Operation], shapes: Mapping[str, Definition]) -> None:
        self._methods: dict[str, _Node] = {}
        for operation in operations:
            template = Template(operation.http.request_uri)
            route = _Route(operation.name, template, _hints(operation, shapes), operation.deprecated)
            self._methods.setdefault(operation.http.method, _Node()).add(template.segments, route)

    def match(
        self, method: str, path: bytes, query: bytes, headers: Mapping[str, str]
    ) -> tuple[str, dict[str, str]] | None:
        """Return operation and decoded labels, or None. Raises `Unreadable` for broken escapes."""
        root = self._methods.get(method)
        if root is None:
            return None
        segments = _segments(path)
        node = root.find(segments, 0) if segments else None
        if node is None:
            return None
        route = _choose(node.routes, query, headers)
        return None if route is None else (route.operation, _labels(route.template, segments))


def _choose(routes: list[_Route], query: bytes, headers: Mapping[str, str]) -> _Route | None:
    if len(routes) == 1 and not routes[0].template.query:
        return routes[0]
    keys = parse_query(query) if query else {}
    fitting = [route for route in routes if route.fits(keys)]
    if not fitting:
        return None
    most = len(fitting[0].template.query)
    best = [route for route in fitting if len(route.template.query) == most]
    # Where no hint is complete, the operation that asks least gets the request and says what is missing.
    return next((route for route in best if route.is_hinted(keys, headers)), best[-1])


def _hints(operation: Operation, shapes: Mapping[str, Definition]) -> frozenset[tuple[str, str]]:
    if operation.input is None:
        return frozenset()
    shape = resolve(shapes, operation.input)
    required = {name: member for name, member in shape.members.items() if name in shape.required}
    return frozenset(
        (member.location, wire.lower() if member.location == "header" else wire)
        for wire, member in ((member.wire_name or name, member) for name, member in required.items())
        if member.location in ("querystring", "header")
    )


def _segments(path: bytes) -> list[str]:
    """Return the raw segments of `path`; none for what is no path, such as the `*` of OPTIONS."""
    if not path.startswith(b"/"):
        return []
    # Latin-1 keeps every raw byte; decoding proper comes after the escapes are resolved.
    return path.decode("latin-1").split("/")[1:]


def _labels(template: Template, segments: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    after_greedy = 0
    for position, segment in enumerate(template.segments):
        if segment.startswith("{") and segment.endswith("+}"):
            after_greedy = len(template.segments) - position - 1
            end = len(segments) - after_greedy
            labels[segment[1:-2]] = _decode("/".join(segments[position:end]))
        elif segment.startswith("{") and segment.endswith("}"):
            at = position if not after_greedy else len(segments) - (len(template.segments) - position)
            labels[segment[1:-1]] = _decode(segments[at])
    return labels


def _decode(raw: str) -> str:
    if not raw.isascii():
        # Raw bytes beyond ASCII are escaped first, so that one decoder judges both spellings.
        raw = "".join(char if char.isascii() else f"%{ord(char):02X}" for char in raw)
    return percent_decode(raw)
