"""Global Resolver: access tokens that admit DNS clients to a view, its API, and its DoH, DoT and Do53 door."""

from pathlib import Path

from keystead.access.doors import Worker
from keystead.gateway.operations import Face
from keystead.products.globalresolver.arns import further_actions, resource_arn
from keystead.products.globalresolver.associations import AssociationOperations
from keystead.products.globalresolver.conditions import condition_key
from keystead.products.globalresolver.coreendpoints import CoreEndpointOperations
from keystead.products.globalresolver.domainlists import DomainListOperations
from keystead.products.globalresolver.door.house import build_door
from keystead.products.globalresolver.errors import invalid_members, translate
from keystead.products.globalresolver.ids import SERVICE
from keystead.products.globalresolver.kinds import kinds
from keystead.products.globalresolver.listing import Listing
from keystead.products.globalresolver.managedlists import LOOK_SECONDS, ManagedFiles, ManagedLists
from keystead.products.globalresolver.managedops import ManagedListOperations
from keystead.products.globalresolver.resolvers import ResolverOperations
from keystead.products.globalresolver.rulebatches import RuleBatches
from keystead.products.globalresolver.rules import RuleOperations, Rules
from keystead.products.globalresolver.sources import SourceOperations
from keystead.products.globalresolver.tagging import TagOperations
from keystead.products.globalresolver.tokens import TokenOperations
from keystead.products.globalresolver.views import ViewOperations, ViewRemoval
from keystead.products.globalresolver.workshop import Workshop
from keystead.products.product import Foundation, Parts, Product


def _parts(base: Foundation) -> Parts:
    settings = base.settings
    (kind,) = kinds(settings)
    workshop = Workshop(settings, base.tags, base.zones.changes, base.clock, base.entropy)
    listing = Listing(base.markers)
    removal = ViewRemoval(workshop, base.issuer, base.zones)
    managed = ManagedLists(settings.managed_domain_lists)
    rules = Rules(workshop, managed)
    # Anycast addresses there are none: clients are told where the DNS listeners are.
    addresses = tuple(dict.fromkeys((settings.dot.host, settings.doh.host)))
    face = Face(
        groups=[
            ResolverOperations(workshop, listing, removal, addresses),
            ViewOperations(workshop, listing, removal),
            TokenOperations(kind, base.issuer, base.seal, workshop, listing),
            SourceOperations(workshop, listing),
            RuleOperations(rules, listing),
            RuleBatches(rules),
            DomainListOperations(workshop, listing, base.objects),
            ManagedListOperations(managed, base.markers),
            AssociationOperations(base.zones, listing),
            CoreEndpointOperations(workshop, listing),
            TagOperations(base.tags),
        ],
        translate=translate,
        resource_arn=resource_arn,
        condition_key=condition_key,
        further_actions=further_actions,
        invalid_members=invalid_members,
    )
    door = build_door(base, managed)
    workers = [Worker("dns-query-log", door.flush_seconds, door.log.flush)]
    if settings.managed_domain_lists is not None:
        files = ManagedFiles(managed, base.zones.changes.bump)
        workers.append(Worker("dns-managed-lists", LOOK_SECONDS, files.look))
    return Parts(face, listeners=[door.listener], workers=workers)


PRODUCT = Product(
    name="globalresolver",
    kinds=kinds,
    parts=_parts,
    migrations=Path(__file__).with_name("migrations"),
    service=SERVICE,
)
