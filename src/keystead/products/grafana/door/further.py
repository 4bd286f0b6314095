"""The groups of routes beside folders, dashboards and what is in them: one's own, the organisation's, and keys'."""

from collections.abc import Sequence
from typing import Protocol

from keystead.products.grafana.door.authkeys import KeyRoutes
from keystead.products.grafana.door.differences import DifferenceRoutes
from keystead.products.grafana.door.homes import HomeRoutes
from keystead.products.grafana.door.keeper import AccountKeeper
from keystead.products.grafana.door.keymigration import KeyMigrationRoutes
from keystead.products.grafana.door.organisation import OrganisationRoutes
from keystead.products.grafana.door.plugins import PluginRoutes
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.shorturls import ShortURLRoutes
from keystead.products.grafana.door.stars import StarRoutes
from keystead.products.product import Foundation


class Group(Protocol):
    """A group of routes."""

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        ...


def further_groups(base: Foundation, keeper: AccountKeeper) -> Sequence[Group]:
    """Return the groups of routes that are put together here."""
    return [
        StarRoutes(),
        PluginRoutes(),
        OrganisationRoutes(),
        KeyRoutes(keeper, base.usage),
        KeyMigrationRoutes(keeper),
        ShortURLRoutes(base.entropy),
        HomeRoutes(),
        DifferenceRoutes(),
    ]
