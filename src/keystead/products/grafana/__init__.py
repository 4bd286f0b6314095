"""Managed Grafana: workspaces, service-account tokens, and the Grafana HTTP API that they open."""

from pathlib import Path

from keystead.gateway.operations import Face
from keystead.products.grafana.accounts import Accounts
from keystead.products.grafana.arns import condition_key, further_actions
from keystead.products.grafana.configuration import ConfigurationOperations
from keystead.products.grafana.desk import Desk
from keystead.products.grafana.door.house import build_door
from keystead.products.grafana.door.memory import Memory
from keystead.products.grafana.errors import translate
from keystead.products.grafana.keys import KeyOperations
from keystead.products.grafana.kinds import kinds
from keystead.products.grafana.listing import Listing
from keystead.products.grafana.permissions import PermissionOperations
from keystead.products.grafana.serviceaccounts import ServiceAccountOperations
from keystead.products.grafana.showing import Showing
from keystead.products.grafana.tagging import TagOperations
from keystead.products.grafana.workspaces import WorkspaceOperations
from keystead.products.product import Foundation, Parts, Product


def _parts(base: Foundation) -> Parts:
    token, key = kinds(base.settings)
    memory = Memory(base.epoch)
    desk, listing = Desk(base.settings, base.clock, memory.forget_after), Listing(base.markers)
    showing = Showing(base.settings, base.addresses)
    accounts = Accounts(base.settings, base.issuer, base.clock, token, key)
    face = Face(
        groups=[
            WorkspaceOperations(desk, listing, showing, accounts, base.tags, base.entropy),
            ConfigurationOperations(desk, listing, showing),
            ServiceAccountOperations(desk, listing, accounts, base.usage),
            KeyOperations(desk, accounts),
            PermissionOperations(desk, listing),
            TagOperations(desk, base.tags),
        ],
        translate=translate,
        condition_key=condition_key,
        further_actions=further_actions,
    )
    door, worker = build_door(base, accounts, memory)
    return Parts(face, doors=[door], workers=[worker])


PRODUCT = Product(
    name="grafana", kinds=kinds, parts=_parts, migrations=Path(__file__).with_name("migrations")
)
