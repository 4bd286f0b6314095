"""Route 53: private hosted zones, which answer the clients of the DNS views that they are associated with."""

from keystead.gateway.operations import Face
from keystead.products.product import Foundation, Parts, Product, no_kinds
from keystead.products.route53.arns import resource_arn
from keystead.products.route53.changes import Changes
from keystead.products.route53.errors import translate
from keystead.products.route53.hostedzones import HostedZones
from keystead.products.route53.recordsets import RecordSets


def _parts(base: Foundation) -> Parts:
    changes = Changes(base.clock, base.entropy)
    face = Face(
        groups=[HostedZones(base.zones, changes, base.entropy), RecordSets(base.zones, changes), changes],
        translate=translate,
        resource_arn=resource_arn,
    )
    return Parts(face)


PRODUCT = Product(name="route53", kinds=no_kinds, parts=_parts)
