"""`/api/dashboards`: save, read, delete, versions and restore. Stored and guarded; nothing draws them."""

from collections.abc import Sequence
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana import star_records
from keystead.products.grafana.acl_records import ADMINISTER, EDIT, VIEW
from keystead.products.grafana.door import dashboard_records as rows
from keystead.products.grafana.door import folder_records
from keystead.products.grafana.door.acl import Rights, denied
from keystead.products.grafana.door.asking import Answer, Ask, Lacking, Refusal, is_object
from keystead.products.grafana.door.dashboard_records import Dashboard, Version
from keystead.products.grafana.door.folder_records import GENERAL, Folder
from keystead.products.grafana.door.folders import folder_url, has_own_list
from keystead.products.grafana.door.roles import may
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.saving import Draft, save
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.uids import slug

_READ, _WRITE, _DELETE = "dashboards:read", "dashboards:write", "dashboards:delete"
_NO_TIME = "0001-01-01T00:00:00Z"
_NO_VERSION = "Dashboard version not found"


class DashboardRoutes:
    """Answers for dashboards, by uid or number."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        found = [
            Route("POST", "/dashboards/db", _WRITE, self._save, writes=True, guarded=True),
            Route("GET", "/dashboards/tags", _READ, self._tags, guarded=True),
            Route("GET", "/dashboards/uid/{uid}", _READ, self._show, held=True, guarded=True),
            Route("DELETE", "/dashboards/uid/{uid}", _DELETE, self._remove, writes=True, guarded=True),
        ]
        for one in ("/dashboards/uid/{uid}", "/dashboards/id/{id}"):
            found += [
                Route("GET", f"{one}/versions", _WRITE, self._versions, guarded=True),
                Route("GET", f"{one}/versions/{{version}}", _WRITE, self._version, guarded=True),
                Route("POST", f"{one}/restore", _WRITE, self._restore, writes=True, guarded=True),
            ]
        return found

    def _save(self, ask: Ask) -> Answer:
        body = ask.body.get("dashboard")
        if not is_object(body):
            raise Refusal(400, "bad request data")
        if ask.flag("isFolder"):
            raise Refusal(400, "Dashboard cannot be changed to a folder")
        folder = _folder_in(ask)
        draft = Draft(body, folder, ask.text("message", ""), overwrite=ask.flag("overwrite") or False)
        return _saved(ask, save(ask, self._entropy, draft), folder)

    def _tags(self, ask: Ask) -> Answer:
        counts: dict[str, int] = {}
        for dashboard in readable(ask):
            for tag in dashboard.tags:
                counts[tag] = counts.get(tag, 0) + 1
        return Answer([{"term": tag, "count": counts[tag]} for tag in sorted(counts)])

    def _show(self, ask: Ask) -> Answer:
        dashboard = named_dashboard(ask, VIEW, _READ)
        body = rows.body_of(ask.reader, ask.workspace.id, dashboard.id)
        return Answer({"meta": _meta(ask, dashboard), "dashboard": body})

    def _remove(self, ask: Ask) -> Answer:
        dashboard = named_dashboard(ask, EDIT, _DELETE)
        rows.remove(ask.tx, ask.workspace.id, dashboard.id)
        message = f"Dashboard {dashboard.title} deleted"
        return Answer({"id": dashboard.id, "title": dashboard.title, "message": message})

    def _versions(self, ask: Ask) -> Answer:
        dashboard = named_dashboard(ask, EDIT, _WRITE)
        start, limit = ask.count("start", 0), ask.count("limit", 1000)
        found = rows.versions(ask.reader, ask.workspace.id, dashboard.id, start, limit)
        return Answer([_shown_version(dashboard, each) for each in found])

    def _version(self, ask: Ask) -> Answer:
        dashboard, wanted = named_dashboard(ask, EDIT, _WRITE), ask.number("version", "version is invalid")
        found = rows.version(ask.reader, ask.workspace.id, dashboard.id, wanted)
        if found is None:
            raise Refusal(404, _NO_VERSION)
        return Answer({**_shown_version(dashboard, found[0]), "data": found[1]})

    def _restore(self, ask: Ask) -> Answer:
        dashboard, wanted = named_dashboard(ask, EDIT, _WRITE), ask.whole("version")
        found = rows.version(ask.tx, ask.workspace.id, dashboard.id, wanted)
        if found is None:
            raise Refusal(404, _NO_VERSION)
        folder = folder_records.by_id(ask.tx, ask.workspace.id, dashboard.folder) or GENERAL
        body = {**found[1], "id": dashboard.id, "uid": dashboard.uid, "version": dashboard.version}
        draft = Draft(body, folder, f"Restored from version {wanted}", restored_from=wanted)
        return _saved(ask, save(ask, self._entropy, draft), folder)


def dashboard_url(ask: Ask, dashboard: Dashboard) -> str:
    """Return the path of a dashboard's page."""
    return f"{ask.base}/d/{dashboard.uid}/{slug(dashboard.title)}"


def readable(ask: Ask, needs: int = VIEW) -> list[Dashboard]:
    """Return the dashboards on which the caller has a level, by title."""
    rights = Rights.of_everything(ask)
    every = rows.listed(ask.reader, ask.workspace.id)
    return [each for each in every if rights.on_dashboard(each) >= needs]


def named_dashboard(ask: Ask, needs: int, action: str) -> Dashboard:
    """Return the dashboard that the path names, on which the caller has the level `needs`.

    Raises Refusal 400, 403, 404, Lacking.
    """
    workspace = ask.workspace.id
    if "uid" in ask.path:
        found = rows.by_uid(ask.reader, workspace, ask.path["uid"])
    else:
        found = rows.by_id(ask.reader, workspace, ask.number("id", "dashboardId is invalid"))
    if found is None and not may(ask.holder.role, action):
        raise Lacking(action)
    if found is None:
        raise Refusal(404, "Dashboard not found")
    if Rights(ask).on_dashboard(found) < needs:
        raise denied(ask, action, "Access denied to this dashboard")
    return found


def _folder_in(ask: Ask) -> Folder:
    """Return the folder that a save names by uid or number; General when it names none. Raises Refusal."""
    uid, number, workspace = ask.text("folderUid", ""), ask.whole("folderId"), ask.workspace.id
    if uid and uid != GENERAL.uid:
        found = folder_records.by_uid(ask.tx, workspace, uid)
        if found is None:
            raise Refusal(400, "Folder not found")
        return found
    by_number = folder_records.by_id(ask.tx, workspace, number)
    if by_number is None:
        raise Refusal(404, "Folder not found")
    return by_number


def _saved(ask: Ask, dashboard: Dashboard, folder: Folder) -> Answer:
    shown = {
        "id": dashboard.id,
        "uid": dashboard.uid,
        "url": dashboard_url(ask, dashboard),
        "status": "success",
        "version": dashboard.version,
        # The OpenAPI description calls the slug `title`, and requires it.
        "slug": slug(dashboard.title),
        "title": slug(dashboard.title),
        "folderUid": folder.uid if folder.id else "",
    }
    return Answer(shown)


def _meta(ask: Ask, dashboard: Dashboard) -> dict[str, Any]:
    folder = folder_records.by_id(ask.reader, ask.workspace.id, dashboard.folder) or GENERAL
    level = Rights(ask).on_dashboard(dashboard)
    can_edit = level >= EDIT
    verbs = ("canAdd", "canEdit", "canDelete")
    annotating = dict.fromkeys(verbs, can_edit)
    annotating_all = dict.fromkeys(verbs, may(ask.holder.role, "annotations:create"))
    return {
        "type": "db",
        "canSave": can_edit,
        "canEdit": can_edit,
        "canAdmin": level >= ADMINISTER,
        "canStar": True,
        "canDelete": can_edit,
        "slug": slug(dashboard.title),
        "url": dashboard_url(ask, dashboard),
        "expires": _NO_TIME,
        "created": shown_time(dashboard.created_at),
        "updated": shown_time(dashboard.updated_at),
        "updatedBy": dashboard.updated_by,
        "createdBy": dashboard.created_by,
        "version": dashboard.version,
        "hasAcl": has_own_list(ask, dashboard.id),
        "isFolder": False,
        "isStarred": dashboard.id in star_records.starred(ask.reader, ask.workspace.id, ask.holder.number),
        "folderId": folder.id,
        "folderUid": folder.uid if folder.id else "",
        "folderTitle": folder.title,
        "folderUrl": folder_url(ask, folder) if folder.id else "",
        "provisioned": False,
        "provisionedExternalId": "",
        "annotationsPermissions": {"dashboard": annotating, "organization": annotating_all},
        "publicDashboardEnabled": False,
    }


def _shown_version(dashboard: Dashboard, kept: Version) -> dict[str, Any]:
    return {
        "id": kept.id,
        "dashboardId": dashboard.id,
        "uid": dashboard.uid,
        "parentVersion": kept.parent,
        "restoredFrom": kept.restored_from,
        "version": kept.version,
        "created": shown_time(kept.created_at),
        "createdBy": kept.created_by,
        "message": kept.message,
    }
