"""Saving a dashboard: which one is meant, what stands in its way, and the version that each save makes.

Follows facts/grafana.md §8.4. The posted object is stored as it is: clients compare what they read with what they
wrote, so nothing is added but `id`, `uid` and `version`.
"""

from dataclasses import dataclass
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana import acl_records, records
from keystead.products.grafana.acl_records import EDIT, default_list
from keystead.products.grafana.door import connection_records, folder_records
from keystead.products.grafana.door import dashboard_records as rows
from keystead.products.grafana.door.acl import Rights, denied
from keystead.products.grafana.door.asking import Ask, Refusal, is_array, whole_in
from keystead.products.grafana.door.dashboard_records import Dashboard, Version
from keystead.products.grafana.door.folder_records import Folder
from keystead.products.grafana.door.folders import author_of
from keystead.products.grafana.door.uids import checked_uid, new_uid


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be saved: the body, where to, and what is said of it."""

    body: dict[str, Any]
    folder: Folder
    message: str = ""
    restored_from: int = 0
    overwrite: bool = False


def save(ask: Ask, entropy: Entropy, draft: Draft) -> Dashboard:
    """Keep a dashboard as a new version. Raises Refusal 400, 404, 412."""
    title, uid = _title_in(draft), _text_in(draft.body, "uid")
    if uid:
        checked_uid(uid)
    try:
        before = _meant(ask, draft, title, uid)
    except Refusal as refusal:
        if _may_learn(ask, draft, uid):
            raise
        # What stands in the way is somebody's: its title, its version, that it is there.
        raise denied(ask, "dashboards:write", "Access denied to save dashboard") from refusal
    _check_may_save(ask, draft.folder, before)
    if before is None:
        number, version = records.next_number(ask.tx, ask.workspace.id, "dashboard"), 1
        made_at, made_by = ask.now_ms, author_of(ask)
    else:
        number, version = before.id, before.version + 1
        made_at, made_by = before.created_at, before.created_by
        uid = uid or before.uid
    dashboard = Dashboard(
        number,
        uid or new_uid(entropy),
        draft.folder.id,
        title,
        version,
        made_at,
        made_by,
        ask.now_ms,
        author_of(ask),
        _tags_in(draft.body),
    )
    body = {**draft.body, "id": number, "uid": dashboard.uid, "title": title, "version": version}
    message = draft.message or ("Initial save" if before is None else "")
    kept = Version(
        records.next_number(ask.tx, ask.workspace.id, "version"),
        version,
        0 if before is None else before.version,
        draft.restored_from,
        ask.now_ms,
        author_of(ask),
        message,
    )
    rows.put(ask.tx, ask.workspace.id, dashboard, body, kept)
    if not dashboard.folder and not acl_records.of(ask.tx, ask.workspace.id, [number]):
        # New, or from a folder: what had its permissions from there would be nobody's in General.
        acl_records.put(ask.tx, ask.workspace.id, default_list(number, ask.now_ms))
    connection_records.connect(ask.tx, ask.workspace.id, number, body)
    return dashboard


def _check_may_save(ask: Ask, folder: Folder, before: Dashboard | None) -> None:
    """Raise Refusal 403, Lacking unless the caller may change `before` and make dashboards where it is to be."""
    rights = Rights(ask)
    may_change = before is None or rights.on_dashboard(before) >= EDIT
    may_make = (before is not None and before.folder == folder.id) or rights.on_folder(folder) >= EDIT
    if not (may_change and may_make):
        raise denied(ask, "dashboards:write", "Access denied to save dashboard")


def _may_learn(ask: Ask, draft: Draft, uid: str) -> bool:
    """Return whether the caller may save in a draft's folder at all, or what the draft names."""
    workspace, number, rights = ask.workspace.id, whole_in(draft.body, "id"), Rights(ask)
    if rights.on_folder(draft.folder) >= EDIT:
        return True
    named = (
        rows.by_uid(ask.tx, workspace, uid) if uid else None,
        rows.by_id(ask.tx, workspace, number) if number else None,
    )
    return any(each is not None and rights.on_dashboard(each) >= EDIT for each in named)


def _meant(ask: Ask, draft: Draft, title: str, uid: str) -> Dashboard | None:
    """Return the dashboard that a draft replaces: by id, by uid, by title in the folder; None for a new one."""
    workspace, number = ask.workspace.id, whole_in(draft.body, "id")
    by_uid = rows.by_uid(ask.tx, workspace, uid) if uid else None
    if uid and folder_records.by_uid(ask.tx, workspace, uid) is not None:
        raise Refusal(400, "Dashboard cannot be changed to a folder")
    found = by_uid
    if number:
        found = rows.by_id(ask.tx, workspace, number)
        if found is None:
            raise Refusal(404, "Dashboard not found", status="not-found")
        if by_uid is not None and by_uid.id != found.id:
            raise Refusal(400, "A dashboard with the same uid already exists")
    namesake = rows.by_title(ask.tx, workspace, draft.folder.id, title)
    if namesake is not None and (found is None or namesake.id != found.id):
        if not draft.overwrite or found is not None:
            message = "A dashboard with the same name in the folder already exists"
            raise Refusal(412, message, status="name-exists")
        return namesake
    if found is not None and not draft.overwrite and whole_in(draft.body, "version") != found.version:
        message = "The dashboard has been changed by someone else"
        raise Refusal(412, message, status="version-mismatch")
    return found


def _title_in(draft: Draft) -> str:
    title = _text_in(draft.body, "title").strip()
    if not title:
        raise Refusal(400, "Dashboard title cannot be empty", status="empty-name")
    if draft.folder.id and title.lower() == draft.folder.title.lower():
        raise Refusal(400, "Dashboard name cannot be the same as folder", status="name-match")
    return title


def _text_in(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise Refusal(400, "bad request data")
    return value


def _tags_in(body: dict[str, Any]) -> tuple[str, ...]:
    tags: Any = body.get("tags") or []
    if not is_array(tags):
        raise Refusal(400, "bad request data")
    # What is no text is no tag.
    return tuple(sorted({tag for tag in tags if isinstance(tag, str)}))
