"""The dashboard that a request names, if the caller may read it: asked by every group but the dashboards' own."""

from keystead.products.grafana.acl_records import VIEW
from keystead.products.grafana.door import dashboard_records
from keystead.products.grafana.door.acl import Rights, denied
from keystead.products.grafana.door.asking import Ask, Lacking, Refusal
from keystead.products.grafana.door.dashboard_records import Dashboard
from keystead.products.grafana.door.roles import may

_READ = "dashboards:read"


def find(ask: Ask, *, uid: str = "", number: int = 0) -> Dashboard | None:
    """Return the dashboard of a uid, or else of a number, that the caller may read; None when there is none.

    Lists leave out what this does not give back.
    """
    found = _kept(ask, uid, number)
    return found if found is not None and Rights(ask).on_dashboard(found) >= VIEW else None


def get(
    ask: Ask,
    *,
    uid: str = "",
    number: int = 0,
    needs: int = VIEW,
    action: str = _READ,
    missing: str = "Dashboard not found",
) -> Dashboard:
    """Return the dashboard of a uid, or else of a number, on which the caller has the level `needs`.

    Raises Refusal 403, Lacking, and Refusal 404 with `missing`.
    """
    found = _kept(ask, uid, number)
    if found is None and not may(ask.holder.role, action):
        raise Lacking(action)
    if found is None:
        raise Refusal(404, missing)
    if Rights(ask).on_dashboard(found) < needs:
        raise denied(ask, action, "Access denied to this dashboard")
    return found


def _kept(ask: Ask, uid: str, number: int) -> Dashboard | None:
    workspace = ask.workspace.id
    if uid:
        return dashboard_records.by_uid(ask.reader, workspace, uid)
    return dashboard_records.by_id(ask.reader, workspace, number)
