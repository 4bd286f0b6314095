"""`/api/folders`: folders, and from Grafana 11 on folders in them (facts/grafana.md §8.3)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana import acl_records, records
from keystead.products.grafana.acl_records import ADMINISTER, EDIT, VIEW, default_list
from keystead.products.grafana.door import connection_records, dashboard_records, item_records
from keystead.products.grafana.door import folder_records as rows
from keystead.products.grafana.door.acl import Rights
from keystead.products.grafana.door.asking import Answer, Ask, Lacking, Refusal
from keystead.products.grafana.door.folder_records import GENERAL, Folder
from keystead.products.grafana.door.item_records import Item
from keystead.products.grafana.door.roles import ADMIN, may
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.uids import checked_uid, new_uid, slug

_READ, _WRITE, _DELETE, _CREATE = "folders:read", "folders:write", "folders:delete", "folders:create"
LIBRARY = "library"
"""The sort of library elements, which lie in folders too."""
NESTED_FROM = 11
"""Grafana's version from which folders lie in folders."""
MAX_DEPTH = 4
"""How many folders deep a folder may lie, itself included; Grafana's own bound."""
_SAME_TITLE = "a folder or dashboard in the general folder with the same name already exists"


class FolderRoutes:
    """Answers for folders."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        one = "/folders/{uid}"
        return [
            Route("GET", "/folders", _READ, self._list, guarded=True),
            Route("POST", "/folders", _CREATE, self._create, writes=True, guarded=True),
            Route("GET", "/folders/id/{id}", _READ, self._show, guarded=True),
            Route("GET", one, _READ, self._show, guarded=True),
            Route("PUT", one, _WRITE, self._change, writes=True, guarded=True),
            Route("POST", one + "/move", _WRITE, self._move, writes=True, guarded=True),
            Route("GET", one + "/counts", _READ, self._counts, guarded=True),
            Route("DELETE", one, _DELETE, self._remove, writes=True, guarded=True),
        ]

    def _list(self, ask: Ask) -> Answer:
        outer = _outer_asked(ask)
        if outer is None:
            return Answer([])
        needed = EDIT if ask.one("permission") == "Edit" else VIEW
        page, limit, rights = ask.count("page", 1), ask.count("limit", 1000), Rights.of_everything(ask)
        found = [
            each
            for each in rows.listed(ask.reader, ask.workspace.id)
            if each.parent == outer.id and rights.on_folder(each) >= needed
        ]
        inner = {"parentUid": outer.uid} if outer.id else {}
        shown = [{"id": each.id, "uid": each.uid, "title": each.title, **inner} for each in found]
        return Answer(shown[(page - 1) * limit : page * limit])

    def _create(self, ask: Ask) -> Answer:
        outer = _outer_in(ask)
        title = _checked_title(ask)
        workspace, uid = ask.workspace.id, ask.text("uid", "") or new_uid(self._entropy)
        checked_uid(uid)
        if rows.by_title(ask.tx, workspace, outer.id, title) is not None:
            raise Refusal(409, _SAME_TITLE)
        if rows.by_uid(ask.tx, workspace, uid) or dashboard_records.by_uid(ask.tx, workspace, uid):
            raise Refusal(409, "a folder/dashboard with the same uid already exists")
        number = records.next_number(ask.tx, workspace, "dashboard")
        author = author_of(ask)
        made = Folder(number, uid, outer.id, title, 1, ask.now_ms, author, ask.now_ms, author)
        _check_depth(ask, outer, 1)
        rows.put(ask.tx, workspace, made)
        if not outer.id:
            acl_records.put(ask.tx, workspace, default_list(number, ask.now_ms))
        return Answer(_shown(ask, made))

    def _show(self, ask: Ask) -> Answer:
        return Answer(_shown(ask, named_folder(ask, VIEW, _READ)))

    def _change(self, ask: Ask) -> Answer:
        before, title = named_folder(ask, EDIT, _WRITE), _checked_title(ask)
        if ask.flag("overwrite") is not True and ask.whole("version") != before.version:
            raise Refusal(412, "the folder has been changed by someone else", status="version-mismatch")
        uid = checked_uid(ask.text("uid", "") or before.uid)
        workspace = ask.workspace.id
        other = rows.by_uid(ask.tx, workspace, uid)
        _check_title_free(ask, before, before.parent, title)
        if (other is not None and other.id != before.id) or dashboard_records.by_uid(ask.tx, workspace, uid):
            raise Refusal(409, "a folder/dashboard with the same uid already exists")
        return self._kept(ask, replace(before, uid=uid, title=title))

    def _move(self, ask: Ask) -> Answer:
        folder = named_folder(ask, EDIT, _WRITE)
        if ask.workspace.major < NESTED_FROM:
            raise Refusal(404, "To use this service, you need to activate nested folder feature.")
        outer, within = _outer_in(ask), rows.inside(ask.tx, ask.workspace.id, folder)
        if outer.id in {folder.id, *(each.id for each in within)}:
            raise Refusal(400, "a folder cannot be moved into itself or into one of its own")
        _check_depth(ask, outer, _height(folder, within))
        _check_title_free(ask, folder, outer.id, folder.title)
        if not outer.id and not acl_records.of(ask.tx, ask.workspace.id, [folder.id]):
            # What had its permissions from around it would be nobody's at the root.
            acl_records.put(ask.tx, ask.workspace.id, default_list(folder.id, ask.now_ms))
        return self._kept(ask, replace(folder, parent=outer.id))

    @staticmethod
    def _kept(ask: Ask, changed: Folder) -> Answer:
        after = replace(
            changed, version=changed.version + 1, updated_at=ask.now_ms, updated_by=author_of(ask)
        )
        rows.put(ask.tx, ask.workspace.id, after)
        return Answer(_shown(ask, after))

    def _counts(self, ask: Ask) -> Answer:
        folder, workspace = named_folder(ask, VIEW, _READ), ask.workspace.id
        within = rows.inside(ask.reader, workspace, folder) if folder.id else []
        numbers = {folder.id, *(each.id for each in within)}
        boards = [each for each in dashboard_records.listed(ask.reader, workspace) if each.folder in numbers]
        elements = [
            each
            for number in numbers
            for each in item_records.in_folder(ask.reader, workspace, LIBRARY, number)
        ]
        counts = {"dashboard": len(boards), "librarypanel": len(elements), "alertrule": 0}
        return Answer({"folder": len(within), **counts})

    def _remove(self, ask: Ask) -> Answer:
        folder, workspace = named_folder(ask, EDIT, _DELETE), ask.workspace.id
        if folder.id == 0:
            raise Refusal(400, "the General folder cannot be deleted")
        going = [folder, *rows.inside(ask.tx, workspace, folder)]
        numbers = {each.id for each in going}
        self._forget_elements(
            ask,
            [
                each
                for number in numbers
                for each in item_records.in_folder(ask.tx, workspace, LIBRARY, number)
            ],
        )
        for board in dashboard_records.listed(ask.tx, workspace):
            if board.folder in numbers:
                dashboard_records.remove(ask.tx, workspace, board.id)
        for each in going:
            acl_records.remove_object(ask.tx, workspace, each.id)
            rows.remove(ask.tx, workspace, each.id)
        return Answer({"id": folder.id, "title": folder.title, "message": "Folder deleted"})

    @staticmethod
    def _forget_elements(ask: Ask, elements: Sequence[Item]) -> None:
        """Delete folders' library elements. Raises Refusal 403 when a dashboard uses one, wherever it is."""
        workspace = ask.workspace.id
        if any(connection_records.dashboards_of(ask.tx, workspace, each.uid) for each in elements):
            raise Refusal(403, "Folder could not be deleted because it contains library elements in use")
        for element in elements:
            item_records.remove(ask.tx, workspace, LIBRARY, element.id)


def author_of(ask: Ask) -> str:
    """Return whom a change is ascribed to."""
    return ask.holder.login or ask.holder.name


def folder_url(ask: Ask, folder: Folder) -> str:
    """Return the path of a folder's page."""
    return f"{ask.base}/dashboards/f/{folder.uid}/{slug(folder.title)}"


def named_folder(ask: Ask, needs: int, action: str) -> Folder:
    """Return the folder that the path names, on which the caller has the level `needs`.

    Raises Refusal 400, 404, Lacking. Only an Admin, whose scope is every folder, learns that there is none.
    """
    workspace = ask.workspace.id
    if "id" in ask.path:
        found = rows.by_id(ask.reader, workspace, ask.number("id", "id is invalid"))
    else:
        found = rows.by_uid(ask.reader, workspace, ask.path["uid"])
    if found is None and ask.holder.role == ADMIN:
        raise Refusal(404, "folder not found", status="not-found")
    if found is None or Rights(ask).on_folder(found) < needs:
        raise Lacking(action)
    return found


def _outer_asked(ask: Ask) -> Folder | None:
    """Return the folder whose folders are listed; None where nobody may know of it, or there can be none in it."""
    uid = ask.one("parentUid")
    if not uid or uid == GENERAL.uid:
        return GENERAL
    found = rows.by_uid(ask.reader, ask.workspace.id, uid)
    return found if found is not None and Rights(ask).on_folder(found) >= VIEW else None


def _outer_in(ask: Ask) -> Folder:
    """Return the folder that a body wants another in; General where it names none. Raises Refusal, Lacking."""
    uid = ask.text("parentUid", "")
    if not uid or uid == GENERAL.uid:
        if not may(ask.holder.role, _CREATE):
            raise Lacking(_CREATE)
        return GENERAL
    if ask.workspace.major < NESTED_FROM:
        raise Refusal(400, "Nested folders are not enabled")
    found = rows.by_uid(ask.tx, ask.workspace.id, uid)
    if found is None and ask.holder.role == ADMIN:
        raise Refusal(400, "parent folder not found")
    if found is None or Rights(ask).on_folder(found) < EDIT:
        raise Lacking(_CREATE)
    return found


def _height(folder: Folder, within: Sequence[Folder]) -> int:
    """Return how many levels a folder and those in it take; `within` has outer ones first."""
    depths = {folder.id: 1}
    for each in within:
        depths[each.id] = depths[each.parent] + 1
    return max(depths.values())


def _check_depth(ask: Ask, outer: Folder, height: int) -> None:
    """Raise Refusal 400 where a folder of so many levels would lie too deep."""
    depth = len(rows.around(ask.tx, ask.workspace.id, outer)) + 1 if outer.id else 0
    if depth + height > MAX_DEPTH:
        raise Refusal(400, f"Maximum nested folder depth reached: {MAX_DEPTH}")


def _check_title_free(ask: Ask, folder: Folder, parent: int, title: str) -> None:
    namesake = rows.by_title(ask.tx, ask.workspace.id, parent, title)
    if namesake is not None and namesake.id != folder.id:
        raise Refusal(409, _SAME_TITLE)


def _checked_title(ask: Ask) -> str:
    title = ask.text("title", "").strip()
    if not title:
        raise Refusal(400, "folder title cannot be empty")
    if title.lower() == "general":
        raise Refusal(400, "A folder with that name already exists")
    return title


def _shown(ask: Ask, folder: Folder) -> dict[str, Any]:
    level, workspace = Rights(ask).on_folder(folder), ask.workspace.id
    shown = {
        "id": folder.id,
        "uid": folder.uid,
        "title": folder.title,
        "url": folder_url(ask, folder),
        "hasAcl": has_own_list(ask, folder.id),
        "canSave": level >= EDIT,
        "canEdit": level >= EDIT,
        "canAdmin": level >= ADMINISTER,
        "canDelete": level >= EDIT,
        "createdBy": folder.created_by or "Anonymous",
        "created": shown_time(folder.created_at),
        "updatedBy": folder.updated_by or "Anonymous",
        "updated": shown_time(folder.updated_at),
        "version": folder.version,
    }
    outer = rows.around(ask.reader, workspace, folder)
    if not outer:
        return shown
    parents = [
        {"id": each.id, "uid": each.uid, "title": each.title, "url": folder_url(ask, each)} for each in outer
    ]
    return {**shown, "parentUid": outer[-1].uid, "parents": parents}


def has_own_list(ask: Ask, number: int) -> bool:
    """Return whether a folder or dashboard has other permissions than a new one: Grafana's `hasAcl`."""
    usual = {(each.subject, each.level) for each in default_list(number, 0)}
    own = acl_records.of(ask.reader, ask.workspace.id, [number])
    return bool(own) and {(each.subject, each.level) for each in own} != usual
