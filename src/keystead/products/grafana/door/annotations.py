"""`/api/annotations`: of the organisation, or of a dashboard (facts/grafana.md §8.7)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.products.grafana import records
from keystead.products.grafana.acl_records import EDIT
from keystead.products.grafana.door import annotation_records as rows
from keystead.products.grafana.door import dashboard_records
from keystead.products.grafana.door.acl import Rights, denied
from keystead.products.grafana.door.annotation_records import Annotation
from keystead.products.grafana.door.asking import Answer, Ask, Lacking, Refusal, is_array, is_object
from keystead.products.grafana.door.dashboard_records import Dashboard
from keystead.products.grafana.door.dashboards import readable
from keystead.products.grafana.door.roles import may
from keystead.products.grafana.door.routes import Route

_READ, _CREATE = "annotations:read", "annotations:create"
_WRITE, _DELETE = "annotations:write", "annotations:delete"
_MOST = 20_000
"""In a workspace: a job that annotates each deployment would fill the disk otherwise."""
_LATEST_MS = 253_402_300_799_999


class AnnotationRoutes:
    """Answers for annotations."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        one = "/annotations/{id}"
        return [
            Route("GET", "/annotations", _READ, self._list, guarded=True),
            Route("POST", "/annotations", _CREATE, self._create, writes=True, guarded=True),
            Route("POST", "/annotations/graphite", _CREATE, self._graphite, writes=True),
            Route("POST", "/annotations/mass-delete", _DELETE, self._mass_delete, writes=True, guarded=True),
            Route("GET", "/annotations/tags", _READ, self._tags, guarded=True),
            Route("GET", one, _READ, self._show, guarded=True),
            Route("PUT", one, _WRITE, self._update, writes=True, guarded=True),
            Route("PATCH", one, _WRITE, self._patch, writes=True, guarded=True),
            Route("DELETE", one, _DELETE, self._remove, writes=True, guarded=True),
        ]

    def _list(self, ask: Ask) -> Answer:
        workspace, start, end = ask.workspace.id, ask.count("from", 0, 1 << 60), ask.count("to", 0, 1 << 60)
        span = (start, end) if start and end else ()
        board, tags = _board_asked(ask), set(ask.query.get("tag", []) + ask.query.get("tags", []))
        panel, author = ask.count("panelId", 0, 1 << 60), ask.count("userId", 0, 1 << 60)
        meets = tags.isdisjoint if ask.one("matchAny") == "true" else None

        def fits(each: Annotation) -> bool:
            tagged = not tags or (not meets(each.tags) if meets else tags <= set(each.tags))
            return (
                tagged
                and board in (0, each.dashboard)
                and panel in (0, each.panel)
                and author in (0, each.author)
            )

        if ask.one("type") == "alert":
            # Nothing alerts here.
            return Answer([])
        boards = _boards(ask)
        every = rows.between(ask.reader, workspace, *span)
        found = [each for each in every if each.dashboard in boards and fits(each)]
        return Answer([_shown(each, boards) for each in found[: ask.count("limit", 100)]])

    def _create(self, ask: Ask) -> Answer:
        text = ask.text("text", "")
        if not text:
            raise Refusal(400, "Failed to save annotation")
        begins = ask.whole("time") or ask.now_ms
        body = {"text": text, "tags": _tags_in(ask) or [], "data": _data_in(ask) or {}}
        board = _board_in(ask)
        _check_may(ask, board, _CREATE)
        made = _added(
            ask, body, _span(begins, ask.whole("timeEnd") or begins), 0 if board is None else board.id
        )
        return Answer({"message": "Annotation added", "id": made.id})

    def _graphite(self, ask: Ask) -> Answer:
        what, data = ask.text("what", ""), ask.text("data", "")
        if not what:
            raise Refusal(400, "Failed to save Graphite annotation")
        begins = ask.whole("when") * 1000 or ask.now_ms
        tags = ask.body.get("tags")
        named = tags.split() if isinstance(tags, str) else _tags_in(ask) or []
        text = f"{what}\n{data}" if data else what
        _check_may(ask, None, _CREATE)
        made = _added(ask, {"text": text, "tags": named, "data": {}}, _span(begins, begins), 0)
        return Answer({"message": "Graphite annotation added", "id": made.id})

    def _mass_delete(self, ask: Ask) -> Answer:
        number, board, panel = ask.whole("annotationId"), _board_in(ask), ask.whole("panelId")
        if number:
            found = rows.find(ask.tx, ask.workspace.id, number)
            _check_may(ask, None if found is None else _board_of(ask, found), _DELETE)
            rows.remove(ask.tx, ask.workspace.id, number)
        elif board and panel:
            _check_may(ask, board, _DELETE)
            rows.remove_of_panel(ask.tx, ask.workspace.id, board.id, panel)
        else:
            raise Refusal(400, "bad request data")
        return Answer({"message": "Annotations deleted"})

    def _tags(self, ask: Ask) -> Answer:
        wanted, counts = ask.one("tag").lower(), dict[str, int]()
        boards = _boards(ask)
        for each in rows.between(ask.reader, ask.workspace.id):
            for tag in each.tags if each.dashboard in boards else ():
                if wanted in tag.lower():
                    counts[tag] = counts.get(tag, 0) + 1
        shown = [{"tag": tag, "count": counts[tag]} for tag in sorted(counts)]
        return Answer({"result": {"tags": shown[: ask.count("limit", 100)]}})

    def _show(self, ask: Ask) -> Answer:
        found, boards = _named(ask), _boards(ask)
        if found.dashboard not in boards:
            raise Refusal(403, "Access denied to this dashboard")
        return Answer(_shown(found, boards))

    def _update(self, ask: Ask) -> Answer:
        before, text = _named_to(ask, _WRITE), ask.text("text", "")
        if not text:
            raise Refusal(400, "Failed to update annotation")
        body = {**before.body, "text": text, "tags": _tags_in(ask) or []}
        return self._changed(ask, before, body, "Annotation updated")

    def _patch(self, ask: Ask) -> Answer:
        before, tags, data = _named_to(ask, _WRITE), _tags_in(ask), _data_in(ask)
        # An empty list of tags clears them; an empty text does not clear the text.
        body = {
            "text": ask.text("text", "") or before.body["text"],
            "tags": before.tags if tags is None else tags,
            "data": before.body["data"] if data is None else data,
        }
        return self._changed(ask, before, body, "Annotation patched")

    def _changed(self, ask: Ask, before: Annotation, body: dict[str, Any], message: str) -> Answer:
        begins = ask.whole("time") or before.begins_at
        begins_at, ends_at = _span(begins, ask.whole("timeEnd") or max(begins, before.ends_at))
        after = replace(before, begins_at=begins_at, ends_at=ends_at, updated_at=ask.now_ms, body=body)
        rows.put(ask.tx, ask.workspace.id, after)
        return Answer({"message": message})

    def _remove(self, ask: Ask) -> Answer:
        rows.remove(ask.tx, ask.workspace.id, _named_to(ask, _DELETE).id)
        return Answer({"message": "Annotation deleted"})


def _named(ask: Ask) -> Annotation:
    found = rows.find(ask.reader, ask.workspace.id, ask.number("id", "annotationId is invalid"))
    if found is None:
        raise Refusal(404, "Annotation not found")
    return found


def _named_to(ask: Ask, action: str) -> Annotation:
    """Return the annotation that the path names, which the caller may change. Raises Refusal, Lacking."""
    found = _named(ask)
    _check_may(ask, _board_of(ask, found), action)
    return found


def _board_of(ask: Ask, annotation: Annotation) -> Dashboard | None:
    return dashboard_records.by_id(ask.reader, ask.workspace.id, annotation.dashboard)


def _check_may(ask: Ask, board: Dashboard | None, action: str) -> None:
    """Raise Refusal 403, Lacking unless the caller may edit a dashboard, or annotate for all if there is none."""
    if board is None and not may(ask.holder.role, action):
        raise Lacking(action)
    if board is not None and Rights(ask).on_dashboard(board) < EDIT:
        raise denied(ask, action, "Access denied to this dashboard")


def _added(ask: Ask, body: dict[str, Any], span: tuple[int, int], board: int) -> Annotation:
    workspace, holder = ask.workspace.id, ask.holder
    if rows.count(ask.tx, workspace) >= _MOST:
        raise Refusal(403, "Quota reached")
    number = records.next_number(ask.tx, workspace, "annotation")
    login, panel = holder.login or holder.name, ask.whole("panelId")
    made = Annotation(number, board, panel, *span, holder.number, login, ask.now_ms, ask.now_ms, body)
    rows.put(ask.tx, workspace, made)
    return made


def _span(begins: int, ends: int) -> tuple[int, int]:
    """Return a span of time the right way round. Raises Refusal 400 for times that nobody can write down."""
    if not (0 <= begins <= _LATEST_MS and 0 <= ends <= _LATEST_MS):
        raise Refusal(400, "bad request data")
    return min(begins, ends), max(begins, ends)


def _board_in(ask: Ask) -> Dashboard | None:
    """Return the dashboard that a body names, if it names one. Raises Refusal 400, 404."""
    uid, number, workspace = ask.text("dashboardUID", ""), ask.whole("dashboardId"), ask.workspace.id
    if uid:
        found = dashboard_records.by_uid(ask.reader, workspace, uid)
    elif number:
        found = dashboard_records.by_id(ask.reader, workspace, number)
    else:
        return None
    if found is None:
        raise Refusal(404, "Dashboard not found")
    return found


def _board_asked(ask: Ask) -> int:
    """Return the id of the dashboard that a query names, 0 for none. Raises Refusal 400."""
    uid = ask.one("dashboardUID")
    found = dashboard_records.by_uid(ask.reader, ask.workspace.id, uid) if uid else None
    if uid and found is None:
        raise Refusal(400, "Dashboard not found")
    return found.id if found is not None else ask.count("dashboardId", 0, 1 << 60)


def _boards(ask: Ask) -> dict[int, str]:
    """Return the uids of the dashboards that the caller may view, by number; "" for 0, the organisation."""
    return {0: "", **{each.id: each.uid for each in readable(ask)}}


def _tags_in(ask: Ask) -> list[str] | None:
    tags = ask.body.get("tags")
    if tags is None:
        return None
    if not is_array(tags) or not all(isinstance(tag, str) for tag in tags):
        raise Refusal(400, "bad request data")
    return [tag for tag in tags if tag]


def _data_in(ask: Ask) -> dict[str, Any] | None:
    data = ask.body.get("data")
    if data is not None and not is_object(data):
        raise Refusal(400, "bad request data")
    return data


def _shown(annotation: Annotation, boards: dict[int, str]) -> dict[str, Any]:
    return {
        "id": annotation.id,
        "alertId": 0,
        "alertName": "",
        "dashboardId": annotation.dashboard,
        "dashboardUID": boards.get(annotation.dashboard, ""),
        "panelId": annotation.panel,
        "userId": annotation.author,
        "newState": "",
        "prevState": "",
        "created": annotation.created_at,
        "updated": annotation.updated_at,
        "time": annotation.begins_at,
        "timeEnd": annotation.ends_at,
        "text": annotation.body["text"],
        "tags": annotation.tags,
        "login": annotation.login,
        "email": "",
        "avatarUrl": "",
        "data": annotation.body["data"],
    }
