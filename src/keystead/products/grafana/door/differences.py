"""`/api/dashboards/calculate-diff`: what changed between two versions (facts/grafana.md §8.4).

Grafana itself breaks down where nothing changed; here the delta is empty then.
"""

import html
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from keystead.products.grafana.acl_records import EDIT
from keystead.products.grafana.door import boards, dashboard_records
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, is_array, is_object
from keystead.products.grafana.door.delta import Delta, delta, shallow_delta
from keystead.products.grafana.door.routes import Route

_WRITE = "dashboards:write"
_DELTA_TYPES = ("json", "delta")
_LARGE_BYTES = 512 * 1024
"""Of both versions together: beyond, their members are compared as wholes, so that nobody else has to wait."""
_LONGEST_SHOWN = 200
_NO_VERSION = "Dashboard version not found"


class DifferenceRoutes:
    """Answers what changed."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [Route("POST", "/dashboards/calculate-diff", _WRITE, self._differ, guarded=True)]

    def _differ(self, ask: Ask) -> Answer:
        old, new = _version(ask, "base"), _version(ask, "new")
        try:
            found = _difference(old, new)
        except RecursionError as error:
            raise Refusal(400, "Unable to compute diff") from error
        if ask.text("diffType", "basic") in _DELTA_TYPES:
            return Answer(found)
        return Answer(_page(found), is_html=True)


def _version(ask: Ask, name: str) -> dict[str, Any]:
    """Return the version of a dashboard that a member of the body names. Raises Refusal 400, 403, 404, Lacking."""
    target = ask.body.get(name)
    if not is_object(target):
        raise Refusal(400, "bad request data")
    board = boards.get(
        ask, number=_number(target, "dashboardId"), needs=EDIT, action=_WRITE, missing=_NO_VERSION
    )
    wanted = _number(target, "version")
    found = dashboard_records.version(ask.reader, ask.workspace.id, board.id, wanted)
    if found is None:
        raise Refusal(404, _NO_VERSION)
    return found[1]


def _number(target: dict[str, Any], name: str) -> int:
    value = target.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise Refusal(400, "bad request data")
    return value


def _difference(old: dict[str, Any], new: dict[str, Any]) -> Delta:
    size = len(msgspec.json.encode(old)) + len(msgspec.json.encode(new))
    return shallow_delta(old, new) if size > _LARGE_BYTES else delta(old, new) or {}


def _page(found: Delta) -> str:
    """Return a delta as a list in HTML. Everything in it is somebody's text, and escaped."""
    lines = "".join(f"<li>{line}</li>" for line in _lines(found, ""))
    return f'<ul class="diff-list">{lines}</ul>'


def _lines(found: Any, path: str) -> Iterator[str]:
    """Yield a line of HTML for each single change below a path."""
    name = f"<code>{html.escape(path)}</code>"
    if is_array(found):
        if len(found) == 3:
            yield f"{name} <del>{_shown(found[0])}</del>"
        elif len(found) == 2:
            yield f"{name} <del>{_shown(found[0])}</del> <ins>{_shown(found[1])}</ins>"
        else:
            yield f"{name} <ins>{_shown(found[0])}</ins>"
        return
    is_of_array = found.get("_t") == "a"
    for member, inner in found.items():
        if is_of_array and member == "_t":
            continue
        step = member.removeprefix("_") if is_of_array else member
        yield from _lines(inner, f"{path}.{step}" if path else step)


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return html.escape(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")
