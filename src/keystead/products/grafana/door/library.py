"""`/api/library-elements`: panels and variables that dashboards share (facts/grafana.md §8.9)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana.acl_records import EDIT, VIEW
from keystead.products.grafana.door import connection_records, dashboard_records, folder_records
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.acl import Rights, denied
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, is_object
from keystead.products.grafana.door.folder_records import GENERAL, Folder
from keystead.products.grafana.door.folders import LIBRARY as SORT
from keystead.products.grafana.door.item_records import Item
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.uids import checked_uid, new_uid

_READ, _CREATE, _WRITE, _DELETE = (f"library.panels:{verb}" for verb in ("read", "create", "write", "delete"))
_KINDS = (1, 2)
"""1 panel, 2 variable."""
_NO_ACCESS = "access denied to folder"
_TAKEN = "library element with that name or UID already exists"


class LibraryRoutes:
    """Answers for library elements."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        one = "/library-elements/{uid}"
        return [
            Route("GET", "/library-elements", _READ, self._list, guarded=True),
            Route("POST", "/library-elements", _CREATE, self._create, writes=True, guarded=True),
            Route("GET", one, _READ, self._show, guarded=True),
            Route("GET", "/library-elements/name/{name}", _READ, self._of_name, guarded=True),
            Route("GET", one + "/connections", _READ, self._connections, guarded=True),
            Route("PATCH", one, _WRITE, self._change, writes=True, guarded=True),
            Route("DELETE", one, _DELETE, self._remove, writes=True, guarded=True),
        ]

    def _list(self, ask: Ask) -> Answer:
        wanted, kind = ask.one("searchString").lower(), ask.count("kind", 0)
        types = [each for each in ask.one("typeFilter").split(",") if each]
        folders = [each for each in ask.one("folderFilterUIDs").split(",") if each]
        found = [
            each
            for each in _readable(ask)
            if wanted in each.name.lower()
            and kind in (0, each.body["kind"])
            and (not types or each.body["model"].get("type") in types)
            and (not folders or _folder(ask, each).uid in folders)
            and each.uid != ask.one("excludeUid")
        ]
        if ask.one("sortDirection") == "alpha-desc":
            found.reverse()
        page, size = ask.count("page", 1), ask.count("perPage", 100)
        shown = [_shown(ask, each) for each in found[(page - 1) * size : page * size]]
        result = {"totalCount": len(found), "elements": shown, "page": page, "perPage": size}
        return Answer({"result": result})

    def _create(self, ask: Ask) -> Answer:
        uid, kind = ask.text("uid", "") or new_uid(self._entropy), ask.whole("kind")
        name, model, folder = ask.text("name", "").strip(), _model_in(ask), _folder_in(ask, _CREATE)
        if kind not in _KINDS or not name or model is None:
            raise Refusal(400, "bad request data")
        self._check_free(ask, checked_uid(uid), name, folder, 0)
        made = rows.add(ask, SORT, uid, name, {"kind": kind, "model": model}, folder.id)
        return Answer({"result": _shown(ask, made)})

    def _show(self, ask: Ask) -> Answer:
        return Answer({"result": _shown(ask, _named(ask, VIEW, _READ))})

    def _of_name(self, ask: Ask) -> Answer:
        found = [_shown(ask, each) for each in _readable(ask) if each.name == ask.path["name"]]
        if not found:
            raise Refusal(404, "library element could not be found")
        return Answer({"result": found})

    def _connections(self, ask: Ask) -> Answer:
        element, workspace = _named(ask, VIEW, _READ), ask.workspace.id
        rights = Rights(ask)
        boards = [
            dashboard_records.by_id(ask.reader, workspace, number)
            for number in connection_records.dashboards_of(ask.reader, workspace, element.uid)
        ]
        shown = [
            {
                "id": board.id,
                "kind": 1,
                "elementId": element.id,
                "connectionId": board.id,
                "connectionUid": board.uid,
                "created": shown_time(board.created_at),
                "createdBy": _person(board.created_by),
            }
            for board in boards
            if board is not None and rights.on_dashboard(board) >= VIEW
        ]
        return Answer({"result": shown})

    def _change(self, ask: Ask) -> Answer:
        before, kind = _named(ask, EDIT, _WRITE), ask.whole("kind")
        if kind not in _KINDS or kind != before.body["kind"]:
            raise Refusal(400, "bad request data")
        if ask.whole("version") != before.version:
            raise Refusal(412, "the library element has been changed by someone else")
        moves = ask.body.get("folderUid") is not None or ask.body.get("folderId") is not None
        folder = _folder_in(ask, _WRITE) if moves else _folder(ask, before)
        uid = checked_uid(ask.text("uid", "") or before.uid)
        name, model = ask.text("name", "").strip() or before.name, _model_in(ask)
        self._check_free(ask, uid, name, folder, before.id)
        after = replace(
            before,
            uid=uid,
            folder=folder.id,
            name=name,
            version=before.version + 1,
            updated_at=ask.now_ms,
            updated_by=ask.holder.login or ask.holder.name,
            body={"kind": kind, "model": before.body["model"] if model is None else model},
        )
        rows.put(ask.tx, ask.workspace.id, SORT, after)
        return Answer({"result": _shown(ask, after)})

    def _remove(self, ask: Ask) -> Answer:
        element = _named(ask, EDIT, _DELETE)
        if connection_records.dashboards_of(ask.tx, ask.workspace.id, element.uid):
            raise Refusal(403, "the library element has connections")
        rows.remove(ask.tx, ask.workspace.id, SORT, element.id)
        return Answer({"id": element.id, "message": "Library element deleted"})

    @staticmethod
    def _check_free(ask: Ask, uid: str, name: str, folder: Folder, own: int) -> None:
        """Raise Refusal 400 when another element has the uid, or the name in this folder."""
        workspace = ask.workspace.id
        others = (
            rows.by_uid(ask.tx, workspace, SORT, uid),
            rows.by_name(ask.tx, workspace, SORT, name, folder.id),
        )
        if any(other is not None and other.id != own for other in others):
            raise Refusal(400, _TAKEN)


def _readable(ask: Ask) -> list[Item]:
    """Return the elements in folders that the caller may view."""
    rights = Rights.of_everything(ask)
    every = rows.listed(ask.reader, ask.workspace.id, SORT)
    return [each for each in every if rights.on_folder(_folder(ask, each)) >= VIEW]


def _named(ask: Ask, needs: int, action: str) -> Item:
    """Return the element that the path names, on whose folder the caller has a level. Raises Refusal, Lacking."""
    found = rows.by_uid(ask.reader, ask.workspace.id, SORT, ask.path["uid"])
    if found is None:
        raise Refusal(404, "library element could not be found")
    if Rights(ask).on_folder(_folder(ask, found)) < needs:
        raise denied(ask, action, _NO_ACCESS)
    return found


def _folder_in(ask: Ask, action: str) -> Folder:
    """Return the folder that a body names, where the caller may keep elements; General when it names none.

    Raises Refusal 400, 403, Lacking.
    """
    uid, workspace = ask.text("folderUid", ""), ask.workspace.id
    if uid and uid != GENERAL.uid:
        found = folder_records.by_uid(ask.tx, workspace, uid)
    else:
        found = folder_records.by_id(ask.tx, workspace, ask.whole("folderId"))
    if found is None:
        raise Refusal(400, "failed to get folder")
    if Rights(ask).on_folder(found) < EDIT:
        raise denied(ask, action, _NO_ACCESS)
    return found


def _folder(ask: Ask, element: Item) -> Folder:
    return folder_records.by_id(ask.reader, ask.workspace.id, element.folder) or GENERAL


def _model_in(ask: Ask) -> dict[str, Any] | None:
    model = ask.body.get("model")
    if model is not None and not is_object(model):
        raise Refusal(400, "bad request data")
    return model


def _person(login: str) -> dict[str, Any]:
    return {"id": 0, "name": login, "avatarUrl": ""}


def _shown(ask: Ask, element: Item) -> dict[str, Any]:
    folder, model = _folder(ask, element), element.body["model"]
    folder_uid = folder.uid if folder.id else ""
    connected = connection_records.dashboards_of(ask.reader, ask.workspace.id, element.uid)
    return {
        "id": element.id,
        "orgId": 1,
        "folderId": folder.id,
        "folderUid": folder_uid,
        "uid": element.uid,
        "name": element.name,
        "kind": element.body["kind"],
        "type": model.get("type", ""),
        "description": model.get("description", ""),
        "model": model,
        "version": element.version,
        "meta": {
            "folderName": folder.title,
            "folderUid": folder_uid,
            "connectedDashboards": len(connected),
            "created": shown_time(element.created_at),
            "updated": shown_time(element.updated_at),
            "createdBy": _person(element.created_by),
            "updatedBy": _person(element.updated_by),
        },
    }
