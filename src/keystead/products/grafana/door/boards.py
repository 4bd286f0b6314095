"""The dashboard that a request names, if the caller may read it: asked by every group but the dashboards' own."""

from keystead.products.grafana.acl_records import VIEW
from keystead.products.grafana.door import dashboard_records
from keystead.products.grafana.door.acl import Rights
from keystead.products.grafana.door.asking import Ask, Refusal
from keystead.products.grafana.door.dashboard_records import Dashboard


def find(ask: Ask, *, uid: str = "", number: int = 0, needs: int = VIEW) -> Dashboard | None:
    """Return the dashboard of a uid, or else of a number, on which the caller has a level; None if there is none.

    Lists leave out what this does not give back.
    """
    workspace = ask.workspace.id
    if uid:
        found = dashboard_records.by_uid(ask.reader, workspace, uid)
    else:
        found = dashboard_records.by_id(ask.reader, workspace, number)
    return found if found is not None and Rights(ask).on_dashboard(found) >= needs else None


def get(ask: Ask, *, uid: str = "", number: int = 0) -> Dashboard:
    """Return the dashboard of a uid, or else of a number, that the caller may read. Raises Refusal 404."""
    found = find(ask, uid=uid, number=number)
    if found is None:
        raise Refusal(404, "Dashboard not found")
    return found
