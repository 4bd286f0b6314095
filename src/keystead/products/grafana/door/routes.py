"""The route table: method, path, what it needs, and who answers. A path that is not in it is 404, never open."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from keystead.products.grafana.door.asking import Answer, Ask
from keystead.products.grafana.door.paths import decoded

_SEPARATORS = frozenset("/\\%;")
Handle = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `template` is a path below `/api`, with parameters as `{name}`; `action` is one of `roles`.

    A route that `writes` has its handler run in a transaction. Answers of one that is `held` may be given again
    from memory until something in the workspace changes: they depend on its rows, who asks, path and query alone.
    One that is `guarded` lets every caller in: its handler asks `acl` about the object that it is for, or leaves
    out of a list what the caller may not read.
    """

    method: str
    template: str
    action: str
    handle: Handle
    writes: bool = False
    held: bool = False
    guarded: bool = False


class RouteTable:
    """Finds the route of a method and the raw segments of a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._by_shape: dict[tuple[str, int], list[tuple[tuple[bytes, ...], Route]]] = {}
        for route in self.routes:
            words = path_of(route).encode().split(b"/")[1:]
            self._by_shape.setdefault((route.method, len(words)), []).append((tuple(words), route))
        for found in self._by_shape.values():
            # Words before parameters, place by place, so that `/search` is never taken for an id.
            found.sort(key=lambda each: tuple(word.startswith(b"{") for word in each[0]))

    def find(self, method: str, segments: tuple[bytes, ...]) -> tuple[Route, Mapping[str, str]] | None:
        """Return a route and its parameters, decoded, or None."""
        wanted = "GET" if method == "HEAD" else method
        for words, route in self._by_shape.get((wanted, len(segments)), ()):
            if route.writes and method == "HEAD":
                # Who asks only for the head of an answer wants nothing changed.
                continue
            path = _fitted(words, segments)
            if path is not None:
                return route, path
        return None


def path_of(route: Route) -> str:
    """Return a route's whole path, parameters as `{name}`: below `/api`, but for the one that people follow."""
    return route.template if route.template.startswith("/goto/") else "/api" + route.template


def _fitted(words: tuple[bytes, ...], segments: tuple[bytes, ...]) -> Mapping[str, str] | None:
    path: dict[str, str] = {}
    for word, segment in zip(words, segments, strict=True):
        if not word.startswith(b"{"):
            if word != segment:
                return None
            continue
        text, name = decoded(segment), word[1:-1].decode()
        # Only a name may hold what elsewhere parts or encodes a path: no uid, number or key does.
        if text is None or (name != "name" and not _SEPARATORS.isdisjoint(text)):
            return None
        path[name] = text
    return path
