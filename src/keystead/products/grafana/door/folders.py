"""`/api/folders`: one level of them (facts/grafana.md §8.3). Their permissions are those of new ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana import records
from keystead.products.grafana.door import connection_records, dashboard_records, item_records
from keystead.products.grafana.door import folder_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.folder_records import Folder
from keystead.products.grafana.door.item_records import Item
from keystead.products.grafana.door.roles import may
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.uids import checked_uid, new_uid, slug

_READ, _WRITE, _DELETE = "folders:read", "folders:write", "folders:delete"
LIBRARY = "library"
"""The sort of library elements, which lie in folders too."""
_SAME_TITLE = "a folder or dashboard in the general folder with the same name already exists"


class FolderRoutes:
    """Answers for folders."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("GET", "/folders", _READ, self._list),
            Route("POST", "/folders", "folders:create", self._create, writes=True),
            Route("GET", "/folders/id/{id}", _READ, self._show),
            Route("GET", "/folders/{uid}", _READ, self._show),
            Route("PUT", "/folders/{uid}", _WRITE, self._change, writes=True),
            Route("GET", "/folders/{uid}/counts", _READ, self._counts),
            Route("DELETE", "/folders/{uid}", _DELETE, self._remove, writes=True),
        ]

    def _list(self, ask: Ask) -> Answer:
        if ask.one("parentUid") or (ask.one("permission") == "Edit" and not may(ask.holder.role, _WRITE)):
            return Answer([])
        page, limit = ask.count("page", 1), ask.count("limit", 1000)
        found = rows.listed(ask.reader, ask.workspace.id)[(page - 1) * limit : page * limit]
        return Answer([{"id": each.id, "uid": each.uid, "title": each.title} for each in found])

    def _create(self, ask: Ask) -> Answer:
        title = _checked_title(ask)
        workspace, uid = ask.workspace.id, ask.text("uid", "") or new_uid(self._entropy)
        if ask.text("parentUid", ""):
            raise Refusal(400, "Nested folders are not enabled")
        checked_uid(uid)
        if rows.by_title(ask.tx, workspace, title) is not None:
            raise Refusal(409, _SAME_TITLE)
        if rows.by_uid(ask.tx, workspace, uid) or dashboard_records.by_uid(ask.tx, workspace, uid):
            raise Refusal(409, "a folder/dashboard with the same uid already exists")
        number = records.next_number(ask.tx, workspace, "dashboard")
        author = author_of(ask)
        made = Folder(number, uid, title, 1, ask.now_ms, author, ask.now_ms, author)
        rows.put(ask.tx, workspace, made)
        return Answer(_shown(ask, made))

    def _show(self, ask: Ask) -> Answer:
        return Answer(_shown(ask, _named(ask)))

    def _change(self, ask: Ask) -> Answer:
        before, title = _named(ask), _checked_title(ask)
        if ask.flag("overwrite") is not True and ask.whole("version") != before.version:
            raise Refusal(412, "the folder has been changed by someone else", status="version-mismatch")
        uid = checked_uid(ask.text("uid", "") or before.uid)
        workspace = ask.workspace.id
        namesake, other = rows.by_title(ask.tx, workspace, title), rows.by_uid(ask.tx, workspace, uid)
        if namesake is not None and namesake.id != before.id:
            raise Refusal(409, _SAME_TITLE)
        if (other is not None and other.id != before.id) or dashboard_records.by_uid(ask.tx, workspace, uid):
            raise Refusal(409, "a folder/dashboard with the same uid already exists")
        after = replace(
            before,
            uid=uid,
            title=title,
            version=before.version + 1,
            updated_at=ask.now_ms,
            updated_by=author_of(ask),
        )
        rows.put(ask.tx, workspace, after)
        return Answer(_shown(ask, after))

    def _counts(self, ask: Ask) -> Answer:
        folder = _named(ask)
        inside = [
            each
            for each in dashboard_records.listed(ask.reader, ask.workspace.id)
            if each.folder == folder.id
        ]
        elements = item_records.in_folder(ask.reader, ask.workspace.id, LIBRARY, folder.id)
        counts = {"folder": 0, "dashboard": len(inside), "librarypanel": len(elements), "alertrule": 0}
        return Answer(counts)

    def _remove(self, ask: Ask) -> Answer:
        folder = _named(ask)
        if folder.id == 0:
            raise Refusal(400, "the General folder cannot be deleted")
        elements = item_records.in_folder(ask.tx, ask.workspace.id, LIBRARY, folder.id)
        self._forget_elements(ask, elements)
        for board in dashboard_records.listed(ask.tx, ask.workspace.id):
            if board.folder == folder.id:
                dashboard_records.remove(ask.tx, ask.workspace.id, board.id)
        rows.remove(ask.tx, ask.workspace.id, folder.id)
        return Answer({"id": folder.id, "title": folder.title, "message": "Folder deleted"})

    @staticmethod
    def _forget_elements(ask: Ask, elements: Sequence[Item]) -> None:
        """Delete a folder's library elements. Raises Refusal 403 when a dashboard uses one, wherever it is."""
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


def _named(ask: Ask) -> Folder:
    """Return the folder that the path names. Raises Refusal 400, 404."""
    workspace = ask.workspace.id
    if "id" in ask.path:
        found = rows.by_id(ask.reader, workspace, ask.number("id", "id is invalid"))
    else:
        found = rows.by_uid(ask.reader, workspace, ask.path["uid"])
    if found is None:
        raise Refusal(404, "folder not found", status="not-found")
    return found


def _checked_title(ask: Ask) -> str:
    title = ask.text("title", "").strip()
    if not title:
        raise Refusal(400, "folder title cannot be empty")
    if title.lower() == "general":
        raise Refusal(400, "A folder with that name already exists")
    return title


def _shown(ask: Ask, folder: Folder) -> dict[str, Any]:
    can_edit, can_delete = may(ask.holder.role, _WRITE), may(ask.holder.role, _DELETE)
    return {
        "id": folder.id,
        "uid": folder.uid,
        "title": folder.title,
        "url": folder_url(ask, folder),
        "hasAcl": False,
        "canSave": can_edit,
        "canEdit": can_edit,
        "canAdmin": ask.holder.role == "ADMIN",
        "canDelete": can_delete,
        "createdBy": folder.created_by or "Anonymous",
        "created": shown_time(folder.created_at),
        "updatedBy": folder.updated_by or "Anonymous",
        "updated": shown_time(folder.updated_at),
        "version": folder.version,
    }
