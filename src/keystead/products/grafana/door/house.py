"""Puts the door together."""

from keystead.access.doors import HTTPDoor
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.app import GrafanaDoor
from keystead.products.grafana.door.dashboards import DashboardRoutes
from keystead.products.grafana.door.datasources import DataSourceRoutes
from keystead.products.grafana.door.folders import FolderRoutes
from keystead.products.grafana.door.keeper import AccountKeeper
from keystead.products.grafana.door.paths import workspace_at
from keystead.products.grafana.door.routes import RouteTable
from keystead.products.grafana.door.scribe import Scribe
from keystead.products.grafana.door.search import SearchRoutes
from keystead.products.grafana.door.server import ServerRoutes
from keystead.products.grafana.door.serviceaccounts import ServiceAccountRoutes
from keystead.products.product import Foundation


def build_door(base: Foundation, keeper: AccountKeeper) -> HTTPDoor:
    """Return the door of every workspace: at its own host name, or under `/_ws/<workspace-id>/`."""
    domain = base.settings.domain
    groups = (
        ServerRoutes(),
        ServiceAccountRoutes(keeper, base.usage),
        FolderRoutes(base.entropy),
        DashboardRoutes(base.entropy),
        SearchRoutes(),
        DataSourceRoutes(base.entropy),
    )
    door = GrafanaDoor(
        base.settings,
        base.store,
        base.reader,
        Admission(base.verifier),
        RouteTable(route for group in groups for route in group.routes()),
        base.usage,
        Scribe(base.journal, base.clock, base.entropy, reads=base.settings.audit_reads),
        base.clock,
        base.entropy,
    )
    return HTTPDoor(
        "grafana", door, takes_host=lambda host: workspace_at(host, domain) is not None, prefixes=(b"/_ws/",)
    )
