"""Puts the door together."""

from keystead.access.doors import HTTPDoor, Worker
from keystead.products.grafana.door.accesscontrol import AccessControlRoutes
from keystead.products.grafana.door.admission import Admission
from keystead.products.grafana.door.annotations import AnnotationRoutes
from keystead.products.grafana.door.app import GrafanaDoor
from keystead.products.grafana.door.dashboards import DashboardRoutes
from keystead.products.grafana.door.datasources import DataSourceRoutes
from keystead.products.grafana.door.folders import FolderRoutes
from keystead.products.grafana.door.further import further_groups
from keystead.products.grafana.door.keeper import AccountKeeper
from keystead.products.grafana.door.library import LibraryRoutes
from keystead.products.grafana.door.lists import ListRoutes
from keystead.products.grafana.door.memory import Memory
from keystead.products.grafana.door.paths import workspace_at
from keystead.products.grafana.door.people import PeopleRoutes
from keystead.products.grafana.door.playlists import PlaylistRoutes
from keystead.products.grafana.door.preferences import PreferenceRoutes
from keystead.products.grafana.door.routes import RouteTable
from keystead.products.grafana.door.scribe import Scribe
from keystead.products.grafana.door.search import SearchRoutes
from keystead.products.grafana.door.server import ServerRoutes
from keystead.products.grafana.door.serviceaccounts import ServiceAccountRoutes
from keystead.products.grafana.door.snapshots import SnapshotRoutes
from keystead.products.grafana.door.teams import TeamRoutes
from keystead.products.grafana.upstream.gate import Gate
from keystead.products.grafana.upstream.visits import LOOK_SECONDS, Visits
from keystead.products.product import Foundation


def build_door(base: Foundation, keeper: AccountKeeper, memory: Memory) -> tuple[HTTPDoor, Worker]:
    """Return the door of every workspace, at its own host name or under `/_ws/<workspace-id>/`, and its worker."""
    domain = base.settings.domain
    groups = (
        ServerRoutes(),
        ServiceAccountRoutes(keeper, base.usage),
        FolderRoutes(base.entropy),
        DashboardRoutes(base.entropy),
        ListRoutes(),
        AccessControlRoutes(),
        SearchRoutes(),
        DataSourceRoutes(base.entropy),
        AnnotationRoutes(),
        TeamRoutes(base.entropy),
        LibraryRoutes(base.entropy),
        PeopleRoutes(),
        PreferenceRoutes(),
        PlaylistRoutes(base.entropy),
        SnapshotRoutes(base.entropy),
        *further_groups(base, keeper),
    )
    admission = Admission(base.verifier, memory)
    scribe = Scribe(base.journal, base.clock, base.entropy, reads=base.settings.audit_reads)
    embedded = GrafanaDoor(
        base.settings,
        base.store,
        base.reader,
        admission,
        memory,
        RouteTable(route for group in groups for route in group.routes()),
        base.usage,
        scribe,
        base.clock,
        base.entropy,
    )
    gate = Gate(
        embedded,
        base.settings,
        base.store,
        base.reader,
        base.seal,
        admission,
        memory,
        Visits(base.reader, base.verifier, admission, base.clock),
        base.usage,
        scribe,
        base.epoch,
        base.clock,
        base.entropy,
    )
    door = HTTPDoor(
        "grafana",
        gate,
        takes_host=lambda host: workspace_at(host, domain) is not None,
        prefixes=(b"/_ws/",),
        takes_websockets=True,
        at_once=gate.at_once,
    )
    return door, Worker("grafana-upstreams", LOOK_SECONDS, gate.work)
